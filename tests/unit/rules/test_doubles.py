"""Never two live desktops for one role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role
from tests.builders import BOTH_RUN, PUBLISHED, SCHEDULED, all_of, desktop, launched, some_of
from tests.unit.rules.table import BLINK, BOOTS, BY_HAND, DOUBLE, EveryCase, attempt, case

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
TAKEN = ["terminate i-double", "withdraw i-double"]
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
         all_of(BOOTS, replace(DOUBLE, state=State.STOPPED)), 0,
         ["terminate i-double", "launch student 1", "withdraw i-double"]),
    case("and so is one in whose place the row names another's",
         PUBLISHED | {"student_ec2_id": "i-elsewhere", "student_ec2_link": None},
         all_of(desktop("teacher"), desktop("student", State.STOPPED)), 0,
         ["terminate i-student", "launch student 2", "withdraw i-student"]),
    case("one that serves no more and is younger than five minutes is left alone",
         SCHEDULED | launched("teacher") | {"status": "LAUNCHED"},
         all_of(BOOTS, replace(DOUBLE, state=State.STOPPED)), -BLINK, ["launch student 1"]),
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
# fmt: on


@pytest.mark.parametrize("case", DOUBLES, ids=str)
class TestDoubles(EveryCase):
    """Which second desktop of a role is ended."""
