"""Which doors stand open, where they are, and since when one first did: of desktops that are ready and have a name."""

from __future__ import annotations

import re
from datetime import datetime

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import DCV_PORT, Policy
from chalicelib.domain.seat import Seat

_LABEL = re.compile(r"[A-Za-z0-9-]{1,63}")  # what may stand before the first dot of a name


def entrance(meeting: Meeting, seat: Seat, policy: Policy) -> str | None:
    """Return where this seat's own desktop is entered, by the row; None until it has reported and its name resolves."""
    return address(seat, policy) if meeting.is_ready(seat.role) else None


def address(seat: Seat, policy: Policy) -> str | None:
    """Return where this seat's own desktop is found, None if it is not found yet.

    The app writes a link once the name of the very desktop that the row names resolves. A link to anything else says
    nothing of that desktop: somebody has edited the link or the id, or the stage has another domain since, and the
    next look at the meeting puts it right. Where no domain is set, a link must at least bear the id.
    """
    if not (seat.link and seat.desktop_id and _LABEL.fullmatch(seat.desktop_id)):
        return None
    if policy.domain:
        return seat.link if seat.link == policy.link(seat.desktop_id) else None
    own = rf"https://{re.escape(seat.desktop_id)}\.[A-Za-z0-9.-]+:{DCV_PORT}"
    return seat.link if re.fullmatch(own, seat.link) else None


def opened_at(meeting: Meeting, otherwise: datetime, policy: Policy) -> datetime | None:
    """Return when a door first stood open, None where none ever did; `otherwise` (UTC) where only nobody knows when.

    A row that was made by hand, or by an earlier version, tells it by its desktops.
    """
    if meeting.opened_at:
        return meeting.opened_at
    told = (_opened_at(seat) or (otherwise if entrance(meeting, seat, policy) else None) for seat in meeting.seats)
    return min((moment for moment in told if moment), default=None)


def _opened_at(seat: Seat) -> datetime | None:
    if not seat.healthy_at or not (seat.link or seat.published_at):
        return None
    return max(seat.healthy_at, seat.published_at or seat.healthy_at)
