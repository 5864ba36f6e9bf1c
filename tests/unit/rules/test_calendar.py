"""When a meeting wants its desktops, which times have room, and what the calendar should say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import Week, moment_of, quarter_of, week_of
from chalicelib.domain.rows import LONGEST_MINUTES
from chalicelib.people.fields import LATEST
from chalicelib.rules.calendar import (
    booked,
    corrected,
    free_times,
    has_room,
    wanted,
    weeks_ahead,
    weeks_of,
    weeks_to_search,
)
from tests.builders import ENDED, LAUNCHED, POLICY, RECORDED, SCHEDULED, T, at, meeting

LIMITED = POLICY.__class__(domain=POLICY.domain, at_once=2)
HOUR = {"duration_minutes": 60}


def spoken(quarters: range) -> tuple[datetime, datetime] | None:
    """Return when these quarters begin and end, None for none."""
    return (moment_of(quarters.start), moment_of(quarters.stop)) if quarters else None


@pytest.mark.parametrize(
    ("attributes", "from_minute", "to_minute"),
    [
        pytest.param(SCHEDULED | HOUR, -15, 60, id="from its launch to its hard deadline"),
        pytest.param(SCHEDULED | HOUR | {"meet_time": at(10)}, 0, 75, id="what is full quarters already stays so"),
        pytest.param(SCHEDULED | HOUR | {"meet_time": at(9)}, -15, 75, id="a part of a quarter is the whole of it"),
        pytest.param(SCHEDULED | HOUR | {"meet_time": at(11), "duration_minutes": 64}, 0, 75, id="at both ends"),
        pytest.param(SCHEDULED, -15, 240, id="the operator's longest, where the row says none"),
        pytest.param(SCHEDULED | HOUR | {"created_at": at(0)}, 0, 75, id="at once, with its notice"),
        pytest.param(SCHEDULED | HOUR | {"meet_time": at(-30), "created_at": T}, 0, 75, id="from now, for the past"),
        pytest.param(LAUNCHED | HOUR | {"begun_at": at(-40)}, -45, 60, id="launched before its time"),
        pytest.param(LAUNCHED | HOUR | {"begun_at": at(-8)}, -15, 60, id="launched a little late"),
        pytest.param({"begun_at": at(-10), **HOUR}, -15, 60, id="launched, and its row tells no time"),
        pytest.param({"created_at": at(0), "begun_at": at(0), **HOUR}, 0, 60, id="launched as it was made by hand"),
    ],
)
def test_a_meeting_wants_its_desktops(attributes: dict[str, Any], from_minute: int, to_minute: int) -> None:
    assert spoken(wanted(meeting(attributes), POLICY)) == (at(from_minute), at(to_minute))


def test_a_recorded_meeting_wants_its_desktops_for_as_long_as_they_may_upload() -> None:
    assert spoken(wanted(meeting(SCHEDULED, HOUR), RECORDED)) == (at(-15), at(75))
    assert spoken(wanted(meeting(SCHEDULED, duration_minutes=50), RECORDED)) == (at(-15), at(60))
    assert spoken(wanted(meeting(SCHEDULED), RECORDED)) == (at(-15), at(240))


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param(SCHEDULED | ENDED, id="it is over"),
        pytest.param(SCHEDULED | {"termination_reason": "CANCELLED"}, id="it is ending"),
        pytest.param({"status": "SCHEDULED"}, id="its row tells no time"),
        pytest.param({"status": "SCHEDULED", "created_at": T}, id="its row does not tell when"),
        pytest.param(SCHEDULED | {"meet_time": "noon"}, id="its row tells what is no time"),
    ],
)
def test_a_meeting_wants_none(attributes: dict[str, Any]) -> None:
    assert not wanted(meeting(attributes), POLICY)


@pytest.mark.parametrize("begun_at", ["1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z"])
@pytest.mark.parametrize("meet_time", [None, "1970-01-01T00:00:00Z", T, "2199-12-31T23:59:59Z"])
@pytest.mark.parametrize("created_at", [None, T])
def test_whatever_a_row_says_a_meeting_never_wants_more_than_its_length_and_an_hour_or_two(
    begun_at: str, meet_time: Any, created_at: Any
) -> None:
    odd = meeting(begun_at=begun_at, meet_time=meet_time, created_at=created_at, **HOUR)
    assert len(wanted(odd, POLICY)) <= 12


def test_quarters_and_weeks_are_counted_in_utc_from_mondays() -> None:
    sunday, monday = datetime(2026, 3, 1, 23, 59, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    assert week_of(quarter_of(monday)) == week_of(quarter_of(sunday)) + 1
    assert Week(week_of(quarter_of(monday))).monday == monday.date()
    assert moment_of(quarter_of(sunday)) == datetime(2026, 3, 1, 23, 45, tzinfo=UTC)


def calendar(*spans: range) -> dict[int, Week]:
    """Return the weeks around T once these meetings were booked."""
    weeks = {number: Week(number) for number in range(week_of(quarter_of(T)) - 1, week_of(quarter_of(T)) + 4)}
    for span in spans:
        weeks |= {week.number: week for week in booked(span, weeks)}
    return weeks


def test_a_booking_counts_two_desktops_in_each_of_its_quarters() -> None:
    span = wanted(meeting(SCHEDULED, HOUR), POLICY)
    weeks = calendar(span, span)
    counts = {
        moment_of(quarter): count
        for week in weeks.values()
        for quarter, count in zip(week.quarters, week.desktops, strict=True)
        if count
    }
    assert counts == {at(minute): 4 for minute in range(-15, 60, 15)}


def test_a_booking_may_reach_over_the_end_of_a_week() -> None:
    late = wanted(meeting(SCHEDULED, HOUR, meet_time=at(530)), POLICY)
    assert [week.monday.isoformat() for week in booked(late, calendar())] == ["2026-02-23", "2026-03-02"]
    assert sum(sum(week.desktops) for week in calendar(late).values()) == 2 * len(late)
    assert list(weeks_of(late)) == [week.number for week in booked(late, calendar())]


@pytest.mark.parametrize(
    ("at_once", "max_records", "most"),
    [(None, None, None), (4, None, 4), (None, 6, 6), (4, 6, 4), (6, 4, 4)],
)
def test_the_smaller_of_two_limits_binds(at_once: int | None, max_records: int | None, most: int | None) -> None:
    policy = POLICY.__class__(at_once=at_once, max_records=max_records)
    first = wanted(meeting(SCHEDULED, HOUR), POLICY)
    assert policy.wanted_at_most == most
    for count in (0, 2, 4, 6):
        assert has_room(first, calendar(*[first] * (count // 2)), policy) is (most is None or count + 2 <= most)


@pytest.mark.parametrize(("at_once", "room"), [(3, False), (4, True), (5, True), (None, True)])
def test_there_is_room_as_long_as_no_quarter_would_hold_more_than_the_limit(at_once: int | None, room: bool) -> None:
    first, policy = wanted(meeting(SCHEDULED, HOUR), POLICY), POLICY.__class__(at_once=at_once)
    overlapping = wanted(meeting(SCHEDULED, HOUR, meet_time=at(50)), POLICY)
    assert has_room(overlapping, calendar(first), policy) is room


def test_meetings_that_follow_one_another_do_not_share_a_quarter() -> None:
    first, next_one = (wanted(meeting(SCHEDULED, HOUR, meet_time=at(minute)), POLICY) for minute in (10, 85))
    assert has_room(next_one, calendar(first), LIMITED)


def free(taken: list[float], now: float = -60, **asked: Any) -> list[datetime]:
    """Return the free times for an hour's meeting at T where others are at these minutes."""
    spans = [wanted(meeting(SCHEDULED, HOUR, meet_time=at(minute)), LIMITED) for minute in taken]
    wish = meeting(SCHEDULED, HOUR, created_at=at(now), **asked)
    weeks = calendar(*spans)
    searched = {number: weeks[number] for number in weeks_to_search(wanted(wish, LIMITED))}
    return free_times(wish, searched, LIMITED, at(now))


def test_the_next_free_times_are_quarters_after_the_one_that_was_asked_for() -> None:
    assert free([0]) == [at(75), at(90), at(105), at(120)]


def test_a_gap_that_is_too_short_for_the_meeting_is_no_free_time() -> None:
    assert free([0, 120]) == [at(195), at(210), at(225), at(240)]


def test_a_time_that_has_passed_is_not_offered() -> None:
    assert free([-30], now=-15, meet_time=at(-40)) == [at(45), at(60), at(75), at(90)]


def test_a_meeting_that_is_asked_for_between_two_quarters_is_offered_full_ones() -> None:
    assert free([0], meet_time=at(7)) == [at(75), at(90), at(105), at(120)]


def test_where_the_whole_week_is_full_none_is_offered() -> None:
    assert free([75 * number - 75 for number in range(140)]) == []


def test_a_free_time_has_room() -> None:
    weeks = calendar(*(wanted(meeting(SCHEDULED, HOUR, meet_time=at(minute)), LIMITED) for minute in (0, 60, 200)))
    for moment in free([0, 60, 200]):
        assert has_room(wanted(meeting(SCHEDULED, HOUR, meet_time=moment), LIMITED), weeks, LIMITED)


def test_the_calendar_reaches_as_far_as_the_longest_meeting_that_is_scheduled_last() -> None:
    for days in range(8):
        now = T + timedelta(days=days)
        last = wanted(meeting(meet_time=now + LATEST, duration_minutes=LONGEST_MINUTES), POLICY)
        assert set(weeks_of(last)) <= set(weeks_ahead(now))
    assert len(weeks_ahead(T)) <= 100, "DynamoDB reads a hundred items at once"


def test_the_calendar_is_right_where_it_says_what_the_meetings_want() -> None:
    meetings = [meeting(SCHEDULED, HOUR), meeting(SCHEDULED, HOUR, meet_time=at(30))]
    right = calendar(*(wanted(each, POLICY) for each in meetings))
    assert corrected(right, meetings, POLICY, at(-60)) == []
    [week] = corrected(calendar(), meetings, POLICY, at(-60))
    assert week == right[week.number]


def test_what_no_meeting_wants_any_more_is_given_back() -> None:
    span = wanted(meeting(SCHEDULED, HOUR), POLICY)
    [week] = corrected(calendar(span), [meeting(SCHEDULED, HOUR, ENDED)], POLICY, at(-60))
    assert week == Week(week.number)


def test_what_has_passed_is_left_as_it_was() -> None:
    weeks = calendar(wanted(meeting(SCHEDULED, HOUR), POLICY))
    assert corrected(weeks, [], POLICY, at(60)) == []
    [week] = corrected(weeks, [], POLICY, at(20))
    assert sum(week.desktops) == 2 * 2, "the two quarters before the present one"


def test_what_lies_beyond_the_calendar_is_passed_over() -> None:
    assert corrected(calendar(), [meeting(SCHEDULED, HOUR, meet_time="2190-01-01T00:00:00Z")], POLICY, T) == []
