"""Rows of meetings that ended before rows expired, or that a version before did, are told when they expire.

From then on the app tells each row in the very write that ends its meeting, so no function of it ever scans.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict
from chalicelib.domain.model import Meeting
from tools.account import Clients


def tell_rows(table: str, keep: timedelta, client: Clients, now: datetime) -> int:
    """Tell every row of a meeting that has ended when it expires, unless it says so; return how many were told.

    `now` is UTC. It reads the table page by page. Stopped midway it is run again, and reads again what it has not told.
    """
    told, meetings = 0, DynamoMeetings(client("dynamodb"), table, lambda: now, time.sleep)
    for meeting in _untold(table, client):
        if meeting.finished and not meeting.expires_at:
            try:
                meetings.update(meeting.id, writes.expiring(meeting, now, keep))
            except Conflict:  # whoever was faster tells it
                continue
            told += 1
    return told


def _untold(table: str, client: Clients) -> Iterator[Meeting]:
    pages = (
        client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=table,
            FilterExpression="NOT attribute_type(#expires, :number)",
            ExpressionAttributeNames={"#expires": "expires"},
            ExpressionAttributeValues={":number": {"S": "N"}},
        )
    )
    for page in pages:
        yield from (rows.meeting(rows.decode(item)) for item in page["Items"])
