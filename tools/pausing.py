"""`python -m tools.pausing --stage dev --why …`: nothing new is launched or scheduled; `--resume` lets it go on.

It is one item of the state table, which the functions read at most once a minute. What lives goes on, whichever.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.pausing import PAUSED, understood
from chalicelib.domain import rows
from chalicelib.domain.history import LONGEST_TEXT
from chalicelib.domain.pause import Pause
from tools.account import Clients, clients, enter
from tools.errors import code_of
from tools.stack import Stack
from tools.stage import Stage, StageError, load
from tools.terminal import say


def main() -> int:
    """Pause the stage that the command line names, or let it go on."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--why", default="", help="why; it is kept with who paused it, and in the meetings' history")
    arguments.add_argument("--resume", action="store_true", help="let the stage go on")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        client = clients(stage.region)
        say(resume(stage, client) if given.resume else pause(stage, given.why, client))
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"{'Not resumed' if given.resume else 'Not paused'}: {error}", sys.stderr)
        return 1
    return 0


def pause(stage: Stage, why: str, client: Clients, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> str:
    """Pause a stage; return what came of it. One that is paused stays so, with who did it first. `now` is UTC.

    Raises:
        StageError: it is not said why, or the stage is not deployed.
    """
    why = why.strip()
    if not why or not why.isprintable() or len(why) > LONGEST_TEXT:
        raise StageError(f"Say why, in one line of {LONGEST_TEXT} characters at the most: WHY='EC2 is being repaired'.")
    caller, table = enter(stage, client).caller, state_table(stage, client)
    item = {"id": PAUSED, "by": caller, "why": why, "since": rows.timestamp(now())}
    try:
        client("dynamodb").put_item(
            TableName=table,
            Item={name: {"S": text} for name, text in item.items()},
            ConditionExpression="attribute_not_exists(id)",
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        before = standing(table, client)
        if before:
            return f"Stage {stage.name} is paused already, {told(before)}. That stays so; make resume ends it."
        raise StageError(f"somebody let stage {stage.name} go on at this moment; run this again.") from error
    return (
        f"Stage {stage.name} is paused, in force within a minute: nothing new is scheduled, and no first launch of a "
        f"meeting is begun. Those that have begun go on. It stays so until make resume STAGE={stage.name}. Meetings "
        "whose time comes meanwhile end as LAUNCH_FAILED a quarter of an hour after their start, 45 minutes after it "
        "where somebody waits."
    )


def resume(stage: Stage, client: Clients) -> str:
    """Let a stage go on; return what came of it.

    Raises:
        StageError: the stage is not deployed.
    """
    enter(stage, client)
    key = {"id": {"S": PAUSED}}
    found = client("dynamodb").delete_item(TableName=state_table(stage, client), Key=key, ReturnValues="ALL_OLD")
    before = understood(found.get("Attributes", {}))
    if before is None:
        return f"Stage {stage.name} is not paused; nothing was done."
    return (
        f"Stage {stage.name} goes on; it was paused {told(before)}. Within two minutes what is due is launched, and "
        "meetings can be scheduled."
    )


def state_table(stage: Stage, client: Clients) -> str:
    """Return the name of the stage's state table.

    Raises:
        StageError: the stage has none.
    """
    stack = Stack(client, stage.stack)
    if table := (stack.outputs() if stack.exists() else {}).get("StateTable"):
        return table
    raise StageError(f"stage {stage.name} is not deployed, or by a version that cannot be paused; make deploy.")


def standing(table: str, client: Clients) -> Pause | None:
    """Return the pause of a stage as its state table has it now, None where it is not paused."""
    found: dict[str, Any] = client("dynamodb").get_item(TableName=table, Key={"id": {"S": PAUSED}}, ConsistentRead=True)
    return understood(found.get("Item", {}))


def told(pause: Pause) -> str:
    """Return since when, by whom and why, as a part of a sentence."""
    since = f"since {pause.since:%Y-%m-%d %H:%M} UTC " if pause.since else ""
    return f"{since}by {pause.by}: {pause.why.rstrip('.')}"


if __name__ == "__main__":
    sys.exit(main())
