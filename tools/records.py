"""Whose records in a stage's zone are where their mark does not tell: that of version 0.1.0 names a stage alone.

The rule is the app's own (chalicelib/rules/strays.py); here it is asked outside the functions.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.domain.errors import NoSuchMeeting
from chalicelib.domain.model import DnsRecord, Meeting
from chalicelib.domain.policy import Policy
from chalicelib.rules.strays import Inventory
from tools import desktops
from tools.account import Clients
from tools.stage import Stage


def own(records: Collection[DnsRecord], tables: Iterable[str], stage: Stage, client: Clients) -> list[DnsRecord]:
    """Return those of the stage's records that are certainly this installation's. `tables` hold its meetings.

    Raises:
        Unavailable: a table could not be read.
    """
    if not any(record.old_mark for record in records):
        return list(records)
    meetings = [DynamoMeetings(client("dynamodb"), table, _now, time.sleep) for table in tables]
    policy = Policy(stage=stage.name, domain=stage.domain)
    known: dict[str, Meeting | None] = {}
    inventory = Inventory(desktops.shown(stage, client), records, known, _now(), policy)
    for meeting_id in {record.meeting_id for record in inventory.doubtful if record.meeting_id}:
        known[meeting_id] = next((found for table in meetings if (found := row(table, meeting_id))), None)
    return inventory.own_records


def row(meetings: DynamoMeetings, meeting_id: str) -> Meeting | None:
    """Return a meeting as its row is now, None where it has none.

    Raises:
        Unavailable: the table could not be read.
    """
    try:
        return meetings.get(meeting_id)
    except NoSuchMeeting:
        return None


def _now() -> datetime:
    return datetime.now(UTC)
