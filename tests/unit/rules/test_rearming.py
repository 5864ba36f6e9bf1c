"""Desktops bear their meeting's deadline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role
from tests.builders import BOTH_RUN, HELD, IN_PROGRESS, PUBLISHED, RECORDED, all_of, at, desktop, some_of, uploaded
from tests.unit.rules.table import EveryCase, case, ends

# One case is a line or a few, so that it reads as the table it is.
# fmt: off
MOVED = all_of(desktop("teacher", deadline=at(180)), desktop("student", deadline=at(180)))
HOUR = IN_PROGRESS | HELD | {"duration_minutes": 60}
OF_AN_HOUR = all_of(desktop("teacher", deadline=at(70)), desktop("student", deadline=at(70)))
OF_LONGER = all_of(desktop("teacher", deadline=at(85)), desktop("student", deadline=at(85)))
DEADLINES_BORNE = [
    case("what bears a deadline that was moved is told the new one",
         PUBLISHED, MOVED, 0, ["rearm i-teacher i-student"]),
    case("only what bears another is told", PUBLISHED, all_of(desktop("teacher"), MOVED.desktops[1]), 0,
         ["rearm i-student"]),
    case("on a glimpse too", PUBLISHED, some_of(MOVED.desktops[1]), 0, ["rearm i-student"]),
    case("what bears the right one is left alone", PUBLISHED, BOTH_RUN, 0, []),
    case("a meeting that was made longer keeps its desktops longer", HOUR | {"duration_minutes": 75}, OF_AN_HOUR, 59.9,
         ["rearm i-teacher i-student"], policy=RECORDED),
    case("in the last second too, and then nobody's time is up", HOUR | {"duration_minutes": 75}, OF_LONGER, 60, [],
         policy=RECORDED),
    case("one that nobody made longer is over by then", HOUR | {f"{r}_saved_at": at(60) for r in Role}, OF_AN_HOUR, 61,
         ends("MAX_DURATION"), policy=RECORDED),
    case("beyond the operator's limit it is not made longer", HOUR | {"duration_minutes": 1000},
         all_of(desktop("teacher", deadline=at(240)), desktop("student", deadline=at(240))), 60, [], policy=RECORDED),
    case("what was launched by hand is left alone", PUBLISHED,
         all_of(*(replace(d, owner=Owner.BY_HAND) for d in MOVED.desktops)), 0, []),
    case("what is dying is left alone", PUBLISHED | uploaded("student", -1) | {"student_ec2_link": None},
         all_of(desktop("teacher"), replace(MOVED.desktops[1], state=State.SHUTTING_DOWN)), 0, []),
]
# fmt: on


@pytest.mark.parametrize("case", DEADLINES_BORNE, ids=str)
class TestDeadlinesBorne(EveryCase):
    """Which desktops are told a deadline that was moved."""
