"""The keys of a stage: its deploy makes them, in the state table, where only the functions that need one may read it.

None of these is ever shown, and none stands in a file, in a function's environment or in a log. Where one did, the next
deploy moves it. The keys that an operator gives out are in tools/given_keys.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.keys import ACCESS, ALL_SIGNED, access_entry, access_in, item_id, parse
from chalicelib.domain import rows
from chalicelib.domain.access import Access, AccessKey, Scope, digest_of
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.settings import Scheduling
from tools.account import Clients
from tools.errors import code_of, ignore_not_found
from tools.stage import FUNCTIONS, Stage

VARIABLES = {
    Purpose.VOUCHING: "VOUCHING_KEY",
    Purpose.LINKS: "LINK_SIGNING_KEY",
}
"""By purpose: the variable that holds such a key in a run at home, and held it on a stage of version 0.1.0."""

SCHEDULE_KEY = "SCHEDULE_KEY"
"""The variable that holds the key for scheduling in a run at home, and held it on a stage of version 0.1.0."""

FIRST = AccessKey("scheduling", Scope.SCHEDULE, "", daily=100_000)
"""What the one key for scheduling of a stage from before becomes: a key among others, which nothing new limits."""

_BEFORE = "key/scheduling"  # where a version before kept that key, as text
_OPEN = "open"  # on the item of the keys that were given out: the stage was open to all before there were any
_BYTES = 32


def make(
    stage: Stage, table: str, client: Clients, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> list[str]:
    """Make those keys of a stage that it does not have yet; return what had to be done. `now` is UTC.

    What version 0.1.0 kept in plain text, in the stage's file or in the functions' environment, becomes the present
    key, so that what people were sent stays valid. What the file says counts more than what was deployed, as it did.
    Of two deploys at once one makes a key, and the other finds it.
    """
    deployed = environment(stage, client)
    made: list[str] = []
    moved: list[str] = []
    for purpose in Purpose:
        name = VARIABLES.get(purpose, "")
        before = (deployed or {}).get(name, "").strip()
        given = stage.secrets.get(name) or before
        item: dict[str, Any] = {
            "id": {"S": item_id(purpose)},
            "present": {"S": given or secrets.token_hex(_BYTES)},
            "earlier": {"L": []},
            "made_at": {"S": rows.timestamp(now())},
        }
        if purpose is Purpose.LINKS and before:
            item[ALL_SIGNED] = {"BOOL": True}
        if _put(table, item, client):
            (moved if given else made).append(name if given else purpose.value)
    if _give_first(stage, table, deployed, client):
        moved.append(SCHEDULE_KEY)
    return [
        *([f"keys were made in {table}: {', '.join(made)}"] if made else []),
        *([f"{', '.join(moved)} moved from plain text into {table}"] if moved else []),
    ]


def _give_first(stage: Stage, table: str, deployed: Mapping[str, str] | None, client: Clients) -> bool:
    """Let the one key of before be among those that were given out, by its hash; return whether it has become so.

    Where it stood as text it stays until the functions know the other item (`forget_first`).
    """
    before = _read(table, _BEFORE, client)
    said = (deployed or {}).get(SCHEDULE_KEY, "").strip()
    given = before.get("present", {}).get("S") or stage.secrets.get(SCHEDULE_KEY) or said
    item: dict[str, Any] = {"id": {"S": ACCESS}, "keys": {"M": {}}}
    if before.get(_OPEN, {}).get("BOOL") or (deployed and not before and not given and _was_open(deployed)):
        item[_OPEN] = {"BOOL": True}
    if given:
        item["keys"]["M"][FIRST.name] = access_entry(replace(FIRST, digest=digest_of(given)))
    return _put(table, item, client) and bool(given)


def forget_first(table: str, client: Clients) -> None:
    """Take away where a version before kept its one key as text: no function reads that any more."""
    client("dynamodb").delete_item(TableName=table, Key={"id": {"S": _BEFORE}})


def _was_open(deployed: Mapping[str, str]) -> bool:
    return deployed.get("SCHEDULING", Scheduling.OPEN).lower() == Scheduling.OPEN


def _put(table: str, item: Mapping[str, Any], client: Clients) -> bool:
    try:
        client("dynamodb").put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(id)")
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def scheduling(stage: Stage, table: str, client: Clients) -> Scheduling:
    """Return who may schedule: as the stage's file says; where it says nothing, as it was when the key was made.

    A stage that was open stays so until its operator says otherwise: a form that sends no key would break.
    """
    if stage.scheduling:
        return Scheduling(stage.scheduling)
    was_open = _read(table, ACCESS, client).get(_OPEN, {}).get("BOOL", False)
    return Scheduling.OPEN if was_open else Scheduling.LOCKED


def kept(table: str, client: Clients) -> dict[Purpose, Keys | None]:
    """Return the keys that the state table holds, by purpose; None for an item that is not as a deploy writes it."""
    items = {purpose: _read(table, item_id(purpose), client) for purpose in Purpose}
    return {purpose: parse(item) for purpose, item in items.items() if item}


def given_out(table: str, client: Clients) -> Access:
    """Return the keys that the operator has given out."""
    return access_in(_read(table, ACCESS, client))


def _read(table: str, item: str, client: Clients) -> dict[str, Any]:
    key = {"id": {"S": item}}
    found: dict[str, Any] = client("dynamodb").get_item(TableName=table, Key=key, ConsistentRead=True)
    return dict(found.get("Item", {}))


def environment(stage: Stage, client: Clients) -> dict[str, str] | None:
    """Return what the deployed functions' environment holds, None where no function is deployed."""
    found: dict[str, str] | None = None
    for name in FUNCTIONS:
        with ignore_not_found():
            stands = client("lambda").get_function_configuration(FunctionName=stage.function(name))
            found = (found or {}) | stands.get("Environment", {}).get("Variables", {})
    return found
