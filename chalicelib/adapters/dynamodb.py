"""Meetings on DynamoDB. A write expects what it was decided from, and none creates a row by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain import rows
from chalicelib.domain.actions import Update
from chalicelib.domain.errors import Conflict, NoSuchMeeting, Unavailable
from chalicelib.domain.keys import NO_SEAL, Seal
from chalicelib.domain.model import Meeting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OPEN_INDEX = "open-meetings"
_REFUSED = "ConditionalCheckFailedException"


class DynamoMeetings:
    """The port `Meetings` on one table."""

    def __init__(self, client: DynamoDBClient, table: str, seal: Seal = NO_SEAL) -> None:
        """Take the client, the table's name, and what tells what the app itself has written on rows."""
        self._client = client
        self._table = table
        self._seal = seal

    def get(self, meeting_id: str) -> Meeting:
        """Return the meeting as it is now, strongly consistent."""
        try:
            found = self._client.get_item(TableName=self._table, Key=_key(meeting_id), ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("read", error) from error
        if "Item" not in found:
            raise NoSuchMeeting(f"There is no meeting {meeting_id} in the table {self._table}.")
        return rows.meeting(rows.decode(found["Item"]), self._seal)

    def create(self, row: Mapping[str, Any]) -> bool:
        """Store a new row; return False, and change nothing, where its id is taken."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={name: rows.encode(value) for name, value in row.items()},
                ConditionExpression="attribute_not_exists(id)",
            )
        except (ClientError, BotoCoreError) as error:
            if _code(error) == _REFUSED:
                return False
            raise self._unavailable("written", error) from error
        return True

    def update(self, meeting_id: str, change: Update) -> None:
        """Change the row if it still holds all that the change expects."""
        request = _Expressions()
        conditions = ["attribute_exists(id)"]
        conditions += [request.condition(name, value) for name, value in change.expect.items()]
        sets = [f"{request.name(name)} = {request.value(value)}" for name, value in change.set.items()]
        removes = [request.name(name) for name in change.remove]
        clauses = [f"SET {', '.join(sets)}"] if sets else []
        clauses += [f"REMOVE {', '.join(removes)}"] if removes else []
        values: dict[str, Any] = {"ExpressionAttributeValues": request.values} if request.values else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(meeting_id),
                UpdateExpression=" ".join(clauses),
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames=request.names,
                **values,
            )
        except (ClientError, BotoCoreError) as error:
            if _code(error) == _REFUSED:
                raise Conflict(
                    f"Meeting {meeting_id} changed meanwhile, so this was not written: {change.why}."
                ) from None
            raise self._unavailable("written", error) from error

    def open(self) -> Iterator[list[Meeting]]:
        """Yield the meetings that may still need work, a page at a time, at the index's consistency."""
        paginator = self._client.get_paginator("query")
        try:
            for page in paginator.paginate(
                TableName=self._table,
                IndexName=OPEN_INDEX,
                KeyConditionExpression="#open = :listed",
                ExpressionAttributeNames={"#open": "open"},
                ExpressionAttributeValues={":listed": {"S": rows.LISTED}},
            ):
                yield [rows.meeting(rows.decode(item), self._seal) for item in page["Items"]]
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("queried", error) from error

    def _unavailable(self, verb: str, error: Exception) -> Unavailable:
        return Unavailable(f"The table {self._table} could not be {verb}: {error}")


class _Expressions:
    """Collects the names and values of one request: any attribute name is safe, reserved words too."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, attribute: str) -> str:
        alias = f"#n{len(self.names)}"
        self.names[alias] = attribute
        return alias

    def value(self, value: Any) -> str:
        alias = f":v{len(self.values)}"
        self.values[alias] = rows.encode(value)
        return alias

    def condition(self, attribute: str, value: Any) -> str:
        name = self.name(attribute)
        if value is not None:
            return f"{name} = {self.value(value)}"
        return f"(attribute_not_exists({name}) OR attribute_type({name}, {self.value('NULL')}))"


def _key(meeting_id: str) -> dict[str, Any]:
    return {"id": {"S": meeting_id}}


def _code(error: Exception) -> str | None:
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
