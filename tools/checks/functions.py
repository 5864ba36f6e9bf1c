"""The functions, and what sets them off."""

from __future__ import annotations

from collections.abc import Iterator

from tools.errors import ignore_not_found
from tools.findings import Finding, fail, ok, warn
from tools.site import Site
from tools.stage import FUNCTIONS, StageError, unusable
from tools.triggers import STREAM, stream_mapping

_BAD_BATCH = ("PROBLEM", "FAILED")


def functions(site: Site) -> Iterator[Finding]:
    """Every function is there and active, can use its settings, and knows the table's present stream."""
    absent, sound = [], True
    for name in FUNCTIONS:
        deployed = site.stage.function(name)
        found = None
        with ignore_not_found():
            found = site.client("lambda").get_function_configuration(FunctionName=deployed)
        if found is None:
            absent.append(name)
            continue
        state, environment = found.get("State", "Active"), found.get("Environment", {}).get("Variables", {})
        if state == "Pending":
            sound = False
            yield fail(
                f"{name} is still being made", site.aws(f"lambda wait function-active --function-name {deployed}")
            )
        elif state == "Failed":
            sound = False
            anew = site.aws(f"lambda delete-function --function-name {deployed}")
            why = found.get("StateReason", "no reason given")
            yield fail(f"{name} could not be made: {why}", f"{anew} && {site.make('deploy')}")
        if wrong := list(unusable(environment)):
            sound = False
            yield fail(f"{name} cannot use its settings: {'; '.join(wrong)}", site.make("deploy"))
        if environment.get("STREAM_ARN") != site.stream:
            sound = False
            yield fail(f"{name} was deployed for another stream than the table has", site.make("deploy"))
    if absent:
        yield fail(f"not deployed: {', '.join(absent)}", site.make("deploy"))
    elif sound:
        yield ok(f"all {len(FUNCTIONS)} functions are there")


def rules(site: Site) -> Iterator[Finding]:
    """The clock sets the sweep off, and EC2's events the watchdog."""
    events = site.client("events")
    off = []
    for name in ("sweep", "dns_watchdog"):
        target = site.account.arn("lambda", f"function:{site.stage.function(name)}")
        found = events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
        if not any(events.describe_rule(Name=rule)["State"] == "ENABLED" for rule in found):
            off.append(name)
    if off:
        yield fail(f"no rule that is on sets off: {', '.join(off)}", site.make("deploy"))
    else:
        yield ok("the rules that set off sweep and dns_watchdog are on")


def stream(site: Site) -> Iterator[Finding]:
    """The table's stream reaches its function, with the settings that keep a bad record from blocking it."""
    name = site.stage.function("stream_terminator")
    try:
        mapping = stream_mapping(site.client("lambda"), name, site.stream)
    except StageError as error:
        yield fail(str(error), site.make("deploy"))
        return
    if mapping["State"] != "Enabled":
        enable = site.aws(f"lambda update-event-source-mapping --uuid {mapping['UUID']} --enabled")
        yield fail(f"the stream's mapping is {mapping['State']}", enable)
        return
    unset = [key for key, value in STREAM.items() if mapping.get(key) != value]
    queue = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if queue != site.outputs["DeadRecordsArn"]:
        unset.append("its failure queue")
    if unset:
        yield fail(f"the stream's mapping lacks {', '.join(unset)}", site.make("deploy"))
    elif mapping.get("LastProcessingResult", "").startswith(_BAD_BATCH):
        logs = site.aws(f"logs tail /aws/lambda/{name} --since 1h")
        yield warn(f"the stream's last batch: {mapping['LastProcessingResult']}", logs)
    else:
        yield ok("the table's stream reaches its function")
