"""Meetings on DynamoDB. A write expects what it was decided from, and none creates a row by accident."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain import history, rows
from chalicelib.domain.errors import Conflict, NoSuchMeeting, Unavailable
from chalicelib.domain.history import Entry
from chalicelib.domain.keys import NO_SEAL, Seal
from chalicelib.domain.model import Meeting
from chalicelib.domain.update import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Send = Callable[..., object]
"""Makes a request as UpdateItem does, and fails as it does."""

OPEN_INDEX = "open-meeting-keys"
DAY_INDEX = "meeting-keys-by-day"
INDEXES = {OPEN_INDEX: "open", DAY_INDEX: "day"}
"""The table's indexes, each with the attribute that it is by: rows that bear it, by their keys alone."""

_REFUSED = "ConditionalCheckFailedException"
_TRIES = 3
"""How often a write is asked for where the row's history has no room: it may be folded by others meanwhile."""

_ANY: Any = object()
"""What the row's history is expected to be where nothing is expected of it but room."""

_BATCH = 100
"""The most rows that DynamoDB reads at once."""

_READS = 8
_PAUSE_S = 0.02
"""How often what DynamoDB left out of a batch is asked for again, and the first pause; each is twice the one before."""


class DynamoMeetings:
    """The port `Meetings` on one table."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        seal: Seal = NO_SEAL,
    ) -> None:
        """Take client and table, the time (UTC), pauses (seconds), and what tells what the app itself has written."""
        self._client = client
        self._table = table
        self._seal = seal
        self._clock = clock
        self._sleep = sleep
        self._ahead: dict[str, Mapping[str, Any]] = {}

    def knowing(self, meeting_id: str, item: Mapping[str, Any]) -> DynamoMeetings:
        """Return the port with this row, in DynamoDB JSON, read already, once; an empty one says that there is none."""
        knowing = copy(self)
        knowing._ahead = {meeting_id: item}
        return knowing

    def get(self, meeting_id: str) -> Meeting:
        """Return the meeting as it is now, strongly consistent."""
        item = self._ahead.pop(meeting_id, None)
        if item is None and rows.may_be_id(meeting_id):
            try:
                found = self._client.get_item(TableName=self._table, Key=_key(meeting_id), ConsistentRead=True)
            except (ClientError, BotoCoreError) as error:
                raise self._unavailable("read", error) from error
            item = found.get("Item")
        if not item:
            raise NoSuchMeeting(f"There is no meeting {meeting_id:.100} in the table {self._table}.")
        return rows.meeting(rows.decode(item), self._seal)

    def create(self, row: Mapping[str, Any]) -> bool:
        """Store a new row; return False, and change nothing, where its id is taken."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={name: rows.encode(value) for name, value in row.items()},
                ConditionExpression="attribute_not_exists(id)",
            )
        except (ClientError, BotoCoreError) as error:
            if is_refused(error):
                return False
            raise self._unavailable("written", error) from error
        return True

    @property
    def table(self) -> str:
        """The table's name."""
        return self._table

    def update(self, meeting_id: str, change: Update, send: Send | None = None) -> None:
        """Change the row if it still holds all that the change expects, and add to its history in the same write.

        Usually that is one call. A history without room for more is folded by a second one, which expects what the
        refusal of the first one shows. `send` makes the call where the write is one of several that are made together.
        """
        now = self._clock()
        entries = change.entries(now)
        request, expected = _appending(change, entries), _ANY
        for _ in range(_TRIES):
            found = self._refused(meeting_id, change, request, send or self._client.update_item)
            if found is None:
                return
            stands = found.get(history.HISTORY)
            if not found or stands == expected or (expected is _ANY and history.has_room(found, entries)):
                break  # the row is gone, or it is not its history that stood in the way
            request, expected = _rewriting(change, stands, history.added(found, entries, now)), stands
        raise Conflict(f"Meeting {meeting_id} changed meanwhile, so this was not written: {change.why}.")

    def _refused(self, meeting_id: str, change: Update, request: _Expressions, send: Send) -> dict[str, Any] | None:
        """Ask for a write; return None where it was made, the row as it is where it was refused, {} where it is gone.

        A row that is full, which others can make it, is changed without an entry: an end must always find room.
        """
        try:
            send(
                TableName=self._table,
                Key=_key(meeting_id),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **request.arguments(),
            )
        except (ClientError, BotoCoreError) as error:
            if is_refused(error):
                answer: Any = error.response if isinstance(error, ClientError) else {}
                return rows.decode(answer.get("Item", {}))
            if _is_full(error) and request.adds:
                bare = _Expressions(change)
                return self._refused(meeting_id, change, bare, send) if change.set or change.remove else None
            raise self._unavailable("written", error) from error
        return None

    def open(self) -> Iterator[list[Meeting]]:
        """Yield the meetings that may still need work, a page at a time, at the index's consistency.

        The index holds their ids alone. A row that is gone, or needs no work any more, by the time it is read is left
        out.
        """
        paginator = self._client.get_paginator("query")
        try:
            for page in paginator.paginate(**self._query(OPEN_INDEX, rows.LISTED)):
                ids = [item["id"]["S"] for item in page["Items"]]
                for first in range(0, len(ids), _BATCH):
                    yield [meeting for meeting in self._meetings(ids[first : first + _BATCH]) if meeting.listed]
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("queried", error) from error

    def of_day(self, day: str, after: str | None = None) -> tuple[list[Meeting], str | None]:
        """Return a page of the meetings that are listed on this day, and what asks for the next one, if there is one.

        That is two calls for a hundred meetings. They are as the index has them: perhaps as they were a moment ago.
        """
        asked: Any = self._query(DAY_INDEX, day) | {"Limit": _BATCH}
        if after:
            asked["ExclusiveStartKey"] = {**_key(after), "day": {"S": day}}
        try:
            page = self._client.query(**asked)
            ids = [item["id"]["S"] for item in page["Items"]]
            found = [meeting for meeting in self._meetings(ids) if meeting.row.get("day") == day] if ids else []
        except (ClientError, BotoCoreError) as error:
            raise self._unavailable("queried", error) from error
        last = page.get("LastEvaluatedKey")
        return found, last["id"]["S"] if last else None

    def _query(self, index: str, value: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": "#key = :value",
            "ExpressionAttributeNames": {"#key": INDEXES[index]},
            "ExpressionAttributeValues": {":value": {"S": value}},
        }

    def _meetings(self, ids: Iterable[str]) -> Iterator[Meeting]:
        return (rows.meeting(item, self._seal) for item in self._read([_key(meeting_id) for meeting_id in ids]))

    def _read(self, keys: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the rows with these keys, at most a batch, as the index has them: perhaps as they were a moment ago.

        Raises:
            Unavailable: DynamoDB gives a part of them only, again and again.
        """
        for attempt in range(_READS):
            if attempt:
                self._sleep(_PAUSE_S * 2**attempt)
            answer = self._client.batch_get_item(RequestItems={self._table: {"Keys": keys}})
            yield from map(rows.decode, answer["Responses"].get(self._table, ()))
            left = answer.get("UnprocessedKeys", {}).get(self._table)
            if not left:
                return
            keys = left["Keys"]
        raise Unavailable(f"The table {self._table} could not be read: {len(keys)} rows were left out {_READS} times.")

    def _unavailable(self, verb: str, error: Exception) -> Unavailable:
        return Unavailable(f"The table {self._table} could not be {verb}: {error}")


class _Expressions:
    """The expressions of one request: any attribute name is safe, reserved words too.

    `adds` tells whether it adds entries to the row's history.
    """

    def __init__(self, change: Update) -> None:
        self.adds = False
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._conditions = ["attribute_exists(id)"]
        self._sets: list[str] = []
        self._removes = [self.name(name) for name in change.remove]
        for name, value in change.expect.items():
            self.expect(name, value)
        for name, value in change.set.items():
            self.set(name, self.value(value))

    def name(self, attribute: str) -> str:
        alias = f"#n{len(self._names)}"
        self._names[alias] = attribute
        return alias

    def value(self, value: Any) -> str:
        alias = f":v{len(self._values)}"
        self._values[alias] = rows.encode(value)
        return alias

    def set(self, attribute: str, expression: str) -> None:
        self._sets.append(f"{self.name(attribute)} = {expression}")

    def expect(self, attribute: str, value: Any) -> None:
        """Let the write be refused unless this stands there; None is nothing, or NULL."""
        name = self.name(attribute)
        if value is not None:
            self.require(f"{name} = {self.value(value)}")
        else:
            self.require(f"(attribute_not_exists({name}) OR attribute_type({name}, {self.value('NULL')}))")

    def require(self, condition: str) -> None:
        self._conditions.append(condition)

    def arguments(self) -> dict[str, Any]:
        """Return the request's arguments."""
        clauses = [f"SET {', '.join(self._sets)}"] if self._sets else []
        clauses += [f"REMOVE {', '.join(self._removes)}"] if self._removes else []
        arguments: dict[str, Any] = {
            "UpdateExpression": " ".join(clauses),
            "ConditionExpression": " AND ".join(self._conditions),
            "ExpressionAttributeNames": self._names,
        }
        return arguments | ({"ExpressionAttributeValues": self._values} if self._values else {})


def _appending(change: Update, entries: Sequence[Entry]) -> _Expressions:
    """Return the change with these entries behind those of the row, where that has room for them."""
    request = _Expressions(change)
    if entries:
        request.adds = True
        name, new = request.name(history.HISTORY), request.value([entry.stored() for entry in entries])
        request.set(history.HISTORY, f"list_append(if_not_exists({name}, {request.value([])}), {new})")
        room = f"size({name}) <= {request.value(history.LONGEST - len(entries))}"
        is_list = f"attribute_type({name}, {request.value('L')})"
        request.require(f"(attribute_not_exists({name}) OR ({is_list} AND {room}))")
    return request


def _rewriting(change: Update, expected: Any, values: Mapping[str, Any]) -> _Expressions:
    """Return the change with these values of the row's history, provided that it still is what is expected."""
    request = _Expressions(change)
    request.adds = True
    request.expect(history.HISTORY, expected)
    for name, value in values.items():
        request.set(name, request.value(value))
    return request


def _is_full(error: Exception) -> bool:
    """Return whether a row would grow beyond what DynamoDB takes."""
    return code_of(error) == "ValidationException" and "size" in str(error)


def _key(meeting_id: str) -> dict[str, Any]:
    return {"id": {"S": meeting_id}}


def is_refused(error: Exception) -> bool:
    """Return whether a write was refused because its condition did not hold."""
    return code_of(error) == _REFUSED


def code_of(error: Exception) -> str | None:
    """Return DynamoDB's own code, None where no answer came."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else None
