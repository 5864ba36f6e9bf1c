"""Time, and who is called back when.

Whatever takes time in the local cloud (an instance that starts, a timer, the sweep) asks a clock to call
it back. The virtual clock jumps from one such moment to the next, so two hours pass in a second and always
in the same way; the real one waits.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

Callback = Callable[[], object]


class Clock(Protocol):
    """Tells the time in UTC and calls back."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""

    def at(self, when: datetime, callback: Callback) -> None:
        """Call back at this moment; at once if it has passed."""

    def after(self, seconds: float, callback: Callback) -> None:
        """Call back in so many seconds."""


class _Agenda:
    """Callbacks, the earliest first; those of one moment keep the order in which they were asked for."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._entries: list[tuple[datetime, int, Callback]] = []

    def push(self, when: datetime, callback: Callback) -> None:
        heapq.heappush(self._entries, (when, next(self._order), callback))

    def pop(self) -> Callback:
        return heapq.heappop(self._entries)[2]

    def next(self) -> datetime | None:
        return self._entries[0][0] if self._entries else None


class VirtualClock:
    """A clock that stands still until it is run, and then jumps. One thread runs it; many may ask it."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._agenda = _Agenda()

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return self._now

    def at(self, when: datetime, callback: Callback) -> None:
        """Call back at this moment; as the very next thing if it has passed."""
        self._agenda.push(when, callback)

    def after(self, seconds: float, callback: Callback) -> None:
        """Call back in so many seconds."""
        self.at(self._now + timedelta(seconds=seconds), callback)

    def sleep(self, seconds: float) -> None:
        """Let time pass during a callback, as `time.sleep` would: nothing else happens meanwhile."""
        self._now += timedelta(seconds=seconds)

    def run(self, until: datetime, stop: Callable[[], bool] = lambda: False) -> None:
        """Do everything up to this moment, or until `stop` says so after a callback."""
        while (due := self._agenda.next()) and due <= until:
            callback = self._agenda.pop()
            self._now = max(self._now, due)
            callback()
            if stop():
                return
        self._now = max(self._now, until)


class RealClock:
    """The wall clock, with one thread that does what is due. A callback that fails is logged, not fatal."""

    def __init__(self, speed: float = 1, start: datetime | None = None) -> None:
        """Begin at `start` (UTC), None for the present; `speed` is how many seconds pass in one."""
        self.speed = speed
        self._began = datetime.now(UTC)
        self._start = start or self._began
        self._agenda = _Agenda()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="localcloud-clock", daemon=True)

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return self._start + (datetime.now(UTC) - self._began) * self.speed

    def jump(self, span: timedelta) -> None:
        """Let so much time be past at once; what was due in it is done now, and finds the time as it is now."""
        with self._changed:
            self._start += span
            self._changed.notify()

    def at(self, when: datetime, callback: Callback) -> None:
        """Call back at this moment; at once if it has passed."""
        with self._changed:
            self._agenda.push(when, callback)
            self._changed.notify()

    def after(self, seconds: float, callback: Callback) -> None:
        """Call back in so many seconds."""
        self.at(self.now() + timedelta(seconds=seconds), callback)

    def sleep(self, seconds: float) -> None:
        """Wait until so many seconds of this clock have passed."""
        time.sleep(seconds / self.speed)

    def start(self) -> None:
        """Begin to call back."""
        self._thread.start()

    def stop(self) -> None:
        """Let the running callback finish, and call back no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while callback := self._await():
            try:
                callback()
            except Exception:
                logging.getLogger("localcloud").exception("Something that was due failed; the clock goes on.")

    def _await(self) -> Callback | None:
        with self._changed:
            while not self._stopped:
                due = self._agenda.next()
                if due and due <= self.now():
                    return self._agenda.pop()
                self._changed.wait((due - self.now()).total_seconds() / self.speed if due else None)
        return None
