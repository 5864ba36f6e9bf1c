"""The rules, row by row: each "does" beside its "leaves alone"; then that a plan, once applied, leaves nothing to plan.

T is three o'clock; every moment is in minutes from it. See tests/builders.py for the steps of a life.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import rows
from chalicelib.model import (
    UNKNOWN,
    Action,
    Desktop,
    Launch,
    Meeting,
    Observation,
    Observe,
    Owner,
    Publish,
    Reason,
    Role,
    State,
    Status,
    Terminate,
    Update,
)
from chalicelib.plan import at_checkpoint, hard_deadline, is_due, plan, start
from tests.builders import (
    BOTH_RUN,
    HEALTHY,
    HELD,
    IN_PROGRESS,
    LAUNCHED,
    NONE_LIVE,
    OVER,
    POLICY,
    PUBLISHED,
    SCHEDULED,
    SECOND,
    T,
    all_of,
    applied,
    at,
    bearing_its_deadline,
    desktop,
    healthy,
    launched,
    link,
    meeting,
    row,
    some_of,
    spell,
    uploaded,
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
    hints: dict[str, bool] = field(default_factory=dict)

    def plan(self) -> list[Action]:
        return plan(rows.meeting(self.row), self.seen, at(self.minutes), policy=POLICY, **self.hints)


def case(name: str, row_: dict[str, Any], seen: Observation, minutes: float, then: list[str], **hints: bool) -> Case:
    stored = row(row_)
    return Case(name, stored, bearing_its_deadline(rows.meeting(stored), seen), minutes, then, hints)


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


UNTIMED: dict[str, Any] = {"status": "SCHEDULED"}
"""A row of which nobody said when it is."""

CREATED = UNTIMED | {"created_at": T}
"""A row without `meet_time`: T is its creation."""

BY_HAND = SCHEDULED | {"teacher_ec2_id": "i-teacher", "student_ec2_id": "i-student", "status": "LAUNCHED"}
"""A row whose desktops somebody launched and wrote down in the console."""

GARBAGE = {"meet_time": "tomorrow, threeish"}


def attempt(role: str, number: int, minutes: float, **more: Any) -> dict[str, Any]:
    """Return what a row says of a launch that was begun then and has no outcome yet."""
    begun = {"attempt": number, "attempt_at": at(minutes), "subnet": "subnet-1"} | more
    return {f"{role}_{name}": value for name, value in begun.items()}


ONE_LAUNCHED = SCHEDULED | launched("teacher") | {"status": "LAUNCHED"}
BOOTS = desktop("teacher", State.PENDING)
BOTH_BOOT = all_of(BOOTS, desktop("student", State.PENDING))

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

FOUND = "write student_ec2_id=i-student student_launched=m1/i-student student_launched_at"
NEW = "write student_ec2_id=i-new student_launched=m1/i-new student_launched_at -student_ec2_link"
FOUND_BY_HAND = "write student_ec2_id=i-student student_launched_at"
BOTH_FOUND = (
    f"write status=LAUNCHED {FOUND.removeprefix('write ')} "
    "teacher_ec2_id=i-teacher teacher_launched=m1/i-teacher teacher_launched_at"
)
ADOPTION = [
    case("a live desktop that the row does not name is adopted, and published in the same breath",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student")), -8,
         [FOUND, "publish i-student",
          f"write status=DNS_WRITTEN student_ec2_link={link('i-student')} student_published_at"]),
    case("one that does not run yet is adopted only", ONE_LAUNCHED, BOTH_BOOT, -8, [FOUND]),
    case("the first desktop that is adopted makes the meeting LAUNCHED",
         SCHEDULED, BOTH_BOOT, -8, [BOTH_FOUND]),
    case("a glimpse is enough to adopt",
         ONE_LAUNCHED | attempt("student", 1, -10), some_of(desktop("student", State.PENDING)), -9.9, [FOUND]),
    case("one that lives beside the dead one that is named is adopted in its stead",
         PUBLISHED,
         all_of(desktop("teacher"), desktop("student", State.TERMINATED), desktop("student", minutes=-9, id="i-new")),
         -8,
         [NEW, "withdraw i-student", "publish i-new",
          f"write student_ec2_link={link('i-new')} student_published_at"]),
    case("one launched by hand, without a stage, is adopted",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", State.PENDING, owner=Owner.BY_HAND)), -8, [FOUND_BY_HAND]),
    case("of two the older is adopted",
         ONE_LAUNCHED,
         all_of(BOOTS, desktop("student", State.PENDING, minutes=-9, id="i-young"),
          desktop("student", State.PENDING)), -8, [FOUND]),
    case("one that has reported already is healthy from then on",
         HEALTHY | {"student_ec2_id": None, "student_ec2_link": None, "student_healthy_at": None,
          "instance_id": "i-student"}, all_of(desktop("teacher"), desktop("student")), -2,
         ["write student_ec2_id=i-student student_healthy_at student_launched=m1/i-student student_launched_at",
          "publish i-student",
          f"write student_ec2_link={link('i-student')} student_published_at"]),
    case("what the dead one reported does not count for the one that is adopted",
         HEALTHY,
         all_of(desktop("teacher"), desktop("student", State.TERMINATED),
          desktop("student", State.PENDING, id="i-new")), -2,
         [f"{NEW} -student_healthy_at",
          "withdraw i-student"]),
    case("a refusal is forgotten when a desktop turns up after all",
         ONE_LAUNCHED | attempt("student", 1, -10, refused="NoRoom"), BOTH_BOOT, -8, [f"{FOUND} -student_refused"]),
    case("a foreign instance is not adopted, whatever its tags say",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", owner=Owner.FOREIGN)), -8, ["launch student 1"]),
    case("a desktop of another meeting is not adopted",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", meeting_id="m2")), -8, ["launch student 1"]),
    case("a desktop of no role is not adopted",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", minutes=-8, role=None)), -8, ["launch student 1"]),
    case("a dying desktop is not adopted",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", State.SHUTTING_DOWN)), -8, ["launch student 1"]),
    case("a live one that is named stays, though an older one turns up",
         PUBLISHED, all_of(desktop("teacher"), desktop("student"), desktop("student", minutes=-12, id="i-old")), -8,
         []),
]

PUBLISHING = [
    case("both that run are published at once, links after records",
         LAUNCHED, BOTH_RUN, -8,
         ["publish i-teacher", f"write status=DNS_WRITTEN teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"]),
    case("the one that is seen to run is published on a glimpse",
         LAUNCHED, some_of(desktop("teacher")), -8,
         ["publish i-teacher", f"write status=DNS_WRITTEN teacher_ec2_link={link('i-teacher')} teacher_published_at"]),
    case("one that does not run yet is not published",
         LAUNCHED,
         all_of(desktop("teacher", State.PENDING, address="198.51.100.1"), desktop("student", State.PENDING)), -8,
         []),
    case("one without an address is not published",
         LAUNCHED, all_of(desktop("teacher", address=None), desktop("student", address=None)), -8, []),
    case("one that is published is left alone", PUBLISHED, BOTH_RUN, -8, []),
    case("one that the row does not name is not published",
         PUBLISHED, all_of(desktop("teacher"), desktop("student"), desktop("student", minutes=-9, id="i-double")), -8,
         []),
    case("a link that somebody wrote wrong is put right",
         PUBLISHED | {"teacher_ec2_link": "https://elsewhere"}, BOTH_RUN, -8,
         ["publish i-teacher", f"write teacher_ec2_link={link('i-teacher')} teacher_published_at"]),
    case("a report that came first is not undone by publishing",
         LAUNCHED | {"status": "HEALTHY", "instance_id": "i-teacher"}, BOTH_RUN, -4,
         ["write teacher_healthy_at",
          "publish i-teacher", f"write teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"]),
]

READINESS = [
    case("a report is noted for the role whose desktop it is",
         PUBLISHED | {"status": "HEALTHY", "instance_id": "i-student"}, BOTH_RUN, -4, ["write student_healthy_at"]),
    case("a report makes the meeting healthy, whatever became of the status",
         PUBLISHED | {"instance_id": "i-student"}, BOTH_RUN, -4, ["write status=HEALTHY student_healthy_at"]),
    case("a report of an instance that nobody named is not noted",
         PUBLISHED | {"instance_id": "i-other"}, BOTH_RUN, -4, []),
    case("a report that was noted is not noted again", HEALTHY | {"instance_id": "i-student"}, BOTH_RUN, -1, []),
    case("an upload is noted",
         IN_PROGRESS | HELD | uploaded("teacher", None), BOTH_RUN, 20, ["write teacher_uploaded_at"]),
    case("an empty upload is none", IN_PROGRESS | HELD | {"teacher_session_data": " "}, BOTH_RUN, 20, []),
    case("an upload that was noted is not noted again",
         IN_PROGRESS | HELD | uploaded("teacher", 19), BOTH_RUN, 20, []),
    case("a meeting that the sweep cannot see is listed",
         {**SCHEDULED, "open": None}, NONE_LIVE, -60, ["write open=1"]),
    case("a row with only an id is listed, and left alone", {"open": None}, NONE_LIVE, 0, ["write open=1"]),
]

BACKWARDS = [
    case("who joined is not undone by a desktop that reports late",
         IN_PROGRESS | {"status": "HEALTHY"}, BOTH_RUN, 2, ["write status=IN_PROGRESS"]),
    case("a status that went back to the start is put back",
         HEALTHY | {"status": "SCHEDULED"}, BOTH_RUN, -1, ["write status=HEALTHY"]),
    case("a status that was lost is put back",
         PUBLISHED | {"status": None}, BOTH_RUN, -6, ["write status=DNS_WRITTEN"]),
    case("a status that is garbage is put right",
         LAUNCHED | {"status": "ready!"}, BOTH_BOOT, -9, ["write status=LAUNCHED"]),
    case("a status that is right is left alone", HEALTHY, BOTH_RUN, -1, []),
    case("a status that somebody set further is left alone", PUBLISHED | {"status": "IN_PROGRESS"}, BOTH_RUN, -1, []),
]

NOBODY_CAME = HEALTHY
CHECKPOINT = [
    case("at T+15 nobody has come: no-show", NOBODY_CAME, BOTH_RUN, 15, ends("NO_SHOW_TIMEOUT")),
    case("a second earlier it is left alone", NOBODY_CAME, BOTH_RUN, 15 - BLINK, []),
    case("somebody has come: the checkpoint is remembered and the meeting goes on",
         IN_PROGRESS, BOTH_RUN, 15, ["write checkpoint_at"]),
    case("a row that was IN_PROGRESS by hand goes on too",
         HEALTHY | {"status": "IN_PROGRESS"}, BOTH_RUN, 15, ["write checkpoint_at"]),
    case("who joined is in it though a report overwrote the status",
         IN_PROGRESS | {"status": "HEALTHY"}, BOTH_RUN, 15, ["write checkpoint_at status=IN_PROGRESS"]),
    case("it is held once", IN_PROGRESS | HELD, BOTH_RUN, 16, []),
    case("by its timer too", IN_PROGRESS | HELD, BOTH_RUN, 16, [], checkpoint=True),
    case("both uploaded by then",
         IN_PROGRESS | uploaded("teacher", 10) | uploaded("student", 14), BOTH_RUN, 15, ends("15_MIN_SUCCESS")),
    case("both uploaded in the very minute",
         IN_PROGRESS | uploaded("teacher", 15) | uploaded("student", 15), BOTH_RUN, 15, ends("15_MIN_SUCCESS")),
    case("both uploaded, and the timer says so first",
         IN_PROGRESS | uploaded("teacher", None) | uploaded("student", None), UNKNOWN, 15, ends("15_MIN_SUCCESS"),
         checkpoint=True),
    case("before T+15 two uploads end nothing",
         IN_PROGRESS | uploaded("teacher", 10) | uploaded("student", 14), BOTH_RUN, 15 - BLINK, []),
    case("one uploaded by then",
         IN_PROGRESS | uploaded("teacher", 10), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("one uploaded though nobody joined",
         HEALTHY | uploaded("teacher", 10), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("one uploaded, and the timer is the first to see it",
         IN_PROGRESS | uploaded("teacher", None), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT"), checkpoint=True),
    case("before T+15 one upload ends nothing", IN_PROGRESS | uploaded("teacher", 10), BOTH_RUN, 15 - BLINK, []),
    case("held late, what was uploaded since does not count against anybody",
         IN_PROGRESS | uploaded("teacher", 15 + BLINK), BOTH_RUN, 18, ["write checkpoint_at"]),
    case("held late, what was uploaded by then does count",
         IN_PROGRESS | uploaded("teacher", 15), BOTH_RUN, 18, ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("held late, an upload that nobody saw come gets the benefit of the doubt",
         IN_PROGRESS | uploaded("teacher", None), BOTH_RUN, 18, ["write checkpoint_at teacher_uploaded_at"]),
    case("held late, two uploads since are a success like any other",
         IN_PROGRESS | uploaded("teacher", 16) | uploaded("student", 17), BOTH_RUN, 18, ends("SUCCESS")),
    case("the safety timer of a meeting that was moved is early",
         HEALTHY | {"meet_time": at(60)}, BOTH_RUN, 15, [], checkpoint=True),
    case("the safety timer proves nothing where meet_time is garbage",
         HEALTHY | GARBAGE, BOTH_RUN, 15, [], checkpoint=True),
    case("T is created_at where meet_time is missing",
         CREATED, NONE_LIVE, 15, ends_without_desktops("NO_SHOW_TIMEOUT")),
    case("a second before that it is left alone", CREATED, NONE_LIVE, 15 - BLINK, []),
    case("on a row without any time the safety timer is evidence enough",
         UNTIMED, NONE_LIVE, 15, ends_without_desktops("NO_SHOW_TIMEOUT"), checkpoint=True),
    case("and who is in it stays in it",
         UNTIMED | {"status": "IN_PROGRESS"}, NONE_LIVE, 15, ["write checkpoint_at"], checkpoint=True),
    case("without the timer a row without any time is never ended",
         UNTIMED | uploaded("teacher", -100) | uploaded("student", -90), NONE_LIVE, 9999, []),
    case("a meeting for now gets its quarter of an hour from when its desktops can be there",
         HEALTHY | {"created_at": T}, BOTH_RUN, 25 - BLINK, []),
    case("and no more than that", HEALTHY | {"created_at": T}, BOTH_RUN, 25, ends("NO_SHOW_TIMEOUT")),
    case("a meeting for five minutes ahead gets five minutes more",
         HEALTHY | {"created_at": at(-5)}, BOTH_RUN, 20 - BLINK, []),
    case("what is not launched by then is not launched any more",
         SCHEDULED, NONE_LIVE, 15, ends_without_desktops("NO_SHOW_TIMEOUT")),
]

UPLOADS = [
    case("after the checkpoint both have uploaded",
         IN_PROGRESS | HELD | uploaded("teacher", 20) | uploaded("student", 55), BOTH_RUN, 56, ends("SUCCESS")),
    case("though nobody saw when",
         IN_PROGRESS | HELD | uploaded("teacher", None) | uploaded("student", None), UNKNOWN, 56, ends("SUCCESS")),
    case("though they had uploaded before it, once it was held",
         IN_PROGRESS | HELD | uploaded("teacher", 1) | uploaded("student", 2), BOTH_RUN, 15, ends("SUCCESS")),
    case("one alone is waited for", IN_PROGRESS | HELD | uploaded("teacher", 20), BOTH_RUN, 50 - BLINK, []),
    case("for half an hour",
         IN_PROGRESS | HELD | uploaded("student", 20), BOTH_RUN, 50, ends("PARTIAL_UPLOAD_TIMEOUT")),
    case("counted from when it was seen",
         IN_PROGRESS | HELD | uploaded("student", None), BOTH_RUN, 120, ["write student_uploaded_at"]),
    case("a grace that runs out before the checkpoint ends nothing",
         IN_PROGRESS | uploaded("teacher", -40), BOTH_RUN, 15 - BLINK, []),
]

DEADLINE = [
    case("past four hours it ends", IN_PROGRESS | HELD, BOTH_RUN, 240, ends("MAX_DURATION")),
    case("a second earlier it does not", IN_PROGRESS | HELD, BOTH_RUN, 240 - BLINK, []),
    case("past its own duration it ends",
         IN_PROGRESS | HELD | {"duration_minutes": 50}, BOTH_RUN, 50, ends("MAX_DURATION")),
    case("before its own duration it does not",
         IN_PROGRESS | HELD | {"duration_minutes": 50}, BOTH_RUN, 50 - BLINK, []),
    case("a duration of none is no duration", IN_PROGRESS | HELD | {"duration_minutes": 0}, BOTH_RUN, 100, []),
    case("a duration that is garbage is no duration",
         IN_PROGRESS | HELD | {"duration_minutes": "an hour"}, BOTH_RUN, 100, []),
    case("a short meeting may end before its checkpoint",
         IN_PROGRESS | {"duration_minutes": 5}, BOTH_RUN, 5, ends("MAX_DURATION", timers="safety-m1")),
    case("desktops of a row without any time cost too: lead and duration from their launch",
         IN_PROGRESS | {"meet_time": None, "created_at": None}, BOTH_RUN, 240, ends("MAX_DURATION")),
    case("not a second before", IN_PROGRESS | {"meet_time": None, "created_at": None}, BOTH_RUN, 240 - BLINK, []),
    case("garbage in meet_time does not make a desktop immortal",
         IN_PROGRESS | GARBAGE, BOTH_RUN, 240, ends("MAX_DURATION")),
    case("nor does a row that never heard of the desktop's launch",
         UNTIMED | {"teacher_ec2_id": "i-teacher", "status": "LAUNCHED"},
         all_of(desktop("teacher", State.PENDING, minutes=-10)), 240,
         ["end MAX_DURATION", "terminate i-teacher", "withdraw i-teacher", "close MAX_DURATION"]),
]

LATE = PUBLISHED | launched("student", -14) | {"student_attempt_at": at(-14)}
LATE_SEEN = all_of(desktop("teacher"), desktop("student", minutes=-14))
NOT_DUE = LATE | {"meet_time": at(70)} | {
    f"{role}_{name}": None for role in Role for name in ("attempt", "attempt_at")
}
REPLACED = ["terminate i-student", "launch student 2", "withdraw i-student"]
LATE_BOOT = [
    case("another desktop of the role that turns up takes its place at once",
         LATE, all_of(*LATE_SEEN.desktops, desktop("student", State.PENDING, id="i-new")), 1,
         [NEW, "withdraw i-student",
          "terminate i-student", "withdraw i-student"]),
    case("one that is adopted has its whole boot limit from then on",
         ONE_LAUNCHED, all_of(BOOTS, desktop("student", State.PENDING, minutes=-60)), -8, [FOUND]),
    case("not healthy fifteen minutes after the launch: replaced", LATE, LATE_SEEN, 1, REPLACED),
    case("a second earlier it has time", LATE, LATE_SEEN, 1 - BLINK, []),
    case("replaced once only", LATE | {"student_late_boots": 1}, LATE_SEEN, 1, []),
    case("one that reported is left alone",
         LATE | {"student_healthy_at": at(0), "status": "HEALTHY"}, LATE_SEEN, 1, []),
    case("one that reported a moment ago is left alone",
         LATE | {"instance_id": "i-student", "status": "HEALTHY"}, LATE_SEEN, 1, ["write student_healthy_at"]),
    case("the other's report does not count",
         LATE | healthy("teacher") | {"status": "HEALTHY"}, LATE_SEEN, 1, REPLACED),
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

MOVED = all_of(desktop("teacher", deadline=at(180)), desktop("student", deadline=at(180)))
DEADLINES_BORNE = [
    case("what bears a deadline that was moved is told the new one",
         PUBLISHED, MOVED, 0, ["rearm i-teacher i-student"]),
    case("only what bears another is told", PUBLISHED, all_of(desktop("teacher"), MOVED.desktops[1]), 0,
         ["rearm i-student"]),
    case("on a glimpse too", PUBLISHED, some_of(MOVED.desktops[1]), 0, ["rearm i-student"]),
    case("what bears the right one is left alone", PUBLISHED, BOTH_RUN, 0, []),
    case("what was launched by hand is left alone", PUBLISHED,
         all_of(*(replace(d, owner=Owner.BY_HAND) for d in MOVED.desktops)), 0, []),
    case("what is dying is left alone", PUBLISHED | uploaded("student", -1) | {"student_ec2_link": None},
         all_of(desktop("teacher"), replace(MOVED.desktops[1], state=State.SHUTTING_DOWN)), 0, []),
]

HALF = all_of(desktop("teacher"))
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
         some_of(desktop("teacher", State.SHUTTING_DOWN)), 0, ["write -teacher_ec2_link", "withdraw i-teacher"]),
    case("who has uploaded needs no other, only the record goes",
         IN_PROGRESS | HELD | uploaded("student", 40), HALF, 41,
         ["write -student_ec2_link", "withdraw i-student"]),
    case("on a glimpse too",
         IN_PROGRESS | HELD | uploaded("student", 40), some_of(desktop("student", State.SHUTTING_DOWN)), 41,
         ["write -student_ec2_link", "withdraw i-student"]),
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

DOUBLE = desktop("student", minutes=-5, id="i-double")
TAKEN = ["terminate i-double", "withdraw i-double"]
AWAY = PUBLISHED | {"meet_time": at(300)}
AWAY_SEEN = all_of(desktop("teacher"), desktop("student"))
WHY_AWAY = "the meeting was moved to later; it gets desktops when it is due"
LET_GO = " ".join([
    "write",
    *(f"{role}_replaced=['2026-03-01T14:55:00Z i-{role}: {WHY_AWAY}']" for role in ("student", "teacher")),
    *(f"-{role}_{name}" for role in ("student", "teacher")
      for name in ("attempt_at", "ec2_id", "ec2_link", "launched", "launched_at", "published_at", "subnet")),
])
PUT_OFF = [
    case("moved to much later: its desktops are let go and ended", AWAY, AWAY_SEEN, -5,
         [LET_GO, "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
    case("without a look: the row names both", AWAY, UNKNOWN, -5,
         [LET_GO, "terminate i-teacher i-student", "withdraw i-teacher i-student"]),
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
    case("launched anew when it is due, as the next attempt",
         SCHEDULED | {"meet_time": at(300), "teacher_attempt": 1, "student_attempt": 2}, NONE_LIVE, 290,
         ["launch teacher 2, student 3"]),
    case("what somebody launched by hand is left alone", BY_HAND | {"meet_time": at(300)},
         all_of(desktop("teacher", owner=Owner.BY_HAND), desktop("student", owner=Owner.BY_HAND)), -5,
         ["publish i-teacher", f"write status=DNS_WRITTEN teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"]),
]

DOUBLES = [
    case("a second live desktop of a role is ended", PUBLISHED, all_of(*BOTH_RUN.desktops, DOUBLE), 0, TAKEN),
    case("not before it is five minutes old", PUBLISHED, all_of(*BOTH_RUN.desktops, DOUBLE), -BLINK, []),
    case("one that is stopped costs too",
         PUBLISHED, all_of(*BOTH_RUN.desktops, replace(DOUBLE, state=State.STOPPED)), 0, TAKEN),
    case("one that is dying is left alone",
         PUBLISHED, all_of(*BOTH_RUN.desktops, replace(DOUBLE, state=State.SHUTTING_DOWN)), 0, []),
    case("one that was launched by hand is left alone",
         PUBLISHED, all_of(*BOTH_RUN.desktops, replace(DOUBLE, owner=Owner.BY_HAND)), 0, []),
    case("one that is foreign is left alone",
         PUBLISHED, all_of(*BOTH_RUN.desktops, replace(DOUBLE, owner=Owner.FOREIGN)), 0, []),
    case("on a glimpse it is left alone", PUBLISHED, some_of(*BOTH_RUN.desktops, DOUBLE), 0, []),
    case("ours goes where one by hand has the role",
         PUBLISHED, all_of(desktop("teacher"), desktop("student", owner=Owner.BY_HAND), DOUBLE), 0, TAKEN),
    case("one that nobody names and that serves no more is ended when its role gets another",
         SCHEDULED | launched("teacher") | {"status": "LAUNCHED"},
         all_of(BOOTS, replace(DOUBLE, state=State.STOPPED)), 0, ["launch student 1", *TAKEN]),
    case("one of no role that the row does not name is ended",
         PUBLISHED, all_of(*BOTH_RUN.desktops, replace(DOUBLE, role=None)), 0, TAKEN),
    case("one that the row names is left alone though its Role tag was lost",
         PUBLISHED, all_of(desktop("teacher"), desktop("student", role=None)), 0, []),
    case("one that the row names is left alone though its Role tag is wrong",
         PUBLISHED, all_of(desktop("teacher"), desktop("student", role=Role.TEACHER)), 0, []),
    case("the only one of its role is left alone while the other's is unknown",
         BY_HAND | {"student_ec2_id": None} | attempt("student", 1, 0),
         all_of(desktop("student", minutes=-6, role=Role.TEACHER)), 0.5, []),
]

ENDING = [
    case("an end that was begun is carried through with its reason",
         IN_PROGRESS | {"termination_reason": "SUCCESS", "ending_at": at(60)}, UNKNOWN, 61, ends("SUCCESS")[1:]),
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
    case("a row that the seeds' own functions ended is left alone",
         {"status": "TERMINATED", "termination_reason": "SUCCESS", "open": None}, NONE_LIVE, 61, []),
    case("a reason that was lost is found again",
         OVER | {"termination_reason": None}, NONE_LIVE, 61, ["write termination_reason=CANCELLED"]),
]

# fmt: on

TABLE = [
    pytest.param(each, id=f"{rule}: {each.name}")
    for rule, cases in {
        "launching": LAUNCHING,
        "attempts": ATTEMPTS,
        "adoption": ADOPTION,
        "publishing": PUBLISHING,
        "readiness": READINESS,
        "backwards": BACKWARDS,
        "checkpoint": CHECKPOINT,
        "uploads": UPLOADS,
        "deadline": DEADLINE,
        "late boot": LATE_BOOT,
        "deadline borne": DEADLINES_BORNE,
        "gone": GONE,
        "doubles": DOUBLES,
        "put off": PUT_OFF,
        "ending": ENDING,
        "afterwards": AFTERWARDS,
    }.items()
    for each in cases
]


@pytest.mark.parametrize("case", TABLE)
def test_the_plan_is_the_one_in_the_table(case: Case) -> None:
    assert spell(case.plan()) == case.then


@pytest.mark.parametrize("case", TABLE)
def test_planning_again_after_applying_yields_nothing(case: Case) -> None:
    actions = case.plan()
    after, seen = applied(actions, case.row, case.seen, at(case.minutes))
    again = replace(case, row=after, seen=seen).plan()
    assert spell(again) == (["observe"] if spell(actions) == ["observe"] else [])


@pytest.mark.parametrize("case", TABLE)
def test_every_action_says_why_in_words(case: Case) -> None:
    assert all(action.why.strip() for action in case.plan())


# --- when


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (SCHEDULED, T),
        (SCHEDULED | {"created_at": at(-10)}, T),
        (SCHEDULED | {"created_at": at(-9)}, at(1)),
        (SCHEDULED | {"created_at": at(30)}, at(40)),
        (SCHEDULED | {"created_at": None}, T),
        (SCHEDULED | {"created_at": "last week"}, T),
        (CREATED, T),
        (CREATED | {"meet_time": ""}, T),
        (SCHEDULED | GARBAGE, None),
        ({}, None),
    ],
)
def test_t_is_meet_time_or_else_created_at_and_never_earlier_than_desktops_can_be_there(
    attributes: dict[str, Any], expected: datetime | None
) -> None:
    assert start(meeting(attributes), POLICY) == expected


def test_the_hard_deadline_is_t_plus_the_duration() -> None:
    assert hard_deadline(meeting(SCHEDULED), UNKNOWN, POLICY) == at(240)
    assert hard_deadline(meeting(SCHEDULED, duration_minutes=50), UNKNOWN, POLICY) == at(50)
    assert hard_deadline(meeting(CREATED), UNKNOWN, POLICY) == at(240)


def test_the_first_launch_stands_in_for_a_t_that_nobody_told() -> None:
    nobody_told = meeting(launched("teacher", 0), launched("student", 3))
    assert hard_deadline(nobody_told, UNKNOWN, POLICY) == at(250)
    assert hard_deadline(meeting(), all_of(desktop("teacher", minutes=5)), POLICY) == at(255)


def test_a_desktop_that_is_not_ours_tells_no_deadline() -> None:
    assert hard_deadline(meeting(), all_of(desktop("teacher", owner=Owner.BY_HAND)), POLICY) is None
    assert hard_deadline(meeting(), UNKNOWN, POLICY) is None


def test_a_policy_with_other_numbers_moves_every_boundary() -> None:
    policy = replace(
        POLICY, lead=timedelta(minutes=2), checkpoint=timedelta(minutes=5), max_duration=timedelta(minutes=60)
    )
    scheduled = meeting(SCHEDULED)
    assert not is_due(scheduled, at(-2) - SECOND, policy=policy)
    assert is_due(scheduled, at(-2), policy=policy)
    assert not at_checkpoint(scheduled, at(5) - SECOND, False, policy)
    assert at_checkpoint(scheduled, at(5), False, policy)
    assert hard_deadline(scheduled, UNKNOWN, policy) == at(60)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_meet_time_at_the_edge_of_the_calendar_breaks_nothing(moment: str) -> None:
    plan(meeting(SCHEDULED, meet_time=moment), BOTH_RUN, at(0), policy=POLICY)
    plan(meeting(OVER, meet_time=moment, ended_at=None), BOTH_RUN, at(0), policy=POLICY)


@pytest.mark.parametrize("minutes", [10**10, 10**15, -5])
def test_a_duration_beyond_the_calendar_is_no_duration(minutes: int) -> None:
    running = meeting(IN_PROGRESS, HELD, duration_minutes=minutes)
    assert plan(running, bearing_its_deadline(running, BOTH_RUN), at(100), policy=POLICY) == []


# --- rows that hands made


@pytest.mark.parametrize("name", ["termination_reason", "checkpoint_at", "student_joined_at", "student_ec2_link"])
def test_an_empty_attribute_counts_as_absent_and_does_not_stop_a_write(name: str) -> None:
    before = row(IN_PROGRESS) | {name: ""}
    actions = plan(rows.meeting(before), BOTH_RUN, at(16), policy=POLICY)
    after, _ = applied(actions, before, BOTH_RUN, at(16))
    assert rows.meeting(after).checkpoint_at == at(16)


def test_garbage_in_checkpoint_at_does_not_stop_the_meeting() -> None:
    before = row(IN_PROGRESS, checkpoint_at="yes")
    actions = plan(rows.meeting(before), BOTH_RUN, at(16), policy=POLICY)
    after, _ = applied(actions, before, BOTH_RUN, at(16))
    assert rows.meeting(after).checkpoint_at == at(16)


# --- what always holds


def random_row(dice: random.Random) -> dict[str, Any]:
    """Return a row as apps, desktops and hands may leave it behind; some of it is garbage."""

    def moment() -> Any:
        return dice.choice([None, None, at(dice.choice([-60, -10, -5, 0, 10, 15, 29, 60, 240])), "", "garbage"])

    attributes: dict[str, Any] = {
        "open": dice.choice(["1", "1", None]),
        "status": dice.choice([*Status, *Status, None, "", "garbage", 7]),
        "meet_time": dice.choice([T, T, T, at(120), moment()]),
        "created_at": dice.choice([at(-1440), at(-3), moment()]),
        "duration_minutes": dice.choice([None, None, 45, 0, -1, "garbage"]),
        "termination_reason": dice.choice([None] * 8 + [*Reason, "", "because"]),
        "checkpoint_at": dice.choice([None, moment()]),
        "ended_at": dice.choice([None] * 6 + [moment()]),
        "instance_id": dice.choice([None, "i-teacher", "i-student", "i-other"]),
    }
    others = {Role.TEACHER: "i-other", Role.STUDENT: "i-double"}
    for role in Role:
        attributes |= {
            f"{role}_ec2_id": dice.choice([None, f"i-{role}", f"i-{role}", f"i-{role}", others[role], ""]),
            f"{role}_ec2_link": dice.choice([None, link(f"i-{role}"), "https://elsewhere"]),
            f"{role}_session_data": dice.choice([None, None, "", f"https://files.example.com/{role}"]),
            f"{role}_attempt": dice.choice([None, 1, 2, 10, "garbage"]),
            f"{role}_subnet": dice.choice([None, "subnet-1"]),
            f"{role}_refused": dice.choice([None, None, None, "NoRoom"]),
            f"{role}_late_boots": dice.choice([None, None, 1]),
        }
        for name in ("attempt_at", "launched_at", "healthy_at", "joined_at", "uploaded_at"):
            attributes[f"{role}_{name}"] = moment()
    kept = dice.random()
    return row({name: value for name, value in attributes.items() if dice.random() < kept})


def random_sight(dice: random.Random, named: set[str | None], now: datetime) -> Observation:
    """Return a sight of what a look may find, all of it or a part: what is tagged with M, and what its row names."""
    ids = dice.sample(["i-teacher", "i-student", "i-other", "i-double"], dice.randrange(5))
    roles = {"i-teacher": [Role.TEACHER] * 6, "i-student": [Role.STUDENT] * 6}
    desktops = tuple(
        Desktop(
            id=desktop_id,
            state=dice.choice([*State, State.RUNNING, State.RUNNING]),
            owner=dice.choice([Owner.OURS, Owner.OURS, Owner.OURS, Owner.BY_HAND, Owner.FOREIGN]),
            meeting_id=dice.choice(["m1", "m1", "m1", "m2", None]) if desktop_id in named else "m1",
            role=dice.choice([*Role, None, *roles.get(desktop_id, [])]),
            address=dice.choice(["198.51.100.7", "198.51.100.7", None]),
            launched_at=now - timedelta(minutes=dice.choice([0, 4, 5, 14, 15, 60])),
        )
        for desktop_id in ids
    )
    return Observation(desktops, complete=dice.random() < 0.6)


@dataclass(frozen=True)
class Throw:
    """One throw of the dice: a row, a sight, a moment, and what a timer adds."""

    row: dict[str, Any]
    seen: Observation
    now: datetime
    hints: dict[str, bool]

    def plan(self) -> list[Action]:
        return plan(self.meeting, self.seen, self.now, policy=POLICY, **self.hints)

    @property
    def meeting(self) -> Meeting:
        return rows.meeting(self.row)


def throw(seed: int) -> Throw:
    dice = random.Random(seed)
    now = at(dice.choice([-60, -10, -9, -4, 0, 5, 15, 20, 45, 100, 239, 240, 300]))
    hints = {name: dice.random() < 0.1 for name in ("checkpoint", "due", "force")}
    thrown = random_row(dice)
    named = {thrown.get(f"{role}_ec2_id") for role in Role}
    seen = bearing_its_deadline(rows.meeting(thrown), random_sight(dice, named, now))
    return Throw(thrown, seen, now, hints)


BLOCKS = [range(begin, begin + 400) for begin in range(0, 4000, 400)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_whatever_the_row_planning_again_after_applying_yields_nothing(seeds: range) -> None:
    for seed in seeds:
        thrown = throw(seed)
        actions = thrown.plan()
        if any(isinstance(action, Observe) for action in actions):
            assert spell(actions) == ["observe"], thrown
            assert not thrown.seen.complete, thrown
            continue
        after, seen = applied(actions, thrown.row, thrown.seen, thrown.now)
        again = replace(thrown, row=after, seen=seen).plan()
        assert spell(again) == [], f"seed {seed}: after {spell(actions)} of {thrown}"


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_whatever_the_row_the_plan_keeps_what_must_always_hold(seeds: range) -> None:
    for seed in seeds:
        thrown = throw(seed)
        check_invariants(thrown, thrown.plan())


def check_invariants(thrown: Throw, actions: list[Action]) -> None:
    row_, seen = thrown.meeting, thrown.seen
    ending = row_.over or any("termination_reason" in action.set for action in actions if isinstance(action, Update))
    named = {seat.desktop_id for seat in row_.seats}
    for action in actions:
        match action:
            case Update(set=values, remove=names):
                assert values or names, thrown
                assert not set(values) & set(names), thrown
                assert not (row_.over and values.get("status", Status.TERMINATED) is not Status.TERMINATED), thrown
            case Launch(attempts=attempts):
                assert not ending, thrown
                assert seen.complete, thrown
                for begun in attempts:
                    assert not row_.seat(begun.role).uploaded, thrown
                    assert 1 <= begun.number <= POLICY.max_attempts, thrown
                    assert not _lives(thrown, begun.role, except_for=_terminated(actions)), thrown
            case Publish(records=records):
                assert not ending, thrown
                assert records, thrown
                assert all(record.address and record.meeting_id == "m1" for record in records), thrown
            case Terminate(desktop_ids=ids):
                assert ids, thrown
                assert len(set(ids)) == len(ids), thrown
                for desktop_id in ids:
                    found = seen.find(desktop_id)
                    assert ending or found, f"what is not observed is not ended: {thrown}"
                    assert found is None or found.owner is not Owner.FOREIGN, thrown
                    assert found is None or found.owner is Owner.OURS or desktop_id in named, thrown
            case _:
                assert action.why, thrown


def _terminated(actions: list[Action]) -> set[str]:
    return {desktop_id for action in actions if isinstance(action, Terminate) for desktop_id in action.desktop_ids}


def _lives(thrown: Throw, role: Role, except_for: set[str]) -> bool:
    """Whether a desktop is seen that this role has, by the row's word or by its own tags."""
    named = thrown.meeting.seat(role).desktop_id
    return any(
        d.state.serves
        and d.id not in except_for
        and (d.id == named or (d.owner is Owner.OURS and d.meeting_id == "m1" and d.role is role))
        for d in thrown.seen.desktops
    )
