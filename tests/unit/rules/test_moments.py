"""T, the checkpoint and the hard deadline, from what the row tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.model import UNKNOWN, Meeting, Observation, Owner
from chalicelib.domain.policy import Policy
from chalicelib.rules.facts import Facts
from chalicelib.rules.plan import plan
from chalicelib.rules.times import ends_at, timers, times
from tests.builders import (
    BOTH_RUN,
    HELD,
    IN_PROGRESS,
    OVER,
    POLICY,
    RECORDED,
    SCHEDULED,
    SECOND,
    T,
    all_of,
    at,
    bearing_its_deadline,
    desktop,
    launched,
    meeting,
)
from tests.unit.rules.table import CREATED, GARBAGE


def hard_deadline(of: Meeting, seen: Observation, policy: Policy) -> datetime | None:
    return Facts(of, seen, T, policy).deadline


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (SCHEDULED, T),
        (SCHEDULED | {"created_at": at(-10)}, T),
        (SCHEDULED | {"created_at": at(-9)}, at(1)),
        (SCHEDULED | {"created_at": at(30)}, at(40)),
        (SCHEDULED | {"created_at": None}, T),
        (SCHEDULED | {"created_at": "last week"}, T),
        (CREATED, T),
        (CREATED | {"meet_time": ""}, T),
        (SCHEDULED | GARBAGE, None),
        ({}, None),
    ],
)
def test_t_is_meet_time_or_else_created_at_and_never_earlier_than_desktops_can_be_there(
    attributes: dict[str, Any], expected: datetime | None
) -> None:
    assert times(meeting(attributes), POLICY).start == expected


def test_the_timers_fire_when_the_desktops_are_due_and_at_the_checkpoint() -> None:
    assert [(timer.name, timer.at) for timer in timers(meeting(SCHEDULED), POLICY)] == [
        ("launch-m1", at(-10)),
        ("safety-m1", at(15)),
    ]


@pytest.mark.parametrize("attributes", [CREATED, SCHEDULED | GARBAGE, {}], ids=["untimed", "garbage", "nothing"])
def test_a_row_that_does_not_say_when_it_is_has_no_timers(attributes: dict[str, Any]) -> None:
    assert timers(meeting(attributes), POLICY) == ()


def test_the_hard_deadline_is_t_plus_the_duration() -> None:
    assert hard_deadline(meeting(SCHEDULED), UNKNOWN, POLICY) == at(240)
    assert hard_deadline(meeting(SCHEDULED, duration_minutes=50), UNKNOWN, POLICY) == at(50)
    assert hard_deadline(meeting(CREATED), UNKNOWN, POLICY) == at(240)


@pytest.mark.parametrize(
    ("attributes", "end", "deadline"),
    [
        pytest.param(SCHEDULED | {"duration_minutes": 50}, 50, 60, id="what it asks for, and the time to upload"),
        pytest.param(SCHEDULED | {"duration_minutes": 230}, 230, 240, id="the longest"),
        pytest.param(SCHEDULED | {"duration_minutes": 235}, 230, 240, id="more than leaves room for its uploads"),
        pytest.param(SCHEDULED | {"duration_minutes": 9999}, 230, 240, id="more than the operator allows"),
        pytest.param(SCHEDULED, 230, 240, id="nobody said how long"),
        pytest.param(SCHEDULED | {"begun_at": at(-10), "duration_minutes": 50}, 50, 60, id="once launched"),
        pytest.param({"begun_at": at(-10), "duration_minutes": 50}, 50, 60, id="launched, and its row tells no time"),
        pytest.param(
            SCHEDULED | {"begun_at": at(-200), "duration_minutes": 50},
            -80,
            -70,
            id="moved to later than it is kept for",
        ),
        pytest.param(CREATED | {"duration_minutes": 50}, 50, 60, id="counted from its creation"),
    ],
)
def test_the_hard_deadline_of_a_recorded_meeting_is_what_its_uploads_take_after_people_s_time(
    attributes: dict[str, Any], end: int, deadline: int
) -> None:
    facts = Facts(meeting(attributes), UNKNOWN, T, RECORDED)
    assert (facts.ends_at, facts.deadline) == (at(end), at(deadline))
    assert ends_at(meeting(attributes), RECORDED) == at(end)
    apart = Facts(meeting(attributes), UNKNOWN, T, POLICY)
    assert apart.ends_at == apart.deadline


def test_the_first_launch_stands_in_for_a_t_that_nobody_told() -> None:
    nobody_told = meeting(launched("teacher", 0), launched("student", 3))
    assert hard_deadline(nobody_told, UNKNOWN, POLICY) == at(250)
    assert hard_deadline(meeting(), all_of(desktop("teacher", minutes=5)), POLICY) == at(255)


def test_a_desktop_that_is_not_ours_tells_no_deadline() -> None:
    assert hard_deadline(meeting(), all_of(desktop("teacher", owner=Owner.BY_HAND)), POLICY) is None
    assert hard_deadline(meeting(), UNKNOWN, POLICY) is None


def test_a_policy_with_other_numbers_moves_every_boundary() -> None:
    policy = replace(
        POLICY, lead=timedelta(minutes=2), checkpoint=timedelta(minutes=5), max_duration=timedelta(minutes=60)
    )
    scheduled = meeting(SCHEDULED)
    assert not Facts(scheduled, UNKNOWN, at(-2) - SECOND, policy).is_due
    assert Facts(scheduled, UNKNOWN, at(-2), policy).is_due
    assert not Facts(scheduled, UNKNOWN, at(5) - SECOND, policy).checkpoint_reached
    assert Facts(scheduled, UNKNOWN, at(5), policy).checkpoint_reached
    assert hard_deadline(scheduled, UNKNOWN, policy) == at(60)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_meet_time_at_the_edge_of_the_calendar_breaks_nothing(moment: str) -> None:
    plan(meeting(SCHEDULED, meet_time=moment), BOTH_RUN, at(0), policy=POLICY)
    plan(meeting(OVER, meet_time=moment, ended_at=None), BOTH_RUN, at(0), policy=POLICY)


@pytest.mark.parametrize("minutes", [10**10, 10**15, -5])
def test_a_duration_beyond_the_calendar_is_no_duration(minutes: int) -> None:
    running = meeting(IN_PROGRESS, HELD, duration_minutes=minutes)
    assert plan(running, bearing_its_deadline(running, BOTH_RUN), at(100), policy=POLICY) == []
