"""A month's limit: what a meeting is expected to cost is taken once, given back once, and the last dollar is one's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.errors import KeyTaken, MonthSpent, TimeFull, Unavailable
from chalicelib.people.wishes import CallOff, Otherwise
from chalicelib.rules.cost import estimate
from tests.unit.control.house import T
from tests.unit.own import Own
from tests.unit.rules.test_cost import PRICES
from tests.unit.till import APRIL, ONE, Till


@pytest.fixture
def till() -> Till:
    return Till(2 * ONE)


def test_without_a_limit_nothing_is_asked_of_a_ledger() -> None:
    own = Own()
    own.grant(CallOff(reason=""))
    assert not [call for call in own.calls() if call.startswith("ledger")]


def test_a_meeting_takes_what_it_is_expected_to_cost_in_one_write(till: Till) -> None:
    till.schedule()
    assert till.spent() == ONE
    assert [call for call in till.calls() if call.startswith("ledger")] == ["ledger.add", "ledger.read"]


def test_as_many_as_there_is_money_for_and_not_one_more(till: Till) -> None:
    till.schedule()
    till.schedule()
    before = dict(till.meetings.rows)
    with pytest.raises(MonthSpent) as refused:
        till.schedule()
    assert till.meetings.rows == before
    assert refused.value.free == (datetime(2026, 4, 1, 15, tzinfo=UTC),)
    assert str(refused.value) == (
        "What may be spent on meetings in March 2026 is used up; choose a time from 1 April 2026 on (UTC)."
    )
    till.schedule(meet_time="2026-04-01T15:00:00Z")
    assert (till.spent(), till.spent(APRIL)) == (2 * ONE, ONE)


def test_where_no_month_has_room_somebody_is_to_be_asked() -> None:
    with pytest.raises(MonthSpent, match="ask whoever runs this service") as refused:
        Till(ONE / 2).schedule()
    assert refused.value.free == ()


def test_the_same_request_again_takes_nothing_and_is_answered_even_where_it_took_the_last(till: Till) -> None:
    first = till.schedule("once")
    assert till.schedule("once") == first
    assert till.spent() == ONE
    till.schedule("twice")
    assert till.schedule("once") == first
    assert till.spent() == 2 * ONE
    with pytest.raises(KeyTaken):
        till.schedule("once", student_name="Eve")


def test_a_time_that_is_full_costs_nothing() -> None:
    till = Till(9 * ONE, at_once=2)
    till.schedule()
    with pytest.raises(TimeFull):
        till.schedule()
    assert till.spent() == ONE


def test_who_gives_back_cannot_fail_for_it(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    first = till.schedule("once")
    add = till.ledger.add

    def fails(month: str, amount: Decimal, limit: Decimal | None) -> bool:
        if amount < 0:
            raise Unavailable("The table is throttled.")
        return add(month, amount, limit)

    monkeypatch.setattr(till.ledger, "add", fails)
    assert till.schedule("once") == first
    assert till.spent() == 2 * ONE, "too much is taken, until it is counted again"
    till.now += timedelta(minutes=2)
    till.recount()
    assert till.spent() == ONE


def test_a_crash_after_taking_is_made_good_by_the_recount(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(row: Any) -> bool:
        raise Unavailable("Nobody knows.")

    monkeypatch.setattr(till.meetings, "create", killed)
    with pytest.raises(Unavailable):
        till.budget.create({"id": "m", "meet_time": "2026-03-01T15:00:00Z", "duration_minutes": 60}, killed)
    assert till.spent() == ONE
    till.now += timedelta(minutes=2)
    till.recount()
    assert till.spent() == 0


# --- changes


def test_a_move_to_another_month_moves_the_money(till: Till) -> None:
    meeting = till.schedule()
    till.grant(meeting, Otherwise(T.replace(month=4), None, {}, None))
    assert [till.spent(), till.spent(APRIL)] == [Decimal(0), ONE]


def test_a_move_to_a_month_that_is_full_is_refused_and_nothing_changes(till: Till) -> None:
    meeting = till.schedule()
    for _ in range(2):
        till.schedule(meet_time="2026-04-01T15:00:00Z")
    with pytest.raises(MonthSpent):
        till.grant(meeting, Otherwise(T.replace(month=4), None, {}, None))
    assert (till.spent(), till.spent(APRIL)) == (ONE, 2 * ONE)
    assert till.row(meeting)["meet_time"] == "2026-03-01T15:00:00Z"


def test_a_meeting_may_be_lengthened_beyond_the_limit_and_within_its_month_moved(till: Till) -> None:
    meeting = till.schedule()
    till.schedule()
    till.grant(meeting, Otherwise(None, 90, {}, None))
    assert till.spent() > 2 * ONE
    till.grant(meeting, Otherwise(T + timedelta(days=3), None, {}, None))
    with pytest.raises(MonthSpent):
        till.schedule()


def test_what_is_cancelled_before_it_began_is_given_back_at_once(till: Till) -> None:
    meeting = till.schedule()
    till.schedule()
    till.grant(meeting, CallOff(reason=""))
    assert till.spent() == ONE
    till.schedule()


def test_a_change_that_somebody_overtook_takes_nothing(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = till.schedule()
    update, rivals = till.meetings.update, iter([Otherwise(None, 80, {}, None)])

    def overtaken(meeting_id: str, change: Any) -> None:
        for rival in rivals:
            till.grant(meeting_id, rival)
        update(meeting_id, change)

    monkeypatch.setattr(till.meetings, "update", overtaken)
    till.grant(meeting, Otherwise(None, 90, {}, None))
    assert till.spent() == estimate(timedelta(minutes=90), till.policy, PRICES)
