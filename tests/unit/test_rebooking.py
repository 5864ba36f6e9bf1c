"""A meeting that is changed takes its time in the calendar with it, and its own time is no hindrance to it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control import recount
from chalicelib.domain import rows
from chalicelib.domain.calendar import quarter_of, week_of
from chalicelib.domain.errors import Conflict, NotPossible, TimeFull, Unavailable
from chalicelib.people.wishes import CallOff, Longer
from chalicelib.rules.calendar import wanted
from tests.unit.control.house import MINUTE, T
from tests.unit.own import Own


def own_meeting(at_once: int = 2, others: tuple[int, ...] = (), **attributes: Any) -> Own:
    """Return a meeting at noon, an hour long, in a calendar; others begin so many minutes after it."""
    own = Own(at_once=at_once, **attributes)
    for number, minutes in enumerate(others):
        row = {"meet_time": rows.timestamp(T + minutes * MINUTE), "duration_minutes": 60}
        own.meeting(f"other-{number}", created_at=own.row()["created_at"], **row)
    own.sweep()
    return own


def taken(own: Own, *minutes: int) -> list[int]:
    """Return how many desktops are wanted in the quarters of these minutes after noon."""
    assert own.calendar
    quarters = [quarter_of(T + minute * MINUTE) for minute in minutes]
    weeks = own.calendar.read({week_of(quarter) for quarter in quarters})
    return [weeks[week_of(q)].desktops[q - weeks[week_of(q)].quarters.start] for q in quarters]


def refused(own: Own, **fields: Any) -> TimeFull:
    """Return how a change is refused for want of room; nothing is written, and no timer armed."""
    assert own.calendar
    before = (dict(own.row()), dict(own.calendar.weeks), dict(own.timers.armed))
    with pytest.raises(TimeFull) as full:
        own.change(**fields)
    assert (own.row(), own.calendar.weeks, own.timers.armed) == before
    return full.value


def test_a_move_gives_the_old_time_back_and_takes_the_new_one() -> None:
    own = own_meeting()
    assert taken(own, -15, 45, 60) == [2, 2, 0]
    own.change(meet_time=T + 180 * MINUTE)
    assert taken(own, -15, 45, 60, 165, 225, 240) == [0, 0, 0, 2, 2, 0]


@pytest.mark.parametrize("minutes", [-30, -15, 5, 15, 30])
def test_a_meeting_that_is_put_off_a_little_is_not_in_its_own_way(minutes: int) -> None:
    own = own_meeting()
    own.change(meet_time=T + minutes * MINUTE)
    assert taken(own, minutes, minutes + 55) == [2, 2]


def test_a_move_over_the_end_of_a_week_changes_both_weeks() -> None:
    own = own_meeting(meet_time="2026-03-01T23:30:00Z")
    own.change(meet_time=T + 24 * 60 * MINUTE)
    assert taken(own, 11 * 60 + 30, 12 * 60, 24 * 60) == [0, 0, 2]


def test_a_full_time_is_refused_with_the_next_that_are_not_and_its_own_counts_as_free() -> None:
    own = own_meeting(others=(90,))
    full = refused(own, meet_time=T + 90 * MINUTE)
    assert full.free[0] == T + 165 * MINUTE
    full = refused(own, meet_time=T + 16 * MINUTE)
    assert full.free[0] > T + 75 * MINUTE
    assert refused(own_meeting(others=(90,)), meet_time=T + 30 * MINUTE).free[0] == T + 165 * MINUTE
    own = own_meeting(others=(-100,))
    assert refused(own, meet_time=T - 100 * MINUTE + 60 * MINUTE).free[0] == T - 15 * MINUTE, "partly its own time"


def test_a_longer_meeting_takes_what_comes_after_it_as_far_as_there_is_room() -> None:
    own = own_meeting(others=(90,))
    may = own.show()["may"]
    assert (may["extend"], may["lengthen_to"]) == (15, 75)
    refused(own, duration_minutes=90)
    with pytest.raises(TimeFull):
        own.grant(Longer(30, None))
    own.grant(Longer(15, None))
    assert taken(own, 45, 60) == [2, 2]
    assert own.show()["may"]["extend"] == 0
    own.change(duration_minutes=30)
    assert taken(own, 15, 30, 60) == [2, 0, 0]


def test_the_operators_limit_bounds_an_extension_where_the_calendar_does_not() -> None:
    own = own_meeting(at_once=10)
    assert own.show()["may"]["lengthen_to"] == 240
    with pytest.raises(NotPossible):
        own.grant(Longer(181, None))


def test_a_meeting_that_is_called_off_gives_its_time_back_at_once() -> None:
    own = own_meeting()
    own.grant(CallOff(reason=""))
    assert taken(own, -15, 45) == [0, 0]


@pytest.mark.parametrize("fields", [{"student_name": "Bea"}, {"duration_minutes": 55}], ids=["name", "same quarters"])
def test_what_asks_for_nothing_of_the_calendar_is_written_without_it(fields: dict[str, Any]) -> None:
    own = own_meeting()
    assert own.calendar
    weeks = dict(own.calendar.weeks)
    own.change(**fields)
    assert own.calendar.weeks == weeks
    assert "calendar.rebook" not in own.calls()


def test_where_more_is_booked_than_the_limit_a_meeting_keeps_what_it_has() -> None:
    own = own_meeting(at_once=2, others=(0, 0))
    own.change(duration_minutes=30)
    own.change(student_name="Bea")
    assert taken(own, 0, 15) == [6, 6]
    refused(own, duration_minutes=60)


def test_what_has_passed_is_left_as_it_was() -> None:
    own = own_meeting()
    own.now = T + 5 * MINUTE
    own.change(meet_time=T + 180 * MINUTE)
    assert taken(own, -15, 0, 165) == [2, 0, 2]


def test_the_last_room_is_given_once_to_two_who_move_there_at_the_same_moment() -> None:
    own = own_meeting(others=(-300,))
    assert own.calendar
    rebook = own.calendar.rebook

    def late(meeting_id: str, change: Any, weeks: Any) -> None:
        own.calendar.rebook = rebook  # type: ignore[method-assign, union-attr]
        weeks_now = own.calendar.read([week.number for week in weeks])  # type: ignore[union-attr]
        [quarter] = {quarter_of(T + 180 * MINUTE)}
        week = weeks_now[week_of(quarter)]
        full = tuple(
            2 if number == quarter else count for number, count in zip(week.quarters, week.desktops, strict=True)
        )
        own.calendar.correct(type(week)(week.number, full, week.revision))  # type: ignore[union-attr]
        rebook(meeting_id, change, weeks)

    own.calendar.rebook = late  # type: ignore[method-assign]
    with pytest.raises(TimeFull):
        own.change(meet_time=T + 180 * MINUTE)
    assert own.row()["meet_time"] == rows.timestamp(T)


def test_in_a_crowd_that_does_not_end_it_is_given_up_for_now() -> None:
    own = own_meeting(at_once=10)
    assert own.calendar

    def crowded(meeting_id: str, change: Any, weeks: Any) -> None:
        raise Conflict("Somebody booked.")

    own.calendar.rebook = crowded  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="by many at once"):
        own.change(meet_time=T + 180 * MINUTE)
    assert sum(own.pauses_s) < 5, "a person waits, and the function has fifteen seconds"


def test_without_the_calendar_a_meeting_is_shown_and_renamed_and_not_moved() -> None:
    own = own_meeting()
    assert own.calendar

    def broken(numbers: Any) -> Any:
        raise Unavailable("The table is down.")

    own.calendar.read = broken  # type: ignore[method-assign]
    assert own.show()["may"]["extend"] == 0
    assert own.change(student_name="Bea")["student_name"] == "Bea"
    with pytest.raises(Unavailable, match="down"):
        own.change(meet_time=T + 180 * MINUTE)
    assert own.row()["meet_time"] == rows.timestamp(T)


@pytest.mark.parametrize("seed", range(20))
def test_however_meetings_are_changed_a_recount_finds_nothing_to_correct(seed: int) -> None:
    rng, own = random.Random(seed), own_meeting(at_once=4, others=(45, 200))
    assert own.calendar
    for _ in range(25):
        wish = rng.choice(("meet_time", "duration_minutes", "extend"))
        try:
            if wish == "meet_time":
                own.change(meet_time=own.now + rng.randrange(400) * MINUTE)
            elif wish == "duration_minutes":
                own.change(duration_minutes=rng.randrange(5, 240))
            else:
                own.grant(Longer(rng.randrange(1, 60), None))
        except (TimeFull, NotPossible):
            pass
        meetings = [meeting for page in own.meetings.open() for meeting in page]
        held = dict(own.calendar.weeks)
        recount.correct(own, recount.weeks_before(own), meetings)
        assert own.calendar.weeks == held
        wants = [quarter for meeting in meetings for quarter in wanted(meeting, own.policy)]
        assert all(2 * wants.count(quarter) <= 4 for quarter in wants)
        own.now += timedelta(minutes=rng.randrange(3))
