"""One at a time, where nothing else makes sure of it: an item of the state table says until when one is at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.adapters.dynamodb import is_refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Lease:
    """The right to do one thing, by the item of this id."""

    def __init__(self, client: DynamoDBClient, table: str, item: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._item = item
        self._clock = clock

    @contextmanager
    def until(self, end: datetime) -> Iterator[bool]:
        """Take the lease up to `end` (UTC) at the longest and give it back; yield whether it was free.

        Where the table cannot be reached it counts as free: whatever is done under a lease is safe to be done twice.
        """
        mine = self._take(end)
        try:
            yield mine
        finally:
            if mine:
                self._give_back(end)

    def _take(self, end: datetime) -> bool:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={"id": {"S": self._item}, "until": {"N": _seconds(end)}},
                ConditionExpression="attribute_not_exists(id) OR #until <= :now",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":now": {"N": _seconds(self._clock())}},
            )
        except (ClientError, BotoCoreError) as error:
            if is_refused(error):
                return False
            log.warn(log.Warn.NO_LEASE, lease=self._item, why=f"the table {self._table} could not be written: {error}")
        return True

    def _give_back(self, end: datetime) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key={"id": {"S": self._item}},
                ConditionExpression="#until = :mine",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={":mine": {"N": _seconds(end)}},
            )
        except (ClientError, BotoCoreError) as error:
            if not is_refused(error):
                log.warn(log.Warn.NO_LEASE, lease=self._item, why=f"it could not be given back, and runs out: {error}")


def _seconds(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"
