"""When things happen in a meeting's life: T, the launch, the checkpoint, the hard deadline, and the timers.

Each moment is worked out here and nowhere else, from the row and the operator's numbers alone, so whoever
schedules, waits or plans speaks of the same one. All moments are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.model import Meeting, Policy


class TimerKind(StrEnum):
    """What a one-shot timer calls: the launch, or the safety net at the checkpoint."""

    LAUNCH = "launch"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Timer:
    """A one-shot timer: its name at EventBridge Scheduler, and the moment at which it fires."""

    kind: TimerKind
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Times:
    """The moments that the rules count from; None where the row does not tell.

    `start` is T. `launch_at` is when its desktops are launched, which only a row with a `meet_time` tells.
    `checkpoint` is when it is looked at who has come.
    """

    start: datetime | None
    launch_at: datetime | None
    checkpoint: datetime | None


def times(meeting: Meeting, policy: Policy) -> Times:
    """Return the moments of this meeting.

    T is `meet_time`, or `created_at` where that is missing. A meeting scheduled at the last minute gets its
    quarter of an hour too: its T is not before `created_at` + notice.
    """
    start = _start(meeting, policy)
    if start is None:
        return Times(None, None, None)
    return Times(start, start - policy.lead if meeting.meet_time else None, start + policy.checkpoint)


def _start(meeting: Meeting, policy: Policy) -> datetime | None:
    if not meeting.row.get("meet_time"):
        return meeting.created_at
    if meeting.meet_time is None:  # it holds garbage: unknown, not missing
        return None
    return max(meeting.meet_time, meeting.created_at + policy.notice) if meeting.created_at else meeting.meet_time


def deadline(meeting: Meeting, policy: Policy, launches: Iterable[datetime | None] = ()) -> datetime | None:
    """Return the moment that no desktop of this meeting may outlive, None where nothing tells it.

    T + duration; but wherever T was moved to, desktops that run are not kept for it beyond `standby`. A row
    without any time still has desktops that cost: then the first of their `launches` counts, as if the meeting
    had been due at it.
    """
    duration = meeting.duration or policy.max_duration
    begun = meeting.begun_at
    if start := _start(meeting, policy):
        return (min(start, begun + policy.lead + policy.standby) if begun else start) + duration
    first = begun or min((moment for moment in launches if moment), default=None)
    return first + policy.lead + duration if first else None


def timers(meeting: Meeting, policy: Policy) -> tuple[Timer, ...]:
    """Return the timers that are armed for this meeting; none where its row does not tell when it is."""
    start = _start(meeting, policy)
    if start is None:
        return ()
    moments = {TimerKind.LAUNCH: start - policy.lead, TimerKind.SAFETY: start + policy.checkpoint}
    return tuple(Timer(kind, f"{kind}-{meeting.id}", at) for kind, at in moments.items())
