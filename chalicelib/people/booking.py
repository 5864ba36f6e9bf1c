"""Storing a meeting where there is room for it: its row and what it wants of the calendar are written together.

A meeting that is given other times gives its old ones back in the same write, and they are no hindrance to it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Calendar
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict, TimeFull, Unavailable
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.update import Update
from chalicelib.rules.calendar import (
    NONE,
    booked,
    free_times,
    has_room,
    room_after,
    to_lengthen,
    wanted,
    wanted_from,
    weeks_of,
    weeks_to_search,
)

TRIES = 10
"""How often a write is tried that others come before."""

_PAUSE_S = 0.05


def give_way(sleep: Callable[[float], None], attempt: int) -> None:
    """Pause before the next attempt, so that those who met do not meet again: the longer, the more there were."""
    sleep(random.uniform(1, attempt) * _PAUSE_S)  # noqa: S311  spreads those who try again


class Bookings:
    """Stores meetings as long as no more desktops are wanted at once than the operator allows."""

    def __init__(
        self, *, calendar: Calendar, clock: Callable[[], datetime], policy: Policy, sleep: Callable[[float], None]
    ) -> None:
        self._calendar = calendar
        self._clock = clock
        self._policy = policy
        self._sleep = sleep

    def create(self, row: Mapping[str, Any]) -> bool:
        """Store a new row; return False, and change nothing, where its id is taken.

        Who else books in that week at this moment is waited for.

        Raises:
            TimeFull: there is no room at that time.
            Unavailable: nothing is known, and nothing was stored.
        """
        meeting = rows.meeting(row)
        quarters = wanted(meeting, self._policy)
        for attempt in range(1, TRIES + 1):
            weeks = self._calendar.read(weeks_of(quarters))
            if not has_room(quarters, weeks, self._policy):
                raise self._full(meeting, quarters)
            try:
                return self._calendar.book(row, booked(quarters, weeks))
            except Conflict:
                give_way(self._sleep, attempt)
        raise Unavailable(f"Meeting {meeting.id} was not scheduled: {TRIES} times somebody else booked first.")

    def update(self, meeting: Meeting, change: Update) -> bool:
        """Write a change to a meeting's row, with what it wants of the calendar then.

        Return False, and write nothing, where the calendar has nothing to do with it.

        Raises:
            Conflict: the row is not what the change expects, or somebody else has booked: look again at both.
            TimeFull: there is no room for what it wants then.
            Unavailable: nothing is known, and nothing was written.
        """
        after, now = writes.after(meeting, change), self._clock()
        own, quarters = (wanted_from(now, each, self._policy) for each in (meeting, after))
        weeks = self._calendar.read({*weeks_of(own), *weeks_of(quarters)}) if own != quarters else {}
        if not has_room(quarters, weeks, self._policy, own):
            raise self._full(after, quarters, own)
        changed = booked(quarters, weeks, own)
        if changed:
            self._calendar.rebook(meeting.id, change, changed)
        return bool(changed)

    def room_after(self, meeting: Meeting) -> timedelta | None:
        """Return by how much this meeting may last longer until there is no room; None where nothing is in the way.

        Where the calendar cannot be read now, none is promised.
        """
        later = to_lengthen(meeting, self._policy)
        try:
            weeks = self._calendar.read(weeks_of(later)) if later else {}
        except Unavailable as error:
            log.warn(log.Warn.NO_CALENDAR, meeting=meeting.id, why=str(error))
            return timedelta()
        return room_after(meeting, weeks, self._policy)

    def _full(self, meeting: Meeting, quarters: range, own: range = NONE) -> TimeFull:
        weeks = self._calendar.read(weeks_to_search(quarters))
        free = tuple(free_times(meeting, weeks, self._policy, self._clock(), own))
        if not free:
            return TimeFull("That time is full, and so is the week after it; choose a later day.", free)
        times = "; ".join(f"{moment:%A}, {moment.day} {moment:%B %Y}, {moment:%H:%M}" for moment in free)
        return TimeFull(f"That time is full. These times are free (UTC): {times}.", free)
