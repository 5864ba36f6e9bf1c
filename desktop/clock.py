"""The app's time, on a machine whose own clock may be wrong.

A desktop that has just booted may be minutes off, and a signature or a token is judged by the second. So every answer
of the app, a refusal too, tells its time in `Date`, and the time in between is counted by a clock that nobody sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

NOTEWORTHY = timedelta(seconds=30)
"""How far the machine's clock may be off before that is worth a line in the log."""


class AppClock:
    """Tells the app's time, once an answer has told it."""

    def __init__(
        self,
        elapsed: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take what counts seconds whatever is done to the clock, and the machine's own clock (UTC)."""
        self._elapsed = elapsed
        self._wall = wall
        self._told: tuple[datetime, float] | None = None

    def learn(self, date: str | None) -> bool:
        """Take the time from an answer's `Date` header; return whether it could be read."""
        try:
            moment = parsedate_to_datetime(date or "")
        except ValueError:
            return False
        if moment.tzinfo is None:  # RFC 9110 knows no time but GMT
            moment = moment.replace(tzinfo=UTC)
        self._told = moment.astimezone(UTC), self._elapsed()
        return True

    @property
    def is_told(self) -> bool:
        """Whether the app's time is known."""
        return self._told is not None

    def now(self) -> datetime:
        """Return the app's time, UTC; the machine's own as long as no answer has told another."""
        if self._told is None:
            return self._wall()
        moment, then = self._told
        return moment + timedelta(seconds=self._elapsed() - then)

    def offset(self) -> timedelta:
        """Return how far the machine's clock is ahead of the app's; negative where it is behind."""
        return self._wall() - self.now()
