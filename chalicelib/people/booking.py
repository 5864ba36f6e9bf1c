"""Storing a new meeting where there is room for it: its row and what it wants of the calendar are written together."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.control.ports import Calendar
from chalicelib.domain import rows
from chalicelib.domain.errors import Conflict, TimeFull, Unavailable
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.rules.calendar import booked, free_times, has_room, wanted, weeks_of, weeks_to_search

_TRIES = 10
_PAUSE_S = 0.05


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
        for attempt in range(1, _TRIES + 1):
            weeks = self._calendar.read(weeks_of(quarters))
            if not has_room(quarters, weeks, self._policy):
                raise self._full(meeting, quarters)
            try:
                return self._calendar.book(row, booked(quarters, weeks))
            except Conflict:
                self._sleep(random.uniform(1, attempt) * _PAUSE_S)  # noqa: S311  spreads those who try again
        raise Unavailable(f"Meeting {meeting.id} was not scheduled: {_TRIES} times somebody else booked first.")

    def _full(self, meeting: Meeting, quarters: range) -> TimeFull:
        weeks = self._calendar.read(weeks_to_search(quarters))
        free = tuple(free_times(meeting, weeks, self._policy, self._clock()))
        if not free:
            return TimeFull("That time is full, and so is the week after it; choose a later day.", free)
        times = "; ".join(f"{moment:%A}, {moment.day} {moment:%B %Y}, {moment:%H:%M}" for moment in free)
        return TimeFull(f"That time is full. These times are free (UTC): {times}.", free)
