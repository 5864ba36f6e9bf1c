"""What operators do with a meeting's recordings is kept: who, when, what and why.

It stands in the row's `history`. A meeting whose row is gone has it in the bucket, as `history/<meeting>/<time>.json`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.domain import history, rows
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.history import Entry
from chalicelib.domain.model import Attribute
from chalicelib.domain.recordings import of_meeting
from chalicelib.domain.update import Update
from tools.errors import code_of, ignore_not_found, is_not_found
from tools.kept_recordings import HISTORY, Bucket
from tools.stage import StageError


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

    def all(self, names: Collection[str]) -> Iterator[dict[str, Any]]:
        """Yield the id and these attributes of every row, page by page.

        Raises:
            StageError: there is no such table.
        """
        aliases = {f"#n{number}": name for number, name in enumerate(("id", *names))}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._table,
            ProjectionExpression=", ".join(aliases),
            ExpressionAttributeNames=aliases,
            ConsistentRead=True,
        )
        try:
            for page in pages:
                yield from map(rows.decode, page["Items"])
        except ClientError as error:
            if is_not_found(error):
                raise StageError(f"There is no table {self._table} any more, so no row names anybody.") from error
            raise

    def put(self, row: Mapping[str, Any]) -> bool:
        """Put a row in the place of the one that is there; return False, and change nothing, where there is none."""
        item = {name: rows.encode(value) for name, value in row.items()}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_exists(id)")
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def note(self, meeting_id: str, entry: Entry, values: dict[Attribute, str]) -> None:
        """Add an entry to a row's history, and set these attributes in the same write.

        Raises:
            StageError: the row is gone, or has no room for it.
        """
        meetings = DynamoMeetings(self._client, self._table, lambda: datetime.fromisoformat(entry.at), time.sleep)
        try:
            meetings.update(meeting_id, Update(entry.what, values, quiet=True, told=(entry,)))
            lacks = history.not_in(meetings.get(meeting_id), (entry,))
        except ElephantError as error:
            raise StageError(
                f"Nothing was done: it could not be noted on the row of meeting {meeting_id}. {error}"
            ) from error
        if lacks:
            raise StageError(
                f"Nothing was done: it could not be noted on the row of meeting {meeting_id}, which is as large as "
                "DynamoDB lets a row be. Take out of it what does not belong there, and run this again."
            )


def note(
    where: Rows,
    bucket: Bucket,
    meeting_id: str,
    row: dict[str, Any] | None,
    entry: Entry,
    values: dict[Attribute, str] | None = None,
) -> str:
    """Keep an entry of a meeting: on its row with these attributes, or beside its recordings; return where, for people.

    Raises:
        StageError: it cannot be kept.
    """
    values = values or {}
    if row is not None:
        where.note(meeting_id, entry, values)
        return f"the history of meeting {meeting_id}"
    key = f"{HISTORY}{of_meeting(meeting_id)}{entry.at}-{secrets.token_hex(4)}.json"
    bucket.put(key, json.dumps(entry.stored() | values))
    return f"{key} in the bucket {bucket.name}, since the meeting has no row any more"
