"""How near the end of the desktop's time is, by the app's latest word: it may be put off, and be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from desktop.conversation import Place

NEAR_MIN = 10
"""From so many minutes before the end on the app is asked at each minute whether it still is the end."""

LAST_WORD = timedelta(seconds=30)
"""How long the app's word is waited for once it was asked at a minute that has come by what it told before."""

_MINUTE = timedelta(minutes=1)


class Asks(Protocol):
    """What asks the app, as `desktop.conversation` does."""

    @property
    def times_told(self) -> int:
        """How often the app has told the place."""

    def ask_again(self) -> None:
        """Ask at the next step."""


class Ends:
    """One desktop's two ends: that of people's time, and the one that was announced since the other has finished."""

    def __init__(self, conversation: Asks, now: Callable[[], datetime]) -> None:
        """Take what asks the app, and the app's time (UTC)."""
        self._of_people = _End(conversation, now, LAST_WORD)
        self._announced = _End(conversation, now, None)

    def minutes_left(self, place: Place) -> int | None:
        """Return how many minutes are left at most, 0 at the end; None while that is not known or more than ten.

        An app that cannot be reached keeps nobody past the end of people's time. The announced end comes by its fresh
        word alone: the other person may have come back.
        """
        ends = self._of_people.minutes_left(place.ends_at), self._announced.minutes_left(place.closes_at)
        return min((left for left in ends if left is not None), default=None)


class _End:
    """One end. `patience` is how long the app's word is waited for, None for ever."""

    def __init__(self, conversation: Asks, now: Callable[[], datetime], patience: timedelta | None) -> None:
        self._conversation = conversation
        self._now = now
        self._patience = patience
        self._asked: tuple[datetime, int] | None = None
        self._asked_at: datetime | None = None
        self._told_before = 0
        self._certain: tuple[datetime, int] | None = None

    def minutes_left(self, end: datetime | None) -> int | None:
        if end is None:
            return None
        now = self._now()
        left = max(0, ceil((end - now) / _MINUTE))
        if left > NEAR_MIN:
            return None
        if self._asked != (end, left) or self._asked_at is None:
            self._asked, self._asked_at, self._told_before = (end, left), now, self._conversation.times_told
            self._conversation.ask_again()
        is_late = self._patience is not None and now >= self._asked_at + self._patience
        if self._conversation.times_told > self._told_before or is_late:
            self._certain = end, left
        return self._certain[1] if self._certain and self._certain[0] == end else None
