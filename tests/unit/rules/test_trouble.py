"""What of a meeting somebody should look at: each kind of trouble, the moment before it, and which comes first."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.seat import Role
from chalicelib.rules.trouble import Trouble, troubles
from tests.builders import POLICY, SCHEDULED, at, launched, link, meeting

READY: dict[str, Any] = {
    f"{role}_{name}": value
    for role in Role
    for name, value in {"ec2_link": link(f"i-{role}"), "published_at": at(-8), "healthy_at": at(-5)}.items()
}
BEGUN = SCHEDULED | {"begun_at": at(-10), "status": "LAUNCHED"}
BOTH = BEGUN | launched("teacher") | launched("student")
OPEN = BOTH | READY
NAMED = {"teacher_ec2_link": link("i-teacher"), "teacher_published_at": at(-8)}


def found(minutes: float, *parts: dict[str, Any], **attributes: Any) -> list[str]:
    """Return what is wrong then, as `trouble role`."""
    seen = troubles(meeting(*parts, **attributes), at(minutes), POLICY)
    return [f"{each.trouble} {each.role or ''}".strip() for each in seen]


def test_where_both_doors_stand_open_nothing_is_wrong() -> None:
    assert found(0, OPEN) == []
    assert found(-600, SCHEDULED) == []


@pytest.mark.parametrize(
    ("before", "minutes", "row", "trouble"),
    [
        (-7.1, -7, SCHEDULED, ["not launched teacher", "not launched student"]),
        (-7.1, -7, BEGUN | launched("teacher") | NAMED, ["not launched student"]),
        (-7.1, -6.9, BOTH | NAMED, ["unpublished student"]),
        (-2.1, -2, OPEN | {"student_healthy_at": None}, ["not ready student"]),
    ],
    ids=["no desktop", "one has none", "no name", "not ready"],
)
def test_what_is_late_is_trouble_and_not_a_moment_sooner(
    before: float, minutes: float, row: dict[str, Any], trouble: list[str]
) -> None:
    assert found(before, row) == []
    assert found(minutes, row) == trouble


def test_who_waits_at_a_closed_door_comes_first_and_at_an_open_one_is_none() -> None:
    waits = {"student_waiting_at": at(-1)}
    assert found(0, OPEN, waits) == []
    assert found(0, OPEN, waits, student_healthy_at=None) == ["shut out student", "not ready student"]
    assert found(2, OPEN, waits, student_healthy_at=None) == ["not ready student"]


def test_ec2_s_own_reason_is_told() -> None:
    refused = BEGUN | {"teacher_attempt": 1, "teacher_attempt_at": at(-10), "teacher_refused": "VcpuLimitExceeded"}
    [first, *_] = troubles(meeting(refused), at(-9), POLICY)
    assert (first.trouble, first.told) == (Trouble.REFUSED, "EC2 refused the teacher's desktop: VcpuLimitExceeded")


def test_what_a_desktop_lacks_is_told_since_when() -> None:
    lacks = {"teacher_missing": ["DCV does not answer."], "teacher_missing_since": at(-3)}
    [only] = troubles(meeting(OPEN, lacks), at(-3), POLICY)
    assert (only.told, only.since) == ("The teacher's desktop lacks: DCV does not answer.", at(-3))


def test_a_meeting_that_is_over_tells_of_what_was_lost_and_no_more() -> None:
    over = {"status": "TERMINATED", "termination_reason": "LAUNCH_FAILED", "ended_at": at(45)}
    assert found(50, BOTH, over) == ["failed"]
    assert found(50, OPEN, over, termination_reason="SUCCESS") == []
    lost = {"student_recording_lost": ["The disk was full."]}
    assert found(50, OPEN, over, lost, termination_reason="SUCCESS") == ["recording lost student"]
    assert found(300, BOTH) == []  # its time is up, and it ends by itself


def test_a_row_that_cannot_be_understood_says_what() -> None:
    [only] = troubles(meeting(OPEN, teacher_attempt="many"), at(0), POLICY)
    assert only.trouble is Trouble.BAD_ROW
    assert "teacher_attempt is 'many'" in only.told
