"""What becomes of a meeting once people's time is up: its recordings are awaited, to its hard deadline at the latest.

Every meeting here lasts an hour, and its desktops may upload for ten minutes after it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.model import UNKNOWN, State
from chalicelib.domain.update import Update
from tests.builders import (
    BOTH_RUN,
    HEALTHY,
    HELD,
    NONE_LIVE,
    POLICY,
    RECORDED,
    SCHEDULED,
    all_of,
    at,
    connected,
    desktop,
    joined,
    saved,
    some_of,
    uploaded,
)
from tests.unit.rules.table import BLINK, UNTIMED, Case, EveryCase, case, ends, ends_without_desktops

HOUR: dict[str, Any] = {"duration_minutes": 60}
WHOLE_TIME = HEALTHY | HELD | HOUR | connected("teacher", 1) | connected("student", 2) | {"status": "IN_PROGRESS"}
"""Both have come, and nobody has gone."""

SENT_OUT = WHOLE_TIME | connected("teacher", 1, 60.5) | connected("student", 2, 60.5)
NONE_CAME = HEALTHY | HELD | HOUR
TEACHER_ALONE = HEALTHY | HELD | HOUR | connected("teacher", 1, 60.5) | {"status": "IN_PROGRESS"}
MAX_DURATION = ends("MAX_DURATION")
DEAD_STUDENT = all_of(desktop("teacher"), desktop("student", State.SHUTTING_DOWN))
GONE = ["end MAX_DURATION", "terminate i-teacher", "withdraw i-teacher i-student",
        "close MAX_DURATION -teacher_ec2_link -student_ec2_link"]  # fmt: skip


def closing(
    name: str, row_: dict[str, Any], minutes: float, then: list[str], seen: Any = BOTH_RUN, **more: Any
) -> Case:
    return case(name, row_, seen, minutes, then, **{"policy": RECORDED, **more})


# One case is a line or a few, so that it reads as the table it is.
# fmt: off
AWAITED = [
    closing("a second before the end nothing is different", WHOLE_TIME, 60 - BLINK, []),
    closing("at the end two recordings are awaited", WHOLE_TIME, 60, []),
    closing("though everybody is gone", SENT_OUT, 61, []),
    closing("though one of them is safe", SENT_OUT | saved("teacher", 61), 62, []),
    closing("both are safe", SENT_OUT | saved("teacher", 61) | saved("student", 62), 62, MAX_DURATION),
    closing("also where no desktop was looked at",
            SENT_OUT | saved("teacher", 61) | saved("student", 62), 62, MAX_DURATION, UNKNOWN),
    closing("at the hard deadline nobody is waited for any more", SENT_OUT, 70, MAX_DURATION),
    closing("a second before it one still is", SENT_OUT | saved("teacher", 61), 70 - BLINK, []),
    closing("nor is who is still there", WHOLE_TIME, 70, MAX_DURATION),
    closing("what is said while somebody is still there is not all",
            WHOLE_TIME | saved("teacher", 60.2) | saved("student", 60.2), 60.3, []),
    closing("who has come since then is recorded anew",
            SENT_OUT | saved("teacher", 0.5) | saved("student", 62), 69, []),
    closing("what was safe before the end is all, once the desktop would have told of somebody who came back",
            SENT_OUT | connected("teacher", 1, 50) | saved("teacher", 52) | saved("student", 60.7), 61, MAX_DURATION),
    closing("and not a second earlier",
            SENT_OUT | connected("teacher", 1, 50) | saved("teacher", 52) | saved("student", 60.7), 61 - BLINK, []),
    closing("an address that is no word of the desktop's own makes nothing safe",
            SENT_OUT | uploaded("teacher", 20) | uploaded("student", 61), 62, []),
]

NOTHING_TO_AWAIT = [
    closing("nobody came: it ends with people's time", NONE_CAME, 60, MAX_DURATION),
    closing("not a second before", NONE_CAME, 60 - BLINK, []),
    closing("one came, and all is safe", TEACHER_ALONE | saved("teacher", 60.8), 60.8, MAX_DURATION),
    closing("one came, and it is not", TEACHER_ALONE, 60.8, []),
    closing("who has clicked may have been recorded, whatever the desktop could tell",
            NONE_CAME | joined("teacher") | {"status": "IN_PROGRESS"}, 65, []),
    closing("a click that was for the desktop before tells nothing of this one",
            NONE_CAME | joined("teacher", 1) | {"teacher_launched_at": at(5)}, 60, MAX_DURATION),
    closing("but who has connected to this one does",
            TEACHER_ALONE | {"teacher_launched_at": at(5), "teacher_connected_at": at(20)}, 61, []),
    closing("a desktop that is gone uploads nothing any more",
            SENT_OUT | saved("teacher", 61), 61, GONE, DEAD_STUDENT),
    closing("the other's is awaited all the same; whose is gone gets no other",
            SENT_OUT, 61, ["write student_gone_at -student_ec2_link -student_published_at", "withdraw i-student"],
            DEAD_STUDENT),
    closing("an event's word for it is enough",
            SENT_OUT | saved("teacher", 61), 61, GONE, some_of(DEAD_STUDENT.desktops[1])),
    closing("one that the row has lost sight of is found again, and nobody was at it",
            TEACHER_ALONE | saved("teacher", 61) | {"student_ec2_id": None, "student_joined_at": at(2)}, 61,
            ["end MAX_DURATION", "terminate i-teacher i-student", "withdraw i-teacher i-student",
             "close MAX_DURATION -teacher_ec2_link -student_ec2_link"]),
    closing("both are gone", SENT_OUT, 61,
            ["end MAX_DURATION", "withdraw i-teacher i-student",
             "close MAX_DURATION -teacher_ec2_link -student_ec2_link"], NONE_LIVE),
    closing("what EC2 cannot show yet is not gone",
            SENT_OUT | {"student_launched_at": at(58), "student_connected_at": at(59)} | saved("teacher", 61), 61,
            [], all_of(desktop("teacher"))),
]

OTHER_RULES = [
    closing("two uploads at the end are no success: the time was used", SENT_OUT | saved("teacher", 61)
            | saved("student", 61.5), 61.5, MAX_DURATION),
    closing("two that came in time are one", SENT_OUT | connected("teacher", 1, 40) | connected("student", 2, 41)
            | saved("teacher", 42) | saved("student", 43), 43, ends("SUCCESS")),
    closing("one upload's grace that runs out ends nothing now", SENT_OUT | saved("teacher", 30.5), 60.6, []),
    closing("before the end it does", WHOLE_TIME | connected("teacher", 1, 28) | saved("teacher", 29), 59,
            ends("PARTIAL_UPLOAD_TIMEOUT")),
    closing("but not while its person is connected", WHOLE_TIME | saved("teacher", 29), 59, []),
    closing("a checkpoint that falls behind the end is held, and ends nothing",
            SENT_OUT | {"duration_minutes": 10, "checkpoint_at": None}, 15, ["write checkpoint_at"]),
    closing("a checkpoint that nobody could hold in time is none any more: its time is up",
            NONE_CAME | {"checkpoint_at": None, "duration_minutes": 10}, 20, MAX_DURATION),
    closing("nothing is launched by then",
            SCHEDULED | HOUR | HELD, 60, ends_without_desktops("MAX_DURATION"), NONE_LIVE),
    closing("nor by force",
            SCHEDULED | HOUR | HELD, 60, ends_without_desktops("MAX_DURATION"), NONE_LIVE, force=True),
    closing("nor is what is not ready replaced", SENT_OUT | {"student_joined_at": None, "student_connected_at": None,
            "student_healthy_at": at(50), "student_missing": ["DCV"], "student_missing_since": at(51)}, 66, []),
    closing("where every attempt is spent, that is not the reason any more",
            TEACHER_ALONE | {"student_attempt": 10, "teacher_joined_at": None}, 61,
            ["write student_gone_at -student_ec2_link -student_published_at", "withdraw i-student"], DEAD_STUDENT),
]

LIMITS = [
    closing("the longest meeting leaves room for its uploads",
            SENT_OUT | {"duration_minutes": 240}, 230, []),
    closing("and not a second less", NONE_CAME | {"duration_minutes": 240}, 230 - BLINK, []),
    closing("but not beyond the operator's limit", SENT_OUT | {"duration_minutes": 240}, 240, MAX_DURATION),
    closing("one of which nobody said how long it is ends so too",
            NONE_CAME | {"duration_minutes": None}, 230, MAX_DURATION),
    closing("the desktops of a row without any time as well",
            SENT_OUT | {"meet_time": None, "created_at": None, "duration_minutes": None}, 240, MAX_DURATION),
    closing("and are waited for before", SENT_OUT | {"meet_time": None, "created_at": None, "duration_minutes": None},
            240 - BLINK, []),
    closing("what nobody ever launched and nobody can date costs nothing", UNTIMED, 9999, [], NONE_LIVE),
    closing("a meeting that is not recorded ends at once", WHOLE_TIME, 60, MAX_DURATION, policy=POLICY),
    closing("nor has it time to upload where the operator gives none", WHOLE_TIME, 60, MAX_DURATION,
            policy=replace(RECORDED, upload_limit=timedelta())),
    closing("uploads take no more than half of the operator's limit",
            SENT_OUT, 8, ends("MAX_DURATION", timers="safety-m1"),
            policy=replace(RECORDED, max_duration=timedelta(minutes=8))),
    closing("and are waited for that long", SENT_OUT, 8 - BLINK, [],
            policy=replace(RECORDED, max_duration=timedelta(minutes=8))),
]
# fmt: on


@pytest.mark.parametrize("case", AWAITED, ids=str)
class TestAwaited(EveryCase):
    """Which recordings are awaited, and until when."""


@pytest.mark.parametrize("case", NOTHING_TO_AWAIT, ids=str)
class TestNothingToAwait(EveryCase):
    """Seats that nobody came to, and desktops that are gone."""


@pytest.mark.parametrize("case", OTHER_RULES, ids=str)
class TestOtherRules(EveryCase):
    """What else may hold by then gives way."""


@pytest.mark.parametrize("case", LIMITS, ids=str)
class TestLimits(EveryCase):
    """People's time and their desktops' both lie within the operator's limit."""


@pytest.mark.parametrize("name", ["connected_at", "disconnected_at", "saved_at"])
def test_the_end_rests_on_what_was_read_of_the_recordings(name: str) -> None:
    safe = closing("", SENT_OUT | saved("teacher", 61) | saved("student", 62), 62, MAX_DURATION)
    first = safe.plan()[0]
    assert isinstance(first, Update)
    expected = {str(attribute): value for attribute, value in first.expect.items()}
    read = {f"{role}_{name}": safe.row[f"{role}_{name}"] for role in ("teacher", "student")}
    assert expected | read == expected
