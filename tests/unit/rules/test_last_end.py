"""A desktop's last end: it counts from EC2's own word for its launch and the operator's limits, and no row moves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.model import Owner
from chalicelib.domain.policy import Policy
from chalicelib.rules.facts import Facts
from chalicelib.rules.strays import Inventory, plan_strays
from tests.builders import POLICY, PUBLISHED, RECORDED, SECOND, T, all_of, at, desktop, meeting, spell

FAR = "2199-06-01T00:00:00Z"
LAST_END = at(-10) + POLICY.longest_life
DESKTOPS = [desktop("teacher"), desktop("student")]


@pytest.mark.parametrize("policy", [POLICY, RECORDED], ids=["as it is", "recorded"])
@pytest.mark.parametrize(
    "edited",
    [
        {"meet_time": FAR, "begun_at": FAR},
        {"meet_time": FAR, "begun_at": FAR, "created_at": FAR},
        {"meet_time": FAR, "begun_at": None},
        {"meet_time": FAR, "duration_minutes": 7 * 24 * 60},
        {"meet_time": "for ever", "begun_at": FAR},
        {"begun_at": FAR, "duration_minutes": 7 * 24 * 60},
    ],
    ids=str,
)
def test_a_hard_deadline_is_never_later(edited: dict[str, Any], policy: Policy) -> None:
    facts = Facts(meeting(PUBLISHED, **edited), all_of(*DESKTOPS), T, policy)
    assert facts.deadline is not None
    assert facts.ends_at is not None
    assert facts.ends_at + policy.upload_time == facts.deadline <= LAST_END


def test_it_lets_a_meeting_be_as_long_and_as_late_as_the_operator_allows() -> None:
    late = meeting(PUBLISHED, meet_time=at(60), begun_at=at(-10))
    deadline = Facts(late, all_of(*DESKTOPS), T, POLICY).deadline
    assert deadline == at(60) + POLICY.max_duration == LAST_END
    facts = Facts(late, all_of(*DESKTOPS), T, RECORDED)
    assert (facts.ends_at, facts.deadline) == (LAST_END - RECORDED.upload_time, LAST_END)


def test_what_has_outlived_it_is_terminated_though_its_meeting_can_be_read_and_goes_on() -> None:
    going_on = meeting(PUBLISHED, meet_time=FAR)
    inventory = Inventory(DESKTOPS, None, {"m1": going_on}, LAST_END, POLICY)
    assert spell(plan_strays(inventory)) == ["terminate i-teacher i-student"]
    assert spell(plan_strays(replace(inventory, now=LAST_END - SECOND))) == []


def test_what_is_somebody_else_s_may_live_as_long_as_it_likes() -> None:
    theirs = [replace(each, owner=Owner.FOREIGN) for each in DESKTOPS]
    inventory = Inventory(theirs, None, {"m1": meeting(PUBLISHED)}, LAST_END + timedelta(days=9), POLICY)
    assert plan_strays(inventory) == []


def test_a_row_that_asks_for_more_than_the_operator_allows_gets_that() -> None:
    long = meeting(PUBLISHED, duration_minutes=7 * 24 * 60)
    assert Facts(long, all_of(*DESKTOPS), T, POLICY).deadline == T + POLICY.max_duration
