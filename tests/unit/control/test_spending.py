"""What months cost, counted anew from the rows: once an hour, beside those who book; and the share of the limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.control.spending import PATIENCE, SETTLING
from chalicelib.control.sweep import Sweeper
from chalicelib.domain import rows
from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.rules.budget import months_ahead, share
from tests.unit.control.house import MINUTE, T
from tests.unit.till import APRIL, MARCH, ONE, Till


@pytest.fixture
def till() -> Till:
    return Till(2 * ONE)


def test_what_ended_costs_what_it_did_and_what_is_planned_what_it_will(till: Till) -> None:
    ended = {"termination_reason": "SUCCESS", "ended_at": rows.timestamp(T), "open": None, "status": "TERMINATED"}
    launched = rows.timestamp(T - 30 * MINUTE)
    times = {"teacher_ec2_id": "i-1", "teacher_launched_at": launched, "teacher_attempt": 1}
    till.meeting("past", meet_time="2026-03-01T11:40:00Z", **ended, **times)
    till.meeting("past2", meet_time="2026-03-01T11:50:00Z", **ended)
    till.meeting("last", meet_time="2026-02-28T11:40:00Z", **ended, **times)
    till.meeting("planned", duration_minutes=60, meet_time="2026-03-31T23:59:59Z")
    till.meeting("next", duration_minutes=60, meet_time="2026-04-01T00:00:00Z")
    till.meeting("untimed", meet_time=None)
    till.now = T + timedelta(hours=1)
    till.recount()
    assert till.spent() == ONE + Decimal("0.0775")
    assert till.spent(APRIL) == ONE


def test_it_is_made_once_an_hour_and_lists_no_day_in_between(till: Till) -> None:
    till.recount()
    till.now += timedelta(minutes=59)
    assert till.spendings.before(till.now) == {}
    till.now += MINUTE
    assert till.spendings.before(till.now)


def test_a_month_in_which_somebody_has_just_booked_is_waited_for_but_not_for_ever(till: Till) -> None:
    till.recount()
    till.now += timedelta(hours=1)
    due_at = till.now
    till.schedule()
    assert till.spendings.before(till.now) == {}
    assert till.spendings.before(till.now + SETTLING)
    while till.now < due_at + PATIENCE:
        assert till.spendings.before(till.now) == {}
        till.now += SETTLING / 2
        till.ledger.add(MARCH, Decimal(0), None)
    assert till.spendings.before(till.now)


def test_a_booking_that_comes_in_between_is_not_lost(till: Till) -> None:
    months = till.spendings.before(till.now)
    listed = till.open()
    till.schedule()
    till.ledger.months[MARCH] = replace(till.ledger.months[MARCH], amount=Decimal("0.9"))
    till.spendings.correct(till, months, [*listed, *till.open()])
    assert till.spent() == Decimal("0.9"), "it is counted the next time"


@pytest.mark.parametrize(("count", "percent", "warned"), [(1, 32, False), (2, 65, False), (3, 98, True)])
def test_the_share_of_the_nearest_month_is_counted_and_warned_of(
    count: int, percent: int, warned: bool, log: list[Any]
) -> None:
    till = Till(Decimal("1.1"))
    for _ in range(count):
        till.schedule(meet_time="2026-04-02T15:00:00Z")
    till.now += SETTLING
    till.recount()
    assert [(line["CostShare"], line["month"]) for line in log if "CostShare" in line] == [(percent, APRIL)]
    assert bool([line for line in log if line["event"] == "cost_limit_near"]) is warned


def test_names_of_months_and_shares() -> None:
    assert months_ahead(datetime(2026, 12, 31, tzinfo=UTC))[:3] == ["2026-12", "2027-01", "2027-02"]
    assert len(months_ahead(T)) == 13
    spending = Till(ONE).ledger.read([MARCH])[MARCH]
    assert share(replace(spending, amount=Decimal("0.7999")), Decimal(1)) == 79
    assert share(replace(spending, amount=Decimal("0.8")), Decimal(1)) == 80
    assert share(spending, Decimal(0)) == 100


def test_the_sweep_counts_and_what_fails_there_stops_nothing_else(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeper = Sweeper(till, till.looker, spendings=till.spendings)
    till.meeting(duration_minutes=60)
    till.now = T - 10 * MINUTE
    sweeper.sweep(till.now + MINUTE)
    assert till.spent() == ONE
    assert len(till.desktops.alive()) == 2

    def down(months: Any) -> Any:
        raise Unavailable("The table does not answer.")

    monkeypatch.setattr(till.ledger, "read", down)
    till.now += timedelta(hours=2)
    till.meeting("other", meet_time=rows.timestamp(till.now))
    with pytest.raises(SomeFailed):
        sweeper.sweep(till.now + MINUTE)
    assert till.row("other")["status"] == "LAUNCHED"
