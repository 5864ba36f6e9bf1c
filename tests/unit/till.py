"""A house in which meetings are scheduled as long as there is money for them, and where a day can be listed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib.control.spending import Spendings
from chalicelib.domain.model import Meeting
from chalicelib.people.booking import Bookings
from chalicelib.people.budget import Budget
from chalicelib.people.manage import Manager
from chalicelib.people.schedule import Scheduler, parse
from chalicelib.rules.cost import estimate
from tests.fake_ledger import FakeLedger
from tests.unit.control.house import House, T
from tests.unit.desk import FORM, TARGETS
from tests.unit.own import KEYS, Own
from tests.unit.rules.test_cost import PRICES

HOUR: dict[str, Any] = {"duration_minutes": 60, "meet_time": "2026-03-01T15:00:00Z"}
ONE = estimate(timedelta(hours=1), House().policy, PRICES)
"""What a meeting of an hour is expected to cost."""

MARCH, APRIL = "2026-03", "2026-04"


class Till(House):
    """A house in which meetings are scheduled as long as there is money."""

    def __init__(self, limit: Decimal, at_once: int | None = None) -> None:
        super().__init__(now=T - timedelta(hours=1), policy=replace(House().policy, at_once=at_once))
        self.ledger = FakeLedger(self.clock, self.wire)
        self.budget = Budget(ledger=self.ledger, clock=self.clock, policy=self.policy, prices=PRICES, limit=limit)
        self.bookings = None
        if self.calendar:
            self.bookings = Bookings(calendar=self.calendar, clock=self.clock, policy=self.policy, sleep=lambda _: None)
        self.scheduler = Scheduler(
            meetings=self.meetings,
            bookings=self.bookings,
            budget=self.budget,
            timers=self.timers,
            clock=self.clock,
            policy=self.policy,
            jitsi_domain=None,
            link_keys=KEYS,
            id_keys=lambda: None,
        )
        self.manager = Manager(
            meetings=self.meetings,
            bookings=self.bookings,
            timers=self.timers,
            targets=TARGETS,
            clock=self.clock,
            policy=self.policy,
            sleep=lambda _: None,
            link_keys=KEYS,
            recorded=False,
            budget=self.budget,
        )
        self.spendings = Spendings(self.ledger, PRICES, limit, self.of_day)

    def schedule(self, key: str = "", **fields: Any) -> str:
        form = parse(FORM | HOUR | fields, self.now, self.policy)
        return self.scheduler.schedule(form, TARGETS, key)["id"]

    def grant(self, meeting_id: str, wish: Any) -> None:
        self.manager.grant(replace(Own().actor(), meeting_id=meeting_id), wish)

    def of_day(self, day: str, after: str | None) -> tuple[list[Meeting], str | None]:
        """Return the day's meetings, one a page."""
        ids = sorted(i for i, row in self.meetings.rows.items() if str(row.get("meet_time", "")).startswith(day))
        left = [i for i in ids if after is None or i > after]
        page = [self.meetings.understood(i) for i in left[:1]]
        return page, left[0] if len(left) > 1 else None

    def open(self) -> list[Meeting]:
        known = map(self.meetings.understood, self.meetings.rows)
        return [meeting for meeting in known if meeting.listed]

    def recount(self) -> None:
        self.spendings.correct(self, self.spendings.before(self.now), self.open())

    def spent(self, month: str = MARCH) -> Decimal:
        return self.ledger.read([month])[month].amount
