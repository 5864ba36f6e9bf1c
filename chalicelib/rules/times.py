"""When things happen in a meeting's life: T, the launch, the checkpoint, the end, the hard deadline, and the timers.

Each moment is worked out here and nowhere else, from the row and the operator's numbers alone, so whoever
schedules, waits or plans speaks of the same one. All moments are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.domain.model import Desktop, Meeting
from chalicelib.domain.policy import Policy


class TimerKind(StrEnum):
    """What a one-shot timer calls: the launch, or the safety net at the checkpoint."""

    LAUNCH = "launch"
    SAFETY = "safety"


class Timer(NamedTuple):
    """A one-shot timer of a meeting, and the moment at which it fires."""

    kind: TimerKind
    meeting_id: str
    at: datetime

    @property
    def name(self) -> str:
        """Return its name at EventBridge Scheduler."""
        return f"{self.kind}-{self.meeting_id}"


class Times(NamedTuple):
    """The moments that the rules count from; None where the row does not tell.

    `start` is T. `launch_at` is when its desktops are launched, which only a row with a `meet_time` tells.
    `checkpoint` is when it is looked at who has come.
    """

    start: datetime | None
    launch_at: datetime | None
    checkpoint: datetime | None


def times(meeting: Meeting, policy: Policy) -> Times:
    """Return the moments of this meeting.

    T is `meet_time`, or `created_at` where that is missing. It is at least `notice` after the meeting was scheduled, or
    moved, so that one that was asked for at the last minute has time to boot before its checkpoint.
    """
    start = _start(meeting, policy)
    if start is None:
        return Times(None, None, None)
    return Times(start, start - policy.lead if meeting.meet_time else None, start + policy.checkpoint)


def _start(meeting: Meeting, policy: Policy) -> datetime | None:
    if not meeting.is_timed:
        return meeting.created_at
    if meeting.meet_time is None:  # it holds garbage: unknown, not missing
        return None
    asked_at = [moment for moment in (meeting.created_at, meeting.moved_at) if moment]
    return max(meeting.meet_time, *(moment + policy.notice for moment in asked_at)) if asked_at else meeting.meet_time


def deadline(meeting: Meeting, policy: Policy, launches: Iterable[datetime] = ()) -> datetime | None:
    """Return the moment that no desktop of this meeting may outlive, None where nothing tells it.

    It is the end of people's time, and what desktops upload in after it. Until a launch is begun that is T + duration.
    A row that tells no time still has desktops that cost: then the
    first of their `launches`, as EC2 tells them, counts as the one that was begun; and so it does where the row says
    that it was begun only later.
    """
    start = _start(meeting, policy)
    if start and not meeting.begun_at:
        return start + _needed(meeting, policy)
    told = [meeting.begun_at] if meeting.begun_at else [seat.attempt_at for seat in meeting.seats]
    first = min([*launches, *(moment for moment in told if moment)], default=None)
    return deadline_once_begun(meeting, policy, first) if first else None


def ends_at(meeting: Meeting, policy: Policy) -> datetime | None:
    """Return when people's time ends by the row alone, None where it does not tell; from then on the door is closed."""
    end = deadline(meeting, policy)
    return end - policy.upload_time if end else None


def recorded_on(meeting: Meeting, policy: Policy) -> datetime | None:
    """Return a moment of the day under which this meeting's recordings lie, None where its row tells no time.

    It is that of the time for which its desktops were launched, wherever it is moved to.
    """
    return meeting.begun_at + policy.lead if meeting.begun_at else times(meeting, policy).start


def deadline_once_begun(meeting: Meeting, policy: Policy, begun_at: datetime) -> datetime:
    """Return the hard deadline of desktops whose launch was begun at `begun_at` (UTC).

    T + duration, and the time to upload; but wherever T was moved to, desktops that run are not kept for it beyond
    `standby`. Where the row does not tell T, they were launched at the right time.
    """
    expected = begun_at + policy.lead
    start = _start(meeting, policy)
    return (min(start, expected + policy.standby) if start else expected) + _needed(meeting, policy)


def last_end(launched_at: datetime, policy: Policy) -> datetime:
    """Return the moment that no desktop may outlive, by EC2's own word for its launch and the operator's limits alone.

    No row can move it. It is the latest that any meeting's hard deadline comes to; what lives longer is overdue.
    """
    return launched_at + policy.longest_life


def ends_by(desktop: Desktop, policy: Policy) -> datetime | None:
    """Return when this desktop is overdue: at the deadline that it bears, at its last end at the latest."""
    ends = [desktop.deadline] if desktop.deadline else []
    ends += [last_end(desktop.launched_at, policy)] if desktop.launched_at else []
    return min(ends, default=None)


def movable(policy: Policy, begun_at: datetime) -> tuple[datetime, datetime]:
    """Return the moments between which the deadline of desktops lies whose launch was begun at `begun_at` (UTC).

    Whatever becomes of the row, the app moves it to no moment before the launch, and to none beyond the operator's
    longest meeting, put off as far as desktops are kept for it.
    """
    return begun_at, last_end(begun_at, policy)


def duration(meeting: Meeting, policy: Policy) -> timedelta:
    """Return how long people's time may last: what the row asks for, within the operator's limit."""
    return min(meeting.duration or policy.longest_meeting, policy.longest_meeting)


def _needed(meeting: Meeting, policy: Policy) -> timedelta:
    """Return how long desktops may be needed, counted from T: people's time, and what they upload in after it."""
    return duration(meeting, policy) + policy.upload_time


def timers(meeting: Meeting, policy: Policy) -> tuple[Timer, ...]:
    """Return the timers of this meeting; none where its row does not tell when it is."""
    moments = times(meeting, policy)
    if moments.launch_at is None or moments.checkpoint is None:
        return ()
    return (
        Timer(TimerKind.LAUNCH, meeting.id, moments.launch_at),
        Timer(TimerKind.SAFETY, meeting.id, moments.checkpoint),
    )
