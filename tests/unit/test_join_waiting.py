"""At the door: that somebody waits is noted, at most once a minute, and never at the cost of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, MeetingOver, Unavailable
from chalicelib.domain.seat import Role
from chalicelib.people.join import Visit
from tests.builders import HEALTHY, LAUNCHED, OVER, PUBLISHED, SCHEDULED, connected, without_history
from tests.fakes import FakeMeetings, Wire
from tests.unit.door import ask, enter, table, wait

READ, WRITTEN = ["meetings.get"], ["meetings.get", "meetings.update"]


class Refusing(Wire):
    """Fails every write in this way."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def before(self, call: str) -> None:
        super().before(call)
        if call == "meetings.update":
            raise self.error


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("visit", [Visit.PEEK, Visit.CLICK])
def test_at_a_closed_door_it_is_noted_who_waits(visit: Visit, role: Role) -> None:
    meetings = table(PUBLISHED)
    before = without_history(meetings.rows["m1"])
    answer = wait(meetings, role, visit=visit)
    assert without_history(meetings.rows["m1"]) == before | {f"{role}_waiting_at": "2026-03-01T15:02:00Z"}
    assert answer.told["you"] == {"presence": "waiting"}
    assert wait(meetings, role.other, visit=Visit.LOOK).told["other"]["presence"] == "waiting"


def test_who_waits_brings_a_row_that_no_list_holds_before_the_sweep() -> None:
    """One made by hand: if its stream record was lost, nothing else knows of the people in front of that door."""
    meetings = table(SCHEDULED | {"open": None})
    ask(meetings, minutes=-5, visit=Visit.PEEK)
    assert meetings.rows["m1"]["open"] == "1"


def test_at_an_open_door_a_page_that_waits_is_noted_too() -> None:
    """Who has an open door before them and does not click has not come."""
    meetings = table(HEALTHY)
    assert enter(meetings, visit=Visit.PEEK).told["you"] == {"presence": "waiting"}
    assert meetings.rows["m1"]["teacher_waiting_at"] == "2026-03-01T15:02:00Z"
    assert "teacher_joined_at" not in meetings.rows["m1"]


@pytest.mark.parametrize("row", [SCHEDULED, LAUNCHED, PUBLISHED, HEALTHY, HEALTHY | connected("teacher", 1)])
def test_who_only_looks_leaves_no_trace(row: dict[str, Any]) -> None:
    """A mail program's scanner, a browser that fetches ahead."""
    meetings = table(row)
    before = dict(meetings.rows["m1"])
    ask(meetings, visit=Visit.LOOK)
    assert meetings.rows["m1"] == before
    assert meetings.wire.calls == READ


@pytest.mark.parametrize("row", [PUBLISHED, HEALTHY], ids=["closed", "open"])
def test_however_often_it_is_asked_it_is_written_once_a_minute(row: dict[str, Any]) -> None:
    meetings = table(row)
    for second in range(0, 600, 5):
        ask(meetings, minutes=second / 60, visit=Visit.PEEK)
    assert meetings.wire.calls.count("meetings.get") == 120
    assert meetings.wire.calls.count("meetings.update") == 10


def test_each_person_s_waiting_is_noted_for_itself() -> None:
    meetings = table(PUBLISHED)
    for role in Role:
        ask(meetings, role, visit=Visit.PEEK)
    assert meetings.wire.calls == WRITTEN * 2


@pytest.mark.parametrize(
    ("row", "minutes", "calls"),
    [
        (SCHEDULED, -10.1, READ),
        (SCHEDULED, -10, WRITTEN),
        (LAUNCHED, -300, WRITTEN),
        (HEALTHY | connected("teacher", 1), 2, READ),
        (HEALTHY | connected("teacher", 1, 1.5), 2, WRITTEN),
        ({}, 2, READ),
    ],
    ids=["before desktops are due", "due", "launched early", "connected", "disconnected", "nothing is ever due"],
)
def test_it_is_noted_from_the_launch_on_while_nobody_is_connected(
    row: dict[str, Any], minutes: float, calls: list[str]
) -> None:
    meetings = table(row)
    ask(meetings, minutes=minutes, visit=Visit.PEEK)
    assert meetings.wire.calls == calls


def test_after_the_end_nobody_waits() -> None:
    meetings = table(OVER)
    with pytest.raises(MeetingOver):
        ask(meetings, visit=Visit.PEEK)
    assert meetings.wire.calls == READ


@pytest.mark.parametrize("visit", [Visit.PEEK, Visit.CLICK])
@pytest.mark.parametrize(
    "error", [Conflict("Another page was first."), Unavailable("Throttled.")], ids=["late", "down"]
)
def test_who_can_be_answered_is_answered_though_it_cannot_be_noted(error: Exception, visit: Visit) -> None:
    meetings = table(PUBLISHED)
    meetings.wire = Refusing(error)
    answer = wait(meetings, visit=visit)
    assert answer.told["you"] == {"presence": "waiting"}
    assert meetings.wire.calls == WRITTEN


def test_who_comes_while_it_cannot_be_written_is_not_let_in() -> None:
    meetings = table(HEALTHY)
    meetings.wire = Refusing(Unavailable("Throttled."))
    with pytest.raises(Unavailable):
        ask(meetings, visit=Visit.CLICK)


def test_a_meeting_that_is_deleted_meanwhile_is_not_made_again() -> None:
    meetings = FakeMeetings()
    meetings.rows = dict(table(PUBLISHED).rows)

    class Deleting(Wire):
        def before(self, call: str) -> None:
            super().before(call)
            if call == "meetings.update":
                meetings.rows.clear()

    meetings.wire = Deleting()
    wait(meetings, visit=Visit.PEEK)
    assert meetings.rows == {}
