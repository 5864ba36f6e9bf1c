"""A desktop that runs gets its record, and then its link."""

from __future__ import annotations

import pytest

from chalicelib.domain.model import State
from tests.builders import BOTH_RUN, LAUNCHED, PUBLISHED, all_of, desktop, link, some_of
from tests.unit.rules.table import EveryCase, case

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
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
          "publish i-teacher", f"write opened_at teacher_ec2_link={link('i-teacher')} teacher_published_at",
          "publish i-student", f"write student_ec2_link={link('i-student')} student_published_at"]),
]
# fmt: on


@pytest.mark.parametrize("case", PUBLISHING, ids=str)
class TestPublishing(EveryCase):
    """Which desktops are published."""
