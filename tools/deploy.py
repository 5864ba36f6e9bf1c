"""`python -m tools.deploy --stage dev`: from the operator's file to a running stage. Run again, it changes nothing."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.model import PROJECT
from chalicelib.settings import Client
from tools import (
    bucket,
    build,
    expiring,
    fast_launch,
    grants,
    images,
    indexes,
    inventory,
    issuer,
    kept_certificate,
    keys,
    lock,
    logo,
    own_statements,
    place,
    providers,
    recorded,
    rotation,
    tables,
    wiring,
)
from tools.account import Account, Clients, clients, enter
from tools.calls import known_calls
from tools.chalice import run_chalice
from tools.checks import BEFORE, examine
from tools.desktops import alive, refuse_while_alive
from tools.errors import ignore_not_found
from tools.executions import can_reserve
from tools.findings import Level, report
from tools.grants import Names
from tools.record import Record
from tools.site import Site
from tools.stack import Stack, deployed_client, desktop_client, global_suffix, parameters
from tools.stage import ROOT, Stage, StageError, load
from tools.terminal import say
from tools.turns import turn
from tools.version import version
from tools.wiring import gateway, roles


def main() -> int:
    """Deploy the stage that the command line names; return 0 where it is then ready for meetings."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    try:
        stage = load(arguments.parse_args().stage)
        client = clients(stage.region)
        changes = deploy(stage, client)
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"Not deployed: {error}", sys.stderr)
        return 1
    changed = ", ".join(changes) or "nothing had to be changed"
    say(f"Stage {stage.name} is deployed with Elephant {version()}; {changed}.")
    print(f"The API: {address(stage)}\n")
    return report(examine(Site(stage, client, providers.of(stage))))


def deploy(stage: Stage, client: Clients, root: Path = ROOT) -> list[str]:
    """Bring everything of a stage to what its file and the code say; return what had to be changed.

    `root` is the copy of the project that is deployed.

    Raises:
        StageError: something stands in the way; what was done before it stands.
    """
    if wrong := lock.problems(locks=[lock.SHIPS]):
        raise StageError(" ".join(wrong))
    own_statements.load(stage, root / "stages")  # what cannot be used is refused before anything is touched
    issuer.load(stage, datetime.now(UTC), root / "stages")
    logo.judge(stage, root / "stages")
    account = enter(stage, client)
    place.refuse_another(stage, account, root)
    stage = images.pinned(stage, client)
    stack = Stack(client, stage.stack, works=lambda: working(stage, client))
    _say(f"stack {stage.stack} in {stage.region}, account {account.id}")
    before = stack.ready()
    with ExitStack() as alone:
        if table := before.get("StateTable"):
            alone.enter_context(turn(stage, account, client, table=table))
        refuse_unready(stage, client)
        tables.refuse_change(stage, before, client)
        if inventory.environment(stage, client).get("ZONE_ID", stage.zone_id) != stage.zone_id:
            refuse_while_alive(stage, client)  # their records would stay in the zone before
        if before and desktop_client(stage, before) is not deployed_client(before):
            refuse_while_alive(stage, client)  # their profile would lose what they need
        place.keep(stage, account, root)
        record = Record(stage, root)
        api = inventory.api(stage, record, client)
        steps = indexes.growing(stack.template(), stack.wanted()) if before else [stack.wanted()]
        changes = _bring_up(stage, stack, before, api, client, steps)
        if not table:
            alone.enter_context(turn(stage, account, client, table=stack.outputs()["StateTable"]))
        if not api:  # only whose turn it is makes one
            api = gateway.make(stage, record, client("apigateway"))
            changes.append(f"the API {api} was made")
            _bring_up(stage, stack, before, api, client, steps[-1:])
        outputs = stack.outputs()
        if retired := indexes.shrinking(stack.template(), stack.wanted()):
            indexes.refuse_unready(outputs["TableName"], stack.wanted(), client)
        told = outputs["DesktopClient"] == Client.KIT
        outputs["ApiUrl"] = inventory.address(stage, api).rstrip("/") if told else ""
        changes += _fill(stage, account, before, outputs, client, root)
        if retired:  # no function reads these any more
            _bring_up(stage, stack, before, api, client, retired)
            changes.append("indexes that are needed no more were dropped")
        return changes


def _bring_up(
    stage: Stage, stack: Stack, before: Mapping[str, str], api: str, client: Clients, steps: Sequence[str]
) -> list[str]:
    """Create or update the stack, template by template; return what had to be changed.

    `api` is the API's id, empty while there is none.
    """
    site = Site(stage, client, providers.of(stage))
    again = bucket.left(stage, site.account, before, client)
    wanted = parameters(stage, site.own_vpc, before, api, again) | providers.parameters(site.provider, stage)
    tags = {"Project": PROJECT, "Stage": stage.name, "Version": version()}
    changed = sum(stack.up(wanted, tags, body) for body in steps)
    used = (
        [f"the bucket {again}, which was left, is used again"]
        if again not in ("", before.get("RecordingsBucket"))
        else []
    )
    return ["the stack was brought up", *used] if changed else []


def _fill(
    stage: Stage, account: Account, before: Mapping[str, str], outputs: dict[str, str], client: Clients, root: Path
) -> list[str]:
    """Make what is not the stack's, whose `outputs` these are; return what had to be changed."""
    outputs["StreamArn"] = tables.stream(outputs["TableName"], client)
    outputs["Installation"] = account.installation
    changes, record = [], Record(stage, root)
    if (earlier := before.get("TableName")) not in (None, outputs["TableName"]):
        changes.append(f"the table is {outputs['TableName']} now; {earlier} stays, with its rows, until make destroy")
    if tables.protect(stage, outputs, client):
        changes.append(f"the table is {'' if stage.protect_table else 'no longer '}protected against deletion")
    if inventory.find_again(stage, record, client, stream=outputs["StreamArn"]):
        changes.append("Chalice's record was brought to what is in the account")
    standing = inventory.environment(stage, client)
    changes += keys.make(stage, outputs["StateTable"], client)
    changes += rotation.drop_unneeded(outputs, client)
    roots = issuer.load(stage, datetime.now(UTC), root / "stages")
    changes += issuer.keep(stage, roots, outputs["StateTable"], client)
    changes += kept_certificate.tell_again(outputs["StateTable"], client)
    stage = replace(stage, scheduling=keys.scheduling(stage, outputs["StateTable"], client))
    named = names(stage, account, outputs, client)
    outputs["DesktopRoleArn"] = named.desktop_role_arn
    part = recorded.section(stage, outputs, standing, reserve=can_reserve(stage, client))
    rendered = grants.render(named, providers.calls_with(named.provider, known_calls()))
    policies = own_statements.add(stage, rendered, own_statements.load(stage, root / "stages"))
    if recorded.write(stage, part, policies, root / ".chalice"):
        changes.append(".chalice/config.json and the policies were written")
    changes += wiring.prepare(stage, outputs, record, client)
    changes += roles.widen(stage, named.suffix, policies, client("iam"))
    replaced = _chalice(stage, record, client, root)
    if replaced:
        changes.append("the functions were deployed")
    keys.forget_first(outputs["StateTable"], client)
    _say("what Chalice cannot say")
    [api] = record.resources("rest_api")
    changes += wiring.wire(stage, outputs, policies, client, let_calls_end=_let_calls_end if replaced else lambda: None)
    changes += fast_launch.wire(stage, client)
    keep = timedelta(days=int(stage.variable("KEEP_MEETING_DAYS")))
    if told := expiring.tell_rows(outputs["TableName"], keep, client, datetime.now(UTC)):
        changes.append(f"{told} rows of meetings that have ended were told when they expire")
    return changes + gateway.wire(api["rest_api_id"], stage, client("apigateway"))


def working(stage: Stage, client: Clients) -> str:
    """Return what of the stage may be working, as part of a sentence; empty where nothing is."""
    found = [*inventory.functions(stage, client), *alive(stage, client)]
    return f"{', '.join(found)} may be working for people" if found else ""


def _let_calls_end() -> None:
    _say(
        f"waiting for {roles.RUNS_S:.0f} s: calls that began before may still need what is taken from the policies now"
    )
    time.sleep(roles.RUNS_S)


def refuse_unready(stage: Stage, client: Clients) -> None:
    """Refuse to deploy where the doctor finds beforehand that what the operator names does not do.

    Raises:
        StageError: with these findings, each with its remedy.
    """
    made_here = {"zone"}  # its secret is made by the first deploy, and filled afterwards
    made_here |= set() if stage.security_groups else {"security_groups"}
    made_here |= set() if stage.instance_profile else {"instance_profile"}
    made_here |= set() if stage.upload_bucket else {"recordings_bucket"}
    before = takewhile(lambda found: found[0] in BEFORE, examine(Site(stage, client, providers.of(stage))))
    wrong = [found for name, found in before if found.level is Level.FAIL and name not in made_here]
    if wrong:
        lines = (f"\n  {found.what}\n      → {found.remedy}" for found in wrong)
        raise StageError(f"something stands in the way.{''.join(lines)}")


def names(stage: Stage, account: Account, outputs: Mapping[str, str], client: Clients) -> Names:
    """Return what the stage's policies are narrowed to.

    Raises:
        StageError: the instance profile does not exist or holds no role.
    """
    profile = outputs["InstanceProfile"]
    held: list[dict[str, Any]] = []
    with ignore_not_found():
        held = client("iam").get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    if not held:
        raise StageError(
            f"The instance profile {profile} does not exist or holds no role; name another one as "
            f"desktops.instance_profile in stages/{stage.name}.toml, or leave that empty to have one made."
        )
    return Names(
        account=account,
        stage=stage,
        provider=providers.of(stage),
        table=outputs["TableName"],
        desktop_role_arn=held[0]["Arn"],
        security_groups=stage.security_groups or (outputs["SecurityGroup"],),
        bucket=outputs["RecordingsBucket"],
        suffix=global_suffix(stage, outputs),
    )


def _chalice(stage: Stage, record: Record, client: Clients, root: Path) -> bool:
    """Deploy the functions and the API, unless just these are deployed; return whether it did."""
    digest, last = build.digest(stage, root), build.Build(stage, root)
    if last.is_current(digest, build.live(stage, record, client)):
        return False
    _say("chalice deploy")
    run_chalice(stage, "deploy", root=root)
    last.keep(digest, build.live(stage, record, client))
    return True


def address(stage: Stage, root: Path = ROOT) -> str:
    """Return the address of the stage's API, as Chalice recorded it."""
    [api] = Record(stage, root).resources("rest_api")
    return str(api["rest_api_url"])


def _say(step: str) -> None:
    say(f"· {step}")


if __name__ == "__main__":
    sys.exit(main())
