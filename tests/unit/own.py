"""A meeting of one's own in a house of models: its teacher's wishes are granted, and the rules look at it after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.keys import Keys
from chalicelib.domain.seat import Role
from chalicelib.people import links
from chalicelib.people.booking import Bookings
from chalicelib.people.manage import Actor, Manager, by_link
from chalicelib.people.timers import Targets
from chalicelib.people.wishes import CallOff, Longer, Otherwise, Wish, parse_change
from tests.unit.control.house import MINUTE, House, T

KEYS = Keys("a key that nobody knows", all_signed=True)
TARGETS = Targets("arn:launcher", "arn:safety-net")
HOUR = {"created_at": rows.timestamp(T - 600 * MINUTE), "duration_minutes": 60}
NAMES = {"teacher_name": "Ann", "student_name": "Bo"}

JOINED = {"status": "IN_PROGRESS", "teacher_joined_at": rows.timestamp(T), "teacher_ec2_id": "i-1"}
LATER = Otherwise(T + 180 * MINUTE, None, {}, None)
HALF_AN_HOUR = Otherwise(None, 30, {}, None)
QUARTER_MORE = Longer(15, None)
NAMED = Otherwise(None, None, {"student_name": "Bea"}, None)
CALLED_OFF = CallOff()


class Own(House):
    """The meeting `m` at noon, an hour long, an hour before it; with `at_once`, beside a calendar."""

    def __init__(self, row: Mapping[str, Any] | None = None, *, at_once: int | None = None, **attributes: Any) -> None:
        self._policy = replace(House().policy, at_once=at_once)
        super().__init__(now=T - 60 * MINUTE, policy=self._policy)
        self.pauses_s: list[float] = []
        bookings = None
        if self.calendar:
            bookings = Bookings(
                calendar=self.calendar, clock=self.clock, policy=self.policy, sleep=self.pauses_s.append
            )
        self.meeting(**{**HOUR, **NAMES, **(row or {}), **attributes})
        self.manager = Manager(
            meetings=self.meetings,
            bookings=bookings,
            timers=self.timers,
            targets=TARGETS,
            clock=self.clock,
            policy=self.policy,
            sleep=self.pauses_s.append,
            link_keys=KEYS,
            recorded=True,
            pausing=self.pausing,
        )

    def actor(self, role: Role = Role.TEACHER) -> Actor:
        """Return who shows the link that holds now for this role."""
        return by_link(links.public_id(self.meetings.understood("m"), role, KEYS), lambda: KEYS)

    def grant(self, wish: Wish, actor: Actor | None = None) -> dict[str, Any]:
        return self.manager.grant(actor or self.actor(), wish)

    def change(self, **fields: Any) -> dict[str, Any]:
        """Send a PATCH; a moment is spelled as people spell it."""
        body = {name: rows.timestamp(v) if name == "meet_time" else v for name, v in fields.items()}
        return self.grant(parse_change(body, self.now, self.policy))

    def show(self) -> dict[str, Any]:
        return self.manager.show(self.actor())

    def look(self) -> list[Any]:
        """Let the rules look at it, as the stream does after a write."""
        return self.looker.look("m")

    def last_entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = self.row()["history"][-1]
        return entry
