"""Who is connected, as desktops tell it: late, twice, out of order, or not at all; the last word counts."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.domain.errors import BadRequest
from chalicelib.guests import desk
from tests.builders import HEALTHY, at
from tests.fakes import FakeMeetings
from tests.unit.places import changed, place, table

NOW = at(-4)


def say_connected(meetings: FakeMeetings, connected: bool, now: datetime = NOW) -> None:
    desk.report_presence(meetings, place(meetings), connected, now)


def test_who_comes_and_goes_is_noted_once() -> None:
    meetings = table(HEALTHY)
    before = dict(meetings.rows["m1"])
    for seconds in (0, 15, 30):
        say_connected(meetings, True, at(1) + timedelta(seconds=seconds))
    for seconds in (45, 60):
        say_connected(meetings, False, at(1) + timedelta(seconds=seconds))
    assert changed(meetings, before) == {
        "teacher_connected_at": "2026-03-01T15:01:00Z",
        "teacher_disconnected_at": "2026-03-01T15:01:45Z",
        "teacher_seen_at": "2026-03-01T15:01:45Z",
        "teacher_used_seconds": 45,
    }
    assert meetings.wire.calls.count("meetings.update") == 2


def test_who_comes_back_is_connected_again() -> None:
    meetings = table(HEALTHY)
    for minute, connected in enumerate((True, False, True)):
        say_connected(meetings, connected, at(minute))
    assert place(meetings).seat.is_connected


@pytest.mark.parametrize("connected", [True, False])
def test_a_sign_of_life_is_written_every_five_minutes(connected: bool) -> None:
    meetings = table(HEALTHY)
    say_connected(meetings, connected, at(0))
    meetings.wire.calls.clear()
    for seconds in range(15, 601, 15):
        say_connected(meetings, connected, at(0) + timedelta(seconds=seconds))
    assert meetings.wire.calls.count("meetings.update") == 2


def test_a_sign_of_life_that_lies_ahead_does_not_last_for_ever() -> None:
    meetings = table(HEALTHY, teacher_seen_at="2199-01-01T00:00:00Z")
    say_connected(meetings, False)
    assert meetings.rows["m1"]["teacher_seen_at"] == "2026-03-01T14:56:00Z"


def say(meetings: FakeMeetings, connected: bool, **minutes: float) -> None:
    """Report whether somebody is connected: since when, said and heard when, in minutes after T."""
    moments = {name: at(minute) for name, minute in minutes.items()}
    heard_at = moments.pop("heard_at", moments["said_at"])
    desk.report_presence(meetings, place(meetings), connected, heard_at, **moments)


def test_what_happened_is_dated_by_the_desktop_and_never_later_than_it_was_said() -> None:
    meetings = table(HEALTHY)
    say(meetings, True, since=1, said_at=3, heard_at=4)
    assert meetings.rows["m1"]["teacher_connected_at"] == "2026-03-01T15:01:00Z"
    assert meetings.rows["m1"]["teacher_seen_at"] == "2026-03-01T15:04:00Z"
    say(meetings, False, since=600, said_at=8, heard_at=9)
    assert meetings.rows["m1"]["teacher_disconnected_at"] == "2026-03-01T15:08:00Z"


def test_what_is_not_dated_counts_from_when_it_was_said() -> None:
    meetings = table(HEALTHY)
    say(meetings, True, said_at=3, heard_at=4)
    assert meetings.rows["m1"]["teacher_connected_at"] == "2026-03-01T15:03:00Z"


COMES = {"connected": True, "since": 1, "said_at": 1}
LEAVES = {"connected": False, "since": 5, "said_at": 5}
IS_BACK = {"connected": True, "since": 6, "said_at": 6}
HAS_GONE = {"connected": False, "since": 9, "said_at": 9}


@pytest.mark.parametrize("dated", [True, False], ids=["dated by the desktop", "dated by its signature"])
@pytest.mark.parametrize("story", [[COMES, LEAVES], [COMES, LEAVES, IS_BACK], [COMES, LEAVES, IS_BACK, HAS_GONE]])
def test_reports_that_come_twice_and_late_change_nothing(story: list[dict[str, Any]], dated: bool) -> None:
    told = [each if dated else {name: each[name] for name in each if name != "since"} for each in story]
    meetings = table(HEALTHY)
    for each in told:
        say(meetings, **each)
    before = dict(meetings.rows["m1"])
    for each in [*told, *reversed(told)]:
        say(meetings, **each, heard_at=10)
    times = ("teacher_connected_at", "teacher_disconnected_at")
    assert {name: meetings.rows["m1"].get(name) for name in times} == {name: before.get(name) for name in times}


@pytest.mark.parametrize("order", list(permutations([COMES, LEAVES, IS_BACK, HAS_GONE])), ids=str)
@pytest.mark.parametrize("heard", [1, 2, 3, 4])
def test_in_whatever_order_reports_come_the_last_word_counts(order: tuple[dict[str, Any], ...], heard: int) -> None:
    meetings, order = table(HEALTHY), order[:heard]
    for each in order:
        say(meetings, **each, heard_at=10)
    last = max(order, key=lambda each: each["since"])
    seat = place(meetings).seat
    assert seat.is_connected is last["connected"]
    assert max(filter(None, (seat.connected_at, seat.disconnected_at))) == at(last["since"])


def test_one_who_came_and_went_unheard_of_has_been_there() -> None:
    meetings = table(HEALTHY)
    say(meetings, False, since=5, said_at=5)
    seat = place(meetings).seat
    assert (seat.connected_at, seat.is_connected) == (at(5), False)


def test_a_row_that_lies_ahead_keeps_nobody_from_being_heard() -> None:
    meetings = table(HEALTHY, teacher_disconnected_at="2199-01-01T00:00:00Z")
    say(meetings, True, since=5, said_at=5)
    assert meetings.rows["m1"]["teacher_connected_at"] == "2026-03-01T15:05:00Z"


def test_a_report_tells_the_place_as_it_is_then() -> None:
    meetings = table(HEALTHY)
    for connected in (True, False):
        after = desk.report_presence(meetings, place(meetings), connected, at(1 if connected else 2))
        assert after.seat == place(meetings).seat
        assert desk.report_presence(meetings, after, connected, at(3)) == after


def test_presence_is_true_or_false() -> None:
    assert desk.parse_presence({"connected": True}) == (True, None)
    assert desk.parse_presence({"connected": False, "since": "2026-03-01T16:00:00+01:00"}) == (False, at(0))


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"connected": 1},
        {"connected": None},
        {"connected": True, "role": "student"},
        {"since": "2026-03-01T15:00:00Z"},
        {"connected": True, "since": 1},
        {"connected": True, "since": "at three"},
        {"connected": True, "since": "2026-03-01T15:00:00"},
        {"connected": True, "since": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_what_cannot_be_told_is_not_guessed(body: object) -> None:
    with pytest.raises(BadRequest):
        desk.parse_presence(body)
