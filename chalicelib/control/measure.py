"""How long desktops take to be ready, measured by the sweep on the rows that it has read anyhow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from chalicelib.control.ports import Lately
from chalicelib.domain.lately import Boot
from chalicelib.domain.model import Meeting
from chalicelib.rules.readiness import boots_of, latest

PAUSE = timedelta(minutes=5)
"""How long it is at the least between two writes."""


class Measure:
    """Notes boots that are new; one instance knows from sweep to sweep what it has noted."""

    def __init__(self, lately: Lately | None, clock: Callable[[], datetime]) -> None:
        """Take where boots are noted, None for nowhere, and a clock (UTC)."""
        self._lately = lately
        self._clock = clock
        self._noted: frozenset[Boot] = frozenset()
        self._noted_at: datetime | None = None

    def take(self, meetings: Iterable[Meeting]) -> None:
        """Note the boots that these meetings' rows tell of, where some of them are news.

        Raises:
            Unavailable: they cannot be noted now.
        """
        now = self._clock()
        if self._lately is None or (self._noted_at and now < self._noted_at + PAUSE):
            return
        seen = boots_of(meetings, now)
        if seen <= self._noted:
            return
        before = self._lately.boots()
        boots = latest({*before, *seen}, now)
        if boots != before:
            self._lately.note(boots)
        self._noted, self._noted_at = seen, now
