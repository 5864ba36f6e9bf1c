"""People who wait, come back, are in or are done: what each means for the meeting's end, and for a desktop."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    BOTH_RUN,
    HEALTHY,
    HELD,
    IN_PROGRESS,
    LAUNCHED,
    ONE_CAME,
    POLICY,
    PUBLISHED,
    RECORDED,
    SCHEDULED,
    all_of,
    at,
    connected,
    desktop,
    healthy,
    joined,
    launched,
    uploaded,
)
from tests.unit.rules.table import BLINK, EveryCase, case, ends

KIT = replace(POLICY, presence_told=True)
"""Desktops of the kit, which tell who is connected; nothing is recorded."""

RECORDING_KIT = replace(RECORDED, presence_told=True)


def waiting(role: str, minutes: float) -> dict[str, Any]:
    """Return what a row says of a role whose person was last seen at the door then."""
    return {f"{role}_waiting_at": at(minutes)}


def returned(role: str, minutes: float) -> dict[str, Any]:
    """Return what a row says of a role whose person clicked again then, after their side had uploaded."""
    return {f"{role}_returned_at": at(minutes)}


BEGUN = LAUNCHED | {"begun_at": at(-10)}
"""The app has begun the launch of both, and so knows of their doors."""

NAMED = PUBLISHED | {"begun_at": at(-10)}
"""The same, and both names resolve."""

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
BOTH_IN = IN_PROGRESS | connected("teacher", 1) | connected("student", 2)
LATE_DOOR = HEALTHY | healthy("teacher", 3) | healthy("student", 3)
"""Both doors opened at T+9."""

COMING_BACK = [
    case("both uploaded and away: done", BOTH_IN | connected("teacher", 1, 9) | connected("student", 2, 9)
         | uploaded("teacher", 10) | uploaded("student", 10), BOTH_RUN, 15, ends("15_MIN_SUCCESS"), policy=KIT),
    case("one of them is connected again: the meeting goes on",
         BOTH_IN | {"teacher_disconnected_at": at(3), "teacher_connected_at": at(4), "student_disconnected_at": at(9)}
         | uploaded("teacher", 3) | uploaded("student", 10), BOTH_RUN, 15, ["write checkpoint_at"], policy=KIT),
    case("one reload early in the lesson ends nothing",
         BOTH_IN | {"teacher_disconnected_at": at(3), "teacher_connected_at": at(3.5)} | uploaded("teacher", 3.2),
         BOTH_RUN, 15, ["write checkpoint_at"], policy=KIT),
    case("nor later", BOTH_IN | HELD | {"teacher_disconnected_at": at(3), "teacher_connected_at": at(3.5)}
         | uploaded("teacher", 3.2), BOTH_RUN, 100, [], policy=KIT),
    case("who clicked again at a desktop that tells nothing is back",
         IN_PROGRESS | HELD | uploaded("teacher", 20) | returned("teacher", 22) | uploaded("student", 40),
         BOTH_RUN, 60, []),
    case("and until then both are done",
         IN_PROGRESS | HELD | uploaded("teacher", 20) | uploaded("student", 40), BOTH_RUN, 40, ends("SUCCESS")),
    case("who is back gets another desktop for one that is gone",
         IN_PROGRESS | HELD | uploaded("teacher", 20) | returned("teacher", 22), all_of(desktop("student")), 30,
         ["launch teacher 2", "withdraw i-teacher"]),
    case("who has left gets none", IN_PROGRESS | HELD | uploaded("teacher", 20), all_of(desktop("student")), 30,
         ["write teacher_gone_at -teacher_ec2_link -teacher_published_at", "withdraw i-teacher"]),
]

ONE_IS_DONE = [
    case("the other never came: no-show of one", ONE_CAME | uploaded("teacher", 10), BOTH_RUN, 15,
         ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("the other is in: left alone", ONE_CAME | connected("student", 5) | uploaded("teacher", 10), BOTH_RUN, 15,
         ["write checkpoint_at"], policy=KIT),
    case("and has the grace from when the first was done", ONE_CAME | HELD | connected("student", 5)
         | uploaded("teacher", 10), BOTH_RUN, 40 - BLINK, [], policy=KIT),
    case("which was announced, and then it ends", ONE_CAME | HELD | connected("student", 5)
         | uploaded("teacher", 10), BOTH_RUN, 40, ends("PARTIAL_UPLOAD_TIMEOUT"), policy=KIT),
    case("a desktop that records has time to upload after it", ONE_CAME | HELD | connected("student", 5)
         | uploaded("teacher", 10), BOTH_RUN, 50 - BLINK, [], policy=RECORDING_KIT),
    case("and no more than that", ONE_CAME | HELD | connected("student", 5) | uploaded("teacher", 10), BOTH_RUN, 50,
         ends("PARTIAL_UPLOAD_TIMEOUT"), policy=RECORDING_KIT),
    case("the other's desktop tells nothing and it has clicked: never at once",
         IN_PROGRESS | uploaded("teacher", 10), BOTH_RUN, 15, ["write checkpoint_at"]),
    case("but after the grace", IN_PROGRESS | HELD | uploaded("teacher", 10), BOTH_RUN, 40,
         ends("PARTIAL_UPLOAD_TIMEOUT")),
    case("the other waits at a closed door: left alone",
         ONE_CAME | launched("student", 5) | {"student_healthy_at": None} | waiting("student", 14.5)
         | uploaded("teacher", 10), all_of(desktop("teacher"), desktop("student", minutes=5)), 15,
         ["write checkpoint_at"]),
]

NOBODY_ENTERED = [
    case("doors stood open for a quarter of an hour: no-show", HEALTHY, BOTH_RUN, 15, ends("NO_SHOW_TIMEOUT")),
    case("who has an open door before them and does not click has not come",
         HEALTHY | waiting("teacher", 14.5) | waiting("student", 14.5), BOTH_RUN, 15, ends("NO_SHOW_TIMEOUT")),
    case("doors that opened at T+9 stay open for a quarter of an hour", LATE_DOOR | {"opened_at": at(9)}, BOTH_RUN,
         24 - BLINK, []),
    case("and no longer", LATE_DOOR | {"opened_at": at(9)}, BOTH_RUN, 24, ends("NO_SHOW_TIMEOUT")),
    case("no door was ever open and nobody waits: it failed", NAMED, BOTH_RUN, 15, ends("LAUNCH_FAILED")),
    case("a desktop of the kit that is ready under no name is no open door",
         BEGUN | {"status": "HEALTHY", "student_healthy_at": at(-4)},
         all_of(desktop("teacher", address=None), desktop("student", address=None)), 15,
         ends("LAUNCH_FAILED", links=False), policy=KIT),
    case("one that is ready beside a launch that the app did not begin may have had a name",
         BEGUN | {"status": "HEALTHY", "begun_at": None},
         all_of(desktop("teacher", address=None), desktop("student", address=None)), 15,
         ends("NO_SHOW_TIMEOUT", links=False)),
    case("a second earlier it is left alone", NAMED | {"teacher_late_boots": 1, "student_late_boots": 1}, BOTH_RUN,
         15 - BLINK, []),
    case("somebody waits at a door that never opened: their desktop is made anew",
         NAMED | launched("student", -5) | waiting("student", 14.5), all_of(desktop("teacher"), desktop("student",
         minutes=-5)), 15, ["write student_given_up=i-student", "terminate i-student", "launch student 2",
                            "withdraw i-student"]),
    case("also a second time", NAMED | launched("student", 15, attempt=2) | {"student_late_boots": 1}
         | waiting("student", 29.5), all_of(desktop("teacher"), desktop("student", minutes=15)), 30,
         ["write student_given_up=i-student", "terminate i-student", "launch student 3", "withdraw i-student"]),
    case("who waited two minutes ago waits no more", NAMED | waiting("student", 13), BOTH_RUN, 15,
         ends("LAUNCH_FAILED")),
    case("until T+45", NAMED | launched("student", 40, attempt=3) | waiting("student", 44.5),
         all_of(desktop("teacher"), desktop("student", minutes=40)), 45 - BLINK, []),
    case("and then it failed, for them too", NAMED | launched("student", 40, attempt=3) | waiting("student", 44.5),
         all_of(desktop("teacher"), desktop("student", minutes=40)), 45, ends("LAUNCH_FAILED")),
    case("the door was open once, and is closed to who waits now: not a no-show",
         HEALTHY | {"student_missing": ["The network is gone."], "student_missing_since": at(10)}
         | waiting("student", 14.5), BOTH_RUN, 15, []),
    case("who is connected has come, without a click too", HEALTHY | {"student_connected_at": at(5)}, BOTH_RUN, 15,
         ["write checkpoint_at"], policy=KIT),
]

MOVED = HEALTHY | {"meet_time": at(30), "moved_at": at(5)}
"""Moved by half an hour, five minutes after it had begun, while its desktops stood ready."""

ANOTHER_TIME = [
    case("nothing ends at the time before", MOVED, BOTH_RUN, 15, []),
    case("nor a second before the new one is up", MOVED, BOTH_RUN, 45 - BLINK, []),
    case("nobody has come to the new one: no-show", MOVED, BOTH_RUN, 45, ends("NO_SHOW_TIMEOUT")),
    case("a door that was forgotten by the move is known by its desktop",
         MOVED | {"opened_at": None}, BOTH_RUN, 45, ends("NO_SHOW_TIMEOUT")),
    case("its first look notes how far it has come, and when its door opened",
         MOVED | {"opened_at": None, "status": "SCHEDULED"}, BOTH_RUN, 6, ["write opened_at status=HEALTHY"]),
    case("who waited then waits no more", MOVED | waiting("student", 5), BOTH_RUN, 45, ends("NO_SHOW_TIMEOUT")),
    case("who comes to the new time has come",
         MOVED | joined("student", 31) | {"status": "IN_PROGRESS"}, BOTH_RUN, 45, ["write checkpoint_at"]),
]

ANOTHER_ASKED = [
    case("a desktop that its person wants replaced is, though they are in it",
         IN_PROGRESS | {"student_replace_asked": "i-student"}, BOTH_RUN, 20,
         ["write checkpoint_at", "terminate i-student", "launch student 2", "withdraw i-student"]),
    case("a wish for one that is gone meanwhile counts for no other",
         IN_PROGRESS | HELD | {"student_replace_asked": "i-before"}, BOTH_RUN, 20, []),
    case("nor one at the last attempt", IN_PROGRESS | HELD | joined("student") | launched("student", attempt=10)
         | {"student_replace_asked": "i-student"}, BOTH_RUN, 20, []),
    case("nor once people's time is up", IN_PROGRESS | HELD | {"student_replace_asked": "i-student"}, BOTH_RUN, 240,
         ends("MAX_DURATION")),
]

FIRST_DOOR = [
    case("the first door that stands open is noted",
         HEALTHY | {"opened_at": None}, BOTH_RUN, 0, ["write opened_at"]),
    case("once", HEALTHY, BOTH_RUN, 0, []),
    case("a desktop that is not published is no open door", BEGUN | {"student_healthy_at": at(-4)},
         all_of(desktop("teacher", address=None), desktop("student", address=None)), -3, ["write status=HEALTHY"]),
    case("one that is not ready is none either", NAMED, BOTH_RUN, 0, []),
    case("before it is due nobody's waiting does anything", SCHEDULED | waiting("student", -60), all_of(), -59, []),
]
# fmt: on


@pytest.mark.parametrize("case", COMING_BACK, ids=str)
class TestComingBack(EveryCase):
    """An upload ends nothing while its person is there."""


@pytest.mark.parametrize("case", ONE_IS_DONE, ids=str)
class TestOneIsDone(EveryCase):
    """One side has uploaded and is away."""


@pytest.mark.parametrize("case", NOBODY_ENTERED, ids=str)
class TestNobodyEntered(EveryCase):
    """From T+15 on, nobody has come: who waits, and was a door ever open?"""


@pytest.mark.parametrize("case", ANOTHER_TIME, ids=str)
class TestAnotherTime(EveryCase):
    """A meeting that was moved within the hour for which its desktops are kept."""


@pytest.mark.parametrize("case", ANOTHER_ASKED, ids=str)
class TestAnotherAsked(EveryCase):
    """Somebody asks for another desktop."""


@pytest.mark.parametrize("case", FIRST_DOOR, ids=str)
class TestFirstDoor(EveryCase):
    """When a door first stood open."""
