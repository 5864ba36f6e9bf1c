"""A meeting as whoever manages it sees it: what it is, how it stands, what can be done, and what was done. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import history, rows
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting, MeetingAttribute
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.people import links
from chalicelib.people.join import step
from chalicelib.people.recording import standing
from chalicelib.people.wishes import MINUTE, why_not_at_all, why_not_moved, why_not_replaced
from chalicelib.rules.doors import entrance
from chalicelib.rules.people import presence, presence_since, spare_minutes
from chalicelib.rules.times import duration, ends_at


def overview(
    meeting: Meeting, now: datetime, policy: Policy, *, room: timedelta | None, keys: Keys | None, recorded: bool
) -> dict[str, Any]:
    """Return all that is told of a meeting; what is not known is left out. Moments are ISO 8601 in UTC.

    `room` is by how much it may last longer until there are no desktops for it, None where nothing is in the way. Where
    meetings are `recorded`, it is told how the recordings stand.
    """
    end = ends_at(meeting, policy)
    over = meeting.over or (end is not None and now >= end)
    told = {
        "id": meeting.id,
        "teacher_name": _text(meeting, "teacher_name"),
        "student_name": _text(meeting, "student_name"),
        "meet_time": _moment(meeting.meet_time),
        "time_zone": _text(meeting, "time_zone"),
        "duration_minutes": duration(meeting, policy) // MINUTE,
        "ends_at": _moment(end),
        "status": meeting.status.value,
        "reason": meeting.reason,
        "sequence": meeting.sequence,
        "jitsi_url": _text(meeting, "jitsi_url"),
    }
    return {name: value for name, value in told.items() if value is not None} | {
        "may": _possible(meeting, now, policy, room),
        "seats": {
            seat.role.value: _seat(meeting, seat, now, policy)
            | (standing(meeting, seat, over=over) if recorded else {})
            for seat in meeting.seats
        },
        "link_ids": {role.value: links.public_id(meeting, role, keys) for role in Role},
        "history": history.entries(meeting),
    }


def _possible(meeting: Meeting, now: datetime, policy: Policy, room: timedelta | None) -> dict[str, Any]:
    lives, lasts = why_not_at_all(meeting, now, policy) is None, duration(meeting, policy) // MINUTE
    spare = spare_minutes(meeting, policy) if lives else 0
    spare = spare if room is None else min(spare, room // MINUTE)
    return {
        "move": why_not_moved(meeting, now, policy) is None,
        "lengthen_to": lasts + spare if lives else 0,
        "extend": spare,
        "rename": lives,
        "cancel": lives,
        "replace": [seat.role.value for seat in meeting.seats if why_not_replaced(meeting, seat, now, policy) is None],
    }


def _seat(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> dict[str, Any]:
    name, _ = step(meeting, seat, now, policy)
    told = {
        "step": name,
        "presence": presence(meeting, seat, now, policy).value,
        "since": _moment(presence_since(meeting, seat, now, policy)),
        "ready": entrance(meeting, seat, policy) is not None,
        "desktop_id": seat.desktop_id,
        "link_number": seat.link_number,
    }
    return {name: value for name, value in told.items() if value is not None}


def _text(meeting: Meeting, name: MeetingAttribute) -> str | None:
    """Return a text of the row, None where something else stands there, by somebody's hand."""
    value = meeting.row.get(name)
    return value if isinstance(value, str) else None


def _moment(moment: datetime | None) -> str | None:
    return rows.timestamp(moment) if moment else None
