"""The door: what a person who follows a link is told. Reads one row; writes only who joined."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Meetings
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict, MeetingOver, Unavailable
from chalicelib.domain.model import Meeting, Reason, Status
from chalicelib.domain.policy import DCV_PORT, Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.people import links
from chalicelib.people.recording import standing
from chalicelib.rules.times import ends_at, times

_TRIES = 4
_SOON = timedelta(seconds=5)
_LATER = timedelta(seconds=60)
_LABEL = re.compile(r"[A-Za-z0-9-]{1,63}")  # what may stand before the first dot of a name


@dataclass(frozen=True, slots=True)
class Open:
    """The door is open: this role's own desktop is up, healthy and resolvable; and how its recording stands."""

    link: str
    status: Status
    desktop_id: str
    recording: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotYet:
    """The door is closed for now: which step the desktop is at, since when, and when to ask again."""

    status: Status
    step: str
    since: datetime | None
    launch_at: datetime | None
    ask_again: timedelta
    missing: tuple[str, ...] = ()


def resolve_join(
    meetings: Meetings,
    meeting_id: str,
    role: Role,
    clock: Callable[[], datetime],
    policy: Policy,
    *,
    signed: bool = True,
    records: bool = True,
    recorded: bool = False,
    consents: bool = False,
) -> Open | NotYet:
    """Return whether this role's desktop can be entered; the first time it can, record that the person came.

    That write expects the meeting to be alive, so joining and ending never overlook one another. Who only peeks
    (`records` is false) is told what somebody who comes now would be told. A link that is not `signed` is one of a
    meeting that was made before links were, or by hand: nobody was ever sent another one for it. Who `consents` has
    clicked with the notice before them that the meeting is recorded. Where meetings are `recorded`, how this role's
    recording stands is told too.

    Raises:
        Forbidden: people were sent signed links of this meeting, and this one is not.
        NoSuchMeeting: there is no such row.
        MeetingOver: it has ended, or is ending, or people's time is up.
        Unavailable: the table cannot be read or written now.
    """
    for _ in range(_TRIES):
        meeting = meetings.get(meeting_id)
        if meeting.links_signed and not signed:
            raise links.not_valid()
        seat = meeting.seat(role)
        now, end = clock(), ends_at(meeting, policy)
        time_is_up = end is not None and now >= end
        recording = standing(meeting, seat, over=meeting.over or time_is_up) if recorded else {}
        if meeting.over or time_is_up:  # it may take until its recordings are safe before the row says so
            reason = meeting.reason if meeting.over else Reason.MAX_DURATION
            raise MeetingOver(f"This meeting has ended{f' ({reason})' if reason else ''}.", reason, recording)
        address = _address(seat, policy)
        if not (address and meeting.is_ready(role)):
            return _not_yet(meeting, seat, now, policy)
        change = writes.joined(meeting, role, now, consents=consents) if records else None
        if change:
            try:
                meetings.update(meeting_id, change)
            except Conflict:
                continue
            log.note(log.Note.JOIN, meeting=meeting_id, why=f"the {role} came", role=role)
        return Open(address, Status.IN_PROGRESS, seat.desktop_id or "", recording)
    raise Unavailable(f"Meeting {meeting_id} is being changed by many at once; try again in a moment.")


def _address(seat: Seat, policy: Policy) -> str | None:
    """Return where this seat's own desktop is found, None if it is not found yet.

    Anybody who can write rows can write a link. So it only says that the desktop has been published, and the address
    is worked out from the desktop's id. Where no domain is set, a link must at least bear that id.
    """
    if not (seat.link and seat.desktop_id and _LABEL.fullmatch(seat.desktop_id)):
        return None
    if not policy.domain:
        own = rf"https://{re.escape(seat.desktop_id)}\.[A-Za-z0-9.-]+:{DCV_PORT}"
        return seat.link if re.fullmatch(own, seat.link) else None
    address = policy.link(seat.desktop_id)
    return address if seat.link == address or seat.published_at else None


def _not_yet(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> NotYet:
    launch_at = None if seat.attempt_at or seat.desktop_id else times(meeting, policy).launch_at
    if launch_at and launch_at > now:
        ask_again = min(max(launch_at - now, _SOON), _LATER)
        return NotYet(meeting.status, "scheduled", meeting.created_at, launch_at, ask_again)
    if not seat.desktop_id:
        step, since = "launching", seat.attempt_at or launch_at
    elif meeting.is_ready(seat.role):
        step, since = "publishing", seat.healthy_at
    elif seat.link:
        step, since = "booting", seat.published_at
    else:
        step, since = "starting", seat.launched_at
    return NotYet(meeting.status, step, since, None, _SOON, seat.missing)


def progress(answer: NotYet) -> dict[str, str | list[str]]:
    """Return the step as the page is told it, times as ISO 8601 in UTC, and what the desktop says that it lacks."""
    moments = {"since": answer.since, "launch_at": answer.launch_at}
    told: dict[str, str | list[str]] = {"step": answer.step}
    told |= {name: rows.timestamp(moment) for name, moment in moments.items() if moment}
    return told | ({"missing": list(answer.missing)} if answer.missing else {})
