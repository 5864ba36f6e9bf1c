"""What people may want of a meeting that they have scheduled: whether it can be had, and what is written then. Pure.

A wish that is fulfilled already changes nothing, so that twice is as good as once. What cannot be had is refused in the
same words by which `overview` knows that it need not be offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from chalicelib.domain import writes
from chalicelib.domain.errors import BadRequest, NotPossible
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting, MeetingAttribute, Reason
from chalicelib.domain.policy import Policy
from chalicelib.domain.rows import HIGHEST_COUNT
from chalicelib.domain.seat import Role, Seat
from chalicelib.domain.update import Update
from chalicelib.people.fields import EARLIEST, LATEST, Fields
from chalicelib.rules.people import longest_duration, may_be_in, may_replace
from chalicelib.rules.times import duration, ends_at

MINUTE = timedelta(minutes=1)
_ANOTHER = "schedule another one"


class Wish(Protocol):
    """What somebody wants of a meeting."""

    @property
    def done(self) -> str:
        """A sentence for whoever wanted it."""

    @property
    def times(self) -> bool:
        """Whether the meeting's timers are to be armed anew."""

    @property
    def reason(self) -> str:
        """Why they want it, for the meeting's history, empty where they do not say."""

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return what is to be written, None where all is as it is wanted.

        Raises:
            NotPossible: it cannot be had.
        """


# --- what cannot be had, and why


def why_not_at_all(meeting: Meeting, now: datetime, policy: Policy) -> str | None:
    """Return why nothing of this meeting can be changed any more, None where it can; `now` is UTC."""
    if meeting.reason == Reason.CANCELLED:
        return f"This meeting was cancelled; {_ANOTHER}."
    if meeting.over:
        return f"This meeting has ended{f' ({meeting.reason})' if meeting.reason else ''}; {_ANOTHER}."
    end = ends_at(meeting, policy)
    if end is not None and now >= end:
        return f"The time of this meeting is up, and it ends by itself; {_ANOTHER}."
    if meeting.sequence >= HIGHEST_COUNT:
        return f"This meeting was changed {HIGHEST_COUNT} times; {_ANOTHER}."
    return None


def why_not_moved(meeting: Meeting, now: datetime, policy: Policy) -> str | None:
    """Return why this meeting cannot be given another time, None where it can."""
    if why := why_not_at_all(meeting, now, policy):
        return why
    if _has_begun(meeting, policy):
        return f"Somebody has come already, so this meeting is not moved any more; cancel it and {_ANOTHER}."
    return None


def why_not_replaced(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> str | None:
    """Return why this seat's desktop cannot be replaced, None where it can."""
    if why := why_not_at_all(meeting, now, policy):
        return why
    if not seat.desktop_id:
        return f"The {seat.role} has no desktop yet that could be replaced; one is launched when it is time."
    if seat.is_given_up:
        return f"The {seat.role}'s desktop is being replaced already; wait until the next one is ready."
    if may_replace(meeting, seat, now, policy):
        return None
    return f"The {seat.role} has had {seat.attempt} desktops, and there are no more of them; {_ANOTHER}."


def _has_begun(meeting: Meeting, policy: Policy) -> bool:
    """Return whether somebody is in, or was: what they did may be recorded."""
    return any(seat.uploaded or seat.connected_at or may_be_in(meeting, seat, policy) for seat in meeting.seats)


def _refuse(why: str | None) -> None:
    if why:
        raise NotPossible(why)


# --- the wishes


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What every wish has."""

    reason: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class Otherwise(_Wanted):
    """The meeting is to be at another time (UTC), of another length, or of people of other names; None stays.

    `time_zone` is the one that people are told its times in.
    """

    meet_time: datetime | None
    minutes: int | None
    names: Mapping[MeetingAttribute, str]
    time_zone: str | None
    done: ClassVar[str] = "The meeting is changed."

    @property
    def times(self) -> bool:
        """Whether it is moved; its length has no timer."""
        return self.meet_time is not None

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return these changes as one write."""
        changes = []
        if self.meet_time and self.meet_time != meeting.meet_time:
            _refuse(why_not_moved(meeting, now, policy))
            changes.append(writes.moved(meeting, self.meet_time, now, by=by))
        if self.minutes and self.minutes * MINUTE != meeting.duration:
            changes.append(writes.lengthened(meeting, self.minutes, by=by))
        names = {name: text for name, text in self.names.items() if text != meeting.row.get(name)}
        if names:
            changes.append(writes.renamed(meeting, names, by=by))
        if self.time_zone and self.time_zone != meeting.row.get("time_zone"):
            changes.append(writes.zoned(meeting, self.time_zone, by=by))
        return _allowed(meeting, writes.together(changes), now, policy)


@dataclass(frozen=True, slots=True)
class Longer(_Wanted):
    """People's time is to end so much later than `ends_at` (UTC), or than now it does where that is not said."""

    minutes: int
    ends_at: datetime | None
    done: ClassVar[str] = "The meeting lasts longer."
    times: ClassVar[bool] = False

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return the longer duration."""
        _refuse(why_not_at_all(meeting, now, policy))
        end = ends_at(meeting, policy)
        if end is None:
            raise NotPossible("Nobody knows when this meeting ends; give it a time first.")
        if self.ends_at and end < self.ends_at:
            raise NotPossible(f"This meeting ends at {end:%H:%M} UTC by now, earlier than was said; look at it again.")
        wanted = (self.ends_at or end) + self.minutes * MINUTE
        if end >= wanted:
            return None
        minutes = -((end - wanted - duration(meeting, policy)) // MINUTE)
        return _allowed(meeting, writes.lengthened(meeting, minutes, by=by), now, policy)


def _allowed(meeting: Meeting, change: Update | None, now: datetime, policy: Policy) -> Update | None:
    """Return a change of a meeting that may still be changed.

    Raises:
        NotPossible: it may not; or the operator allows no such length, it would be over by then, or it would take time
            from people who are in.
    """
    if change is None:
        return None
    _refuse(why_not_at_all(meeting, now, policy))
    after = writes.after(meeting, change)
    longest, end = longest_duration(after, policy), ends_at(after, policy)
    asked = (after.duration or duration(after, policy)) // MINUTE
    if "duration_minutes" in change.set and asked > longest:
        raise NotPossible(f"This meeting can last {longest} minutes at the most, and it would last {asked}.")
    if duration(after, policy) < duration(meeting, policy) and _has_begun(meeting, policy):
        raise NotPossible("Somebody has come already, so this meeting can only be made longer; to end it, cancel it.")
    if end is not None and end <= now:
        raise NotPossible(f"With {asked} minutes this meeting would be over already; give it more.")
    return change


@dataclass(frozen=True, slots=True)
class Shorter(_Wanted):
    """People's time is to end now, though somebody is in; what they have recorded is uploaded as at any end."""

    done: ClassVar[str] = "People's time ends now."
    times: ClassVar[bool] = False

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return the duration that is up, to the minute."""
        end = ends_at(meeting, policy)
        if end is None or end <= now < end + MINUTE:
            return None
        _refuse(why_not_at_all(meeting, now, policy))
        minutes = -((end - duration(meeting, policy) - now) // MINUTE)
        if minutes < 1:
            raise NotPossible("This meeting has not begun, so there is nothing to end; cancel it.")
        if minutes * MINUTE >= duration(meeting, policy):
            return None
        return writes.lengthened(meeting, minutes, by=by)


@dataclass(frozen=True, slots=True)
class AnotherDesktop(_Wanted):
    """A role is to have another desktop in place of this one, or of its present one where none is named."""

    role: Role
    desktop_id: str | None
    done: ClassVar[str] = "Another desktop is on its way."
    times: ClassVar[bool] = False

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return the wish for another desktop, as the rules heed it."""
        seat = meeting.seat(self.role)
        present = seat.desktop_id
        if self.desktop_id and self.desktop_id != present and seat.has_named(self.desktop_id):
            return None
        if self.desktop_id in (None, present) and seat.is_given_up and not meeting.over:
            return None
        _refuse(why_not_replaced(meeting, seat, now, policy))
        if self.desktop_id not in (None, present):
            raise NotPossible(f"The {self.role} has no desktop {self.desktop_id!r:.40}; look at the meeting again.")
        return writes.counted(meeting, writes.replacement_asked(meeting, seat, by=by))


@dataclass(frozen=True, slots=True)
class NewLink(_Wanted):
    """A role's link of this number, or the present one where none is named, is to be replaced by a new one."""

    role: Role
    number: int | None
    done: ClassVar[str] = "The link is made anew; the one before opens nothing any more."
    times: ClassVar[bool] = False

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return the next number."""
        seat = meeting.seat(self.role)
        if self.number is not None and self.number < seat.link_number:
            return None
        _refuse(why_not_at_all(meeting, now, policy))
        if self.number is not None and self.number > seat.link_number:
            raise NotPossible(f"The {self.role} has no link of the number {self.number}; look at the meeting again.")
        return writes.link_renewed(meeting, seat, by=by)


@dataclass(frozen=True, slots=True)
class CallOff(_Wanted):
    """The meeting is not to take place, or not any longer."""

    done: ClassVar[str] = "The meeting is cancelled."
    times: ClassVar[bool] = False

    def change(self, meeting: Meeting, by: str, now: datetime, policy: Policy) -> Update | None:
        """Return the intent to end it."""
        if meeting.reason == Reason.CANCELLED:
            return None
        _refuse(why_not_at_all(meeting, now, policy))
        return writes.cancelled(meeting, by=by)


# --- what people send


def parse_change(body: object, now: datetime, policy: Policy) -> Otherwise:
    """Return what a PATCH's JSON wants to be otherwise.

    Raises:
        BadRequest: with every problem at once.
    """
    read = Fields(body, "what is to be changed")
    meet_time = read.moment("meet_time", now + EARLIEST, now + LATEST) if "meet_time" in read else None
    longest = policy.longest_meeting // MINUTE
    minutes = read.minutes("duration_minutes", longest) if "duration_minutes" in read else None
    fields: tuple[MeetingAttribute, ...] = ("teacher_name", "student_name")
    names = {name: read.name(name) for name in fields if name in read}
    time_zone = read.zone("time_zone")
    reason = read.reason()
    read.refuse()
    if not (meet_time or minutes or names or time_zone):
        raise BadRequest("Nothing is to be changed; send meet_time, duration_minutes, teacher_name or student_name.")
    return Otherwise(meet_time, minutes, names, time_zone, reason=reason)


def parse_extension(body: object, policy: Policy) -> Longer:
    """Return by how much a meeting is to be extended, and from when on.

    Raises:
        BadRequest: with every problem at once.
    """
    read = Fields(body, "minutes")
    longest = policy.longest_meeting // MINUTE
    minutes = read.whole("minutes", f"The extension must be a whole number of minutes from 1 to {longest}.", 1, longest)
    since = read.instant("from", "The end that the meeting is extended from") if "from" in read else None
    reason = read.reason()
    read.refuse()
    return Longer(minutes or 0, since, reason=reason)


def parse_replacement(body: object) -> AnotherDesktop:
    """Return which role's desktop is to be replaced.

    Raises:
        BadRequest: with every problem at once.
    """
    read = Fields(body, "role")
    role, desktop_id = read.role("role"), read.line("desktop_id", "The desktop's id", 128)
    reason = read.reason()
    read.refuse()
    return AnotherDesktop(role or Role.TEACHER, desktop_id, reason=reason)


def parse_new_link(body: object, keys: Keys | None) -> NewLink:
    """Return which role's link is to be made anew.

    Raises:
        BadRequest: with every problem at once.
        NotPossible: links are not signed here, so that one is like the other.
    """
    read = Fields(body, "role")
    role, problem = read.role("role"), f"The link's number must be a whole number from 0 to {HIGHEST_COUNT}."
    number = read.whole("number", problem, 0, HIGHEST_COUNT) if "number" in read else None
    reason = read.reason()
    read.refuse()
    if keys is None:
        raise NotPossible("Links are not signed here, so none can be made anew; schedule the meeting again.")
    return NewLink(role or Role.TEACHER, number, reason=reason)


def parse_call_off(reason: str | None) -> CallOff:
    """Return that a meeting is to be cancelled, and why.

    Raises:
        BadRequest: the reason cannot be shown, or is too long.
    """
    return CallOff(reason=parse_reason({"reason": reason}))


def parse_end(body: object) -> Shorter:
    """Return that people's time is to end now, and why.

    Raises:
        BadRequest: the reason cannot be shown, or is too long.
    """
    return Shorter(reason=parse_reason(body))


def parse_reason(body: object) -> str:
    """Return why somebody wants something.

    Raises:
        BadRequest: it cannot be shown, or is too long.
    """
    read = Fields(body, "a reason")
    reason = read.reason()
    read.refuse()
    return reason
