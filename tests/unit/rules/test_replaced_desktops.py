"""What a row keeps of a desktop that was replaced: what was lost with it, and that its person had come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.domain import writes
from chalicelib.domain.actions import Launch
from chalicelib.domain.model import Observation, State
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.rules.facts import NO_HINTS
from chalicelib.rules.people import is_done
from chalicelib.rules.plan import plan
from tests.builders import (
    HELD,
    IN_PROGRESS,
    POLICY,
    RECORDED,
    all_of,
    at,
    bearing_its_deadline,
    connected,
    desktop,
    joined,
    row,
    saved,
    understood,
    uploaded,
)

BOTH_RUN = all_of(desktop("teacher"), desktop("student"))
STUDENT_GONE = all_of(desktop("teacher"), desktop("student", State.TERMINATED))
ASKED = {"student_replace_asked": "i-student"}
LOST = "The desktop i-student was replaced before all that it had recorded was safe."
LESSON = IN_PROGRESS | HELD | connected("teacher", 1) | connected("student", 2)
SAFE = saved("student", 10) | connected("student", 20, 24) | {"student_saved_at": at(26)}
"""The student came back after an upload, and what came of that is safe as well."""


def replaced(stored: Mapping[str, Any], seen: Observation, policy: Policy, minutes: float = 30) -> dict[str, Any]:
    """Return the row once another desktop is under way for the student."""
    held = understood(row(stored))
    steps = plan(held, bearing_its_deadline(held, seen, policy), at(minutes), NO_HINTS, policy=policy)
    [launch] = [step for step in steps if isinstance(step, Launch)]
    assert [attempt.role for attempt in launch.attempts] == [Role.STUDENT]
    begun = writes.launch_begun(held, launch.attempts, launch.why, forced=False, leased_at=at(minutes))
    assert begun.expect == {name: held.row.get(name) for name in begun.expect}
    return dict(writes.after(held, begun).row)


@pytest.mark.parametrize("seen", [BOTH_RUN, STUDENT_GONE], ids=["asked for", "gone"])
@pytest.mark.parametrize(
    ("was", "lost"),
    [
        pytest.param({}, [LOST], id="its person was in it"),
        pytest.param(SAFE, None, id="all of it was safe"),
        pytest.param(saved("student", 10) | connected("student", 20), [LOST], id="they came back since"),
        pytest.param({"student_connected_at": None, "student_joined_at": None}, None, id="nobody was ever in it"),
        pytest.param(
            SAFE | {"student_recording_lost": ["Part 3 is broken."]},
            ["The desktop i-student has told: Part 3 is broken."],
            id="it had told of a loss itself",
        ),
    ],
)
def test_what_is_lost_with_a_desktop_stands_on_the_row(seen: Observation, was: dict[str, Any], lost: Any) -> None:
    before = LESSON | was | (ASKED if seen is BOTH_RUN else {})
    assert replaced(before, seen, RECORDED).get("student_recording_lost") == lost


def test_where_nothing_is_recorded_nothing_is_lost() -> None:
    assert "student_recording_lost" not in replaced(LESSON | ASKED, BOTH_RUN, POLICY)


@pytest.mark.parametrize("told", [(), ("Part 1 is broken.",)], ids=["nothing", "a loss of its own"])
def test_what_the_next_desktop_tells_takes_nothing_of_it_back(told: tuple[str, ...]) -> None:
    after = understood(replaced(LESSON | ASKED, BOTH_RUN, RECORDED) | {"student_ec2_id": "i-next"})
    word = writes.reported_recordings(after, after.student, "https://s.example.com/2", told, said_at=at(70))
    held = writes.after(after, word).student
    assert held.recording_lost == (LOST, *told)
    assert held.lost_here == told
    again = writes.reported_recordings(writes.after(after, word), held, "https://s.example.com/2", (), said_at=at(71))
    assert writes.after(after, again).student.recording_lost == (LOST,)


def test_an_end_that_the_present_desktop_mends_is_forgotten() -> None:
    """What a desktop has told of itself it may take back."""
    held = understood(row(LESSON | {"student_recording_lost": ["Part 1 is broken."]}))
    word = writes.reported_recordings(held, held.student, "https://s.example.com/1", (), said_at=at(70))
    assert writes.after(held, word).student.recording_lost == ()


@pytest.mark.parametrize(
    ("was", "done"),
    [
        pytest.param(uploaded("student", 10) | connected("student", 20), False, id="connected again after an upload"),
        pytest.param(uploaded("student", 10) | connected("student", 2), False, id="still connected"),
        pytest.param(uploaded("student", None) | connected("student", 2), False, id="and nobody has dated the upload"),
        pytest.param(
            uploaded("student", 10) | connected("student", 20, 21) | {"student_returned_at": at(19)},
            False,
            id="let in, connected, gone",
        ),
    ],
)
def test_who_came_back_to_a_desktop_that_died_is_not_done_with_the_next(was: dict[str, Any], done: bool) -> None:
    before = understood(row(LESSON | was))
    assert is_done(before, before.student) is done
    after = understood(replaced(LESSON | was, STUDENT_GONE, RECORDED))
    assert after.student.connected_at is None
    assert is_done(after, after.student) is done


def test_a_wish_for_another_desktop_closes_the_door_and_is_no_lateness() -> None:
    held = understood(row(LESSON))
    wish = writes.replacement_asked(held, held.student, by="the teacher's link")
    assert (wish.by, wish.expect[held.student.attribute("ec2_id")]) == ("the teacher's link", "i-student")
    asked = writes.after(held, wish)
    assert held.is_ready(Role.STUDENT)
    assert not asked.is_ready(Role.STUDENT)
    assert asked.is_ready(Role.TEACHER)
    after = replaced(asked.row, BOTH_RUN, RECORDED)
    assert "student_late_boots" not in after
    assert "student_replace_asked" not in after


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("name", ["waiting_at", "connected_at", "disconnected_at", "returned_at", "joined_at"])
def test_an_end_rests_on_who_was_there(role: Role, name: str) -> None:
    """Whoever comes, or comes to the door, in between is not overlooked."""
    held = understood(row(IN_PROGRESS | {"student_joined_at": None} | joined("teacher") | uploaded("teacher", 10)))
    first = plan(held, BOTH_RUN, at(15), NO_HINTS, policy=POLICY)[0]
    assert isinstance(first, Update)
    assert first.set["termination_reason"] == "PARTIAL_NO_SHOW_TIMEOUT"
    assert f"{role}_{name}" in {str(attribute) for attribute in first.expect}
