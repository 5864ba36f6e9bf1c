"""A desktop that boots too late, is not ready again for too long, or is gone is replaced."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.actions import Launch
from chalicelib.domain.model import UNKNOWN, Owner, State
from chalicelib.domain.seat import Role
from tests.builders import (
    BOTH_RUN,
    HEALTHY,
    HELD,
    IN_PROGRESS,
    LAUNCHED,
    NONE_LIVE,
    PUBLISHED,
    all_of,
    at,
    desktop,
    healthy,
    launched,
    link,
    some_of,
    uploaded,
)
from tests.unit.rules.table import (
    BLINK,
    BOOTS,
    BY_HAND,
    FOUND,
    HALF,
    ONE_LAUNCHED,
    UNTIMED,
    EveryCase,
    attempt,
    case,
    new,
)

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
LATE = PUBLISHED | launched("student", -14) | {"student_attempt_at": at(-14)}
LATE_SEEN = all_of(desktop("teacher"), desktop("student", minutes=-14))
NOT_DUE = LATE | {"meet_time": at(70)} | {
    f"{role}_{name}": None for role in Role for name in ("attempt", "attempt_at")
}
REPLACED = ["terminate i-student", "launch student 2", "withdraw i-student"]
GIVEN_UP = ["write student_given_up=i-student", *REPLACED]
LATE_BOOT = [
    case("another desktop of the role that turns up takes its place at once",
         LATE, all_of(*LATE_SEEN.desktops, desktop("student", State.PENDING, id="i-new")), 1,
         [new(900), "withdraw i-student",
          "terminate i-student", "withdraw i-student"]),
    case("one that is adopted has its whole boot limit from then on",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", State.PENDING, minutes=-60)), -8, [FOUND]),
    case("not healthy fifteen minutes after the launch: replaced", LATE, LATE_SEEN, 1, GIVEN_UP),
    case("a second earlier it has time", LATE, LATE_SEEN, 1 - BLINK, []),
    case("replaced once only", LATE | {"student_late_boots": 1}, LATE_SEEN, 1, []),
    case("one that reported is left alone",
         LATE | {"student_healthy_at": at(0), "opened_at": at(0), "status": "HEALTHY"}, LATE_SEEN, 1, []),
    case("one that reported a moment ago is left alone",
         LATE | {"instance_id": "i-student", "status": "HEALTHY"}, LATE_SEEN, 1,
         ["write opened_at student_healthy_at"]),
    case("the other's report does not count",
         LATE | healthy("teacher") | {"status": "HEALTHY"}, LATE_SEEN, 1, GIVEN_UP),
    case("one that was given up is replaced, whatever it reports by now",
         LATE | {"student_given_up": "i-student", "student_healthy_at": at(1)} |
         {"instance_id": "i-student", "opened_at": at(1), "status": "HEALTHY"}, LATE_SEEN, 2, REPLACED),
    case("also after the checkpoint", LATE | HELD | {"student_given_up": "i-student"} | healthy("teacher") |
         {"teacher_joined_at": at(2), "status": "IN_PROGRESS"}, LATE_SEEN, 16, REPLACED),
    case("the one before was given up: that says nothing of this one",
         LATE | {"student_given_up": "i-other", "student_late_boots": 1}, LATE_SEEN, 1, []),
    case("one that somebody is in is left alone",
         LATE | {"student_joined_at": at(0), "status": "IN_PROGRESS"}, LATE_SEEN, 1, []),
    case("one that has uploaded is left alone", LATE | uploaded("student", 0), LATE_SEEN, 1, []),
    case("one that somebody launched by hand is left alone",
         LATE, all_of(desktop("teacher"), desktop("student", minutes=-14, owner=Owner.BY_HAND)), 1, []),
    case("one that was launched at the last attempt is left alone", LATE | {"student_attempt": 10}, LATE_SEEN, 1, []),
    case("after the checkpoint it is left alone",
         IN_PROGRESS | {"student_healthy_at": None, "student_joined_at": None} | HELD, BOTH_RUN, 16, []),
    case("on a glimpse, the others are looked for first",
         LATE, some_of(desktop("student", minutes=-14)), 1, ["observe"]),
    case("one that is not seen is left alone", LATE, some_of(desktop("teacher", launched_at=at(-5))), 1, []),
    case("of a meeting that is not due it is left alone", NOT_DUE, LATE_SEEN, 1, []),
    case("even if it is both of them", NOT_DUE | {"meet_time": None, "created_at": None}, BOTH_RUN, 6, []),
]

NOT_READY = HEALTHY | {"student_missing": ["The DCV service is not running."], "student_missing_since": at(-3)}
NOT_READY_AGAIN = [
    case("not ready again for fifteen minutes: replaced", NOT_READY, BOTH_RUN, 12, GIVEN_UP),
    case("a second earlier it has time", NOT_READY, BOTH_RUN, 12 - BLINK, []),
    case("that counts from then on, not from the launch",
         NOT_READY | {"student_attempt_at": at(-60), "student_launched_at": at(-60)}, BOTH_RUN, 11, []),
    case("one that is ready again is left alone",
         NOT_READY | {"student_missing": None, "student_missing_since": None}, BOTH_RUN, 12, []),
    case("one of which it is not known since when is left alone",
         NOT_READY | {"student_missing_since": None}, BOTH_RUN, 12, []),
    case("one whose person has come is left alone",
         NOT_READY | {"student_joined_at": at(-3.5), "status": "IN_PROGRESS"}, BOTH_RUN, 12, []),
    case("one that somebody is connected to is left alone", NOT_READY | {"student_connected_at": at(-3.5)}, BOTH_RUN,
         12, []),
    case("one that somebody has left again without a click is not",
         NOT_READY | {"student_connected_at": at(-4), "student_disconnected_at": at(-3.5)}, BOTH_RUN, 12, GIVEN_UP),
    case("one that has uploaded is left alone", NOT_READY | uploaded("student", 0), BOTH_RUN, 12, []),
    case("replaced once only", NOT_READY | {"student_late_boots": 1}, BOTH_RUN, 12, []),
    case("one that somebody launched by hand is left alone",
         NOT_READY, all_of(desktop("teacher"), desktop("student", owner=Owner.BY_HAND)), 12, []),
    case("one that was launched at the last attempt is left alone", NOT_READY | {"student_attempt": 10}, BOTH_RUN, 12,
         []),
    case("after the checkpoint it is left alone",
         IN_PROGRESS | HELD | {"student_joined_at": None, "student_missing": ["It is broken."]} |
         {"student_missing_since": at(1)}, BOTH_RUN, 16, []),
    case("one that was never ready has the boot limit alone",
         PUBLISHED | healthy("teacher") | {"status": "HEALTHY", "student_missing": ["DCV has no session yet."]} |
         {"student_missing_since": at(-3)}, BOTH_RUN, 5, GIVEN_UP),
    case("and that counts from its launch",
         PUBLISHED | healthy("teacher") | {"status": "HEALTHY", "student_missing": ["DCV has no session yet."]} |
         {"student_missing_since": at(-60)}, BOTH_RUN, 5 - BLINK, []),
    case("on a glimpse, the others are looked for first", NOT_READY, some_of(desktop("student")), 12, ["observe"]),
    case("one that is not seen is left alone", NOT_READY, some_of(desktop("teacher")), 12, []),
]

GONE = [
    case("one that is terminated is replaced",
         IN_PROGRESS, all_of(desktop("teacher"), desktop("student", State.TERMINATED)), 5,
         ["launch student 2", "withdraw i-student"]),
    case("one that is shutting down is replaced",
         IN_PROGRESS, all_of(desktop("teacher"), desktop("student", State.SHUTTING_DOWN)), 5,
         ["launch student 2", "withdraw i-student"]),
    case("one that is stopped still costs, and is replaced",
         IN_PROGRESS, all_of(desktop("teacher"), desktop("student", State.STOPPED)), 5, REPLACED),
    case("one that is stopped and was launched by hand is replaced, not ended",
         IN_PROGRESS, all_of(desktop("teacher"), desktop("student", State.STOPPED, owner=Owner.BY_HAND)), 5,
         ["launch student 2", "withdraw i-student"]),
    case("one that is stopped is not ended where nothing replaces it",
         UNTIMED | {"teacher_ec2_id": "i-teacher", "status": "LAUNCHED"}, all_of(desktop("teacher", State.STOPPED)),
         0, []),
    case("one that EC2 does not show any more is replaced",
         IN_PROGRESS, HALF, 5, ["launch student 2", "withdraw i-student"]),
    case("both are replaced",
         IN_PROGRESS, NONE_LIVE, 5, ["launch teacher 2, student 2", "withdraw i-teacher", "withdraw i-student"]),
    case("one that EC2 does not show yet is left alone", LAUNCHED, all_of(BOOTS), -5 - BLINK, []),
    case("for five minutes", LAUNCHED, all_of(BOOTS), -5, ["launch student 2"]),
    case("one that was not observed is left alone", IN_PROGRESS, some_of(desktop("teacher")), 5, []),
    case("both that were not observed are left alone", IN_PROGRESS, UNKNOWN, 5, []),
    case("one that only a hand vouches for is not called gone", BY_HAND, NONE_LIVE, 5, []),
    case("a death that was heard of is looked into first",
         IN_PROGRESS, some_of(desktop("student", State.SHUTTING_DOWN)), 5, ["observe"]),
    case("a death before the meeting is due takes the record away",
         UNTIMED | {"teacher_ec2_id": "i-teacher", "teacher_ec2_link": link("i-teacher"), "status": "DNS_WRITTEN"},
         some_of(desktop("teacher", State.SHUTTING_DOWN)), 0,
         ["write teacher_gone_at -teacher_ec2_link", "withdraw i-teacher"]),
    case("who has uploaded needs no other, only the record goes",
         IN_PROGRESS | HELD | uploaded("student", 40), HALF, 41,
         ["write student_gone_at -student_ec2_link -student_published_at", "withdraw i-student"]),
    case("on a glimpse too",
         IN_PROGRESS | HELD | uploaded("student", 40), some_of(desktop("student", State.SHUTTING_DOWN)), 41,
         ["write student_gone_at -student_ec2_link -student_published_at", "withdraw i-student"]),
    case("once, though it was the last to report",
         IN_PROGRESS | HELD | uploaded("student", 40) | {"student_ec2_link": None, "instance_id": "i-student"}, HALF,
         41, []),
    case("both gone, nothing to replace: the meeting ends",
         IN_PROGRESS | uploaded("teacher", 8) | uploaded("student", 9), NONE_LIVE, 10,
         ["end DESKTOPS_GONE", "withdraw i-teacher i-student", "drop safety-m1",
          "close DESKTOPS_GONE -teacher_ec2_link -student_ec2_link"]),
    case("both gone where nothing is due: the meeting ends",
         BY_HAND | {"meet_time": at(65)},
         some_of(desktop("teacher", State.TERMINATED), desktop("student", State.TERMINATED)), 0, ["observe"]),
    case("seen to the end",
         BY_HAND | {"meet_time": at(65)},
         all_of(desktop("teacher", State.TERMINATED), desktop("student", State.TERMINATED)), 0,
         ["end DESKTOPS_GONE", "withdraw i-teacher i-student", "drop launch-m1 safety-m1", "close DESKTOPS_GONE"]),
    case("one gone and one never launched is no end",
         BY_HAND | {"meet_time": at(65), "student_ec2_id": None}, all_of(desktop("teacher", State.TERMINATED)), 0,
         []),
    case("both gone and one to replace is no end",
         IN_PROGRESS | uploaded("teacher", 8) | {"teacher_ec2_link": None, "teacher_healthy_at": None}, NONE_LIVE, 10,
         ["launch student 2", "withdraw i-student"]),
    case("a replacement that is under way is left alone",
         IN_PROGRESS | attempt("student", 2, 5, ec2_id=None, ec2_link=None, healthy_at=None, launched_at=None), HALF,
         5.5, []),
]
# fmt: on


@pytest.mark.parametrize("case", LATE_BOOT, ids=str)
class TestLateBoot(EveryCase):
    """A desktop that does not report in time."""


@pytest.mark.parametrize("case", NOT_READY_AGAIN, ids=str)
class TestNotReadyAgain(EveryCase):
    """A desktop that was ready, and stops being it before anybody came."""


@pytest.mark.parametrize(("broken", "cause"), [(LATE, "LATE_BOOT"), (NOT_READY, "NOT_READY_AGAIN")])
def test_the_metric_tells_what_never_got_ready_from_what_did_not_stay_so(broken: dict[str, Any], cause: str) -> None:
    actions = case("", broken, BOTH_RUN, 14, []).plan()
    assert [each.attempts[0].reason for each in actions if isinstance(each, Launch)] == [cause]


@pytest.mark.parametrize("case", GONE, ids=str)
class TestGone(EveryCase):
    """A desktop that is gone."""
