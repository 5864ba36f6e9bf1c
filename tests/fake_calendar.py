"""The port `Calendar` in memory, beside a table of meetings: a booking is written to both at once, or to neither."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.control.ports import Calendar
from chalicelib.domain.calendar import Week
from chalicelib.domain.errors import Conflict
from chalicelib.domain.update import Update
from tests.fakes import FakeMeetings
from tests.wire import Wire


class FakeCalendar(Calendar):
    """Weeks in memory."""

    def __init__(self, meetings: FakeMeetings, wire: Wire | None = None) -> None:
        self.meetings = meetings
        self.wire = wire or Wire()
        self.weeks: dict[int, Week] = {}

    def read(self, numbers: Collection[int]) -> dict[int, Week]:
        with self.wire.call("calendar.read", *numbers):
            return {number: self.weeks.get(number, Week(number)) for number in numbers}

    def book(self, row: Mapping[str, Any], weeks: Collection[Week]) -> bool:
        with self.wire.call("calendar.book", row["id"], row):
            if row["id"] in self.meetings.rows:
                return False
            self._expect(*weeks)
            self.meetings.write(row["id"], dict(row))
            self._write(*weeks)
            return True

    def rebook(self, meeting_id: str, change: Update, weeks: Collection[Week]) -> None:
        with self.wire.call("calendar.rebook", meeting_id, change):
            self._expect(*weeks)
            self.meetings.write_if(meeting_id, change)
            self._write(*weeks)

    def correct(self, week: Week) -> None:
        with self.wire.call("calendar.correct", week.number):
            self._expect(week)
            self._write(week)

    def _expect(self, *weeks: Week) -> None:
        if any(self.weeks.get(week.number, Week(week.number)).revision != week.revision for week in weeks):
            raise Conflict("The calendar was written meanwhile.")

    def _write(self, *weeks: Week) -> None:
        self.weeks |= {week.number: replace(week, revision=week.revision + 1) for week in weeks}
