"""The table's stream: shards that hand over batches in order, and records that come late, twice or never."""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import app
from chalicelib.domain import rows
from chalicelib.settings import Client
from tests.fakes import Row
from tests.simulation.faults import Outage
from tests.simulation.world.clock import DAWN, MINUTE, SECOND
from tests.simulation.world.lives import Life
from tests.simulation.world.payloads import CONTEXT
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world.world import World

SHARDS = 4
BATCH = 25
RECORD_LASTS = 15 * MINUTE
RECORD_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the table's stream: the row as it was written, and when."""

    meeting_id: str
    row: Row
    at: datetime
    event: Mapping[str, Any]

    @property
    def changed(self) -> frozenset[str]:
        """The attributes that this write has changed; none where the row is new."""
        told = self.event["dynamodb"]
        before, after = told.get("OldImage", {}), told["NewImage"]
        return frozenset(n for n in {*before, *after} if before and before.get(n) != after.get(n))


@dataclass(slots=True)
class Shard:
    """A part of the stream: its records are handed over in order, a batch after the other."""

    queue: deque[Record] = field(default_factory=deque)
    busy: bool = False
    stalled_until: datetime = DAWN


class Stream:
    """Tells the handler of every write."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._shards = [Shard() for _ in range(SHARDS)]
        self._images: dict[str, dict[str, Any]] = {}

    def row_written(self, old: Row | None, new: Row) -> None:
        """Take a write into the stream."""
        world = self._world
        life = world.lives.get(new["id"])
        if life and world.client is Client.KIT:
            world.agents.row_written(life, old, new)
        world.checks.row_written(world, life, old, new)
        running = world.processes.running
        if running and new.get("termination_reason") and not (old or {}).get("termination_reason"):
            running.ended.add(new["id"])
        before = self._images.get(new["id"], {}) if old else {}
        self.add(new["id"], new, self._image(old or {}, new), life, before)

    def _image(self, old: Row, new: Row) -> Mapping[str, Any]:
        """Return a row as DynamoDB JSON; what has not changed is not encoded again."""
        last = self._images.get(new["id"], {})
        image = {
            name: last[name] if name in last and old.get(name) is value else rows.encode(value)
            for name, value in new.items()
        }
        self._images[new["id"]] = image
        return image

    def add(
        self, meeting_id: str, row: Row, image: Mapping[str, Any], life: Life | None, before: Mapping[str, Any] = {}
    ) -> None:
        """Put a record into its meeting's shard, or beside it where it comes out of its order."""
        world = self._world
        event = {
            "eventID": str(world.clock.planned),
            "eventName": "MODIFY" if before else "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {"NewImage": image, "ApproximateCreationDateTime": world.now.timestamp()}
            | ({"OldImage": before} if before else {}),
        }
        record = Record(meeting_id, row, world.now, event)
        alone = (
            []
            if life is None
            else [kind for kind in ("event_lost", "event_late", "event_doubled") if world.strikes(kind, life)]
        )
        if "event_lost" in alone:
            return
        if alone:  # out of its order
            delay = timedelta(seconds=world.rng.random() * (3600 if "event_late" in alone else 120))
            world.after(delay, lambda: self._hand_over_alone(record, life))
        if "event_late" in alone:
            return
        shard = self._shards[zlib.crc32(meeting_id.encode()) % SHARDS]
        if world.strikes("shard_stalled", life):
            length = timedelta(seconds=world.rng.choice((5, 30, 120, 1200)))
            shard.stalled_until = max(shard.stalled_until, world.now + length)
            world.weather.outages.append(Outage("meetings", world.now, world.now + length, "stream"))
        if not shard.queue:
            world.at(max(world.now + timedelta(milliseconds=200), shard.stalled_until), lambda: self._read(shard))
        shard.queue.append(record)

    def stall(self, until: datetime) -> None:
        """Let every shard stand still up to then, UTC."""
        for shard in self._shards:
            shard.stalled_until = max(shard.stalled_until, until)

    def _hand_over_alone(self, record: Record, life: Life | None) -> None:
        """Hand over a record that comes late or again; a row that no list holds was out of sight until now."""
        if life and record.row.get("open") != rows.LISTED:
            life.last_fault = self._world.now
        self._hand_over((record,), lambda: None)

    def _read(self, shard: Shard) -> None:
        """Hand over the next batch of a shard; while it is not settled, nothing after it is read."""
        if shard.busy or not shard.queue:
            return
        if self._world.now < shard.stalled_until:
            self._world.at(shard.stalled_until, lambda: self._read(shard))
            return
        shard.busy = True
        batch = tuple(shard.queue.popleft() for _ in range(min(BATCH, len(shard.queue))))

        def settled() -> None:
            shard.busy = False
            self._read(shard)

        self._hand_over(batch, settled)

    def _hand_over(self, batch: tuple[Record, ...], settled: Callable[[], None], tries: int = 0) -> None:
        """Give records to the handler as Lambda does: a batch that fails is cut in two, one record comes again."""
        world = self._world
        batch = tuple(record for record in batch if tries == 0 or world.now < record.at + RECORD_LASTS)
        if not batch:
            settled()
            return
        event = {"Records": [record.event for record in batch]}

        def done(process: Process) -> None:
            if process.outcome == "done":
                settled()
            elif len(batch) > 1:
                half = len(batch) // 2
                world.after(SECOND, lambda: self._hand_over(batch[:half], rest, tries + 1))
            elif tries < RECORD_RETRIES and not world.strikes("no_retry", world.lives.get(batch[0].meeting_id)):
                delay = timedelta(seconds=min(2**tries, 60))
                world.after(delay, lambda: self._hand_over(batch, settled, tries + 1))
            else:
                world.checks.given_up(world, process)
                settled()

        def rest() -> None:
            self._hand_over(batch[len(batch) // 2 :], settled, tries + 1)

        meetings = tuple(dict.fromkeys(record.meeting_id for record in batch))
        process = Process("stream", meetings, world.now, batch=batch)
        world.processes.invoke(process, lambda: app.stream_terminator(event, CONTEXT), done)
