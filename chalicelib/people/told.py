"""What somebody at the door is told beside the door itself: with whom, when, who is there, what became of recordings.

What is not known is left out. Moments are ISO 8601 in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain import rows
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.people.recording import standing
from chalicelib.rules.doors import entrance
from chalicelib.rules.people import Presence, closes_at, is_done, presence, presence_since, spare_minutes
from chalicelib.rules.readiness import usual_minutes
from chalicelib.rules.times import ends_at, times

if TYPE_CHECKING:
    from chalicelib.control.ports import Lately


def of_living(
    meeting: Meeting, role: Role, now: datetime, policy: Policy, *, manages: bool, recorded: bool
) -> dict[str, Any]:
    """Return what a person of this role is told of a meeting that lives; `now` is UTC.

    Who `manages` the meeting is told by how many minutes the operator's limit lets them extend it. Whether there are
    desktops for so long is the calendar's to say when they do.
    """
    own, other = meeting.seat(role), meeting.seat(role.other)
    recording = standing(meeting, own, over=False) if recorded else {}
    return recording | _known(
        _of_any(meeting, policy)
        | {
            "ends_at": ends_at(meeting, policy),
            "closes_at": None if is_done(meeting, own) else closes_at(meeting, policy),
            "you": _person(meeting, own, now, policy) | recording,
            "other": _person(meeting, other, now, policy) | {"ready": entrance(meeting, other, policy) is not None},
            "sequence": meeting.sequence,
            "may_extend": spare_minutes(meeting, policy) if manages else None,
        }
    )


def of_ended(meeting: Meeting, role: Role, now: datetime, policy: Policy, *, recorded: bool) -> dict[str, Any]:
    """Return what a person of this role is told of a meeting that has ended, or whose people's time is up.

    A lesson belongs to both: each is told how the other side's recording stands too, and what of it is lost.
    """
    told = _known(_of_any(meeting, policy) | {"ended_at": _ended_at(meeting, now, policy)})
    if not recorded:
        return told
    own, other = (standing(meeting, meeting.seat(each), over=True) for each in (role, role.other))
    return told | own | {"other_recording": other or {"recording": "none"}}


def usual_wait(lately: Lately | None, now: datetime) -> dict[str, int]:
    """Return in how many minutes desktops are usually ready, as far as it was measured lately; `now` is UTC."""
    minutes = usual_minutes(lately.recent_boots(), now) if lately else None
    return {"usual_minutes": minutes} if minutes else {}


def _of_any(meeting: Meeting, policy: Policy) -> dict[str, Any]:
    names = [f"{role}_name" for role in Role] + ["time_zone"]
    told = {name: text for name in names if isinstance(text := meeting.row.get(name), str)}
    return told | {"meet_time": times(meeting, policy).start if meeting.meet_time else None}


def _person(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> dict[str, Any]:
    """Return where a person is and since when; of who waits, the row keeps only when they were last at the door."""
    where = presence(meeting, seat, now, policy)
    since = None if where is Presence.WAITING else presence_since(meeting, seat, now, policy)
    return _known({"presence": where.value, "since": since})


def _ended_at(meeting: Meeting, now: datetime, policy: Policy) -> datetime | None:
    """Return when people's time ended: their last recordings may have been on their way a little longer."""
    end = ends_at(meeting, policy)
    moments = (meeting.ended_at, end if end and now >= end else None)
    return min((moment for moment in moments if moment), default=None)


def _known(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of this, moments as text."""
    plain = {name: rows.timestamp(value) if isinstance(value, datetime) else value for name, value in told.items()}
    return {name: value for name, value in plain.items() if value is not None}
