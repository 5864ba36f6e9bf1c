"""What is launched, when, and how often it is tried."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import UNKNOWN, State
from tests.builders import (
    BOTH_RUN,
    HELD,
    IN_PROGRESS,
    LAUNCHED,
    NONE_LIVE,
    OVER,
    SCHEDULED,
    T,
    all_of,
    at,
    desktop,
    launched,
    link,
    uploaded,
)
from tests.unit.rules.table import BLINK, BOTH_BOOT, CREATED, GARBAGE, EveryCase, attempt, case, ends_without_desktops

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
LAUNCHING = [
    case("ten minutes before T both are launched", SCHEDULED, NONE_LIVE, -10, ["launch teacher 1, student 1"]),
    case("a second earlier neither is", SCHEDULED, NONE_LIVE, -10 - BLINK, []),
    case("what was not observed is observed first", SCHEDULED, UNKNOWN, -10, ["observe"]),
    case("what is not due is not even observed", SCHEDULED, UNKNOWN, -11, []),
    case("the role that lacks one is launched",
         SCHEDULED | launched("student") | {"status": "LAUNCHED"}, all_of(desktop("student", State.PENDING)), -9,
         ["launch teacher 1"]),
    case("a role whose desktop is there is not launched again", LAUNCHED, BOTH_BOOT, -9, []),
    case("the launch timer makes a row without meet_time due",
         CREATED, NONE_LIVE, 1, ["launch teacher 1, student 1"], due=True),
    case("without the timer a row without meet_time is never due", CREATED, NONE_LIVE, 1, []),
    case("the timer makes a row with only an id due",
         {"open": "1"}, NONE_LIVE, 0, ["launch teacher 1, student 1"], due=True),
    case("the launch timer of a meeting that was moved is early", SCHEDULED, NONE_LIVE, -60, [], due=True),
    case("the launch timer proves nothing where meet_time is garbage",
         SCHEDULED | GARBAGE, NONE_LIVE, -10, [], due=True),
    case("force launches long before T", SCHEDULED, NONE_LIVE, -60, ["launch teacher 1, student 1"], force=True),
    case("force launches where meet_time is garbage",
         SCHEDULED | GARBAGE, NONE_LIVE, -60, ["launch teacher 1, student 1"], force=True),
    case("force does not launch what is there",
         LAUNCHED, BOTH_RUN, -60,
         ["publish i-teacher", f"write status=DNS_WRITTEN teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"],
         force=True),
    case("force does not bring back what is over", OVER, all_of(), 70, [], force=True),
    case("a meeting for now is launched now",
         SCHEDULED | {"created_at": T}, NONE_LIVE, 0, ["launch teacher 1, student 1"]),
    case("a meeting for half an hour ago is launched now",
         SCHEDULED | {"created_at": at(30)}, NONE_LIVE, 30, ["launch teacher 1, student 1"]),
    case("who has uploaded needs no desktop",
         SCHEDULED | uploaded("teacher", -20), NONE_LIVE, -5, ["launch student 1"]),
    case("an attempt is left to whoever began it for 55 seconds",
         SCHEDULED | attempt("teacher", 1, -5) | attempt("student", 1, -5), NONE_LIVE, -5 + 54 * BLINK, []),
    case("after 55 seconds it is resumed, the same attempt in the same subnet",
         SCHEDULED | attempt("teacher", 1, -5) | attempt("student", 1, -5), NONE_LIVE, -5 + 55 * BLINK,
         ["launch teacher 1 again in subnet-1, student 1 again in subnet-1"]),
    case("an attempt without a subnet cannot be resumed, the next one is made",
         SCHEDULED | attempt("teacher", 1, -5, subnet=None) | launched("student") | {"status": "LAUNCHED"},
         all_of(desktop("student", State.PENDING)), -4, ["launch teacher 2"]),
    case("a refused attempt waits 55 seconds",
         SCHEDULED | attempt("teacher", 1, -5, refused="NoRoom") | attempt("student", 1, -5, refused="NoRoom"),
         NONE_LIVE, -5 + 54 * BLINK, []),
    case("then the next attempt is made",
         SCHEDULED | attempt("teacher", 1, -5, refused="NoRoom") | attempt("student", 1, -5, refused="NoRoom"),
         NONE_LIVE, -5 + 55 * BLINK, ["launch teacher 2, student 2"]),
    case("after the third refusal it waits three times as long",
         SCHEDULED | attempt("teacher", 3, -9, refused="NoRoom") | attempt("student", 3, -9, refused="NoRoom"),
         NONE_LIVE, -9 + 164 * BLINK, []),
    case("and then is tried again",
         SCHEDULED | attempt("teacher", 3, -9, refused="NoRoom") | attempt("student", 3, -9, refused="NoRoom"),
         NONE_LIVE, -9 + 165 * BLINK, ["launch teacher 4, student 4"]),
    case("a launch that was begun goes on though the meeting was moved to later",
         SCHEDULED | {"meet_time": at(69)} | attempt("teacher", 1, -5) | attempt("student", 1, -5), NONE_LIVE, -1,
         ["launch teacher 1 again in subnet-1, student 1 again in subnet-1"]),
    case("nothing is launched past the hard deadline",
         SCHEDULED | HELD, NONE_LIVE, 240, ends_without_desktops("MAX_DURATION")),
]

ATTEMPTS = [
    case("the tenth attempt is made",
         SCHEDULED | attempt("teacher", 9, -5, refused="NoRoom") | attempt("student", 9, -5, refused="NoRoom"),
         NONE_LIVE, 4, ["launch teacher 10, student 10"]),
    case("an eleventh is not: the launch failed",
         SCHEDULED | attempt("teacher", 10, -5, refused="NoRoom") | launched("student") | {"status": "LAUNCHED"},
         all_of(desktop("student", State.PENDING)), 4.5,
         ["end LAUNCH_FAILED", "terminate i-student", "withdraw i-student", "drop safety-m1", "close LAUNCH_FAILED"]),
    case("nobody who is in is put out because the other's desktop cannot be replaced",
         IN_PROGRESS | HELD | attempt("student", 10, 30, refused="NoRoom", ec2_id=None, ec2_link=None),
         all_of(desktop("teacher")), 60, []),
    case("the tenth whose outcome is not known is resumed",
         SCHEDULED | attempt("teacher", 10, -5) | attempt("student", 10, -5), NONE_LIVE, -4,
         ["launch teacher 10 again in subnet-1, student 10 again in subnet-1"]),
    case("the tenth that was refused a moment ago is left alone",
         SCHEDULED | attempt("teacher", 10, -5, refused="NoRoom") | attempt("student", 10, -5, refused="NoRoom"),
         NONE_LIVE, -4.5, []),
    case("the tenth desktop that lives is left alone",
         LAUNCHED | {"teacher_attempt": 10, "student_attempt": 10}, BOTH_BOOT, -4, []),
    case("a tenth that is gone whose role has uploaded is no failure",
         IN_PROGRESS | HELD | uploaded("teacher", 50) | {"teacher_attempt": 10, "teacher_ec2_link": None},
         all_of(desktop("student")), 51, []),
]
# fmt: on


@pytest.mark.parametrize("case", LAUNCHING, ids=str)
class TestLaunching(EveryCase):
    """When desktops are launched."""


@pytest.mark.parametrize("case", ATTEMPTS, ids=str)
class TestAttempts(EveryCase):
    """How many attempts a role has."""
