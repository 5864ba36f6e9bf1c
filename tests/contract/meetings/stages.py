"""The port `Meetings` over two stages: the fake, and DynamoDB's API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from boto3.dynamodb.types import TypeDeserializer

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.control.ports import Meetings
from chalicelib.domain import rows
from localcloud.tables import MEETINGS
from tests.builders import without_history
from tests.contract.conftest import Account
from tests.fakes import FakeMeetings

TABLE = "elephant-meetings"
AT = datetime(2026, 3, 1, 15, 0, 0, 250000, tzinfo=UTC)


class Stage(Protocol):
    """A table, and those who write to it without asking the port."""

    meetings: Meetings

    def put(self, row: Mapping[str, Any]) -> None:
        """Write a whole row, as somebody in the console does."""

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        """Change a row blindly, as a desktop does: it comes into being if it is not there."""

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        """Return the row as it is stored, without its history."""

    def history(self, meeting_id: str) -> Any:
        """Return what stands as the row's history, None where nothing does."""


class FakeStage:
    def __init__(self) -> None:
        self._fake = FakeMeetings(clock=lambda: AT)
        self.meetings: Meetings = self._fake

    def put(self, row: Mapping[str, Any]) -> None:
        self._fake.rows.pop(row["id"], None)
        self._fake.write(row["id"], row)

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        self._fake.write(meeting_id, values, remove)

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        row = self._fake.rows.get(meeting_id)
        return row and without_history(row)

    def history(self, meeting_id: str) -> Any:
        return self._fake.rows[meeting_id].get("history")


class RealStage:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.table = account.client("dynamodb")
        self.table.create_table(TableName=TABLE, **MEETINGS)
        self.naps: list[float] = []
        client = account.watched_client("dynamodb")
        self.meetings: Meetings = DynamoMeetings(client, TABLE, lambda: AT, self.naps.append)

    def put(self, row: Mapping[str, Any]) -> None:
        self.table.put_item(TableName=TABLE, Item={name: rows.encode(value) for name, value in row.items()})

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        changed = {name: {"Action": "PUT", "Value": rows.encode(value)} for name, value in values.items()}
        removed = {name: {"Action": "DELETE"} for name in remove}
        self.table.update_item(TableName=TABLE, Key={"id": {"S": meeting_id}}, AttributeUpdates=changed | removed)

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        row = self._stored(meeting_id)
        return row and without_history(row)

    def history(self, meeting_id: str) -> Any:
        return (self._stored(meeting_id) or {}).get("history")

    def _stored(self, meeting_id: str) -> dict[str, Any] | None:
        item = self.table.get_item(TableName=TABLE, Key={"id": {"S": meeting_id}}, ConsistentRead=True).get("Item")
        return {name: TypeDeserializer().deserialize(value) for name, value in item.items()} if item else None
