"""`python -m tools.destroy --stage dev`: remove a stage, leaving nothing, unless desktops are alive."""

from __future__ import annotations

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.control.ports import Dns
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.model import DnsRecord
from tools import build, fast_launch, providers, recorded, records, tables, triggers
from tools.account import Account, Clients, clients, enter
from tools.chalice import run_chalice
from tools.desktops import refuse_while_alive
from tools.errors import ignore_not_found
from tools.record import Record
from tools.site import Provider
from tools.stack import Stack
from tools.stage import FUNCTIONS, Stage, StageError, load
from tools.terminal import say


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
        account = destroy(stage, clients(stage.region), leave_records=given.leave_records)
    except (StageError, ElephantError, ClientError, BotoCoreError) as error:
        say(f"Not destroyed: {error}", sys.stderr)
        return 1
    print(f"Stage {stage.name} is gone.")
    if given.leave_records:
        print(providers.of(stage).records_left(stage, account))
    return 0


def destroy(stage: Stage, client: Clients, *, leave_records: bool = False) -> Account:
    """Remove everything of a stage: functions first, so that nothing launches any more, then the rest.

    Return the account that it was in.

    Raises:
        StageError: desktops are alive, or something could not be removed; run it again then.
    """
    account = enter(stage, client)
    stack, record, provider = Stack(client, stage.stack), Record(stage), providers.of(stage)
    refuse_while_alive(stage, client)
    record.require(build.functions(stage, client))
    zone = None if leave_records else provider.zone(stage, client, account)
    if zone:
        _told_apart(zone, stage, provider, client)  # before anything is removed: later there is no way back
    if record.exists():
        run_chalice(stage, "delete")
    _remove_unrecorded(stage, client)
    refuse_while_alive(stage, client)
    if zone:
        own, others = _told_apart(zone, stage, provider, client)
        zone.withdraw(own)
        if others:
            print(
                f"{len(others)} records bear the stage's name alone, as version 0.1.0 marked them, and no desktop or "
                f"meeting of the stage knows them. They may be another installation's, so they stay: "
                f"{', '.join(record.name for record in others)}"
            )
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
    return account


def _told_apart(
    zone: Dns, stage: Stage, provider: Provider, client: Clients
) -> tuple[list[DnsRecord], list[DnsRecord]]:
    """Return whatever in the zone still is the stage's, and what bears its name and may be another installation's.

    Raises:
        StageError: that cannot be told.
    """
    try:
        marked = zone.owned()
        own = records.own(marked, tables.of_stage(stage, client), stage, client)
    except ElephantError as error:
        raise StageError(
            f"{error} So the records of stage {stage.name} cannot be withdrawn from the zone {stage.zone_id}. "
            f"{provider.how_to_regain_access(stage)}, or leave the records where they are: "
            f"{sys.executable} -m tools.destroy --stage {stage.name} --leave-records"
        ) from error
    return own, [record for record in marked if record not in own]


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
