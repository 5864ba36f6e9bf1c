"""`python -m tools.destroy --stage dev`: remove a stage, leaving nothing, unless desktops are alive."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.dns.cloudflare import CloudflareDns
from chalicelib.dns.token import SecretToken
from chalicelib.errors import ElephantError
from chalicelib.model import DnsRecord
from tools import build, recorded, tables
from tools.account import Clients, clients, enter
from tools.chalice import run_chalice
from tools.desktops import refuse_while_alive
from tools.gone import if_there
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
        print(f"In the zone {stage.zone_id} records may be left: their comments begin with elephant:{stage.name}:")
    return 0


def destroy(stage: Stage, client: Clients, *, leave_records: bool = False) -> None:
    """Remove everything of a stage: functions first, so that nothing launches any more, then the rest.

    Raises:
        StageError: desktops are alive, or something could not be removed; run it again then.
    """
    enter(stage, client)
    stack, record = Stack(client, stage.stack), build.Record(stage)
    refuse_while_alive(stage, client)
    record.require(build.functions(stage, client))
    zone = None if leave_records else _zone(stage, client)
    if zone:
        _owned(zone, stage)  # before anything is removed: later there is no way back
    if record.exists():
        run_chalice(stage, "delete")
    _remove_unrecorded(stage, client)
    refuse_while_alive(stage, client)
    if zone and (left := _owned(zone, stage)):
        zone.withdraw(left)
    with if_there():  # otherwise the name would stay taken for the secret's days of grace
        client("secretsmanager").delete_secret(SecretId=stage.secret, ForceDeleteWithoutRecovery=True)
    names = tables.of_stage(stage, client)
    tables.release(names, client)
    stack.down()
    tables.delete(names, client)
    for function in FUNCTIONS:
        with if_there():
            client("logs").delete_log_group(logGroupName=stage.log_group(function))
    recorded.forget(stage)


def _zone(stage: Stage, client: Clients) -> CloudflareDns | None:
    """Return the stage's part of the zone; None where the secret was never filled, so that there never was a record."""
    text = ""
    with if_there():
        text = client("secretsmanager").get_secret_value(SecretId=stage.secret).get("SecretString", "")
    if not text.strip():
        return None
    return CloudflareDns(
        api_url=stage.environment.get("CLOUDFLARE_API_URL", "https://api.cloudflare.com/client/v4"),
        zone_id=stage.zone_id,
        token=SecretToken(lambda: client("secretsmanager"), stage.secret),
        stage=stage.name,
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
    )


def _owned(zone: CloudflareDns, stage: Stage) -> list[DnsRecord]:
    """Return whatever in the zone still bears the stage's mark.

    Raises:
        StageError: that cannot be told.
    """
    try:
        return zone.owned()
    except ElephantError as error:
        raise StageError(
            f"{error} So the records of stage {stage.name} cannot be withdrawn from the zone {stage.zone_id}. Store a "
            f"token that may edit the zone in the secret {stage.secret}, or leave the records where they are: "
            f"{sys.executable} -m tools.destroy --stage {stage.name} --leave-records"
        ) from error


def _remove_unrecorded(stage: Stage, client: Clients) -> None:
    """Remove what Chalice was stopped over, after making it and before recording it."""
    functions, iam, events = client("lambda"), client("iam"), client("events")
    for name in FUNCTIONS:
        with if_there():
            functions.delete_function(FunctionName=stage.function(name))
        with if_there():
            for policy in iam.list_role_policies(RoleName=stage.role(name))["PolicyNames"]:
                iam.delete_role_policy(RoleName=stage.role(name), PolicyName=policy)
            iam.delete_role(RoleName=stage.role(name))
    for rule in events.list_rules(NamePrefix=f"{stage.stack}-")["Rules"]:
        targets = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            events.remove_targets(Rule=rule["Name"], Ids=[target["Id"] for target in targets])
        events.delete_rule(Name=rule["Name"])


if __name__ == "__main__":
    sys.exit(main())
