"""Whether people wait for a desktop that should have been ready: what an operator is told while it still matters."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.rules.people import is_done
from chalicelib.rules.times import times


def is_not_ready(meeting: Meeting, now: datetime, policy: Policy) -> bool:
    """Return whether the meeting has begun and a role has no desktop that is ready; `now` is UTC.

    At the checkpoint the rules take over: it is then told by how the meeting ends.
    """
    moments = times(meeting, policy)
    if meeting.over or moments.start is None or moments.checkpoint is None or moments.launch_at is None:
        return False
    begun = moments.start <= now < moments.checkpoint
    return begun and not all(meeting.is_ready(seat.role) or is_done(meeting, seat) for seat in meeting.seats)
