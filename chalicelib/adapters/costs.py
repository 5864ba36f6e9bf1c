"""What months cost, on DynamoDB: each is an item of the app's own table, `cost/<its name>`.

It holds `amount`, US dollars, with `revision` and `written_at`. DynamoDB deletes it a while after its month, by
`expires`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.dynamodb import code_of, is_refused
from chalicelib.domain import rows
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.spending import Spending

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=100)
_OVERTAKEN = {"ConditionalCheckFailedException", "TransactionConflictException"}
_NAMES = {"#amount": "amount", "#revision": "revision", "#written_at": "written_at", "#expires": "expires"}


class DynamoLedger:
    """The port `Ledger` on the app's own table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def read(self, months: Collection[str]) -> dict[str, Spending]:
        """Return what these months cost; one that was never written costs nothing."""
        if not months:
            return {}
        keys: list[Any] = [{"id": {"S": _id(month)}} for month in months]
        request: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        try:
            answer = self._client.batch_get_item(RequestItems=request)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The costs in {self._table} could not be read: {error}") from error
        if answer.get("UnprocessedKeys"):
            raise Unavailable(f"The costs in {self._table} could not be read: DynamoDB gave only a part of them.")
        found = {item["id"]["S"]: item for item in answer["Responses"].get(self._table, ())}
        return {month: self._understood(month, found.get(_id(month))) for month in months}

    def _understood(self, month: str, item: Mapping[str, Any] | None) -> Spending:
        if item is None:
            return Spending(month)
        try:
            held = rows.decode(item)
            amount, revision = Decimal(held["amount"]), int(held["revision"])
            return Spending(month, amount, revision, rows.parse_time(held["written_at"]))
        except (KeyError, ValueError, TypeError, ArithmeticError) as error:
            raise Unavailable(
                f"The item {_id(month)} of the table {self._table} cannot be understood: {error}. "
                "Delete it: the sweep counts that month again within the hour."
            ) from None

    def add(self, month: str, amount: Decimal, limit: Decimal | None) -> bool:
        """Let a month cost so much more, or less; return False, and change nothing, where that is beyond the limit."""
        if limit is not None and amount > limit:
            return False
        values = {":amount": amount, ":one": 1, ":now": self._clock(), ":expires": _expires(month)}
        condition = {}
        if limit is not None:
            values[":room"] = limit - amount
            condition = {"ConditionExpression": "attribute_not_exists(#amount) OR #amount <= :room"}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": _id(month)}},
                UpdateExpression="SET #written_at = :now, #expires = :expires ADD #amount :amount, #revision :one",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues={name: rows.encode(value) for name, value in values.items()},
                **condition,  # type: ignore[arg-type]
            )
        except (ClientError, BotoCoreError) as error:
            if limit is not None and is_refused(error):
                return False
            raise self._unwritten(error) from error
        return True

    def correct(self, spending: Spending) -> None:
        """Let a month cost this."""
        item = {
            "id": _id(spending.month),
            "amount": spending.amount,
            "revision": spending.revision + 1,
            "written_at": self._clock(),
            "expires": _expires(spending.month),
        }
        put: Any = {
            "TableName": self._table,
            "Item": {name: rows.encode(value) for name, value in item.items()},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        if spending.revision:
            put |= {
                "ConditionExpression": "#revision = :read",
                "ExpressionAttributeNames": {"#revision": "revision"},
                "ExpressionAttributeValues": {":read": rows.encode(spending.revision)},
            }
        try:
            self._client.put_item(**put)
        except (ClientError, BotoCoreError) as error:
            if code_of(error) in _OVERTAKEN:
                raise Conflict(f"What {spending.month} costs was written meanwhile.") from None
            raise self._unwritten(error) from error

    def _unwritten(self, error: Exception) -> Unavailable:
        return Unavailable(f"The costs in {self._table} could not be written: {error}")


def _id(month: str) -> str:
    return f"cost/{month}"


def _expires(month: str) -> int:
    return int((Spending(month).begins_at + _KEPT).timestamp())
