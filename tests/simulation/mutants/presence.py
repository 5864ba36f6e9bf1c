"""Defects of what the app believes of people: who is in, who is done, who came back, who stands at the door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import app
from chalicelib.domain import writes
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Seat
from chalicelib.people.join import Visit
from chalicelib.rules import people
from chalicelib.rules.facts import Facts
from tests.simulation.mutants.changes import always, given, never, returns, writes_nothing
from tests.simulation.mutants.mutant import Mutant

RULES = "tests/unit/rules"


def _as_if_nobody_were_connected(meeting: Meeting, seat: Seat) -> tuple[Any, ...]:
    return meeting, replace(seat, connected_at=None)


MUTANTS = (
    Mutant("takes who has uploaded for gone", people.is_done, given(_as_if_nobody_were_connected), RULES),
    Mutant("forgets who has come back", people.has_come_back, never),
    Mutant("takes who has uploaded for back", people.has_come_back, always),
    Mutant("notes nobody at the door", people.note_waiting, returns(None)),
    Mutant("writes nothing of who waits", writes.waiting, writes_nothing),
    Mutant("leaves who waits at a closed door", Facts.somebody_waits, never),
    Mutant("keeps desktops for whoever has a page open", Facts.somebody_waits, always),
    Mutant("says that nobody came as soon as a door is open", Facts.may_still_enter, never),
    Mutant("is patient for ever", Facts.patience_is_out, never),
    Mutant("has no patience", Facts.patience_is_out, always),
    Mutant("takes who peeks for somebody who came", app._visit, returns(Visit.CLICK)),
    Mutant("keeps the desktop that somebody wants replaced", Seat.is_unwanted, never),
)
