"""The writes of a launch: the intent, the outcome, and that the meeting lets go of it again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.model import Attribute, Desktop, Meeting, Status
from chalicelib.domain.rows import LAUNCH_RESTS_ON
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute
from chalicelib.domain.update import Update
from chalicelib.domain.writes.base import (
    OF_A_LAUNCH,
    paid_and_used,
    replaced_with,
    same_end,
    still_back,
    there,
    vouched_by,
)

if TYPE_CHECKING:
    from chalicelib.domain.actions import Attempt
    from chalicelib.domain.pause import Pause

_OF_LATENESS: tuple[SeatAttribute, ...] = (
    "ec2_id",
    "healthy_at",
    "missing",
    "missing_since",
    "joined_at",
    "connected_at",
    "disconnected_at",
    "session_data",
)
"""What is looked at before a desktop that lives is given up."""


_OF_A_FAREWELL: tuple[SeatAttribute, ...] = ("session_data", "uploaded_at", "returned_at", "recording_lost")
"""What is looked at, beside its launch, before a desktop that somebody may have been at is replaced."""


def given_up(meeting: Meeting, seat: Seat) -> Update:
    """The role's desktop was not ready in time and is to be replaced: from now on the door to it stays closed.

    Expects that it has not reported, nor is ready again, and that nobody has come: who reports, or comes, a moment
    later finds it given up.
    """
    expect = same_end(meeting, "status", "instance_id", *map(seat.attribute, _OF_LATENESS))
    why = f"the {seat.role}'s desktop was not ready within the boot limit"
    return Update(why, {seat.attribute("given_up"): seat.desktop_id}, (), expect)


def replacement_asked(meeting: Meeting, seat: Seat, *, by: str) -> Update:
    """Somebody (`by`) wants another desktop in place of the one that the row names: its door is closed from now on.

    Expects the row to name that desktop still, so that asking twice replaces one. Whether it may be asked for, the
    rules say (`people.may_replace`).
    """
    why = f"another desktop is wanted in place of the {seat.role}'s {seat.desktop_id}"
    names: tuple[SeatAttribute, ...] = ("ec2_id", "attempt", "given_up", "replace_asked")
    rests_on = map(seat.attribute, names)
    values: dict[Attribute, Any] = {seat.attribute("replace_asked"): seat.desktop_id}
    return Update(why, values, (), same_end(meeting, *rests_on), by=by)


def held(meeting: Meeting, pause: Pause, now: datetime) -> Update:
    """The first launch waits because the stage is paused; expects that it was not begun meanwhile."""
    rests_on: tuple[Attribute, ...] = ("begun_at", "meet_time", "held_at")
    values: dict[Attribute, Any] = {"held_at": now}
    why = "the launch waits, because the stage is paused"
    return Update(why, values, (), same_end(meeting, *rests_on), by=pause.by, reason=pause.why)


def launch_begun(
    meeting: Meeting, attempts: Collection[Attempt], why: str, *, forced: bool, leased_at: datetime
) -> Update:
    """The intent to launch, which must stand before anything is launched: which attempt, where, since when.

    It forgets what belongs to the launch before.
    """
    intent: dict[Attribute, Any] = {"forced": True} if forced else {}
    if not meeting.begun_at:
        intent["begun_at"] = leased_at
    expect = same_end(meeting, *(("meet_time",) if meeting.begun_at else LAUNCH_RESTS_ON))
    stale: list[Attribute] = ["held_at"]
    for attempt in attempts:
        role, seat = attempt.role, meeting.seat(attempt.role)
        intent |= {attribute(role, "attempt"): attempt.number, attribute(role, "attempt_at"): leased_at}
        if attempt.subnet:  # none where it is refused before there is a place for it
            intent[attribute(role, "subnet")] = attempt.subnet
        if attempt.cause.is_lateness:
            intent[attribute(role, "late_boots")] = seat.late_boots + 1
        if seat.desktop_id:
            intent |= replaced_with(seat, attempt.why, leased_at) | still_back(seat)
            intent |= paid_and_used(meeting, seat, leased_at)
            if lost := _lost(seat, attempt):
                intent[attribute(role, "recording_lost")] = lost
            expect |= meeting.expect(*(attribute(role, name) for name in _OF_A_FAREWELL))
        before = [attribute(role, name) for name in OF_A_LAUNCH]
        expect |= meeting.expect(attribute(role, "attempt"), *before)
        stale += before
    return Update(why, intent, there(meeting, (name for name in stale if name not in intent)), expect)


def _lost(seat: Seat, attempt: Attempt) -> list[str]:
    """Return what is lost of the recordings of all desktops until now; each sentence names its desktop from now on."""
    told = (f"The desktop {seat.desktop_id} has told: {sentence}" for sentence in seat.lost_here)
    return [*seat.lost_before, *told, *([attempt.lost] if attempt.lost else [])]


def attempt_moved(meeting: Meeting, attempt: Attempt, leased_at: datetime) -> Update:
    """There was no room in the attempt's subnet: it goes on in this one, as long as the lease is ours."""
    expect = same_end(meeting)
    expect[attribute(attempt.role, "attempt")] = attempt.number
    expect[attribute(attempt.role, "attempt_at")] = leased_at
    where: dict[Attribute, Any] = {attribute(attempt.role, "subnet"): attempt.subnet}
    return Update("no room there; the next subnet is tried", where, (), expect)


def launched(meeting: Meeting, attempt: Attempt, desktop: Desktop, now: datetime) -> Update:
    """The attempt has launched a desktop; the app vouches for its id, and the status has come to LAUNCHED."""
    role = attempt.role
    outcome: dict[Attribute, Any] = {
        attribute(role, "ec2_id"): desktop.id,
        attribute(role, "launched_at"): now,
        **vouched_by(meeting, role, desktop.id),
    }
    expect = _of_attempt(meeting, attempt) | {attribute(role, "ec2_id"): None}
    if meeting.status.rank < Status.LAUNCHED.rank:
        outcome["status"] = Status.LAUNCHED
        expect |= meeting.expect("status")
    return Update(f"the {role}'s launch is done", outcome, (), expect)


def launch_refused(meeting: Meeting, attempt: Attempt, code: str) -> Update:
    """The attempt has launched nothing. `code` is EC2's own word for why."""
    outcome: dict[Attribute, Any] = {attribute(attempt.role, "refused"): code}
    return Update(f"the {attempt.role}'s launch was refused", outcome, (), _of_attempt(meeting, attempt))


def _of_attempt(meeting: Meeting, attempt: Attempt) -> dict[Attribute, Any]:
    expect = same_end(meeting)
    expect[attribute(attempt.role, "subnet")] = attempt.subnet
    expect[attribute(attempt.role, "attempt")] = attempt.number
    return expect


_OF_A_MOVE: tuple[SeatAttribute, ...] = ("waiting_at", "joined_at", "returned_at", "replace_asked")


def of_a_move(meeting: Meeting) -> tuple[Attribute, ...]:
    """Return what a row must forget that is moved to another time: who came, and what was concluded from it.

    A move removes these in its own write, and writes `Status.SCHEDULED`: how far the meeting has come by its desktops,
    the next look notes anew. So at the new checkpoint only who came to the new time has come. It is for a meeting that
    nobody is connected to and no side of which has uploaded: a lesson that was held is not moved.
    """
    seats = (seat.attribute(name) for seat in meeting.seats for name in _OF_A_MOVE)
    return there(meeting, ("checkpoint_at", "opened_at", "held_at", *seats))


def stood_down(meeting: Meeting, roles: Collection[Role], why: str, now: datetime) -> Update:
    """The meeting was moved to much later: the row lets go of these roles' launches, and begins anew when it is due.

    Expects that nobody has come.
    """
    seats = [meeting.seat(role) for role in roles]
    given_up: dict[Attribute, Any] = {}
    for seat in seats:
        if seat.desktop_id:
            given_up |= replaced_with(seat, why, now) | paid_and_used(meeting, seat, now)
    stale: list[Attribute] = [seat.attribute(name) for seat in seats for name in (*OF_A_LAUNCH, "late_boots")]
    stale += ["begun_at", "checkpoint_at", "opened_at"]
    joined_at = (seat.attribute("joined_at") for seat in meeting.seats)
    expect = same_end(meeting, "meet_time", "status", *joined_at, *stale)
    return Update(why, given_up, there(meeting, stale), expect)
