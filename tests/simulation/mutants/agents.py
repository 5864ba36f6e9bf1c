"""Defects of the agent, and of what the app makes of its words, that worlds with desktops of the kit must show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.domain import writes
from chalicelib.domain.door import door_token
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role, Seat
from chalicelib.guests import desk
from desktop.conversation import Conversation
from desktop.door import Door, Verdict
from tests.simulation.mutants.changes import given, returns, without_expecting
from tests.simulation.mutants.mutant import Mutant

DESK = "tests/unit/test_desk.py"


def _hears_only_who_comes(original: Callable[..., None]) -> Callable[..., None]:
    def report(meetings: Any, place: desk.Desk, connected: bool, now: datetime) -> None:
        if connected:
            original(meetings, place, connected, now)

    return report


def _for_the_other_role(keys: Any, desktop_id: str, role: Role, *rest: Any) -> tuple[Any, ...]:
    return keys, desktop_id, Role.STUDENT if role is Role.TEACHER else Role.TEACHER, *rest


def _ready_whatever_it_says(original: Callable[..., bool]) -> Callable[..., bool]:
    def is_ready(meeting: Meeting, role: Role) -> bool:
        return original(meeting, role) or meeting.seat(role).has_stopped_being_ready

    return is_ready


def _keeps_what_was_missing(original: Callable[..., None]) -> Callable[..., None]:
    def report(meetings: Any, place: desk.Desk, missing: tuple[str, ...], now: datetime) -> None:
        if missing or not place.seat.healthy_at:
            original(meetings, place, missing, now)

    return report


MUTANTS = (
    Mutant("never says again what the app has heard too late", Conversation._compare, returns(None)),
    Mutant("never says that it is ready again", Conversation._tell_ready, returns(None)),
    Mutant("lets who has been away come back at any time", Door._judge_again, returns(Verdict(True, "Welcome."))),
    Mutant("lets nobody come back", Door._judge_again, returns(Verdict(False, "Click again."))),
    Mutant("makes tokens for the other's door", door_token, given(_for_the_other_role)),
    Mutant("never hears that somebody has gone", desk.report_presence, _hears_only_who_comes),
    Mutant("leads people to a desktop that has stopped being ready", Meeting.is_ready, _ready_whatever_it_says),
    Mutant("never withdraws what was missing", desk.report_ready, _keeps_what_was_missing),
    Mutant("enters what it has given up", writes.reported_ready, without_expecting("given_up"), DESK),
    Mutant("takes no desktop for given up", Seat.is_given_up, returns(False), DESK),
)
