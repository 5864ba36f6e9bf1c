"""The writes on a row that people ask for: a meeting is scheduled, somebody comes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.domain.access import by_key
from chalicelib.domain.history import Entry
from chalicelib.domain.model import LINKS_SIGNED, Attribute, Meeting, Status, day_of
from chalicelib.domain.rows import LISTED, timestamp
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import same_end

SCHEDULER = "whoever scheduled it"
"""Who wanted a new meeting where that takes no key: the app knows no more of them than the names that they gave."""

_OF_THE_DOOR: tuple[SeatAttribute, ...] = (
    "ec2_id",
    "ec2_link",
    "given_up",
    "replace_asked",
    "joined_at",
    "returned_at",
    "consented_at",
    "session_data",
    "uploaded_at",
)
"""What is looked at before a person is let in."""


def scheduled(
    meeting_id: str,
    *,
    teacher_name: str,
    student_name: str,
    teacher_email: str | None,
    meet_time: datetime,
    duration_minutes: int | None,
    time_zone: str | None,
    jitsi_url: str | None,
    links_signed: bool,
    request_digest: str | None,
    by: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the row of a new meeting. Times are UTC; `time_zone` is the one that people are told them in.

    `by` is the name of the key that it was scheduled with, None where it took none.
    """
    row: dict[Attribute, Any] = {
        "id": meeting_id,
        "teacher_name": teacher_name,
        "student_name": student_name,
        "teacher_email": teacher_email,
        "meet_time": timestamp(meet_time),
        "created_at": timestamp(now),
        "duration_minutes": duration_minutes,
        "time_zone": time_zone,
        "jitsi_url": jitsi_url,
        "links": LINKS_SIGNED if links_signed else None,
        "request_digest": request_digest,
        "status": Status.SCHEDULED.value,
        "open": LISTED,
        "day": day_of(meet_time),
        "scheduled_by": by,
        "history": [Entry(timestamp(now), f"scheduled for {meet_time:%Y-%m-%d %H:%M} UTC", _scheduler(by)).stored()],
    }
    return {name: value for name, value in row.items() if value is not None}


def _scheduler(key: str | None) -> str:
    return by_key(key) if key else SCHEDULER


def joined(meeting: Meeting, role: Role, now: datetime, *, consents: bool = False) -> Update | None:
    """Somebody was let in; expects the meeting to be alive, so joining and ending never overlook one another.

    The first moment counts, of coming and of consenting to be recorded. Who is let in after an upload of their side has
    come back: that is written once for each upload. None where all of it is known already.
    """
    seat = meeting.seat(role)
    values: dict[Attribute, Any] = {} if seat.joined_at else {attribute(role, "joined_at"): now}
    if seat.uploaded and not _is_back(seat):
        values[attribute(role, "returned_at")] = now
    if consents and not seat.consented_at:
        values[attribute(role, "consented_at")] = now
    if not values:
        return None
    mine = (attribute(role, name) for name in _OF_THE_DOOR)
    return Update(
        f"the {role} came{' back' if attribute(role, 'returned_at') in values else ''}",
        values | {"status": Status.IN_PROGRESS},
        (),
        same_end(meeting, "status", "ended_at", *mine),
        by=f"the {role}",
    )


def _is_back(seat: Seat) -> bool:
    """Return whether the row says that the person was let in again since their side uploaded."""
    returned_at, uploaded_at = seat.returned_at, seat.uploaded_at
    return returned_at is not None and (uploaded_at is None or returned_at >= uploaded_at)


def waiting(meeting: Meeting, role: Role, now: datetime) -> Update:
    """Somebody is at the door; expects that nobody wrote so since it was read, so that one of many writes it.

    When it is worth a write, the rules say (`people.note_waiting`). The row's history has the first of them alone. A
    row that the sweep does not list yet, as one made by hand of whose making the app has not heard, is listed with it.
    """
    name, seat = attribute(role, "waiting_at"), meeting.seat(role)
    values: dict[Attribute, Any] = {name: now} if meeting.listed else {name: now, "open": LISTED}
    expect = same_end(meeting, "ended_at", name)
    return Update(
        f"the {role} waits at the door", values, (), expect, by=f"the {role}", quiet=seat.waiting_at is not None
    )
