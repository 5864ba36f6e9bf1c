"""The door: what a person who follows a link is told. Reads one row; writes only who waits and who came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib import log
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict, MeetingOver, Unavailable
from chalicelib.domain.model import Meeting, Reason, Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.people import links, told
from chalicelib.rules.doors import address, entrance
from chalicelib.rules.people import closes_at, note_waiting
from chalicelib.rules.times import ends_at, times

if TYPE_CHECKING:
    from chalicelib.control.ports import Meetings

SCHEDULED = "scheduled"
"""The step before any desktop is due."""

PAUSED = "paused"
"""The step at which nothing is launched, because the operator has paused the stage."""

_TRIES = 4
_SOON = timedelta(seconds=5)
_LATER = timedelta(seconds=60)
_ONCE_OPEN = timedelta(seconds=30)
_NEAR_THE_END = timedelta(seconds=15)
_LAST_MINUTES = timedelta(minutes=12)
"""Before the end people are warned ten and two minutes ahead: it is asked more often then, since the end may move."""


class Visit(Enum):
    """How somebody asks at the door."""

    LOOK = auto()
    """By HEAD, or a browser that fetches ahead of a click: it may be nobody, and nothing is recorded."""
    PEEK = auto()
    """From a page that waits: it is recorded that somebody does."""
    CLICK = auto()
    """To come in: it is recorded that they came, or that they wait."""


class Open(NamedTuple):
    """The door is open: this role's own desktop is up, healthy and resolvable. `told` is what else is known."""

    link: str
    status: Status
    desktop_id: str
    ask_again: timedelta
    told: Mapping[str, Any] = MappingProxyType({})


class NotYet(NamedTuple):
    """The door is closed for now: which step the desktop is at, since when, and when to ask again.

    `attempt` says which desktop of the role it is, 2 where one was replaced; None before any was due. `told` is what
    else is known.
    """

    status: Status
    step: str
    since: datetime | None
    launch_at: datetime | None
    ask_again: timedelta
    missing: tuple[str, ...] = ()
    attempt: int | None = None
    told: Mapping[str, Any] = MappingProxyType({})

    @property
    def message(self) -> str:
        """What whoever waits is told, in a sentence."""
        if self.step == PAUSED:
            return "The operator has paused this service; your desktop is prepared as soon as it goes on."
        return "Your desktop is being prepared."


def resolve_join(
    meetings: Meetings,
    link: links.Link,
    clock: Callable[[], datetime],
    policy: Policy,
    *,
    visit: Visit = Visit.CLICK,
    recorded: bool = False,
    consents: bool = False,
) -> Open | NotYet:
    """Return whether the desktop of a link's role can be entered; by a click, the first time it can, record who came.

    That write expects the meeting to be alive, so joining and ending never overlook one another. Who does not click is
    told what somebody who does would be told. Who `consents` has clicked with the notice before them that the meeting
    is recorded. Where meetings are `recorded`, how recordings stand is told too.

    Raises:
        Forbidden: the link opens nothing of this meeting, or not any more.
        NoSuchMeeting: there is no such row.
        MeetingOver: it has ended, or is ending, or people's time is up.
        Unavailable: the table cannot be read now, or not written though somebody comes.
    """
    role, manages = link.role, link.signed and link.role is Role.TEACHER
    for _ in range(_TRIES):
        meeting = meetings.get(link.meeting_id)
        links.refuse_dead(link, meeting)
        now = clock()
        _refuse_ended(meeting, role, now, policy, recorded=recorded)
        way_in = entrance(meeting, meeting.seat(role), policy)
        try:
            if way_in and visit is Visit.CLICK:
                meeting = _come(meetings, meeting, role, now, consents=consents)
            elif visit is not Visit.LOOK:
                meeting = _wait(meetings, meeting, role, now, policy)
        except Conflict:
            continue
        more = told.of_living(meeting, role, now, policy, manages=manages, recorded=recorded)
        if not way_in:
            return _not_yet(meeting, meeting.seat(role), now, policy, more)
        ask_again = _until_next(meeting, now, policy)
        return Open(way_in, Status.IN_PROGRESS, meeting.seat(role).desktop_id or "", ask_again, more)
    raise Unavailable(f"Meeting {link.meeting_id} is being changed by many at once; try again in a moment.")


def _refuse_ended(meeting: Meeting, role: Role, now: datetime, policy: Policy, *, recorded: bool) -> None:
    """Raise MeetingOver once people's time is up: it may take until its recordings are safe before the row says so."""
    end = ends_at(meeting, policy)
    if not meeting.over and (end is None or now < end):
        return
    reason = meeting.reason if meeting.over else Reason.MAX_DURATION
    more = told.of_ended(meeting, role, now, policy, recorded=recorded)
    raise MeetingOver(f"This meeting has ended{f' ({reason})' if reason else ''}.", reason, more)


def _come(meetings: Meetings, meeting: Meeting, role: Role, now: datetime, *, consents: bool) -> Meeting:
    """Record that the role's person came, where that is news; return the meeting as it is then.

    Raises:
        Conflict: it is not as it was read any more.
    """
    change = writes.joined(meeting, role, now, consents=consents)
    if change:
        meetings.update(meeting.id, change)
        log.note(log.Note.JOIN, meeting=meeting.id, why=change.why, role=role)
    return writes.after(meeting, change)


def _wait(meetings: Meetings, meeting: Meeting, role: Role, now: datetime, policy: Policy) -> Meeting:
    """Record that the role's person waits, at most once a minute; return the meeting as it is then.

    It is a sign and nothing more: whoever could read the row is answered, be it written or not.
    """
    change = note_waiting(meeting, role, now, policy)
    if change is None:
        return meeting
    try:
        meetings.update(meeting.id, change)
    except Conflict:  # the next poll tries again
        pass
    except Unavailable as error:
        log.warn(log.Warn.WAIT_NOT_NOTED, meeting=meeting.id, role=role, why=str(error))
    return writes.after(meeting, change)


def _until_next(meeting: Meeting, now: datetime, policy: Policy) -> timedelta:
    """Return when whoever has an open door before them is to ask again."""
    ends = (ends_at(meeting, policy), closes_at(meeting, policy))
    is_near = any(end is not None and end - now <= _LAST_MINUTES for end in ends)
    return _NEAR_THE_END if is_near else _ONCE_OPEN


def _not_yet(meeting: Meeting, seat: Seat, now: datetime, policy: Policy, more: Mapping[str, Any]) -> NotYet:
    name, since = step(meeting, seat, now, policy)
    launch_at = times(meeting, policy).launch_at
    if name == SCHEDULED and launch_at:
        ask_again = min(max(launch_at - now, _SOON), _LATER)
        return NotYet(meeting.status, name, since, launch_at, ask_again, told=more)
    return NotYet(meeting.status, name, since, None, _SOON, seat.missing, _attempt(meeting, seat), more)


def step(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> tuple[str, datetime | None]:
    """Return how far a seat's desktop is, in one word, and since when as far as the row tells; all times are UTC.

    It is scheduled, paused, launching, starting, booting, publishing, or ready to be entered, in this order.
    """
    if not seat.desktop_id:
        launch_at = None if seat.attempt_at else times(meeting, policy).launch_at
        if launch_at and launch_at > now:
            return SCHEDULED, meeting.created_at
        if meeting.held_at and not meeting.is_begun:
            return PAUSED, meeting.held_at
        return "launching", seat.attempt_at or launch_at
    is_found = address(seat, policy) is not None
    if meeting.is_ready(seat.role):
        return "ready" if is_found else "publishing", seat.healthy_at
    return ("booting", seat.published_at) if is_found else ("starting", seat.launched_at)


def _attempt(meeting: Meeting, seat: Seat) -> int:
    """Return which of the seat's desktops is waited for; those that were given back for a later time do not count."""
    moments = (entry.partition(" ")[0] for entry in seat.replaced)  # when, which: why
    since = rows.timestamp(meeting.begun_at) if meeting.begun_at else ""
    return 1 + sum(moment >= since for moment in moments)


def progress(answer: NotYet) -> dict[str, Any]:
    """Return the step as the page is told it, times as ISO 8601 in UTC, and what the desktop says that it lacks."""
    moments = {"since": answer.since, "launch_at": answer.launch_at}
    named: dict[str, Any] = {"step": answer.step}
    named |= {name: rows.timestamp(moment) for name, moment in moments.items() if moment}
    named |= {"attempt": answer.attempt} if answer.attempt else {}
    return named | ({"missing": list(answer.missing)} if answer.missing else {})
