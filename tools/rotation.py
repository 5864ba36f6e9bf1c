"""The keys that links are signed with, in the state table: which of the earlier ones are needed still.

A change is one write, which expects what was read: of two at once one is refused, and one that is killed has changed
all or nothing.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.adapters.keys import REPLACED_AT, item_id, parse
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.model import Meeting
from chalicelib.domain.rows import timestamp
from tools.account import Clients
from tools.errors import code_of
from tools.meeting import now
from tools.stage import StageError

_ITEM = item_id(Purpose.LINKS)
_BYTES = 32  # as a deploy makes them


def kept(table: str, client: Clients) -> Keys | None:
    """Return the keys for links, None where there are none, or none that can be read."""
    return parse(_item(table, client))


def open_meetings(table: str, client: Clients) -> list[Meeting]:
    """Return the meetings that have not ended, by the index that the sweep reads.

    Raises:
        StageError: they cannot be read.
    """
    try:
        pages = DynamoMeetings(client("dynamodb"), table, now, time.sleep).open()
        return [meeting for page in pages for meeting in page]
    except ElephantError as error:
        raise StageError(f"Which meetings are open is not known, so no key was replaced: {error}") from error


def anew(before: Keys, meetings: Collection[Meeting], at: datetime) -> Keys:
    """Return the keys with a new one, which signs, and of the others those that these open meetings need."""
    unknown = dict.fromkeys(before.earlier, at)  # no later than now
    moments = {**unknown, **before.replaced_at, before.present: at}
    after = replace(before, present=secrets.token_hex(_BYTES), earlier=before.all, replaced_at=moments)
    return _still_needed(after, meetings, at)


def alone(before: Keys) -> Keys:
    """Return the keys with a new one, which signs, and no other."""
    return replace(before, present=secrets.token_hex(_BYTES), earlier=(), replaced_at={})


def drop_unneeded(outputs: Mapping[str, str], client: Clients, clock: Callable[[], datetime] = now) -> list[str]:
    """Drop those earlier keys for links that no open meeting needs; return what had to be changed.

    `outputs` are those of the stack. Of a key of which it is not known when it was replaced, nobody can tell.
    """
    table, at = outputs["StateTable"], clock()
    before = kept(table, client)
    if before is None or not before.replaced_at:
        return []
    after = _still_needed(before, open_meetings(outputs["TableName"], client), at)
    if after.earlier == before.earlier:
        return []
    write(table, before, after, at, client)
    return ["earlier keys for links were dropped: no open meeting is so old"]


def write(table: str, before: Keys, after: Keys, at: datetime, client: Clients) -> None:
    """Put keys in the place of others.

    Raises:
        StageError: these others are not there any more.
    """
    values = {
        ":present": {"S": after.present},
        ":earlier": {"L": [{"S": key} for key in after.earlier]},
        ":moments": {"M": {key: {"S": timestamp(moment)} for key, moment in after.replaced_at.items()}},
        ":was": {"S": before.present},
        ":were": {"L": [{"S": key} for key in before.earlier]},
    }
    made = ", made_at = :now" if after.present != before.present else ""
    try:
        client("dynamodb").update_item(
            TableName=table,
            Key={"id": {"S": _ITEM}},
            UpdateExpression=f"SET present = :present, earlier = :earlier, {REPLACED_AT} = :moments{made}",
            ConditionExpression="present = :was AND (earlier = :were OR attribute_not_exists(earlier))",
            ExpressionAttributeValues=values | ({":now": {"S": timestamp(at)}} if made else {}),
        )
    except ClientError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        found = kept(table, client)
        if found is None or found.all != after.all:  # else it was written, and the answer was lost
            raise StageError(
                f"somebody has replaced the keys for links in {table} at this moment, and this changed nothing; look "
                "whether another one is still wanted"
            ) from None


def _still_needed(keys: Keys, meetings: Collection[Meeting], at: datetime) -> Keys:
    """Return the keys without those that signed no open meeting's links. While one may still sign, it stays."""

    def is_needed(key: str) -> bool:
        until = keys.signs_until(key)
        return until is None or at < until or any(each.created_at and each.created_at < until for each in meetings)

    earlier = tuple(filter(is_needed, keys.earlier))
    known = {key: moment for key, moment in keys.replaced_at.items() if key in earlier}
    return replace(keys, earlier=earlier, replaced_at=known)


def _item(table: str, client: Clients) -> dict[str, Any]:
    found = client("dynamodb").get_item(TableName=table, Key={"id": {"S": _ITEM}}, ConsistentRead=True)
    return dict(found.get("Item", {}))
