"""How often each key was used, in the app's own table: an item for each key and day, which expires."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.access import AccessKey
from chalicelib.domain.errors import LimitReached, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEPT = timedelta(days=90)


def item_id(name: str, day: str) -> str:
    """Return the id of the item that counts the uses of a key on a day (UTC, `2026-03-01`)."""
    return f"uses/{day}/{name}"


class TableUses:
    """The port `Uses` on the state table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        """Take client and table, and a clock (UTC)."""
        self._client = client
        self._table = table
        self._clock = clock

    def count(self, key: AccessKey) -> None:
        """Count one more use of this key today (UTC), in one conditional write."""
        now = self._clock()
        tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": item_id(key.name, f"{now:%Y-%m-%d}")}},
                UpdateExpression="SET expires = :expires ADD used :one",
                ConditionExpression="attribute_not_exists(used) OR used < :daily",
                ExpressionAttributeValues={
                    ":expires": {"N": str(int((tomorrow + _KEPT).timestamp()))},
                    ":one": {"N": "1"},
                    ":daily": {"N": str(key.daily)},
                },
            )
        except (ClientError, BotoCoreError) as error:
            answer: Any = error.response if isinstance(error, ClientError) else {}
            if answer.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise Unavailable(f"The uses of keys could not be counted in {self._table}: {error}") from error
            raise LimitReached(
                f"The key {key.name} was used {key.daily} times today, which is as often as it may be; it counts anew "
                "at midnight UTC, and whoever gave it to you can make one that may be used more often.",
                int((tomorrow - now).total_seconds()) + 1,
            ) from None
