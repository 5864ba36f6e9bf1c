"""The words of the domain: meetings, desktops, records.

Values only: nothing here knows a clock, a table or a network. Attribute names are those of the
table, because desktops, pages and people's scripts already use them (the outside contract). They are
typed: a name that the table does not have is a type error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from chalicelib.domain.keys import NO_SEAL, Seal
from chalicelib.domain.seat import Role, RoleAttribute, Seat, span

PROJECT = "Elephant"
"""The value of the tag `Project`, which everything that the project owns bears."""

LINKS_SIGNED = "signed"
"""The value of `links` on the row of a meeting whose links were signed from the first."""

MeetingAttribute = Literal[
    "id",
    "teacher_name",
    "student_name",
    "teacher_email",
    "meet_time",
    "created_at",
    "duration_minutes",
    "time_zone",
    "jitsi_url",
    "links",
    "request_digest",
    "status",
    "instance_id",
    "termination_reason",
    "checkpoint_at",
    "ending_at",
    "ended_at",
    "open",
    "day",
    "scheduled_by",
    "held_at",
    "begun_at",
    "opened_at",
    "moved_at",
    "sequence",
    "forced",
    "recordings_erased_at",
    "erased_at",
    "expires",
    "history",
]
"""The attributes of a row that belong to the meeting as a whole."""

Attribute = MeetingAttribute | RoleAttribute


class Status(StrEnum):
    """How far a meeting has come, in the order in which it can only move forward."""

    PENDING = "PENDING"
    SCHEDULED = "SCHEDULED"
    LAUNCHED = "LAUNCHED"
    DNS_WRITTEN = "DNS_WRITTEN"
    HEALTHY = "HEALTHY"
    IN_PROGRESS = "IN_PROGRESS"
    TERMINATED = "TERMINATED"

    @property
    def rank(self) -> int:
        """Return the position in a meeting's life, 0 for the earliest."""
        return _RANKS[self]


_RANKS = {status: rank for rank, status in enumerate(Status)}


class Reason(StrEnum):
    """Why a meeting ended, as the row's `termination_reason` says it."""

    NO_SHOW = "NO_SHOW_TIMEOUT"
    PARTIAL_NO_SHOW = "PARTIAL_NO_SHOW_TIMEOUT"
    EARLY_SUCCESS = "15_MIN_SUCCESS"
    SUCCESS = "SUCCESS"
    MAX_DURATION = "MAX_DURATION"
    PARTIAL_UPLOAD = "PARTIAL_UPLOAD_TIMEOUT"
    LAUNCH_FAILED = "LAUNCH_FAILED"
    DESKTOPS_GONE = "DESKTOPS_GONE"
    CANCELLED = "CANCELLED"


class Owner(StrEnum):
    """Whose an instance is. Only OURS is collected where no meeting needs it; FOREIGN is never touched at all."""

    OURS = "ours"  # Project=Elephant and this stage's tag
    BY_HAND = "by hand"  # Project=Elephant, no Stage tag: served, ended with its meeting, never collected as a stray
    FOREIGN = "foreign"  # anything else


class State(StrEnum):
    """An EC2 instance state, spelled as EC2 spells it."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"

    @property
    def must_be_ended(self) -> bool:
        """Whether an instance in this state costs money until somebody terminates it."""
        return self not in (State.SHUTTING_DOWN, State.TERMINATED)

    @property
    def serves(self) -> bool:
        """Whether an instance in this state is, or is about to be, of use to a person."""
        return self in (State.PENDING, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Desktop:
    """One EC2 instance for one role of one meeting, as last observed. Times are UTC.

    `deadline` is the moment it bears as a tag: it may not outlive it, even where its row is gone. `state_reason` is
    why EC2 says that it is in its state, EC2's code first, None where EC2 does not say.
    """

    id: str
    state: State
    owner: Owner = Owner.OURS
    meeting_id: str | None = None
    role: Role | None = None
    address: str | None = None
    launched_at: datetime | None = None
    deadline: datetime | None = None
    state_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What is known of a meeting's desktops.

    `complete` says that every live desktop that bears the meeting's id is listed; without it, a desktop that is
    not listed is unknown, and unknown is never gone. `looked_for` holds the ids that were asked for by name, whatever
    they bear: one of those that is not listed does not exist.
    """

    desktops: tuple[Desktop, ...] = ()
    complete: bool = False
    looked_for: frozenset[str] = frozenset()

    def find(self, desktop_id: str | None) -> Desktop | None:
        """Return the desktop with this id, None where it was not observed."""
        return next((d for d in self.desktops if d.id == desktop_id), None)


UNKNOWN = Observation()

_LEAST_PAID = timedelta(minutes=1)
"""EC2 bills an instance by the second, from this on."""


class DnsRecord(NamedTuple):
    """One DNS name that leads to a desktop, and the meeting that it was published for.

    `old_mark` says that it bears the mark of version 0.1.0, which does not tell one installation from another.
    """

    name: str
    address: str = ""
    meeting_id: str = ""
    created_at: datetime | None = None
    old_mark: bool = False


def day_of(moment: datetime) -> str:
    """Return the day of a moment (UTC) as rows spell it: what meetings are listed by."""
    return f"{moment:%Y-%m-%d}"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One row of the table, understood.

    `row` is the row as stored: conditional writes compare against it. `reported` holds the ids of
    desktops that are known to have reported HEALTHY. `held_at` is since when its first launch waits because the stage
    is paused, `begun_at` when it was begun,
    `opened_at` when a door first stood open, `moved_at` when somebody last gave it another time, `sequence` counts what
    people changed of it, as calendars do.
    `forced` says that it was by somebody's word, before its time. `expires_at` is when the table lets the row go, None
    where it never does; only the row of a meeting that is over bears it. `problems` lists attributes that hold what
    cannot be understood; such an attribute counts as unknown, never as a value. `seal` tells what the app itself has
    written on the row. `reported` and `seal` are known beside the row, and so is `uploads`: when a role's upload came
    that the row does not date, as the stream tells it.
    """

    id: str
    row: Mapping[str, Any] = field(default_factory=dict)
    status: Status = Status.PENDING
    meet_time: datetime | None = None
    created_at: datetime | None = None
    teacher: Seat = Seat(Role.TEACHER)
    student: Seat = Seat(Role.STUDENT)
    duration: timedelta | None = None
    reason: str | None = None
    checkpoint_at: datetime | None = None
    ending_at: datetime | None = None
    ended_at: datetime | None = None
    reported: frozenset[str] = frozenset()
    listed: bool = False
    held_at: datetime | None = None
    begun_at: datetime | None = None
    opened_at: datetime | None = None
    moved_at: datetime | None = None
    sequence: int = 0
    forced: bool = False
    expires_at: datetime | None = None
    problems: tuple[str, ...] = ()
    uploads: Mapping[Role, datetime] = field(default_factory=dict)
    seal: Seal = field(default=NO_SEAL, compare=False, repr=False)

    def vouches_for(self, seat: Seat) -> bool:
        """Return whether the app itself has launched the desktop that the row names for this seat.

        Whoever else may write rows, the desktops do, can copy what vouches for one desktop but make none for another.
        """
        return bool(seat.desktop_id) and self.seal.holds(seat.voucher, self.id, seat.role, seat.desktop_id or "")

    def accounts_for(self, seat: Seat) -> bool:
        """Return whether the row names every desktop that was launched for this seat, and the app itself did so."""
        if seat.attempt_at and seat.desktop_id:
            return self.vouches_for(seat)
        return not (seat.attempt_at or seat.desktop_id)

    @property
    def links_signed(self) -> bool:
        """Whether people were sent signed links of this meeting."""
        return self.row.get("links") == LINKS_SIGNED

    @property
    def recordings_erased(self) -> bool:
        """Whether an operator has erased the meeting's recordings: nothing more is taken then."""
        return bool(self.row.get("recordings_erased_at"))

    @property
    def seats(self) -> tuple[Seat, Seat]:
        """Both seats, the teacher's first."""
        return (self.teacher, self.student)

    @property
    def desktop_ids(self) -> tuple[str, ...]:
        """The ids of the desktops that the row names, each once, the teacher's first."""
        return tuple(dict.fromkeys(seat.desktop_id for seat in self.seats if seat.desktop_id))

    def seat(self, role: Role) -> Seat:
        """Return the seat of this role."""
        return self.teacher if role is Role.TEACHER else self.student

    @property
    def over(self) -> bool:
        """Whether the meeting has ended or is ending: there is no way back from either."""
        return self.status is Status.TERMINATED or self.reason is not None or self.ended_at is not None

    @property
    def finished(self) -> bool:
        """Whether its ending has been carried through, whatever a desktop wrote over the status since."""
        return self.ended_at is not None or (self.status is Status.TERMINATED and self.reason is not None)

    @property
    def is_begun(self) -> bool:
        """Whether a launch for it was begun, be it by hand, as far as its row tells."""
        return self.begun_at is not None or any(seat.attempt_at or seat.desktop_id for seat in self.seats)

    @property
    def is_timed(self) -> bool:
        """Whether somebody has said when the meeting is, be it understood or not."""
        return bool(self.row.get("meet_time"))

    @property
    def day(self) -> str | None:
        """The day, in UTC, that the meeting is on or was made on, None where neither is known: what it is listed by."""
        moment = self.meet_time or (None if self.is_timed else self.created_at)
        return day_of(moment) if moment else None

    @property
    def in_progress(self) -> bool:
        """Whether somebody has come, whatever a desktop wrote over the status since."""
        return self.status is Status.IN_PROGRESS or any(seat.joined_at for seat in self.seats)

    def has_reported(self, seat: Seat) -> bool:
        """Return whether the desktop that the row names for this seat is known to have reported, and still counts."""
        return seat.desktop_id in self.reported and not seat.is_given_up

    def is_ready(self, role: Role) -> bool:
        """Whether this role's own desktop has reported HEALTHY.

        A row whose status was set by hand, without any report behind it, is taken at its word.
        """
        seat = self.seat(role)
        if seat.is_given_up or seat.missing:
            return False
        if self.has_reported(seat) or seat.healthy_at:
            return True
        by_hand = not self.reported and not any(s.healthy_at or s.attempt for s in self.seats)
        return by_hand and self.status in (Status.HEALTHY, Status.IN_PROGRESS)

    def paid_until(self, seat: Seat, moment: datetime) -> timedelta:
        """Return how long this seat's desktops were paid for until a moment (UTC), each a minute at least.

        A row that does not tell it of those that it had before, as one of an earlier version, is taken to have had one
        after the other since the first launch.
        """
        paid = seat.paid
        if paid is None:
            paid = span(self.begun_at, seat.replaced_at) if self.begun_at and seat.replaced_at else timedelta()
        since = seat.launched_at or seat.attempt_at
        if not (seat.desktop_id and since):
            return paid
        return paid + max(span(since, min(seat.gone_at or moment, moment)), _LEAST_PAID)

    def expect(self, *names: Attribute) -> dict[Attribute, Any]:
        """Return these attributes as the row holds them, None for an absent one: what a write may expect."""
        return {name: self.row.get(name) for name in names}
