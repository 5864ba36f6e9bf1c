"""What is told at the door of the meeting and of the two people, as they see it from either side."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import MeetingOver
from chalicelib.domain.seat import Role
from chalicelib.people.join import Visit
from tests.builders import (
    HEALTHY,
    IN_PROGRESS,
    OVER,
    PUBLISHED,
    SCHEDULED,
    at,
    connected,
    healthy,
    joined,
    uploaded,
)
from tests.unit.door import ask, enter, table, wait

NAMED = {"teacher_name": "Ann", "student_name": "Ben"}
HOUR = {"duration_minutes": 60}


@pytest.mark.parametrize("role", list(Role))
def test_who_waits_is_told_with_whom_they_meet_and_from_when_to_when(role: Role) -> None:
    told = wait(table(SCHEDULED, NAMED, HOUR), role).told
    assert {name: told[name] for name in ("teacher_name", "student_name", "meet_time", "ends_at", "sequence")} == {
        "teacher_name": "Ann",
        "student_name": "Ben",
        "meet_time": "2026-03-01T15:00:00Z",
        "ends_at": "2026-03-01T16:00:00Z",
        "sequence": 0,
    }
    assert wait(table(SCHEDULED, sequence=3), role).told["sequence"] == 3


@pytest.mark.parametrize(
    "row",
    [{}, {"meet_time": "soon"}, {"teacher_name": 7, "student_name": ["Ben"]}, {"teacher_name": None}],
    ids=["only an id", "garbage", "no texts", "a null"],
)
def test_what_a_row_does_not_tell_is_left_out(row: dict[str, Any]) -> None:
    told = wait(table(row), Role.STUDENT, visit=Visit.LOOK).told
    assert told == {"you": {"presence": "absent"}, "other": {"presence": "absent", "ready": False}, "sequence": 0}


# --- who is there

LEFT = IN_PROGRESS | uploaded("student", 8)


@pytest.mark.parametrize(
    ("row", "presence"),
    [
        (HEALTHY, {"presence": "absent"}),
        (HEALTHY | {"student_waiting_at": at(9)}, {"presence": "waiting"}),
        (HEALTHY | {"student_waiting_at": at(7)}, {"presence": "absent"}),
        (HEALTHY | joined("student", 3), {"presence": "in", "since": "2026-03-01T15:03:00Z"}),
        (HEALTHY | connected("student", 3), {"presence": "in", "since": "2026-03-01T15:03:00Z"}),
        (LEFT, {"presence": "left", "since": "2026-03-01T15:08:00Z"}),
    ],
    ids=["nowhere", "at the door", "not any more", "clicked", "connected", "gone"],
)
def test_each_is_told_where_the_other_is(row: dict[str, Any], presence: dict[str, Any]) -> None:
    told = enter(table(row), Role.TEACHER, 10, visit=Visit.LOOK).told
    assert told["other"] == presence | {"ready": True}
    assert enter(table(row), Role.STUDENT, 10, visit=Visit.LOOK).told["you"] == presence


@pytest.mark.parametrize(
    ("row", "ready"),
    [
        (SCHEDULED, False),
        (PUBLISHED, False),
        (PUBLISHED | healthy("student"), True),
        (PUBLISHED | healthy("student") | {"student_missing": ["DCV has no session yet."]}, False),
        (PUBLISHED | healthy("student") | {"student_ec2_link": None}, False),
    ],
    ids=["nothing is there", "it boots", "it is up", "it is not any more", "its name does not resolve"],
)
def test_each_is_told_whether_the_other_s_door_is_open(row: dict[str, Any], ready: bool) -> None:
    assert wait(table(row)).told["other"]["ready"] == ready


# --- when it ends


def test_who_is_still_in_is_told_when_it_closes_early_and_the_others_are_not() -> None:
    told = enter(table(IN_PROGRESS, uploaded("student", 8)), Role.TEACHER, 20, visit=Visit.LOOK).told
    assert told["closes_at"] == "2026-03-01T15:38:00Z"
    assert "closes_at" not in enter(table(IN_PROGRESS, uploaded("student", 8)), Role.STUDENT, 20, visit=Visit.LOOK).told
    assert "closes_at" not in enter(table(IN_PROGRESS), Role.TEACHER, 20, visit=Visit.LOOK).told


@pytest.mark.parametrize(
    ("role", "signed", "row", "minutes"),
    [
        (Role.TEACHER, True, HOUR, 180),
        (Role.TEACHER, True, {"duration_minutes": 240}, 0),
        (Role.TEACHER, True, {"duration_minutes": 600}, 0),
        (Role.TEACHER, True, {}, 0),
        (Role.TEACHER, False, HOUR, None),
        (Role.STUDENT, True, HOUR, None),
    ],
    ids=["an hour", "all there is", "more than there is", "as long as may be", "anybody's link", "the student's"],
)
def test_only_the_teacher_s_link_tells_how_far_it_may_be_extended(
    role: Role, signed: bool, row: dict[str, Any], minutes: int | None
) -> None:
    assert enter(table(HEALTHY, row), role, signed=signed).told.get("may_extend") == minutes


@pytest.mark.parametrize(
    ("row", "minutes", "ask_again_s"),
    [
        (HOUR, 0, 30),
        (HOUR, 47.9, 30),
        (HOUR, 48, 15),
        (HOUR, 59, 15),
        ({}, 10, 30),
        (HOUR | uploaded("student", 2), 20, 15),
    ],
    ids=["begun", "soon", "near the end", "almost over", "hours to go", "closing early"],
)
def test_an_open_door_is_asked_at_now_and_then_and_more_often_near_the_end(
    row: dict[str, Any], minutes: float, ask_again_s: int
) -> None:
    assert enter(table(IN_PROGRESS, row), Role.TEACHER, minutes).ask_again == timedelta(seconds=ask_again_s)


# --- when it has ended


@pytest.mark.parametrize("role", list(Role))
def test_who_comes_after_the_end_is_told_whose_meeting_it_was_and_when_it_ended(role: Role) -> None:
    with pytest.raises(MeetingOver) as over:
        ask(table(OVER, NAMED, HOUR, ended_at=at(40)), role, 90)
    assert over.value.more == {
        "teacher_name": "Ann",
        "student_name": "Ben",
        "meet_time": "2026-03-01T15:00:00Z",
        "ended_at": "2026-03-01T15:40:00Z",
    }


@pytest.mark.parametrize("row", [IN_PROGRESS, OVER | {"ended_at": at(67)}], ids=["about to", "a little later"])
def test_it_ended_when_people_s_time_did_whatever_was_uploaded_after_that(row: dict[str, Any]) -> None:
    with pytest.raises(MeetingOver) as over:
        ask(table(row, HOUR), minutes=90)
    assert over.value.more["ended_at"] == "2026-03-01T16:00:00Z"


def test_where_nothing_tells_when_it_ended_nothing_is_told() -> None:
    with pytest.raises(MeetingOver) as over:
        ask(table(IN_PROGRESS, termination_reason="SUCCESS"), minutes=20)
    assert "ended_at" not in over.value.more
