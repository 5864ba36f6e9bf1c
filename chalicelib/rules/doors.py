"""Which doors stand open, and since when one first did: a desktop that is ready, and whose name was published."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Seat


def is_open(meeting: Meeting, seat: Seat) -> bool:
    """Return whether this seat's desktop can be entered, by the row alone."""
    return bool(seat.link) and meeting.is_ready(seat.role)


def opened_at(meeting: Meeting, otherwise: datetime) -> datetime | None:
    """Return when a door first stood open, None where none ever did; `otherwise` (UTC) where only nobody knows when.

    A row that was made by hand, or by an earlier version, tells it by its desktops.
    """
    if meeting.opened_at:
        return meeting.opened_at
    told = (_opened_at(seat) or (otherwise if is_open(meeting, seat) else None) for seat in meeting.seats)
    return min((moment for moment in told if moment), default=None)


def _opened_at(seat: Seat) -> datetime | None:
    if not seat.healthy_at or not (seat.link or seat.published_at):
        return None
    return max(seat.healthy_at, seat.published_at or seat.healthy_at)
