"""Whether the stage is paused, as one item of the state table; without the item it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.adapters.ahead import read_together
from chalicelib.adapters.keys import item_id
from chalicelib.domain import rows
from chalicelib.domain.pause import Pause

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.adapters.keys import TableKeys
    from chalicelib.domain.keys import Purpose

KEPT = timedelta(minutes=1)
PAUSED = "paused"
"""The item's id. It holds `since`, `by` and `why`; whatever else it holds, the stage is paused while it is there."""


class TablePausing:
    """The port `Pausing` on the state table; what was read is kept for a minute."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._kept: tuple[datetime, Pause | None] | None = None

    @property
    def is_old(self) -> bool:
        """Whether it was not read within the last minute."""
        return self._kept is None or self._clock() - self._kept[0] >= KEPT

    def standing(self) -> Pause | None:
        """Return the pause, strongly consistent and at most a minute old; None where the stage is not paused.

        Where it cannot be read, what was read last still counts, and where nothing ever was, the stage is not paused:
        people come to their meetings whether or not this table can be read.
        """
        if self.is_old:
            try:
                found = self._client.get_item(TableName=self._table, Key={"id": {"S": PAUSED}}, ConsistentRead=True)
            except (ClientError, BotoCoreError) as error:
                log.warn(log.Warn.PAUSE_UNKNOWN, why=f"Whether the stage is paused could not be read: {error}")
                self._keep(self._kept[1] if self._kept else None)
            else:
                self.take(found.get("Item", {}))
        return self._kept[1] if self._kept else None

    def take(self, item: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what was read now of the item, strongly consistent, empty for none."""
        before, pause = self._kept, understood(item)
        self._keep(pause)
        if pause and not (before and before[1]):
            log.note(log.Note.PAUSED, why=pause.why, by=pause.by, since=pause.since)
        elif before and before[1] and not pause:
            log.note(log.Note.RESUMED, why="the stage is not paused any more")

    def read_with(self, keys: TableKeys, purposes: Iterable[Purpose]) -> None:
        """Read in one call, strongly consistent, whether the stage is paused and the keys of these purposes.

        Only where both are too old by now; else, and where the call fails, each is read by itself when it is needed.
        """
        old = keys.too_old(purposes)
        if not (old and self.is_old):
            return
        names = (PAUSED, *map(item_id, old))
        answer = read_together(self._client, ((self._table, name) for name in names))
        if answer is None:
            return
        pause, *found = answer
        self.take(pause)
        keys.take(dict(zip(old, found, strict=True)))

    def _keep(self, pause: Pause | None) -> None:
        self._kept = self._clock(), pause


def understood(item: Mapping[str, Mapping[str, Any]]) -> Pause | None:
    """Return the pause that an item tells of, in DynamoDB JSON, None for an empty one.

    One that somebody has made by hand, or spoilt, pauses the stage too.
    """
    if not item:
        return None
    by, why, since = (str(item.get(name, {}).get("S", "")) for name in ("by", "why", "since"))
    moment = None
    with suppress(ValueError):
        moment = rows.parse_time(since)
    return Pause(by or "somebody", why or "they did not say why", moment)
