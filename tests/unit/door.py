"""What the tests of the door share: a table with one meeting, and somebody who asks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.people.join import NotYet, Open, Visit, resolve_join
from chalicelib.people.links import Link
from tests.builders import POLICY, at, row
from tests.fakes import FakeMeetings


def table(*parts: dict[str, Any], **attributes: Any) -> FakeMeetings:
    """Return a table that holds this one meeting."""
    meetings = FakeMeetings()
    meetings.rows["m1"] = row(*parts, **attributes)
    return meetings


def ask(
    meetings: FakeMeetings,
    role: Role = Role.TEACHER,
    minutes: float = 2,
    *,
    policy: Policy = POLICY,
    signed: bool = True,
    visit: Visit = Visit.CLICK,
    recorded: bool = False,
) -> Open | NotYet:
    """Return what somebody is told who asks at the door this many minutes after T."""
    shown = Link("m1", role, signed=signed)
    return resolve_join(meetings, shown, lambda: at(minutes), policy, visit=visit, recorded=recorded)


def enter(meetings: FakeMeetings, role: Role = Role.TEACHER, minutes: float = 2, **how: Any) -> Open:
    """Return what somebody is told who finds the door open."""
    answer = ask(meetings, role, minutes, **how)
    assert isinstance(answer, Open), answer
    return answer


def wait(meetings: FakeMeetings, role: Role = Role.TEACHER, minutes: float = 2, **how: Any) -> NotYet:
    """Return what somebody is told who finds the door closed."""
    answer = ask(meetings, role, minutes, **how)
    assert isinstance(answer, NotYet), answer
    return answer


def without(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return what is told, without these."""
    return {name: value for name, value in told.items() if name not in names}
