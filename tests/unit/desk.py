"""A desk at which meetings are scheduled, over ports in memory, with a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.calendar import quarter_of, week_of
from chalicelib.domain.keys import Keys
from chalicelib.people.booking import Bookings
from chalicelib.people.schedule import Scheduler, parse
from chalicelib.people.timers import Targets
from tests.builders import POLICY, at
from tests.fake_calendar import FakeCalendar
from tests.fakes import FakeMeetings, FakeTimers
from tests.wire import Wire

NOW = at(-60)
TARGETS = Targets("arn:launcher", "arn:safety-net")
IDS = Keys("what ids are made with")
FORM: dict[str, Any] = {
    "teacher_name": "Ann",
    "student_name": "Bo",
    "meet_time": "2026-03-01T15:00:00Z",
    "frontend_base_url": "https://school.example.com/meet",
}


class Desk:
    """A scheduler that takes forms; with `at_once`, one that keeps a calendar."""

    def __init__(
        self,
        now: datetime = NOW,
        at_once: int | None = None,
        link_keys: Keys | None = None,
        id_keys: Callable[[], Keys | None] = lambda: IDS,
    ) -> None:
        self.now = now
        self.policy = replace(POLICY, at_once=at_once)
        self.wire = Wire()
        self.meetings = FakeMeetings(self.wire, clock=lambda: self.now)
        self.calendar = FakeCalendar(self.meetings, self.wire)
        self.timers = FakeTimers()
        self.pauses_s: list[float] = []
        bookings = Bookings(
            calendar=self.calendar, clock=lambda: self.now, policy=self.policy, sleep=self.pauses_s.append
        )
        self.scheduler = Scheduler(
            meetings=self.meetings,
            bookings=bookings if at_once else None,
            timers=self.timers,
            clock=lambda: self.now,
            policy=self.policy,
            jitsi_domain="meet.example.com",
            link_keys=link_keys,
            id_keys=id_keys,
        )

    def schedule(self, key: str = "", **fields: Any) -> dict[str, str]:
        return self.scheduler.schedule(parse(FORM | fields, self.now, self.policy), TARGETS, key)

    def wanted_at(self, moment: datetime) -> int:
        """Return how many desktops the calendar holds wanted in the quarter of an hour of this moment."""
        quarter = quarter_of(moment)
        [week] = self.calendar.read([week_of(quarter)]).values()
        return week.desktops[quarter - week.quarters.start]
