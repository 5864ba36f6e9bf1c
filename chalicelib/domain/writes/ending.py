"""The writes of an end: the intent, that it was carried through, and what keeps it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.domain.model import Attribute, Meeting, Reason, Status
from chalicelib.domain.rows import LISTED, seconds
from chalicelib.domain.seat import SeatAttribute, attribute
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import same_end, there

if TYPE_CHECKING:
    from chalicelib.domain.actions import Step

_OF_AN_END: tuple[SeatAttribute, ...] = (
    "ec2_id",
    "attempt",
    "joined_at",
    "returned_at",
    "connected_at",
    "disconnected_at",
    "session_data",
    "uploaded_at",
)
"""What is looked at, of each role, before a meeting is ended."""

_OF_THE_DOORS: tuple[SeatAttribute, ...] = ("waiting_at", "healthy_at", "missing", "ec2_link")
"""What is looked at, of each role, where it is asked whether people wait who could not enter."""

_OF_RECORDINGS: tuple[SeatAttribute, ...] = ("saved_at",)
"""What is looked at, of each role, where it is asked whether a recording is awaited."""

_WAITING_COUNTS = (Reason.NO_SHOW, Reason.LAUNCH_FAILED, Reason.PARTIAL_NO_SHOW)


def ending(meeting: Meeting, reason: Reason, now: datetime) -> Update:
    """The intent to end, which must stand before anything is ended; expects all that the decision was made from."""
    expect = same_end(meeting, "meet_time", "duration_minutes", "checkpoint_at", *_of_both(meeting, _OF_AN_END))
    if reason in _WAITING_COUNTS:
        expect |= meeting.expect("status", "opened_at", *_of_both(meeting, _OF_THE_DOORS))
    if reason is Reason.MAX_DURATION:
        expect |= meeting.expect(*_of_both(meeting, _OF_RECORDINGS))
    values: dict[Attribute, Any] = {"termination_reason": reason, "ending_at": now}
    if not meeting.listed:
        values["open"] = LISTED
    return Update(f"the meeting ends: {reason}", values, (), expect)


def is_ending(step: object) -> bool:
    """Return whether a step of a plan is the intent to end."""
    return isinstance(step, Update) and "ending_at" in step.set


def end_left(meeting: Meeting) -> Update:
    """Whoever had begun the end could not carry it through: it is anybody's again."""
    return Update("the end is left to the next look", {}, ("ending_at",), meeting.expect("ending_at"), quiet=True)


def _of_both(meeting: Meeting, names: tuple[SeatAttribute, ...]) -> list[Attribute]:
    return [attribute(seat.role, name) for seat in meeting.seats for name in names]


def ended(meeting: Meeting, reason: str, now: datetime, keep: timedelta, needs: tuple[Step, ...]) -> Update:
    """The end was carried through: nothing of the meeting is left alive. Its row is kept for `keep` from now on."""
    links = _links(meeting)
    expect = meeting.expect("termination_reason", "ended_at", *(seat.attribute("ec2_link") for seat in meeting.seats))
    if not meeting.reason:
        expect |= meeting.expect("status")
    values: dict[Attribute, Any] = {"status": Status.TERMINATED, "termination_reason": reason, "ended_at": now}
    values["expires"] = seconds(now + keep)
    return Update(f"the meeting ends: {reason}", values, links, expect, needs=needs)


def kept_ended(
    meeting: Meeting, now: datetime, keep: timedelta, *, unlist: bool, needs: tuple[Step, ...]
) -> Update | None:
    """What happened to a row after its meeting's end is undone; None where nothing did.

    With `unlist` the meeting leaves the sweep's sight. A row that does not say when it expires, since others have ended
    the meeting, is kept for `keep` after the end; what somebody has written there is their word.
    """
    values: dict[Attribute, Any] = {} if meeting.reason else {"termination_reason": Reason.CANCELLED}
    if meeting.status is not Status.TERMINATED:
        values["status"] = Status.TERMINATED
    if not meeting.expires_at:
        values["expires"] = _expiry(meeting, now, keep)
    remove: tuple[Attribute, ...] = (*_links(meeting), *(("open",) if unlist else ()))
    if not values and not remove:
        return None
    return Update("the meeting is over", values, remove, same_end(meeting), needs=needs)


def expiring(meeting: Meeting, now: datetime, keep: timedelta) -> Update:
    """The row of a meeting that has ended is told when it expires: one that ended before rows did."""
    values: dict[Attribute, Any] = {"expires": _expiry(meeting, now, keep)}
    return Update("the meeting is over, so its row expires", values, (), same_end(meeting, "status", "expires"))


def _expiry(meeting: Meeting, now: datetime, keep: timedelta) -> int:
    """Return when the row of a meeting that has ended expires: at once where it was kept for so long already."""
    return seconds(max(now, min(meeting.ended_at or now, now) + keep))


def _links(meeting: Meeting) -> tuple[Attribute, ...]:
    """Return the links that a meeting that ends takes back; since when they led somewhere stays, as its history."""
    return there(meeting, (seat.attribute("ec2_link") for seat in meeting.seats))
