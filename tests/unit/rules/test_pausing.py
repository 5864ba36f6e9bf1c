"""A stage that is paused begins no meeting, and leaves alone what has begun."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.model import UNKNOWN, State
from chalicelib.domain.pause import Pause
from tests.builders import (
    BOTH_RUN,
    LAUNCHED,
    NONE_LIVE,
    OVER,
    POLICY,
    SCHEDULED,
    T,
    all_of,
    at,
    desktop,
    launched,
    meeting,
)
from tests.unit.rules.table import BLINK, CREATED, EveryCase, attempt, case, ends_without_desktops

PAUSE = Pause("arn:ann", "EC2 is being repaired", T)
HELD = {"held_at": at(-11)}
SAID = {"held_at": at(0)}

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
PAUSED = [
    case("what is due is held", SCHEDULED, NONE_LIVE, -10, ["write held_at"], pause=PAUSE),
    case("nothing need be observed for that", SCHEDULED, UNKNOWN, -10, ["write held_at"], pause=PAUSE),
    case("two minutes ahead, before its timer fires", SCHEDULED, UNKNOWN, -12, ["write held_at"], pause=PAUSE),
    case("and not sooner", SCHEDULED, UNKNOWN, -12 - BLINK, [], pause=PAUSE),
    case("what is held stays so", SCHEDULED | HELD, UNKNOWN, -10, [], pause=PAUSE),
    case("and is launched once nothing is paused", SCHEDULED | HELD, NONE_LIVE, -5, ["launch teacher 1, student 1"]),
    case("a timer's word is kept on a row that says no time", CREATED, NONE_LIVE, 1, ["write held_at"],
         due=True, pause=PAUSE),
    case("and counts once nothing is paused", CREATED | SAID, NONE_LIVE, 2, ["launch teacher 1, student 1"]),
    case("who says that it must be now is obeyed", SCHEDULED, NONE_LIVE, -60, ["launch teacher 1, student 1"],
         force=True, pause=PAUSE),
    case("an intent that was written goes on",
         SCHEDULED | {"begun_at": at(-5)} | attempt("teacher", 1, -5) | attempt("student", 1, -5), NONE_LIVE,
         -5 + 55 * BLINK, ["launch teacher 1 again in subnet-1, student 1 again in subnet-1"], pause=PAUSE),
    case("the role that lacks one is launched",
         SCHEDULED | launched("student") | {"status": "LAUNCHED"}, all_of(desktop("student", State.PENDING)), -9,
         ["launch teacher 1"], pause=PAUSE),
    case("nobody came because nobody could",
         SCHEDULED | HELD, NONE_LIVE, 15,
         ends_without_desktops("LAUNCH_FAILED"), pause=PAUSE),
    case("who waits is waited with",
         SCHEDULED | HELD | {"teacher_waiting_at": at(15)}, NONE_LIVE, 15, [], pause=PAUSE),
    case("what is over is", OVER, all_of(), 70, [], pause=PAUSE),
]
# fmt: on


@pytest.mark.parametrize("case", PAUSED, ids=str)
class TestPaused(EveryCase):
    pass


def test_what_lives_is_planned_as_ever() -> None:
    for minutes in (-9, 0, 20, 300):
        plain, paused = (case("", LAUNCHED, BOTH_RUN, minutes, [], pause=pause).plan() for pause in (None, PAUSE))
        assert plain == paused


def test_the_row_tells_who_has_paused_the_stage_and_why() -> None:
    [held] = case("", SCHEDULED, UNKNOWN, -10, [], pause=PAUSE).plan()
    told: Any = held
    assert (told.by, told.reason, told.set) == ("arn:ann", "EC2 is being repaired", {"held_at": at(-10)})
    assert told.expect.keys() == {"termination_reason", "begun_at", "meet_time", "held_at"}
    assert POLICY.hold > (at(1) - at(0)), "longer than from sweep to sweep"
    assert not meeting(SCHEDULED | HELD).is_begun
