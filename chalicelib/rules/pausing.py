"""What a paused stage does not begin: the first launch of a meeting. Pure."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.rules.times import times


def begins(meeting: Meeting, now: datetime, policy: Policy) -> bool:
    """Return whether a meeting that waits for its first launch is due, or will be before long; `now` is UTC.

    That is `hold` ahead, so that a sweep has held it on its row before its launch timer fires.
    """
    launch_at = times(meeting, policy).launch_at
    if meeting.over or meeting.is_begun or launch_at is None:
        return False
    return now >= launch_at - policy.hold
