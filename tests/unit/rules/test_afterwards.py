"""What is over stays over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.model import UNKNOWN, Owner, State
from chalicelib.domain.update import Update
from chalicelib.rules.plan import plan
from tests.builders import (
    EXPIRES,
    IN_PROGRESS,
    NONE_LIVE,
    OVER,
    POLICY,
    all_of,
    at,
    desktop,
    link,
    meeting,
    some_of,
)
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
    case("a row that others ended is told when it expires, and left alone otherwise",
         {"status": "TERMINATED", "termination_reason": "SUCCESS", "open": None}, NONE_LIVE, 60,
         [f"write expires={EXPIRES}"]),
    case("one that the app ended before rows expired, by its end", OVER | {"expires": None, "open": None}, UNKNOWN, 70,
         [f"write expires={EXPIRES}"]),
    case("one that has ended longer ago than rows are kept expires now",
         OVER | {"expires": None, "open": None}, UNKNOWN, 60 + 91 * 1440,
         [f"write expires={EXPIRES + 24 * 3600}"]),
    case("one that has not ended yet by its row, by now",
         OVER | {"expires": None, "open": None, "ended_at": at(9999)}, UNKNOWN, 60, [f"write expires={EXPIRES}"]),
    case("what says no time is no word of anybody's", OVER | {"expires": "soon"}, UNKNOWN, 61,
         [f"write expires={EXPIRES}"]),
    case("nor does a number of another age", OVER | {"expires": 10**30}, UNKNOWN, 61, [f"write expires={EXPIRES}"]),
    case("what somebody has written there is kept", OVER | {"expires": EXPIRES * 2}, UNKNOWN, 61, []),
    case("a reason that was lost is found again",
         OVER | {"termination_reason": None}, NONE_LIVE, 61, ["write termination_reason=CANCELLED"]),
]
# fmt: on


@pytest.mark.parametrize("case", AFTERWARDS, ids=str)
class TestAfterwards(EveryCase):
    """What is still done for a meeting that has ended."""


@pytest.mark.parametrize("by_hand", [None, EXPIRES * 2, "soon"], ids=str)
def test_the_write_that_ends_a_meeting_says_when_its_row_expires_whatever_was_there(by_hand: object) -> None:
    ending = IN_PROGRESS | {"termination_reason": "SUCCESS", "expires": by_hand}
    *_, last = plan(meeting(ending), NONE_LIVE, at(60), policy=replace(POLICY, keep_meetings=timedelta(days=30)))
    assert isinstance(last, Update)
    assert last.set["expires"] == EXPIRES - 60 * 24 * 3600
