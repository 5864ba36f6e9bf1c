"""When a meeting ends, and by which reason."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import UNKNOWN, State
from tests.builders import (
    BOTH_RUN,
    HEALTHY,
    HELD,
    IN_PROGRESS,
    NONE_LIVE,
    ONE_CAME,
    SCHEDULED,
    T,
    all_of,
    at,
    desktop,
    uploaded,
)
from tests.unit.rules.table import BLINK, CREATED, GARBAGE, UNTIMED, EveryCase, case, ends, ends_without_desktops

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
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
    case("one uploaded by then, and the other never came",
         ONE_CAME | uploaded("teacher", 10), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("one uploaded by then, and the other is in it",
         IN_PROGRESS | uploaded("teacher", 10), BOTH_RUN, 15, ["write checkpoint_at"]),
    case("one uploaded though nobody joined",
         HEALTHY | uploaded("teacher", 10), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT")),
    case("one uploaded, and the timer is the first to see it",
         ONE_CAME | uploaded("teacher", None), BOTH_RUN, 15, ends("PARTIAL_NO_SHOW_TIMEOUT"), checkpoint=True),
    case("before T+15 one upload ends nothing", IN_PROGRESS | uploaded("teacher", 10), BOTH_RUN, 15 - BLINK, []),
    case("held late, what was uploaded since does not count against anybody",
         IN_PROGRESS | uploaded("teacher", 15 + BLINK), BOTH_RUN, 18, ["write checkpoint_at"]),
    case("held late, what was uploaded by then does count",
         ONE_CAME | uploaded("teacher", 15), BOTH_RUN, 18, ends("PARTIAL_NO_SHOW_TIMEOUT")),
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
    case("and where it names desktops that others launched, nobody has come to these",
         UNTIMED | {"teacher_ec2_id": "i-teacher", "student_ec2_id": "i-student"}, NONE_LIVE, 15,
         ["end NO_SHOW_TIMEOUT", "withdraw i-teacher i-student", "close NO_SHOW_TIMEOUT"], checkpoint=True),
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
         SCHEDULED, NONE_LIVE, 15, ends_without_desktops("LAUNCH_FAILED")),
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
# fmt: on


@pytest.mark.parametrize("case", CHECKPOINT, ids=str)
class TestCheckpoint(EveryCase):
    """At T+15."""


@pytest.mark.parametrize("case", UPLOADS, ids=str)
class TestUploads(EveryCase):
    """After the checkpoint, by uploads."""


@pytest.mark.parametrize("case", DEADLINE, ids=str)
class TestDeadline(EveryCase):
    """At the hard deadline."""
