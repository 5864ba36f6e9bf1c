"""Work that may take long or hang, kept off the loop that tells the app who is there and judges the time."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

log = logging.getLogger("elephant.desktop")
Found = TypeVar("Found")


class Line(Protocol):
    """Takes work, and does one piece after the other."""

    def put(self, work: Callable[[], object]) -> None:
        """Have this done after all that was put before."""


class Background:
    """A line of work on a thread of its own, which ends with the process."""

    def __init__(self, name: str) -> None:
        """Start it; the name is for whoever looks at the threads."""
        self._waiting: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def put(self, work: Callable[[], object]) -> None:
        """Have this done after all that was put before; what it raises is logged and stops nothing after it."""
        self._waiting.put(work)

    def _work(self) -> None:
        while True:
            work = self._waiting.get()
            try:
                work()
            except Exception:
                log.exception("A piece of work of the agent's has failed.")


class Look(Generic[Found]):
    """One look after the other, for somebody who cannot wait for one."""

    def __init__(self, look: Callable[[], Found], line: Line) -> None:
        """Take what looks, and the line that it looks in."""
        self._look = look
        self._line = line
        self._found: list[Found] = []
        self._looking = False
        self._lock = threading.Lock()

    def take(self) -> Found | None:
        """Return what a look has found since this was asked last; None where it still looks, or only begins to."""
        with self._lock:
            if self._found:
                return self._found.pop()
            begin, self._looking = not self._looking, True
        if begin:
            self._line.put(self._look_now)
        return None

    def _look_now(self) -> None:
        try:
            found = self._look()
            with self._lock:
                self._found = [found]
        finally:
            with self._lock:
                self._looking = False
