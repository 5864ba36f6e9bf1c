"""The sweep brings the calendar to what the rows say, and no failure of the one holds up the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import Week, quarter_of, week_of
from chalicelib.domain.errors import Conflict, SomeFailed, Unavailable
from chalicelib.domain.policy import Policy
from chalicelib.rules.calendar import weeks_ahead
from tests.unit.control.house import House, T

FAR = "2026-09-01T12:00:00Z"


@pytest.fixture
def house() -> House:
    return House(policy=Policy(domain="example.com", at_once=10), now=T - timedelta(days=1))


def wanted_at_noon(house: House) -> int:
    assert house.calendar
    quarter = quarter_of(T)
    week = house.calendar.weeks.get(week_of(quarter), Week(week_of(quarter)))
    return week.desktops[quarter - week.quarters.start]


def test_rows_that_were_written_by_hand_count(house: House, log: list[Any]) -> None:
    house.meeting("a")
    house.meeting("b")
    house.sweep()
    assert wanted_at_noon(house) == 4
    assert [line["weeks"] for line in log if line["event"] == "calendar"] == [[(T - timedelta(days=6)).date()]]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "TERMINATED", "termination_reason": "CANCELLED"},
        {"meet_time": FAR},
        {"meet_time": "2026-03-01T18:00:00Z"},
    ],
    ids=["ended", "moved far away", "moved to the evening"],
)
def test_a_meeting_that_is_there_no_more_gives_its_time_back(house: House, change: dict[str, str]) -> None:
    house.meeting()
    house.sweep()
    house.meetings.write("m", change)
    house.sweep()
    assert wanted_at_noon(house) == 0


def test_a_row_that_was_deleted_gives_its_time_back(house: House) -> None:
    house.meeting()
    house.sweep()
    house.meetings.rows.clear()
    house.sweep()
    assert wanted_at_noon(house) == 0


def test_an_idle_sweep_reads_the_calendar_once_and_writes_nothing(house: House) -> None:
    house.meeting()
    house.sweep()
    house.calls()
    house.sweep()
    assert house.calls() == ["calendar.read", "meetings.open", "desktops.fleet", "dns.owned"]


def test_where_there_is_no_limit_there_is_no_calendar() -> None:
    house = House(now=T - timedelta(days=1))
    house.meeting()
    house.sweep()
    assert house.calls() == ["meetings.open", "desktops.fleet", "dns.owned"]


def test_a_week_that_somebody_books_in_meanwhile_is_left_to_the_next_sweep(house: House) -> None:
    house.meeting()
    house.meeting("far", meet_time=FAR)
    assert house.calendar
    correct, now = house.calendar.correct, week_of(quarter_of(T))

    def overtaken(week: Week) -> None:
        if week.number == now:
            raise Conflict("Somebody booked.")
        correct(week)

    house.calendar.correct = overtaken  # type: ignore[method-assign]
    house.sweep()
    assert [sum(week.desktops) > 0 for week in house.calendar.weeks.values()] == [True], "the other week is written"
    house.calendar.correct = correct  # type: ignore[method-assign]
    house.sweep()
    assert wanted_at_noon(house) == 2


def test_a_calendar_that_cannot_be_read_holds_up_nothing_else(house: House) -> None:
    house.now = T
    house.meeting()
    house.wire.next_error = Unavailable("The table is down.")
    with pytest.raises(SomeFailed, match="1 places"):
        house.sweep()
    assert len(house.desktops.alive()) == 2
    assert house.calendar
    assert house.calendar.weeks == {}


def test_where_not_all_meetings_could_be_listed_nothing_is_concluded(house: House) -> None:
    house.meeting()
    house.sweep()

    def half() -> Iterator[list[Any]]:
        yield []
        raise Unavailable("The table is throttled.")

    house.meetings.open = half  # type: ignore[method-assign]
    with pytest.raises(SomeFailed):
        house.sweep()
    assert wanted_at_noon(house) == 2


def test_every_week_to_which_a_meeting_can_be_scheduled_is_counted(house: House) -> None:
    days = range(0, 366, 7)
    for number in days:
        house.meeting(f"m{number}", meet_time=(T + timedelta(days=number)).isoformat())
    house.sweep()
    assert house.calendar
    assert set(house.calendar.weeks) <= set(weeks_ahead(house.now))
    assert sum(sum(week.desktops) for week in house.calendar.weeks.values()) == len(days) * 2 * 17
