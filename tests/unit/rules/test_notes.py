"""What is noted on the row: reports, uploads, and the status, which never goes back."""

from __future__ import annotations

import pytest

from tests.builders import (
    BOTH_RUN,
    EXPIRES,
    HEALTHY,
    HELD,
    IN_PROGRESS,
    LAUNCHED,
    NONE_LIVE,
    PUBLISHED,
    SCHEDULED,
    uploaded,
)
from tests.unit.rules.table import BOTH_BOOT, EveryCase, case

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
READINESS = [
    case("a report is noted for the role whose desktop it is",
         PUBLISHED | {"status": "HEALTHY", "instance_id": "i-student"}, BOTH_RUN, -4,
         ["write opened_at student_healthy_at"]),
    case("a report makes the meeting healthy, whatever became of the status",
         PUBLISHED | {"instance_id": "i-student"}, BOTH_RUN, -4, ["write opened_at status=HEALTHY student_healthy_at"]),
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
    case("a row that says when it expires is not to, while the meeting is not over",
         SCHEDULED | {"expires": EXPIRES}, NONE_LIVE, -60, ["write -expires"]),
    case("whatever it says there", SCHEDULED | {"expires": ["soon"]}, NONE_LIVE, -60, ["write -expires"]),
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
# fmt: on


@pytest.mark.parametrize("case", READINESS, ids=str)
class TestReadiness(EveryCase):
    """What desktops report and upload is noted once."""


@pytest.mark.parametrize("case", BACKWARDS, ids=str)
class TestBackwards(EveryCase):
    """A status that went back is put right."""
