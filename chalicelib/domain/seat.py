"""A role's place in a meeting, and what the table calls its attributes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NewType, get_args

SeatAttribute = Literal[
    "ec2_id",
    "ec2_link",
    "session_data",
    "attempt",
    "attempt_at",
    "subnet",
    "refused",
    "launched_at",
    "launched",
    "published_at",
    "healthy_at",
    "waiting_at",
    "joined_at",
    "returned_at",
    "consented_at",
    "uploaded_at",
    "saved_at",
    "late_boots",
    "given_up",
    "replace_asked",
    "missing",
    "missing_since",
    "connected_at",
    "disconnected_at",
    "seen_at",
    "replaced",
    "recording_lost",
    "link_number",
    "gone_at",
    "paid_seconds",
    "used_seconds",
]
"""The attributes of a row that each role has one of, without the role in front: `ec2_id` of `teacher_ec2_id`."""

RoleAttribute = NewType("RoleAttribute", str)
"""A role's attribute by its full name in the table, as `attribute` returns it."""


class Role(StrEnum):
    """Which of the two people a desktop, a link or an upload belongs to."""

    TEACHER = "teacher"
    STUDENT = "student"

    @property
    def other(self) -> Role:
        """The role of the other person."""
        return Role.STUDENT if self is Role.TEACHER else Role.TEACHER


@dataclass(frozen=True, slots=True)
class Seat:
    """A role's place in a meeting: its desktop, how that came about, and what its person did.

    Times are UTC. `attempt` counts the launches begun (0: none). `refused` says why the current attempt
    launched nothing, None while that is open. `voucher` is what stands on the row beside `desktop_id`; whether the
    app itself wrote it is for the meeting to say. `published_at` says since when `link` leads somewhere. `given_up` is
    the id of a desktop that was not ready in time and is about to be replaced, `replace_asked` that of one that
    somebody wants replaced. `waiting_at` is when its person was last seen at the door, `joined_at` when they first
    clicked and were let in, `returned_at` when they last were after an upload. `link_number` counts the links that were
    made anew for its person: earlier ones are dead. `consented_at` is when its person first clicked with the notice
    before them that the meeting is recorded. `missing` is what the desktop itself
    says that it lacks, a sentence each, and `missing_since` since when it lacks anything at all; `connected_at`,
    `disconnected_at` and `seen_at` when it last told that somebody was connected, that nobody was any more, and that it
    lives. `saved_at` is when it last said that nothing of what it has recorded is left on it, and `recording_lost` what
    it could not save of that, a sentence each. `replaced` tells of the desktops that this role had before: when each
    was replaced, which it was, and why; `replaced_at` is when the last of them was. `gone_at` is when the present
    desktop was found gone, where no other takes its place. `paid` is how long desktops that it had before were paid
    for, and `used` how long somebody was connected to any of them, as far as that is told; None where the row has none
    of it, as those of earlier versions.
    """

    role: Role
    desktop_id: str | None = None
    link: str | None = None
    published_at: datetime | None = None
    uploaded: bool = False
    uploaded_at: datetime | None = None
    saved_at: datetime | None = None
    attempt: int = 0
    attempt_at: datetime | None = None
    subnet: str | None = None
    refused: str | None = None
    launched_at: datetime | None = None
    voucher: str | None = None
    healthy_at: datetime | None = None
    waiting_at: datetime | None = None
    joined_at: datetime | None = None
    returned_at: datetime | None = None
    consented_at: datetime | None = None
    late_boots: int = 0
    given_up: str | None = None
    replace_asked: str | None = None
    missing: tuple[str, ...] = ()
    missing_since: datetime | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    seen_at: datetime | None = None
    replaced: tuple[str, ...] = ()
    recording_lost: tuple[str, ...] = ()
    link_number: int = 0
    replaced_at: datetime | None = None
    gone_at: datetime | None = None
    paid: timedelta | None = None
    used: timedelta | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether the desktop that the row names is to be replaced, whatever it reports now: by the app or as asked."""
        return self.desktop_id is not None and self.desktop_id in (self.given_up, self.replace_asked)

    @property
    def is_unwanted(self) -> bool:
        """Whether somebody has asked for another desktop in place of the one that the row names."""
        return self.desktop_id is not None and self.replace_asked == self.desktop_id

    @property
    def has_stopped_being_ready(self) -> bool:
        """Whether the desktop was ready and says that it is not any more."""
        return self.healthy_at is not None and bool(self.missing)

    @property
    def is_connected(self) -> bool:
        """Whether somebody is connected to the desktop, as far as it has told."""
        came, left = self.connected_at, self.disconnected_at
        return came is not None and (left is None or came > left)

    @property
    def last_came_at(self) -> datetime | None:
        """When its person was last seen to come to a desktop, or back to one: connected, or let in after an upload."""
        return max((at for at in (self.connected_at, self.returned_at) if at), default=None)

    def has_named(self, desktop_id: str) -> bool:
        """Whether the row names this desktop for this seat, or did before another took its place."""
        return desktop_id in (self.desktop_id, *self._earlier)

    @property
    def _earlier(self) -> list[str]:
        """The ids of the desktops that this role had before."""
        return [entry.partition(" ")[2].partition(":")[0] for entry in self.replaced]  # when, which: why

    @property
    def lost_before(self) -> tuple[str, ...]:
        """What was lost of recordings on desktops that this role had before: each sentence names its desktop."""
        return tuple(told for told in self.recording_lost if any(name and name in told for name in self._earlier))

    @property
    def lost_here(self) -> tuple[str, ...]:
        """What the present desktop has told that it could not save."""
        before = self.lost_before
        return tuple(told for told in self.recording_lost if told not in before)

    def used_until(self, moment: datetime) -> timedelta:
        """Return how long somebody was connected to this role's desktops, as they tell it, until a moment (UTC)."""
        before, came_at = self.used or timedelta(), self.connected_at
        return before + span(came_at, moment) if came_at and self.is_connected else before

    def attribute(self, name: SeatAttribute) -> RoleAttribute:
        """Return the table's name for one of this seat's attributes: `teacher_healthy_at`."""
        return attribute(self.role, name)


LONGEST_LIFE = timedelta(days=8)
"""A desktop that a row makes older has been edited: a meeting lasts a week at the most, and is put off by hours."""


def span(begin: datetime, end: datetime) -> timedelta:
    """Return how long it was between these moments, within what a desktop can live: whatever a row says of them."""
    return min(max(end - begin, timedelta()), LONGEST_LIFE)


_ROLE_ATTRIBUTES = {(role, name): RoleAttribute(f"{role}_{name}") for role in Role for name in get_args(SeatAttribute)}


def attribute(role: Role, name: SeatAttribute) -> RoleAttribute:
    """Return the table's name for a role's attribute."""
    return _ROLE_ATTRIBUTES[role, name]
