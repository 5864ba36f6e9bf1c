"""The door: what a person who follows a link is told. Reads one row; writes only who joined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import log
from chalicelib.control.ports import Meetings
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict, MeetingOver, Unavailable
from chalicelib.domain.model import Meeting, Role, Seat, Status
from chalicelib.domain.policy import Policy
from chalicelib.rules.times import times

_TRIES = 4
_SOON = timedelta(seconds=5)
_LATER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Open:
    """The door is open: this role's own desktop is up, healthy and resolvable."""

    link: str
    status: Status


@dataclass(frozen=True, slots=True)
class NotYet:
    """The door is closed for now: which step the desktop is at, since when, and when to ask again."""

    status: Status
    step: str
    since: datetime | None
    launch_at: datetime | None
    ask_again: timedelta


def resolve_join(
    meetings: Meetings, meeting_id: str, role: Role, clock: Callable[[], datetime], policy: Policy
) -> Open | NotYet:
    """Return whether this role's desktop can be entered; the first time it can, record that the person came.

    That write expects the meeting to be alive, so joining and ending never overlook one another.

    Raises:
        NoSuchMeeting: there is no such row.
        MeetingOver: it has ended, or is ending.
        Unavailable: the table cannot be read or written now.
    """
    for _ in range(_TRIES):
        meeting = meetings.get(meeting_id)
        if meeting.over:
            reason = meeting.reason
            raise MeetingOver(f"This meeting has ended{f' ({reason})' if reason else ''}.", reason)
        seat = meeting.seat(role)
        if not (seat.link and meeting.is_ready(role)):
            return _not_yet(meeting, seat, clock(), policy)
        if seat.joined_at:
            return Open(seat.link, Status.IN_PROGRESS)
        try:
            meetings.update(meeting_id, writes.joined(meeting, role, clock()))
        except Conflict:
            continue
        log.note(log.Note.JOIN, meeting=meeting_id, why=f"the {role} came", role=role)
        return Open(seat.link, Status.IN_PROGRESS)
    raise Unavailable(f"Meeting {meeting_id} is being changed by many at once; try again in a moment.")


def _not_yet(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> NotYet:
    launch_at = None if seat.attempt_at or seat.desktop_id else times(meeting, policy).launch_at
    if launch_at and launch_at > now:
        ask_again = min(max(launch_at - now, _SOON), _LATER)
        return NotYet(meeting.status, "scheduled", meeting.created_at, launch_at, ask_again)
    if not seat.desktop_id:
        step, since = "launching", seat.attempt_at or launch_at
    elif seat.link:
        step, since = "booting", seat.published_at
    elif meeting.is_ready(seat.role):
        step, since = "publishing", seat.healthy_at
    else:
        step, since = "starting", seat.launched_at
    return NotYet(meeting.status, step, since, None, _SOON)


def progress(answer: NotYet) -> dict[str, str]:
    """Return the step as the page is told it, times as ISO 8601 in UTC."""
    moments = {"since": answer.since, "launch_at": answer.launch_at}
    return {"step": answer.step} | {name: rows.timestamp(moment) for name, moment in moments.items() if moment}
