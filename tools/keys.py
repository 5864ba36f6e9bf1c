"""The keys of a stage: its deploy makes them, in the state table, where only the functions that need one may read it.

`python -m tools.keys --stage dev` shows the operator the key that unlocks scheduling. No other key is ever shown, and
no key stands in a file, in a function's environment or in a log. Where one did, the next deploy moves it.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.keys import ALL_SIGNED, item_id, parse
from chalicelib.domain import rows
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.settings import Scheduling
from tools.account import Clients, clients, enter
from tools.errors import code_of, ignore_not_found
from tools.stack import Stack
from tools.stage import FUNCTIONS, Stage, StageError, load

VARIABLES = {
    Purpose.VOUCHING: "VOUCHING_KEY",
    Purpose.LINKS: "LINK_SIGNING_KEY",
    Purpose.SCHEDULING: "SCHEDULE_KEY",
}
"""By purpose: the variable that holds such a key in a run at home, and held it on a stage of version 0.1.0."""

_OPEN = "open"  # on the item of scheduling: the stage was open to all when its key was made
_BYTES = 32


def main() -> int:
    """Print the key that unlocks scheduling on the stage that the command line names, and nothing else."""
    arguments = argparse.ArgumentParser(description="Show the key that unlocks scheduling.")
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    try:
        stage = load(arguments.parse_args().stage)
        client = clients(stage.region)
        enter(stage, client)
        print(scheduling_key(stage, client))
    except (StageError, ClientError, BotoCoreError) as error:
        print(f"Not shown: {error}", file=sys.stderr)
        return 1
    return 0


def scheduling_key(stage: Stage, client: Clients) -> str:
    """Return the key that unlocks scheduling.

    Raises:
        StageError: the stage has none.
    """
    table = Stack(client, stage.stack).outputs().get("StateTable", "")
    keys = kept(table, client).get(Purpose.SCHEDULING) if table else None
    if keys is None:
        raise StageError(
            f"Stage {stage.name} has no key for scheduling, or none that can be read; make deploy makes one."
        )
    return keys.present


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
        if purpose is Purpose.SCHEDULING and deployed and not given and _was_open(deployed):
            item[_OPEN] = {"BOOL": True}
        if _put(table, item, client):
            (moved if given else made).append(name if given else purpose.value)
    return [
        *([f"keys were made in {table}: {', '.join(made)}"] if made else []),
        *([f"{', '.join(moved)} moved from plain text into {table}"] if moved else []),
    ]


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
    was_open = _item(table, Purpose.SCHEDULING, client).get(_OPEN, {}).get("BOOL", False)
    return Scheduling.OPEN if was_open else Scheduling.LOCKED


def kept(table: str, client: Clients) -> dict[Purpose, Keys | None]:
    """Return the keys that the state table holds, by purpose; None for an item that is not as a deploy writes it."""
    items = {purpose: _item(table, purpose, client) for purpose in Purpose}
    return {purpose: parse(item) for purpose, item in items.items() if item}


def _item(table: str, purpose: Purpose, client: Clients) -> dict[str, Any]:
    key = {"id": {"S": item_id(purpose)}}
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


if __name__ == "__main__":
    sys.exit(main())
