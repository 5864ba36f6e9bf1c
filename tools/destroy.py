"""`python -m tools.destroy --stage dev`: remove a stage, leaving nothing, unless desktops are alive."""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.control.ports import Dns
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.model import DnsRecord
from tools import build, fast_launch, providers, recorded, tables, triggers
from tools.account import Clients, clients, enter
from tools.chalice import run_chalice
from tools.desktops import refuse_while_alive
from tools.errors import ignore_not_found
from tools.record import Record
from tools.site import Provider
from tools.stack import Stack
from tools.stage import FUNCTIONS, Stage, StageError, load


def main() -> int:
    """Destroy the stage that the command line names, after asking."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--yes", action="store_true", help="do not ask; the table and its meetings go too")
    arguments.add_argument("--leave-records", action="store_true", help="leave what is in the DNS zone where it is")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        if (
            not given.yes
            and input(f"This deletes {stage.stack} with its tables. Type the stage's name: ") != stage.name
        ):
            raise StageError("the name that was typed is not the stage's")
        destroy(stage, clients(stage.region), leave_records=given.leave_records)
    except (StageError, ElephantError, ClientError, BotoCoreError) as error:
        print(f"Not destroyed: {error}", file=sys.stderr)
        return 1
    print(f"Stage {stage.name} is gone.")
    if given.leave_records:
        print(providers.of(stage).records_left(stage))
    return 0


def destroy(stage: Stage, client: Clients, *, leave_records: bool = False) -> None:
    """Remove everything of a stage: functions first, so that nothing launches any more, then the rest.

    Raises:
        StageError: desktops are alive, or something could not be removed; run it again then.
    """
    enter(stage, client)
    stack, record, provider = Stack(client, stage.stack), Record(stage), providers.of(stage)
    refuse_while_alive(stage, client)
    record.require(build.functions(stage, client))
    zone = None if leave_records else provider.zone(stage, client)
    if zone:
        _owned(zone, stage, provider)  # before anything is removed: later there is no way back
    if record.exists():
        run_chalice(stage, "delete")
    _remove_unrecorded(stage, client)
    refuse_while_alive(stage, client)
    if zone and (left := _owned(zone, stage, provider)):
        zone.withdraw(left)
    provider.remove(stage, client)
    names = tables.of_stage(stage, client)
    tables.release(names, client)
    fast_launch.unwire(stage, client)
    stack.down()
    tables.delete(names, client)
    for function in FUNCTIONS:
        with ignore_not_found():
            client("logs").delete_log_group(logGroupName=stage.log_group(function))
    recorded.forget(stage)


def _owned(zone: Dns, stage: Stage, provider: Provider) -> list[DnsRecord]:
    """Return whatever in the zone still bears the stage's mark.

    Raises:
        StageError: that cannot be told.
    """
    try:
        return zone.owned()
    except ElephantError as error:
        raise StageError(
            f"{error} So the records of stage {stage.name} cannot be withdrawn from the zone {stage.zone_id}. "
            f"{provider.how_to_regain_access(stage)}, or leave the records where they are: "
            f"{sys.executable} -m tools.destroy --stage {stage.name} --leave-records"
        ) from error


def _remove_unrecorded(stage: Stage, client: Clients) -> None:
    """Remove what Chalice was stopped over, after making it and before recording it."""
    functions, iam, events = client("lambda"), client("iam"), client("events")
    for name in FUNCTIONS:
        with ignore_not_found():
            functions.delete_function(FunctionName=stage.function(name))
        with ignore_not_found():
            for policy in iam.list_role_policies(RoleName=stage.role(name))["PolicyNames"]:
                iam.delete_role_policy(RoleName=stage.role(name), PolicyName=policy)
            iam.delete_role(RoleName=stage.role(name))
    for rule in triggers.rules(stage, client):
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        events.delete_rule(Name=rule["Name"])


if __name__ == "__main__":
    sys.exit(main())
