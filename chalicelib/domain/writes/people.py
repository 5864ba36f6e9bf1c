"""The writes on a row that people ask for: a meeting is scheduled, somebody comes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib.domain.actions import Update
from chalicelib.domain.model import LINKS_SIGNED, Attribute, Meeting, Status
from chalicelib.domain.rows import LISTED, timestamp
from chalicelib.domain.seat import Role, SeatAttribute, attribute
from chalicelib.domain.writes.base import same_end

_OF_THE_DOOR: tuple[SeatAttribute, ...] = ("ec2_id", "ec2_link", "joined_at", "consented_at")
"""What is looked at before a person is let in."""


def scheduled(
    meeting_id: str,
    *,
    teacher_name: str,
    student_name: str,
    teacher_email: str | None,
    meet_time: datetime,
    duration_minutes: int | None,
    jitsi_url: str | None,
    links_signed: bool,
    request_digest: str | None,
    now: datetime,
) -> dict[str, Any]:
    """Return the row of a new meeting. Times are UTC."""
    row: dict[Attribute, Any] = {
        "id": meeting_id,
        "teacher_name": teacher_name,
        "student_name": student_name,
        "teacher_email": teacher_email,
        "meet_time": timestamp(meet_time),
        "created_at": timestamp(now),
        "duration_minutes": duration_minutes,
        "jitsi_url": jitsi_url,
        "links": LINKS_SIGNED if links_signed else None,
        "request_digest": request_digest,
        "status": Status.SCHEDULED.value,
        "open": LISTED,
    }
    return {name: value for name, value in row.items() if value is not None}


def joined(meeting: Meeting, role: Role, now: datetime, *, consents: bool = False) -> Update | None:
    """Somebody was let in; expects the meeting to be alive, so joining and ending never overlook one another.

    The first moment counts, of coming and of consenting to be recorded: None where both are known already.
    """
    seat = meeting.seat(role)
    values: dict[Attribute, Any] = {} if seat.joined_at else {attribute(role, "joined_at"): now}
    if consents and not seat.consented_at:
        values[attribute(role, "consented_at")] = now
    if not values:
        return None
    mine = (attribute(role, name) for name in _OF_THE_DOOR)
    return Update(
        f"the {role} came",
        values | {"status": Status.IN_PROGRESS},
        (),
        same_end(meeting, "status", "ended_at", *mine),
    )
