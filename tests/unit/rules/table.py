"""The rules' table: a row, what is seen of its desktops and a moment, beside the plan that follows.

T is three o'clock; every moment is in minutes from it. See tests/builders.py for the steps of a life.
Each file of this folder holds the cases of one subject, each "does" beside its "leaves alone".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.actions import Action
from chalicelib.domain.model import Observation, State
from chalicelib.domain.pause import Pause
from chalicelib.domain.policy import Policy
from chalicelib.rules.facts import NO_HINTS, Hints
from chalicelib.rules.plan import plan
from tests.builders import (
    POLICY,
    SCHEDULED,
    SECOND,
    T,
    all_of,
    applied,
    at,
    bearing_its_deadline,
    desktop,
    launched,
    row,
    spell,
    understood,
)

BLINK = SECOND.total_seconds() / 60
"""One second, in minutes."""


@dataclass(frozen=True)
class Case:
    """One row of the rules' table: a row, what is seen of desktops, a moment, what a timer adds; and the plan."""

    name: str
    row: dict[str, Any]
    seen: Observation
    minutes: float
    then: list[str]
    hints: Hints = NO_HINTS
    policy: Policy = POLICY

    def __str__(self) -> str:
        return self.name

    def plan(self) -> list[Action]:
        return plan(understood(self.row), self.seen, at(self.minutes), self.hints, policy=self.policy)


class EveryCase:
    """What is asked of every case; a subject's class is parametrized with its table."""

    def test_the_plan_is_the_one_in_the_table(self, case: Case) -> None:
        assert spell(case.plan()) == case.then

    def test_planning_again_after_applying_yields_nothing(self, case: Case) -> None:
        actions = case.plan()
        after, seen = applied(actions, case.row, case.seen, at(case.minutes), case.policy)
        again = replace(case, row=after, seen=seen).plan()
        assert spell(again) == (["observe"] if spell(actions) == ["observe"] else [])

    def test_every_action_says_why_in_words(self, case: Case) -> None:
        assert all(action.why.strip() for action in case.plan())


def case(
    name: str,
    row_: dict[str, Any],
    seen: Observation,
    minutes: float,
    then: list[str],
    policy: Policy = POLICY,
    *,
    due: bool = False,
    checkpoint: bool = False,
    force: bool = False,
    streamed: bool = False,
    pause: Pause | None = None,
) -> Case:
    hints = Hints(due=due, checkpoint=checkpoint, force=force, streamed=streamed, pause=pause)
    stored = row(row_)
    return Case(name, stored, bearing_its_deadline(understood(stored), seen, policy), minutes, then, hints, policy)


def ends(reason: str, *, timers: str = "", links: bool = True) -> list[str]:
    """Return the plan that ends a meeting with both desktops alive."""
    drop = [f"drop {timers}"] if timers else []
    dropped = " -teacher_ec2_link -student_ec2_link" if links else ""
    return [
        f"end {reason}",
        "terminate i-teacher i-student",
        "withdraw i-teacher i-student",
        *drop,
        f"close {reason}{dropped}",
    ]


def ends_without_desktops(reason: str, timers: str = "") -> list[str]:
    return [f"end {reason}", *([f"drop {timers}"] if timers else []), f"close {reason}"]


def attempt(role: str, number: int, minutes: float, **more: Any) -> dict[str, Any]:
    """Return what a row says of a launch that was begun then and has no outcome yet."""
    begun = {"attempt": number, "attempt_at": at(minutes), "subnet": "subnet-1"} | more
    return {f"{role}_{name}": value for name, value in begun.items()}


UNTIMED: dict[str, Any] = {"status": "SCHEDULED"}
"""A row of which nobody said when it is."""

CREATED = UNTIMED | {"created_at": T}
"""A row without `meet_time`: T is its creation."""

BY_HAND = SCHEDULED | {"teacher_ec2_id": "i-teacher", "student_ec2_id": "i-student", "status": "LAUNCHED"}
"""A row whose desktops somebody launched and wrote down in the console."""

GARBAGE = {"meet_time": "tomorrow, threeish"}

ONE_LAUNCHED = SCHEDULED | launched("teacher") | {"status": "LAUNCHED"}
BOOTS = desktop("teacher", State.PENDING)
BOTH_BOOT = all_of(BOOTS, desktop("student", State.PENDING))
HALF = all_of(desktop("teacher"))
DOUBLE = desktop("student", minutes=-5, id="i-double")
"""A second desktop of the student's role, which the row does not name."""

FOUND = "write student_ec2_id=i-student student_launched=m1/student/i-student student_launched_at"
"""What is written where `i-student` is adopted."""


def new(paid: int) -> str:
    """Return what is written where `i-new` takes the place of another, which was paid for these seconds."""
    return (
        "write student_ec2_id=i-new student_launched=m1/student/i-new student_launched_at"
        f" student_paid_seconds={paid} -student_ec2_link -student_published_at"
    )
