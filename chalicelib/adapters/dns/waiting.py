"""Until when the DNS provider is asked nothing, as one item of the state table; without the item it may be asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.adapters.dynamodb import is_refused

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DNS_WAIT = "dns-wait"
"""The item's id. It holds `until`, in seconds, and `why`."""

LONGEST = timedelta(hours=1)
"""What is believed of a wait: a longer one is somebody's slip, and would keep desktops unpublished for as long."""


class Wait(NamedTuple):
    """That the provider is asked nothing before `until` (UTC)."""

    until: datetime
    why: str


class TableWait:
    """The wait that all functions share. Where the table fails, each knows what it has met itself."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def standing(self) -> Wait | None:
        """Return the wait that is in force now, None for none; nothing is kept of it."""
        try:
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": DNS_WAIT}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            log.warn(log.Warn.DNS_WAIT_UNKNOWN, why=f"it could not be read from {self._table}: {error}")
            return None
        item, now = found.get("Item", {}), self._clock()
        try:
            until = datetime.fromtimestamp(float(item["until"]["N"]), UTC)
        except (KeyError, ValueError, OverflowError):
            return None
        return Wait(until, item.get("why", {}).get("S", "")) if now < until <= now + LONGEST else None

    def note(self, wait: Wait) -> None:
        """Let all functions wait, unless they wait for longer already."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "id": {"S": DNS_WAIT},
                    "until": {"N": f"{wait.until.timestamp():.3f}"},
                    "why": {"S": wait.why},
                    "expires": {"N": str(int((wait.until + LONGEST).timestamp()))},
                },
                ConditionExpression="NOT (attribute_type(#until, :number) AND #until BETWEEN :until AND :longest)",
                ExpressionAttributeNames={"#until": "until"},
                ExpressionAttributeValues={
                    ":number": {"S": "N"},
                    ":until": {"N": f"{wait.until.timestamp():.3f}"},
                    ":longest": {"N": f"{(self._clock() + LONGEST).timestamp():.3f}"},
                },
            )
        except (ClientError, BotoCoreError) as error:
            if not is_refused(error):
                log.warn(log.Warn.DNS_WAIT_UNKNOWN, why=f"it could not be written to {self._table}: {error}")
