"""Defects of what people are told, and of how a row is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.control.ports import Meetings
from chalicelib.domain import writes
from chalicelib.domain.model import Meeting, Status
from chalicelib.domain.seat import Role
from chalicelib.people import join
from tests.simulation.mutants.changes import Stubbed, always, expecting_nothing, given
from tests.simulation.mutants.mutant import Mutant


def _sees_no_end(meetings: Meetings, *rest: Any) -> tuple[Any, ...]:
    def get(meeting_id: str) -> Meeting:
        meeting = meetings.get(meeting_id)
        status = Status.HEALTHY if meeting.over else meeting.status
        return replace(meeting, status=status, reason=None, ended_at=None)

    return Stubbed(meetings, get=get), *rest


def _writes_nothing(meetings: Meetings, *rest: Any) -> tuple[Any, ...]:
    return Stubbed(meetings, update=lambda meeting_id, change: None), *rest


def _takes_any_report(original: Callable[..., bool]) -> Callable[..., bool]:
    def is_ready(self: Meeting, role: Role) -> bool:
        return bool(self.reported) or original(self, role)

    return is_ready


MUTANTS = (
    Mutant("lets people in while it ends", join.resolve_join, given(_sees_no_end), "crash/comes-as-it-ends"),
    Mutant("lets people in unrecorded", join.resolve_join, given(_writes_nothing)),
    Mutant("opens the door before health is reported", Meeting.is_ready, always),
    Mutant(
        "lets people in on what it read long ago",
        writes.joined,
        expecting_nothing,
        "crash/at-the-last-moment",
    ),
    Mutant("takes any desktop's report for both", Meeting.is_ready, _takes_any_report),
)
