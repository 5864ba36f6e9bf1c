"""At the door: who is told to wait and for what, and who comes after the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import rows, writes
from chalicelib.domain.errors import MeetingOver, NoSuchMeeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.people.join import Open, Visit, progress
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    LAUNCHED,
    OVER,
    POLICY,
    PUBLISHED,
    RECORDED,
    SCHEDULED,
    at,
    healthy,
    meeting,
)
from tests.fakes import FakeMeetings
from tests.unit.door import ask, table, wait

# --- not yet


def test_who_waits_for_a_meeting_that_gave_its_desktops_back_is_told_when_it_begins() -> None:
    moved = meeting(PUBLISHED, meet_time=at(1440))
    away = writes.after(moved, writes.stood_down(moved, list(Role), "it was moved", at(0)))
    answer = wait(table(dict(away.row)))
    assert (answer.step, answer.launch_at) == ("scheduled", at(1430))


@pytest.mark.parametrize(
    ("attributes", "step"),
    [
        (SCHEDULED, "launching"),
        (SCHEDULED | {"teacher_attempt": 1, "teacher_attempt_at": at(-1)}, "launching"),
        (LAUNCHED, "starting"),
        (PUBLISHED, "booting"),
        (PUBLISHED | healthy("student") | {"status": "HEALTHY"}, "booting"),
        (IN_PROGRESS | {"teacher_joined_at": None, "teacher_healthy_at": None}, "booting"),
        (IN_PROGRESS | {"teacher_ec2_link": None}, "publishing"),
        (HEALTHY | {"teacher_ec2_link": ""}, "publishing"),
        ({}, "launching"),
        ({"meet_time": "soon"}, "launching"),
    ],
    ids=[
        "due and nothing is begun",
        "a launch is under way",
        "an instance starts",
        "its name resolves",
        "only the other's is healthy",
        "only the other one is in it",
        "the own desktop is being replaced",
        "an empty link is none",
        "a row with only an id",
        "garbage in meet_time",
    ],
)
def test_who_has_to_wait_is_told_for_what_and_changes_nothing(attributes: dict[str, Any], step: str) -> None:
    meetings = table(attributes)
    before = dict(meetings.rows["m1"])
    answer = wait(meetings, visit=Visit.LOOK)
    assert (answer.step, answer.ask_again) == (step, timedelta(seconds=5))
    assert meetings.rows["m1"] == before


@pytest.mark.parametrize(
    ("attributes", "since"),
    [
        (LAUNCHED, at(-10)),
        (PUBLISHED, at(-9)),
        (HEALTHY | {"teacher_ec2_link": None}, at(-4)),
        (SCHEDULED, at(-10)),
        ({}, None),
    ],
    ids=["launched", "published", "healthy without a name", "due", "nobody knows"],
)
def test_who_waits_is_told_since_when(attributes: dict[str, Any], since: object) -> None:
    answer = wait(table(attributes))
    assert answer.since == since


@pytest.mark.parametrize(("minutes", "ask_again_s"), [(-600, 60), (-11.5, 60), (-10.5, 30), (-10 - 1 / 60, 5)], ids=str)
def test_who_comes_early_is_told_when_desktops_are_launched_and_to_ask_about_then(
    minutes: float, ask_again_s: int
) -> None:
    answer = wait(table(SCHEDULED), minutes=minutes)
    assert (answer.step, answer.launch_at) == ("scheduled", at(-10))
    assert answer.ask_again == timedelta(seconds=ask_again_s)


def test_a_meeting_that_was_launched_by_force_is_not_called_scheduled() -> None:
    answer = wait(table(LAUNCHED), minutes=-300)
    assert answer.step == "starting"


def test_the_progress_is_told_in_utc_and_without_what_is_not_known() -> None:
    early = wait(table(SCHEDULED), minutes=-60)
    assert progress(early) == {
        "step": "scheduled",
        "since": "2026-02-28T15:00:00Z",
        "launch_at": "2026-03-01T14:50:00Z",
    }
    assert progress(wait(table())) == {"step": "launching", "attempt": 1}


@pytest.mark.parametrize(
    ("minutes", "attempt"), [([], 1), ([-5], 2), ([-5, 9], 3), ([-600], 1), ([-600, -5], 2)], ids=str
)
def test_who_waits_is_told_which_desktop_is_prepared_for_them(minutes: list[float], attempt: int) -> None:
    """One that was given back since the meeting was moved to later is none of them."""
    replaced = [f"{rows.timestamp(at(each))} i-{number}: it is gone" for number, each in enumerate(minutes)]
    answer = wait(table(LAUNCHED, begun_at=at(-10), teacher_replaced=replaced))
    assert answer.attempt == attempt
    assert wait(table(LAUNCHED, teacher_replaced=replaced), Role.STUDENT).attempt == 1


# --- not any more


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        (OVER, "SUCCESS"),
        (OVER | {"status": "HEALTHY"}, "SUCCESS"),
        (IN_PROGRESS | {"termination_reason": "MAX_DURATION"}, "MAX_DURATION"),
        (HEALTHY | {"status": "TERMINATED"}, None),
        (HEALTHY | ENDED, "SUCCESS"),
    ],
    ids=["over", "though a desktop reported since", "ending", "by hand, without a reason", "with links left over"],
)
def test_who_comes_after_the_end_is_told_why_and_changes_nothing(
    attributes: dict[str, Any], reason: str | None
) -> None:
    meetings = table(attributes)
    with pytest.raises(MeetingOver) as over:
        ask(meetings)
    assert over.value.reason == reason
    assert meetings.wire.calls == ["meetings.get"]


HOUR = {"duration_minutes": 60}


@pytest.mark.parametrize("policy", [POLICY, RECORDED], ids=["as it is", "recorded"])
@pytest.mark.parametrize("visit", Visit, ids=lambda visit: visit.name)
@pytest.mark.parametrize("attributes", [SCHEDULED, PUBLISHED, HEALTHY, IN_PROGRESS], ids=lambda row: row["status"])
def test_from_the_end_of_people_s_time_the_door_is_closed_though_the_row_still_says_otherwise(
    attributes: dict[str, Any], visit: Visit, policy: Policy
) -> None:
    meetings = table(attributes, HOUR)
    before = dict(meetings.rows["m1"])
    with pytest.raises(MeetingOver, match=r"has ended \(MAX_DURATION\)") as over:
        ask(meetings, minutes=60, policy=policy, visit=visit)
    assert over.value.reason == "MAX_DURATION"
    assert meetings.rows["m1"] == before


@pytest.mark.parametrize("policy", [POLICY, RECORDED], ids=["as it is", "recorded"])
def test_up_to_then_it_is_open(policy: Policy) -> None:
    assert isinstance(ask(table(HEALTHY, HOUR), minutes=60 - 1 / 60, policy=policy), Open)


@pytest.mark.parametrize(("policy", "end"), [(POLICY, 240), (RECORDED, 230)], ids=["as it is", "recorded"])
def test_the_longest_meeting_s_door_closes_when_its_desktops_begin_to_upload(policy: Policy, end: int) -> None:
    assert isinstance(ask(table(HEALTHY), minutes=end - 1 / 60, policy=policy), Open)
    with pytest.raises(MeetingOver):
        ask(table(HEALTHY), minutes=end, policy=policy)


def test_a_row_that_tells_no_time_closes_no_door() -> None:
    untimed = table(HEALTHY, meet_time=None, created_at=None, begun_at=None)
    untimed.write("m1", {}, ["teacher_attempt_at", "student_attempt_at"])
    assert isinstance(ask(untimed, minutes=9999), Open)


def test_a_reason_that_the_row_has_is_the_one_that_is_told() -> None:
    with pytest.raises(MeetingOver) as over:
        ask(table(IN_PROGRESS, HOUR, termination_reason="SUCCESS"), minutes=61)
    assert over.value.reason == "SUCCESS"


def test_an_unknown_meeting_is_unknown() -> None:
    with pytest.raises(NoSuchMeeting):
        ask(FakeMeetings())
