"""An end that was begun is carried through: desktops, records, timers, and then the row."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.model import UNKNOWN, Owner, State
from tests.builders import BOTH_RUN, HELD, IN_PROGRESS, LAUNCHED, NONE_LIVE, SCHEDULED, all_of, at, desktop, uploaded
from tests.unit.rules.table import BLINK, BY_HAND, DOUBLE, HALF, EveryCase, attempt, case, ends

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
ENDING = [
    case("an end that was begun is carried through with its reason",
         IN_PROGRESS | {"termination_reason": "SUCCESS", "ending_at": at(60)}, UNKNOWN, 61, ends("SUCCESS")[1:]),
    case("but not by others while its lease lasts",
         IN_PROGRESS | {"termination_reason": "SUCCESS", "ending_at": at(60)}, UNKNOWN, 60.3, []),
    case("a moment that lies ahead holds nobody off",
         IN_PROGRESS | {"termination_reason": "SUCCESS", "ending_at": at(90)}, UNKNOWN, 60, ends("SUCCESS")[1:]),
    case("by a reason that somebody wrote by hand too",
         IN_PROGRESS | {"termination_reason": "teacher is ill"}, BOTH_RUN, 5,
         ["terminate i-teacher i-student", "withdraw i-teacher i-student", "drop safety-m1",
          "close teacher is ill -teacher_ec2_link -student_ec2_link"]),
    case("TERMINATED by hand, without a reason, is cancelled",
         IN_PROGRESS | {"status": "TERMINATED"}, BOTH_RUN, 5,
         ["terminate i-teacher i-student", "withdraw i-teacher i-student", "drop safety-m1",
          "close CANCELLED -teacher_ec2_link -student_ec2_link"]),
    case("a desktop that both roles name is ended once",
         BY_HAND | {"student_ec2_id": "i-teacher", "status": "TERMINATED"}, HALF, 20,
         ["terminate i-teacher", "withdraw i-teacher", "close CANCELLED"]),
    case("before it began both its timers go",
         SCHEDULED | {"status": "TERMINATED"}, UNKNOWN, -60, ["drop launch-m1 safety-m1", "close CANCELLED"]),
    case("desktops that the row may not name are looked for first",
         SCHEDULED | attempt("teacher", 1, -10) | {"status": "TERMINATED"}, UNKNOWN, -9, ["observe"]),
    case("also where the row was made by hand", BY_HAND | {"status": "TERMINATED"}, UNKNOWN, -9, ["observe"]),
    case("and before the intent to end is written",
         SCHEDULED | attempt("teacher", 1, -10) | uploaded("teacher", 1) | uploaded("student", 2), UNKNOWN, 15,
         ["observe"]),
    case("and are ended with it",
         SCHEDULED | attempt("teacher", 1, -10) | {"status": "TERMINATED"}, all_of(desktop("teacher")), -9,
         ["terminate i-teacher", "withdraw i-teacher", "drop safety-m1", "close CANCELLED"]),
    case("a desktop that only its tag tells of is ended too",
         IN_PROGRESS | HELD | uploaded("teacher", 20) | uploaded("student", 55), all_of(*BOTH_RUN.desktops, DOUBLE),
         56,
         ["end SUCCESS", "terminate i-teacher i-student i-double", "withdraw i-teacher i-student i-double",
          "close SUCCESS -teacher_ec2_link -student_ec2_link"]),
    case("what was launched by hand is ended where the row names it, and only there",
         BY_HAND | {"student_ec2_id": None, "status": "TERMINATED"},
         all_of(desktop("teacher", owner=Owner.BY_HAND), desktop("student", owner=Owner.BY_HAND)), 20,
         ["terminate i-teacher", "withdraw i-teacher", "close CANCELLED"]),
    case("what is foreign is left alone, though the row names it",
         BY_HAND | {"status": "TERMINATED"},
         all_of(desktop("teacher", owner=Owner.FOREIGN), desktop("student", owner=Owner.FOREIGN)), 20,
         ["withdraw i-teacher i-student", "close CANCELLED"]),
    case("nor is a dead one that only its tag tells of, but its record goes",
         IN_PROGRESS | {"status": "TERMINATED"},
         all_of(*BOTH_RUN.desktops, replace(DOUBLE, state=State.TERMINATED)), 20,
         ["terminate i-teacher i-student", "withdraw i-teacher i-student i-double",
          "close CANCELLED -teacher_ec2_link -student_ec2_link"]),
    case("what is gone is not ended again",
         IN_PROGRESS | {"status": "TERMINATED"}, all_of(desktop("teacher", State.TERMINATED), desktop("student")), 20,
         ["terminate i-student", "withdraw i-teacher i-student",
          "close CANCELLED -teacher_ec2_link -student_ec2_link"]),
    case("what EC2 does not show yet is ended all the same",
         LAUNCHED | {"status": "TERMINATED"}, NONE_LIVE, -5 - BLINK,
         ["terminate i-teacher i-student", "withdraw i-teacher i-student", "drop safety-m1", "close CANCELLED"]),
    case("what EC2 has stopped showing is not",
         LAUNCHED | {"status": "TERMINATED"}, NONE_LIVE, -5,
         ["withdraw i-teacher i-student", "drop safety-m1", "close CANCELLED"]),
]
# fmt: on


@pytest.mark.parametrize("case", ENDING, ids=str)
class TestEnding(EveryCase):
    """What an end takes away."""
