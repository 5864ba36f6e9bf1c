"""Meetings as they truly are, the people in them, and the numbers that they live by."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.domain.seat import Role
from tests.simulation.world.clock import DAWN, HOUR, MINUTE

LEAD = 10 * MINUTE
NOTICE = 10 * MINUTE
CHECKPOINT = 15 * MINUTE
STANDBY = HOUR
LIMIT = 240 * MINUTE
"""How long a meeting may last by the operator's word, which no row changes."""

UPLOAD_TIME = 10 * MINUTE
"""How long desktops that record may live on for their uploads, of the operator's limit, once people's time is up."""

LONGEST_LIFE = LEAD + STANDBY + LIMIT
"""How long a desktop may live, counted from its launch by EC2's own word, whatever any row says."""

DOMAIN = "example.com"


@dataclass(slots=True)
class Person:
    """Somebody with a link, and whether they are in their meeting."""

    role: Role
    comes_at: datetime | None
    stays: timedelta
    uploads: bool
    comes_back: bool = False
    peeks: bool = False  # their page looks whether the door is open, then they click; else each look is a click
    clicks_after: timedelta | None = timedelta(0)  # the door is open; None: never, and the page stays open
    waits_until: datetime = DAWN  # nobody waits at a closed door for ever


@dataclass(slots=True)
class Booking:
    """A meeting that somebody is going to ask for."""

    asked_at: datetime
    meet_time: datetime
    duration: timedelta
    people: dict[Role, Person]


@dataclass(slots=True)
class Life:
    """What truly happened in one meeting, as nobody in the app knows it.

    `duration` is people's time, and `upload_time` what its desktops have for their uploads after that.
    """

    id: str
    meet_time: datetime
    duration: timedelta
    people: dict[Role, Person]
    scheduled_at: datetime
    upload_time: timedelta = timedelta(0)
    entered: dict[Role, datetime] = field(default_factory=dict)
    uploaded: dict[Role, datetime] = field(default_factory=dict)
    clicked: dict[Role, datetime] = field(default_factory=dict)  # when somebody was let in last
    stood_at: dict[Role, datetime] = field(default_factory=dict)  # when somebody was last told that the door is closed
    asked_at: dict[Role, datetime] = field(default_factory=dict)  # when a page asked last, somebody before it or not
    unwanted: dict[Role, tuple[str, datetime]] = field(default_factory=dict)  # which desktop, since when
    clicks: set[Role] = field(default_factory=set)  # who ever asked at the door by a click
    inside: dict[Role, str] = field(default_factory=dict)  # who is connected to which desktop, where these do not tell
    opened_at: datetime | None = None  # when a door stood open first
    said_upload: dict[Role, datetime] = field(default_factory=dict)  # when its desktop first told the app of it
    reported: set[str] = field(default_factory=set)
    shut_since: dict[Role, datetime | None] = field(default_factory=dict)  # since when its desktop's lack is on the row
    edited: bool = False  # in a way after which nobody can say what should be
    forged: bool = False  # by somebody who means no good, so edited too
    cancelled: bool = False
    moved_at: datetime | None = None
    begun_at: datetime | None = None  # when the first launch was begun, since the meeting had no desktops
    deleted_at: datetime | None = None
    made_by_hand: bool = False
    record_deleted_at: datetime = DAWN
    cursed_until: datetime = DAWN
    last_fault: datetime | None = None
    wrong_since: datetime | None = None
    story: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=20))

    def told(self) -> str:
        """Return the last that happened, a line for each thing."""
        return "\n  ".join(f"{at:%d %H:%M:%S} {what}" for at, what in self.story) or "(nothing happened)"
