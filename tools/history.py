"""What operators do with a meeting's recordings is kept: who, when, what and why.

It stands in the row's `history`. A meeting whose row is gone has it in the bucket, as `history/<meeting>/<time>.json`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain import rows
from chalicelib.domain.recordings import of_meeting
from tools.errors import code_of, ignore_not_found
from tools.kept_recordings import HISTORY, Bucket
from tools.stage import StageError


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done: when (ISO 8601 in UTC), what, by whom (an ARN), and why (empty: not said)."""

    at: str
    what: str
    by: str
    why: str = ""


class Rows:
    """The table of meetings, as far as an operator needs it here."""

    def __init__(self, client: Any, table: str) -> None:
        """Take DynamoDB's client and the table's name; there may be no such table any more."""
        self._client = client
        self._table = table

    def get(self, meeting_id: str) -> dict[str, Any] | None:
        """Return a row as plain values, None where there is none."""
        found: dict[str, Any] = {}
        with ignore_not_found():
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": meeting_id}}, ConsistentRead=True)
        return rows.decode(found["Item"]) if "Item" in found else None

    def note(self, meeting_id: str, entry: Entry, **values: str) -> None:
        """Add an entry to a row's history, and set these attributes in the same write.

        Raises:
            StageError: the row is gone, or its history is no list.
        """
        names = {"#history": "history"} | {f"#{name}": name for name in values}
        sets = ["#history = list_append(if_not_exists(#history, :none), :entry)"]
        sets += [f"#{name} = :{name}" for name in values]
        given = {":none": {"L": []}, ":entry": {"L": [rows.encode(asdict(entry))]}}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": meeting_id}},
                UpdateExpression=f"SET {', '.join(sets)}",
                ConditionExpression="attribute_exists(id)",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=given | {f":{name}": {"S": value} for name, value in values.items()},
            )
        except ClientError as error:
            if code_of(error) in ("ConditionalCheckFailedException", "ValidationException"):
                raise StageError(
                    f"Nothing was done: it could not be noted on the row of meeting {meeting_id} ({error}). Where its "
                    "`history` is no list, give that attribute another name, and run this again."
                ) from error
            raise


def note(where: Rows, bucket: Bucket, meeting_id: str, row: dict[str, Any] | None, entry: Entry, **values: str) -> str:
    """Keep an entry of a meeting: on its row with these attributes, or beside its recordings; return where, for people.

    Raises:
        StageError: it cannot be kept.
    """
    if row is not None:
        where.note(meeting_id, entry, **values)
        return f"the history of meeting {meeting_id}"
    key = f"{HISTORY}{of_meeting(meeting_id)}{entry.at}-{secrets.token_hex(4)}.json"
    bucket.put(key, json.dumps(asdict(entry) | values))
    return f"{key} in the bucket {bucket.name}, since the meeting has no row any more"
