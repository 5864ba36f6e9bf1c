"""Meetings that have begun and that somebody still waits at: what raises the alarm `not-ready`."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.rules.readiness import is_not_ready
from tests.builders import POLICY, SCHEDULED, at, meeting

NEITHER: dict[str, Any] = {"teacher_ec2_id": "i-t", "student_ec2_id": "i-s", "teacher_attempt": 1, "student_attempt": 1}
ONE = NEITHER | {"teacher_healthy_at": at(-5)}
BOTH = ONE | {"student_healthy_at": at(-4)}


@pytest.mark.parametrize(
    ("row", "minutes", "late"),
    [
        (NEITHER, -0.1, False),
        (NEITHER, 0, True),
        (NEITHER, 14.9, True),
        (NEITHER, 15, False),
        (ONE, 0, True),
        (BOTH, 0, False),
        (BOTH | {"student_missing": ["DCV has no session yet."]}, 0, True),
        (ONE | {"student_session_data": "s3://x"}, 5, False),
        (NEITHER | {"termination_reason": "CANCELLED"}, 5, False),
        (NEITHER | {"meet_time": None}, 5, False),
        (NEITHER | {"meet_time": "half past nine"}, 5, False),
        (NEITHER | {"created_at": at(0)}, 5, False),  # scheduled for at once: it begins ten minutes later
        (NEITHER | {"created_at": at(0)}, 10, True),
        ({"status": "HEALTHY"}, 5, False),  # set by hand: it is taken at its word
    ],
)
def test_a_role_is_waited_for_between_the_meetings_time_and_its_checkpoint(
    row: dict[str, Any], minutes: float, late: bool
) -> None:
    assert is_not_ready(meeting(SCHEDULED, row), at(minutes), POLICY) is late
