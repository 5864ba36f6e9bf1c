"""The world's time: one clock, and one heap of things to come."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

DAWN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class Clock:
    """Tells the time, UTC, and lets things happen in their order; nothing sleeps."""

    def __init__(self) -> None:
        self.now = DAWN
        self.planned = 0
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []

    def __call__(self) -> datetime:
        """Return the world's time."""
        return self.now

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Let something happen at a time; what is due at once happens in the order it was said."""
        self.planned += 1
        heapq.heappush(self._heap, (max(when, self.now), self.planned, what))

    def events(self) -> Iterator[Callable[[], None]]:
        """Yield what happens, one thing after the other, each with the clock set to its time."""
        while self._heap:
            self.now, _, what = heapq.heappop(self._heap)
            yield what
