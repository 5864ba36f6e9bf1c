"""The writes on a row by which people change a meeting that they have scheduled.

Each counts in `sequence`, as calendars count the changes of an entry, and says by whom it was wanted. None is made once
the meeting ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.model import Attribute, Meeting, MeetingAttribute, Reason, Status, day_of
from chalicelib.domain.rows import HIGHEST_COUNT, LISTED
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import same_end
from chalicelib.domain.writes.launching import of_a_move

_OF_COMING: tuple[SeatAttribute, ...] = ("joined_at", "connected_at", "disconnected_at", "session_data", "ec2_id")
"""What says that somebody has come, and is there: a meeting is not moved then."""


def moved(meeting: Meeting, meet_time: datetime, now: datetime, *, by: str) -> Update:
    """The meeting has another time; expects that nobody has come. What belongs to the time before is forgotten."""
    coming = (attribute(role, name) for role in Role for name in _OF_COMING)
    forgotten = of_a_move(meeting)
    expect = same_end(meeting, "meet_time", "status", *coming, *forgotten)
    values: dict[Attribute, Any] = {"meet_time": meet_time, "day": day_of(meet_time), "moved_at": now}
    values["status"] = Status.SCHEDULED
    why = f"the meeting is moved to {meet_time:%Y-%m-%d %H:%M} UTC"
    return counted(meeting, Update(why, values, forgotten, expect, by=by))


def lengthened(meeting: Meeting, minutes: int, *, by: str) -> Update:
    """The meeting lasts another number of minutes."""
    expect = same_end(meeting, "duration_minutes", "meet_time")
    values: dict[Attribute, Any] = {"duration_minutes": minutes}
    return counted(meeting, Update(f"the meeting lasts {minutes} minutes", values, (), expect, by=by))


def renamed(meeting: Meeting, names: Mapping[MeetingAttribute, str], *, by: str) -> Update:
    """People are called otherwise."""
    values: dict[Attribute, Any] = dict(names.items())
    why = f"the names are {' and '.join(names.values())}"
    return counted(meeting, Update(why, values, (), same_end(meeting, *names), by=by))


def zoned(meeting: Meeting, time_zone: str, *, by: str) -> Update:
    """The meeting's times are told to people as of another time zone."""
    values: dict[Attribute, Any] = {"time_zone": time_zone}
    return counted(meeting, Update(f"its times are those of {time_zone}", values, (), same_end(meeting), by=by))


def cancelled(meeting: Meeting, *, by: str) -> Update:
    """The meeting is called off: the intent to end it, which whoever looks next carries through."""
    values: dict[Attribute, Any] = {"termination_reason": Reason.CANCELLED}
    if not meeting.listed:
        values["open"] = LISTED
    expect = same_end(meeting, "ended_at")
    return counted(meeting, Update("the meeting is cancelled", values, (), expect, by=by))


def link_renewed(meeting: Meeting, seat: Seat, *, by: str) -> Update:
    """The role's link is made anew, and the one before is dead."""
    number = seat.attribute("link_number")
    values: dict[Attribute, Any] = {number: seat.link_number + 1}
    return counted(
        meeting, Update(f"the {seat.role}'s link is made anew", values, (), same_end(meeting, number), by=by)
    )


def recordings_taken(count: int, *, by: str) -> Update:
    """Somebody was given links to what was recorded: the row's history is told, and nothing else changes."""
    return Update(f"links to {count} recordings taken", by=by)


def counted(meeting: Meeting, change: Update) -> Update:
    """Return a change that a person has made, counted in `sequence`; expects that nobody made another one meanwhile."""
    count: dict[Attribute, Any] = {"sequence": min(meeting.sequence + 1, HIGHEST_COUNT)}
    return replace(change, set={**change.set, **count}, expect={**change.expect, **meeting.expect("sequence")})
