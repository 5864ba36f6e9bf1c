"""A desktop that the row does not name is adopted, where it is this meeting's."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import Owner, State
from tests.builders import HEALTHY, PUBLISHED, SCHEDULED, all_of, desktop, link, some_of
from tests.unit.rules.table import BOOTS, BOTH_BOOT, FOUND, ONE_LAUNCHED, EveryCase, attempt, case, new

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
FOUND_BY_HAND = "write student_ec2_id=i-student student_launched_at"
BOTH_FOUND = (
    f"write status=LAUNCHED {FOUND.removeprefix('write ')} "
    "teacher_ec2_id=i-teacher teacher_launched=m1/teacher/i-teacher teacher_launched_at"
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
         [new(120), "withdraw i-student", "publish i-new",
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
         [f"{FOUND.replace('student_launched=', 'student_healthy_at student_launched=')} -student_published_at",
          "publish i-student",
          f"write student_ec2_link={link('i-student')} student_published_at"]),
    case("what the dead one reported does not count for the one that is adopted",
         HEALTHY,
         all_of(desktop("teacher"), desktop("student", State.TERMINATED),
          desktop("student", State.PENDING, id="i-new")), -2,
         [new(480).replace(" -student_published_at", " -student_healthy_at -student_published_at"),
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
# fmt: on


@pytest.mark.parametrize("case", ADOPTION, ids=str)
class TestAdoption(EveryCase):
    """Which desktop takes a role that lacks one."""
