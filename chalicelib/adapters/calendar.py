"""The calendar on DynamoDB: a week is an item of the app's own table, written together with meetings' rows.

An item is `calendar/<its Monday>`, and holds `desktops`, a number for each quarter of an hour, and `revision`.
DynamoDB deletes it a while after its week, by `expires`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.domain import rows
from chalicelib.domain.calendar import QUARTERS_OF_A_WEEK, Week
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.update import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(weeks=2)
_REFUSED, _IN_HAND = "ConditionalCheckFailed", "TransactionConflict"
"""Why a transaction is cancelled that may be made again: a condition does not hold, or another is at the same item."""
_OVERTAKEN = {f"{_REFUSED}Exception", f"{_IN_HAND}Exception"}
"""The same of a write by itself."""


class _RowRefused(ClientError):
    """The row is not what a transaction expects it to be, told as a write of the row alone would tell it."""

    def __init__(self, reason: Mapping[str, Any]) -> None:
        told: Any = {"Error": {"Code": f"{_REFUSED}Exception"}, "Item": reason.get("Item", {})}
        super().__init__(told, "TransactWriteItems")


class DynamoCalendar:
    """The port `Calendar` on the app's own table, beside the table of meetings."""

    def __init__(self, client: DynamoDBClient, table: str, meetings: DynamoMeetings) -> None:
        self._client = client
        self._table = table
        self._meetings = meetings

    def read(self, numbers: Collection[int]) -> dict[int, Week]:
        """Return these weeks, perhaps as they were a moment ago; one that was never written is empty."""
        weeks = {number: Week(number) for number in numbers}
        keys: list[Any] = [{"id": {"S": _id(week)}} for week in weeks.values()]
        request: Any = {self._table: {"Keys": keys}}
        try:
            answer = self._client.batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The calendar in {self._table} could not be read: {error}") from error
        if answer.get("UnprocessedKeys"):
            raise Unavailable(f"The calendar in {self._table} could not be read: DynamoDB gave only a part of it.")
        found = {item["id"]["S"]: item for item in answer["Responses"].get(self._table, ())}
        return {
            number: self._understood(week, found[_id(week)]) if _id(week) in found else week
            for number, week in weeks.items()
        }

    def _understood(self, week: Week, item: Mapping[str, Any]) -> Week:
        try:
            desktops, revision = (rows.decode(item)[name] for name in ("desktops", "revision"))
            if len(desktops) != QUARTERS_OF_A_WEEK:
                raise ValueError(f"it has {len(desktops)} quarters of an hour and not {QUARTERS_OF_A_WEEK}")
            return Week(week.number, tuple(map(int, desktops)), int(revision))
        except (KeyError, ValueError, TypeError) as error:
            raise Unavailable(
                f"The item {_id(week)} of the table {self._table} cannot be understood: {error}. "
                "Delete it: the next sweep counts that week again."
            ) from None

    def book(self, row: Mapping[str, Any], weeks: Collection[Week]) -> bool:
        """Store a new row and these weeks, all or nothing; return False, and change nothing, where its id is taken."""
        item = {name: rows.encode(value) for name, value in row.items()}
        store = {"TableName": self._meetings.table, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}
        try:
            self._write_together({"Put": store}, weeks)
        except _RowRefused:
            return False
        return True

    def rebook(self, meeting_id: str, change: Update, weeks: Collection[Week]) -> None:
        """Change a row and store these weeks, all or nothing."""

        def send(**request: Any) -> None:
            self._write_together({"Update": request}, weeks)

        self._meetings.update(meeting_id, change, send)

    def _write_together(self, row: Any, weeks: Collection[Week]) -> None:
        """Write to a row and store these weeks, all or nothing.

        Raises:
            _RowRefused: the row is not what was expected; it tells what the row is.
            Conflict: a week was written since it was read, or somebody writes to one of these items right now.
        """
        writes: list[Any] = [row, *({"Put": self._put(week)} for week in weeks)]
        try:
            self._client.transact_write_items(TransactItems=writes)
        except (ClientError, BotoCoreError) as error:
            answer: Any = error.response if isinstance(error, ClientError) else {}
            reasons = answer.get("CancellationReasons", ())
            codes = [reason.get("Code") for reason in reasons]
            if codes[:1] == [_REFUSED]:
                raise _RowRefused(reasons[0]) from None
            if {_REFUSED, _IN_HAND}.isdisjoint(codes):
                raise self._unwritten(error) from error
            raise Conflict(f"The calendar was written meanwhile, so the meeting's row was not: {codes}.") from None

    def correct(self, week: Week) -> None:
        """Store this week."""
        try:
            self._client.put_item(**self._put(week))
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in _OVERTAKEN:
                raise Conflict(f"The week of {week.monday} was written meanwhile.") from None
            raise self._unwritten(error) from error

    def _put(self, week: Week) -> Any:
        """Return the request that stores a week where it still is what it was when it was read."""
        expires = datetime.combine(week.monday, time(), UTC) + timedelta(weeks=1) + _KEPT
        item = {
            "id": _id(week),
            "desktops": list(week.desktops),
            "revision": week.revision + 1,
            "expires": int(expires.timestamp()),
        }
        put = {
            "TableName": self._table,
            "Item": {name: rows.encode(value) for name, value in item.items()},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if week.revision:
            put |= {
                "ConditionExpression": "revision = :read",
                "ExpressionAttributeValues": {":read": rows.encode(week.revision)},
            }
        return put

    def _unwritten(self, error: Exception) -> Unavailable:
        return Unavailable(f"The calendar in {self._table} could not be written: {error}")


def _id(week: Week) -> str:
    return f"calendar/{week.monday}"
