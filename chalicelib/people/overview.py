"""A meeting as whoever manages it sees it: what it is, how it stands, what can be done, and what was done. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import history, rows
from chalicelib.domain.model import Meeting, MeetingAttribute
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import CURRENCY, Prices
from chalicelib.domain.seat import Seat
from chalicelib.people.join import step
from chalicelib.people.recording import standing
from chalicelib.people.wishes import MINUTE, why_not_at_all, why_not_moved, why_not_replaced
from chalicelib.rules.cost import amount, expected, tenths, use
from chalicelib.rules.doors import entrance
from chalicelib.rules.people import presence, presence_since, spare_minutes
from chalicelib.rules.times import deadline, duration, ends_at, timers, times
from chalicelib.rules.trouble import Found, troubles


def overview(
    meeting: Meeting, now: datetime, policy: Policy, *, room: timedelta | None, recorded: bool
) -> dict[str, Any]:
    """Return all that is told of a meeting; what is not known is left out. Moments are ISO 8601 in UTC.

    `room` is by how much it may last longer until there are no desktops for it, None where nothing is in the way. Where
    meetings are `recorded`, it is told how the recordings stand. What it costs is told where there are `prices`, for
    the eyes of an operator.
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
            seat.role.value: seat_told(meeting, seat, now, policy)
            | (standing(meeting, seat, over=over) if recorded else {})
            for seat in meeting.seats
        },
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


def behind(meeting: Meeting, now: datetime, policy: Policy, prices: Prices | None) -> dict[str, Any]:
    """Return what only operators are told beside that: what keeps the meeting, what is wrong with it, what it costs."""
    hard = deadline(meeting, policy)
    told = {
        "scheduled_by": _text(meeting, "scheduled_by"),
        "created_at": _moment(meeting.created_at),
        "launch_at": _moment(meeting.begun_at or times(meeting, policy).launch_at),
        "deadline": _moment(hard),
        "ended_at": _moment(meeting.ended_at),
    }
    return {name: value for name, value in told.items() if value is not None} | {
        "timers": [{"name": timer.name, "at": rows.timestamp(timer.at)} for timer in timers(meeting, policy)],
        "desktops": {seat.role.value: _desktops(seat, policy) for seat in meeting.seats},
        "troubles": [trouble_told(found) for found in troubles(meeting, now, policy)],
        **cost_told(meeting, now, policy, prices),
    }


def cost_told(meeting: Meeting, now: datetime, policy: Policy, prices: Prices | None) -> dict[str, Any]:
    """Return as `cost` what it has cost, what it will once its desktops have lived as long as they may, and for what.

    Nothing where no prices are set.
    """
    if prices is None:
        return {}
    so_far = use(meeting, now, policy)
    told = {
        "amount": float(amount(so_far.paid, prices)),
        "estimate": float(amount(expected(meeting, now, policy), prices)),
        "currency": CURRENCY,
        "paid_minutes": tenths(so_far.paid),
        "used_minutes": tenths(so_far.used),
        "is_estimate": so_far.is_estimate,
    }
    return {"cost": told | ({"prices_as_of": prices.as_of.isoformat()} if prices.as_of else {})}


def _desktops(seat: Seat, policy: Policy) -> dict[str, Any]:
    """Return which desktops a role has and had: `earlier` ones with when and why each was replaced."""
    told = {
        "id": seat.desktop_id,
        "subnet": seat.subnet,
        "refused": seat.refused,
        "name": policy.record_name(seat.desktop_id) if seat.desktop_id and policy.domain else None,
        "link": seat.link,
        "launched_at": _moment(seat.launched_at),
        "published_at": _moment(seat.published_at),
        "healthy_at": _moment(seat.healthy_at),
        "seen_at": _moment(seat.seen_at),
    }
    known = {name: value for name, value in told.items() if value is not None}
    return known | {"attempts": seat.attempt, "missing": list(seat.missing), "earlier": list(seat.replaced)}


def trouble_told(found: Found) -> dict[str, Any]:
    """Return what is told of one thing that is wrong."""
    told: dict[str, Any] = {"what": found.trouble.value, "told": found.told}
    told |= {"role": found.role.value} if found.role else {}
    return told | ({"since": rows.timestamp(found.since)} if found.since else {})


def seat_told(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> dict[str, Any]:
    """Return what is told of a seat: how far its desktop is, and where its person is."""
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
