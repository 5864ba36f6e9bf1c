"""Whose turn it is: two people who deploy a stage at once are told of each other.

The item `deploy` of the stage's own table says who changes the stage now. Before there is that table, CloudFormation
itself lets only one of them make it.
"""

from __future__ import annotations

import shlex
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from tools.account import Account, Clients
from tools.errors import code_of, ignore_not_found
from tools.stage import Stage, StageError

LONGEST = timedelta(hours=1)
"""A turn that was not given back by then was not ended but killed."""

_ID = {"id": {"S": "deploy"}}
_KEY = shlex.quote('{"id": {"S": "deploy"}}')
_FREE = "attribute_not_exists(id) OR expires_at < :now"


@contextmanager
def turn(
    stage: Stage,
    account: Account,
    client: Clients,
    *,
    table: str,
    act: str = "deploy",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[None]:
    """Have the stage for oneself; the turn is given back however the block is left. `act` names what is done in it.

    A table that is gone keeps nobody out. `now` is this machine's time, UTC.

    Raises:
        StageError: it is somebody else's turn: whose, since when, and what to do if they never end it.
    """
    mine = str(uuid.uuid4())
    begun = now()
    item = {"turn": mine, "act": act, "by": account.caller, "host": socket.gethostname(), "begun_at": _text(begun)}
    dynamodb = client("dynamodb")
    try:
        with ignore_not_found():
            dynamodb.put_item(
                TableName=table,
                Item=_ID | {key: {"S": value} for key, value in item.items() if value} | _number(begun + LONGEST),
                ConditionExpression=_FREE,
                ExpressionAttributeValues={":now": _number(begun)["expires_at"]},
            )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        raise StageError(_whose(stage, client, table)) from error
    try:
        yield
    finally:
        _give_back(client, table, mine)


def _give_back(client: Clients, table: str, mine: str) -> None:
    try:
        with ignore_not_found():
            client("dynamodb").delete_item(
                TableName=table,
                Key=_ID,
                ConditionExpression="turn = :mine",
                ExpressionAttributeValues={":mine": {"S": mine}},
            )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":  # it ran out, and is somebody else's now
            raise


def _whose(stage: Stage, client: Clients, table: str) -> str:
    found = client("dynamodb").get_item(TableName=table, Key=_ID, ConsistentRead=True).get("Item", {})
    theirs = {key: next(iter(value.values())) for key, value in found.items()}
    ends = _text(datetime.fromtimestamp(int(theirs["expires_at"]), UTC)) if "expires_at" in theirs else "now"
    free = f"aws --region {stage.region} dynamodb delete-item --table-name {table} --key "
    return (
        f"somebody else changes stage {stage.name} at this moment: {theirs.get('by', 'unknown')} on "
        f"{theirs.get('host', 'a machine')} ({theirs.get('act', 'deploy')}, since {theirs.get('begun_at', 'now')}). "
        f"Wait until that has ended, and run this again. If it was killed, the stage is free at {ends}, or at once "
        f"with: {free}{_KEY}"
    )


def _number(moment: datetime) -> dict[str, dict[str, str]]:
    return {"expires_at": {"N": str(int(moment.timestamp()))}}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
