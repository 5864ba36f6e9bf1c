"""What was measured lately, as one item of the state table; without the item nothing was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.domain import rows
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.lately import Boot

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(minutes=1)
LATELY = "lately"
"""The item's id. Its `boots` are a list, of which each holds `ready_at` and `took_s`."""


class TableLately:
    """The port `Lately` on the state table."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._kept: tuple[datetime, tuple[Boot, ...]] | None = None

    def boots(self) -> tuple[Boot, ...]:
        """Return the boots that were noted, as they stand now.

        Raises:
            Unavailable: the table cannot be read.
        """
        try:
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": LATELY}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"What was measured lately could not be read from {self._table}: {error}") from error
        return _boots(rows.decode(found.get("Item", {})))

    def recent_boots(self) -> tuple[Boot, ...]:
        """Return the boots that were noted, at most a minute old; those of before where they cannot be read now.

        It is asked for what people wait for, and nobody is to wait for it.
        """
        now, known = self._clock(), self._kept
        if known and now - known[0] < KEPT:
            return known[1]
        try:
            boots = self.boots()
        except Unavailable as error:
            boots = known[1] if known else ()
            log.warn(log.Warn.NOT_MEASURED, why=str(error))
        self._kept = now, boots
        return boots

    def note(self, boots: Iterable[Boot]) -> None:
        """Let these be the boots that were noted.

        Raises:
            Unavailable: the table cannot be written.
        """
        noted = [{"ready_at": boot.ready_at, "took_s": round(boot.took.total_seconds())} for boot in boots]
        item = {"id": {"S": LATELY}, "boots": rows.encode(noted)}
        try:
            self._client.put_item(TableName=self._table, Item=item)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"What was measured lately could not be written to {self._table}: {error}") from error


def _boots(item: Mapping[str, Any]) -> tuple[Boot, ...]:
    """Return the boots of an item; none where somebody has made something else of it: it is measured anew."""
    try:
        return tuple(
            Boot(rows.parse_time(each["ready_at"]), timedelta(seconds=int(each["took_s"])))
            for each in item.get("boots", ())
        )
    except (ValueError, TypeError, KeyError, OverflowError):
        return ()
