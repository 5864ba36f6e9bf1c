"""A meeting that was moved far ahead gives its desktops back until it is due."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import UNKNOWN, Owner, State
from tests.builders import NONE_LIVE, PUBLISHED, SCHEDULED, all_of, at, desktop, link, some_of
from tests.unit.rules.table import BLINK, BY_HAND, EveryCase, attempt, case

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
AWAY = PUBLISHED | {"meet_time": at(300)}
AWAY_SEEN = all_of(desktop("teacher"), desktop("student"))
WHY_AWAY = "the meeting was moved to later; it gets desktops when it is due"
LET_GO = " ".join([
    "write",
    *(f"{role}_paid_seconds=300 {role}_replaced=['2026-03-01T14:55:00Z i-{role}: {WHY_AWAY}']"
      for role in ("student", "teacher")),
    *(f"-{role}_{name}" for role in ("student", "teacher")
      for name in ("attempt_at", "ec2_id", "ec2_link", "launched", "launched_at", "published_at", "subnet")),
])
PUT_OFF = [
    case("moved to much later: its desktops are let go and ended", AWAY, AWAY_SEEN, -5,
         [LET_GO, "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
    case("without a look: the row names both", AWAY, UNKNOWN, -5,
         [LET_GO, "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
    case("what it had come to by then is forgotten, its first open door too",
         AWAY | {"opened_at": at(-6), "checkpoint_at": at(-7), "begun_at": at(-10)}, AWAY_SEEN, -5,
         [LET_GO.replace(" -student_attempt", " -begun_at -checkpoint_at -opened_at -student_attempt"),
          "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
    case("moved by no more than it is kept for: nothing", AWAY | {"meet_time": at(65)}, AWAY_SEEN, -5, []),
    case("a second more", AWAY | {"meet_time": at(65 + BLINK)}, AWAY_SEEN, -5,
         [LET_GO, "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
    case("somebody has come: nothing", AWAY | {"student_joined_at": at(-6), "status": "IN_PROGRESS"}, AWAY_SEEN, -5,
         []),
    case("launched by somebody's word, before its time: nothing", AWAY | {"forced": True}, AWAY_SEEN, -5, []),
    case("by that word now", SCHEDULED | {"meet_time": at(300)}, NONE_LIVE, -5,
         ["launch teacher 1, student 1"], force=True),
    case("a launch whose outcome is not known is looked for first",
         SCHEDULED | {"meet_time": at(300)} | attempt("teacher", 1, -5), UNKNOWN, -5, ["observe"]),
    case("what it left is ended", SCHEDULED | {"meet_time": at(300)} | attempt("teacher", 1, -5),
         all_of(desktop("teacher", State.PENDING)), -5,
         ["write -teacher_attempt_at -teacher_subnet", "terminate i-teacher", "withdraw i-teacher"]),
    case("let go, but not ended yet", SCHEDULED | {"meet_time": at(300), "teacher_attempt": 1},
         all_of(desktop("teacher")), -5, ["terminate i-teacher", "withdraw i-teacher"]),
    case("past the deadline of what was begun, its desktops are looked for first",
         SCHEDULED | {"meet_time": at(80), "begun_at": at(-311), "student_ec2_id": "i-elsewhere"},
         some_of(desktop("teacher")), 0, ["observe"]),
    case("launched anew when it is due, as the next attempt",
         SCHEDULED | {"meet_time": at(300), "teacher_attempt": 1, "student_attempt": 2}, NONE_LIVE, 290,
         ["launch teacher 2, student 3"]),
    case("what somebody launched by hand is left alone", BY_HAND | {"meet_time": at(300)},
         all_of(desktop("teacher", owner=Owner.BY_HAND), desktop("student", owner=Owner.BY_HAND)), -5,
         ["publish i-teacher", f"write status=DNS_WRITTEN teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"]),
]
# fmt: on


@pytest.mark.parametrize("case", PUT_OFF, ids=str)
class TestPutOff(EveryCase):
    """What is given back, and what is kept."""
