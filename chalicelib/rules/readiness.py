"""When desktops are ready: whether people wait for one that should have been, and how long one takes these days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.domain.lately import Boot
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.rules.people import is_done
from chalicelib.rules.times import times

_MINUTE = timedelta(minutes=1)
_COUNTED = 20
_LATELY = timedelta(weeks=1)
_LONGEST = timedelta(hours=1)
"""A desktop that took longer tells of some mishap, or of a row that somebody has edited."""


def is_not_ready(meeting: Meeting, now: datetime, policy: Policy) -> bool:
    """Return whether the meeting has begun and a role has no desktop that is ready; `now` is UTC.

    At the checkpoint the rules take over: it is then told by how the meeting ends.
    """
    moments = times(meeting, policy)
    if meeting.over or moments.start is None or moments.checkpoint is None or moments.launch_at is None:
        return False
    begun = moments.start <= now < moments.checkpoint
    return begun and not all(meeting.is_ready(seat.role) or is_done(meeting, seat) for seat in meeting.seats)


def boots_of(meetings: Iterable[Meeting], now: datetime) -> frozenset[Boot]:
    """Return the boots that these meetings' rows tell of, in whole seconds; `now` is UTC."""
    seats = (seat for meeting in meetings for seat in meeting.seats)
    spans = ((seat.attempt_at, seat.healthy_at) for seat in seats)
    boots = (Boot(ready, _whole(ready - begun)) for begun, ready in spans if begun and ready and ready <= now)
    return frozenset(boot for boot in boots if timedelta() < boot.took <= _LONGEST)


def _whole(span: timedelta) -> timedelta:
    return timedelta(seconds=round(span.total_seconds()))


def latest(boots: Iterable[Boot], now: datetime) -> tuple[Boot, ...]:
    """Return the boots of these that count: the latest of the last week, the oldest first."""
    return tuple(sorted(boot for boot in boots if now - _LATELY < boot.ready_at <= now)[-_COUNTED:])


def usual_minutes(boots: Iterable[Boot], now: datetime) -> int | None:
    """Return how many minutes a desktop usually takes to be ready, rounded up; None where nothing was measured lately.

    It is the median, so that one desktop of twenty that was replaced frightens nobody.
    """
    spans = sorted(boot.took for boot in latest(boots, now))
    return -(-spans[len(spans) // 2] // _MINUTE) if spans else None
