"""What is over stays over."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import UNKNOWN, Owner, State
from tests.builders import NONE_LIVE, OVER, all_of, desktop, link, some_of
from tests.unit.rules.table import BLINK, EveryCase, case

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
AFTERWARDS = [
    case("what is over is left alone", OVER, NONE_LIVE, 61, []),
    case("though it was not observed", OVER, UNKNOWN, 61, []),
    case("a desktop that is still alive is ended",
         OVER, all_of(desktop("student")), 61, ["terminate i-student", "withdraw i-student"]),
    case("on a glimpse too, and though it was launched after the end",
         OVER, some_of(desktop("student", id="i-late")), 61, ["terminate i-late", "withdraw i-late"]),
    case("one that is dying is left alone", OVER, all_of(desktop("student", State.SHUTTING_DOWN)), 61, []),
    case("one that was launched by hand is ended where the row names it",
         OVER, all_of(desktop("student", owner=Owner.BY_HAND)), 61, ["terminate i-student", "withdraw i-student"]),
    case("one that was launched by hand and is not named is left alone",
         OVER, all_of(desktop("student", id="i-hand", owner=Owner.BY_HAND)), 61, []),
    case("a foreign one is left alone", OVER, all_of(desktop("student", owner=Owner.FOREIGN)), 61, []),
    case("a status that a desktop overwrote is put back",
         OVER | {"status": "HEALTHY"}, UNKNOWN, 61, ["write status=TERMINATED"]),
    case("nobody is let in again", OVER | {"status": "IN_PROGRESS"}, UNKNOWN, 61, ["write status=TERMINATED"]),
    case("a link that is left over goes, with its record",
         OVER | {"student_ec2_link": link("i-student")}, UNKNOWN, 61,
         ["withdraw i-teacher i-student", "write -student_ec2_link"]),
    case("a link without a desktop goes",
         OVER | {"student_ec2_link": link("i-student"), "teacher_ec2_id": None, "student_ec2_id": None}, UNKNOWN, 61,
         ["write -student_ec2_link"]),
    case("an upload after the end changes nothing", OVER | {"student_uploaded_at": None}, NONE_LIVE, 61, []),
    case("half an hour after the end it leaves the sweep's sight", OVER, NONE_LIVE, 90, ["write -open"]),
    case("a second earlier it stays", OVER, NONE_LIVE, 90 - BLINK, []),
    case("while nobody looked it stays", OVER, UNKNOWN, 90, []),
    case("once it has left it is left alone", OVER | {"open": None}, NONE_LIVE, 9999, []),
    case("timers change nothing any more", OVER, NONE_LIVE, 61, [], checkpoint=True, due=True),
    case("a row that the separate functions that this replaces ended is left alone",
         {"status": "TERMINATED", "termination_reason": "SUCCESS", "open": None}, NONE_LIVE, 61, []),
    case("a reason that was lost is found again",
         OVER | {"termination_reason": None}, NONE_LIVE, 61, ["write termination_reason=CANCELLED"]),
]
# fmt: on


@pytest.mark.parametrize("case", AFTERWARDS, ids=str)
class TestAfterwards(EveryCase):
    """What is still done for a meeting that has ended."""
