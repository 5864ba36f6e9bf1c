"""`python -m tools.destroy --stage dev`: remove a stage, leaving nothing, unless desktops are alive."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.dns.cloudflare import CloudflareDns
from chalicelib.dns.token import SecretToken
from chalicelib.errors import ElephantError
from tools import build, recorded
from tools.account import Clients, clients, code_of, enter
from tools.deploy import run_chalice
from tools.stack import Stack
from tools.stage import Stage, StageError, load

_ALIVE = ["pending", "running", "stopping", "stopped"]


def main() -> int:
    """Destroy the stage that the command line names, after asking."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--yes", action="store_true", help="do not ask; the table and its meetings go too")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        if not given.yes and input(f"This deletes {stage.stack} with its table. Type the stage's name: ") != stage.name:
            raise StageError("the name that was typed is not the stage's")
        destroy(stage, clients(stage.region))
    except (StageError, ElephantError, ClientError, BotoCoreError) as error:
        print(f"Not destroyed: {error}", file=sys.stderr)
        return 1
    print(f"Stage {stage.name} is gone.")
    return 0


def destroy(stage: Stage, client: Clients) -> None:
    """Remove everything of a stage: functions first, so that nothing launches any more, then the rest.

    Raises:
        StageError: desktops are alive, or something could not be removed; run it again then.
    """
    enter(stage, client)
    stack = Stack(client, stage.stack)
    refuse_while_alive(stage, client)
    build.Record(stage).require(build.functions(stage, client))
    run_chalice(stage, "delete")
    refuse_while_alive(stage, client)
    if stack.exists():
        outputs = stack.outputs()
        _withdraw_records(stage, outputs, client)
        _release(outputs, client)
        stack.down()
    recorded.forget(stage)


def alive(stage: Stage, client: Clients) -> Iterator[dict[str, Any]]:
    """Yield the stage's desktops that still have to be terminated."""
    filters = [
        {"Name": "tag:Project", "Values": ["Elephant"]},
        {"Name": "tag:Stage", "Values": [stage.name]},
        {"Name": "instance-state-name", "Values": _ALIVE},
    ]
    for page in client("ec2").get_paginator("describe_instances").paginate(Filters=filters):
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


def refuse_while_alive(stage: Stage, client: Clients) -> None:
    """Refuse to go on while desktops of the stage are alive: people may be in them.

    Raises:
        StageError: there are some; it names them.
    """
    if found := [instance["InstanceId"] for instance in alive(stage, client)]:
        raise StageError(
            f"{len(found)} desktops of stage {stage.name} are alive: {', '.join(found)}. Wait for their meetings to "
            f"end, or end them: aws ec2 terminate-instances --region {stage.region} --instance-ids {' '.join(found)}"
        )


def _withdraw_records(stage: Stage, outputs: Mapping[str, str], client: Clients) -> None:
    """Take out of the zone whatever still bears the stage's mark; without a token there never was any."""
    secret = outputs["DnsSecretName"]
    try:
        client("secretsmanager").get_secret_value(SecretId=secret)
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return
    zone = CloudflareDns(
        api_url=stage.environment.get("CLOUDFLARE_API_URL", "https://api.cloudflare.com/client/v4"),
        zone_id=stage.zone_id,
        token=SecretToken(lambda: client("secretsmanager"), secret),
        stage=stage.name,
        clock=lambda: datetime.now(UTC),
        sleep=time.sleep,
    )
    if left := zone.owned():
        zone.withdraw(left)


def _release(outputs: Mapping[str, str], client: Clients) -> None:
    """Take back what would keep the stack's parts: the table's protection, and the secret's days of grace."""
    tables, table = client("dynamodb"), outputs["TableName"]
    with _if_there():
        tables.update_table(TableName=table, DeletionProtectionEnabled=False)
        tables.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 2})
    with _if_there():
        client("secretsmanager").delete_secret(SecretId=outputs["DnsSecretName"], ForceDeleteWithoutRecovery=True)


@contextmanager
def _if_there() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise


if __name__ == "__main__":
    sys.exit(main())
