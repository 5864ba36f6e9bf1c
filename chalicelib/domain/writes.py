"""Every write on a row, by the name of what happened.

Each function returns the change as an `Update`: what is set, what is removed, and what the row must still hold
for the change to be made. Nothing else in the app builds one, so what belongs together is written, and
forgotten, together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.actions import Attempt, Cause, Step, Update
from chalicelib.domain.model import (
    Attribute,
    Desktop,
    Meeting,
    Reason,
    Role,
    Seat,
    SeatAttribute,
    Status,
    attribute,
    voucher,
)
from chalicelib.domain.rows import LISTED, timestamp

OF_A_DESKTOP: tuple[SeatAttribute, ...] = (
    "ec2_id",
    "ec2_link",
    "launched_at",
    "launched",
    "published_at",
    "healthy_at",
)
"""What a row says of a role's present desktop: none of it is true of the next one."""

OF_A_LAUNCH: tuple[SeatAttribute, ...] = (*OF_A_DESKTOP, "attempt_at", "subnet", "refused")
"""What a row says of a role's present launch: the attempt, and the desktop that came of it.

`attempt` is not among them: it goes on being counted, since each number makes a launch token of its own.
"""

_OF_THE_DOOR: tuple[SeatAttribute, ...] = ("ec2_id", "ec2_link", "joined_at")
"""What is looked at before a person is let in."""

_OF_AN_END: tuple[SeatAttribute, ...] = ("ec2_id", "attempt", "joined_at", "session_data")
"""What is looked at, of each role, before a meeting is ended."""


def after(meeting: Meeting, change: Update | None) -> Meeting:
    """Return the meeting as it is once this change was written; what is known of it beside its row stays."""
    if change is None:
        return meeting
    row = {name: value for name, value in meeting.row.items() if name not in change.remove}
    row |= {name: rows.as_read(value) for name, value in change.set.items()}
    return replace(rows.meeting(row), reported=meeting.reported)


def together(changes: Iterable[Update], why: str | None = None) -> Update | None:
    """Return these changes as one write, None for none; `why` replaces their own reasons."""
    changes = list(changes)
    if not changes:
        return None
    values: dict[Attribute, Any] = {}
    expect: dict[Attribute, Any] = {}
    for change in changes:
        values |= change.set
        expect |= change.expect
    return Update(
        why or "; ".join(change.why for change in changes),
        values,
        tuple(dict.fromkeys(name for change in changes for name in change.remove if name not in values)),
        expect,
        any(change.urgent for change in changes),
    )


def _same_end(meeting: Meeting, *names: Attribute) -> dict[Attribute, Any]:
    """Return what a write expects: these attributes as they were read, and the meeting not ended meanwhile."""
    return meeting.expect("termination_reason", *names)


def _there(meeting: Meeting, names: Iterable[Attribute]) -> tuple[Attribute, ...]:
    return tuple(name for name in names if name in meeting.row)


# --- people


def scheduled(
    meeting_id: str,
    *,
    teacher_name: str,
    student_name: str,
    teacher_email: str | None,
    meet_time: datetime,
    duration_minutes: int | None,
    jitsi_url: str | None,
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
        "request_digest": request_digest,
        "status": Status.SCHEDULED.value,
        "open": LISTED,
    }
    return {name: value for name, value in row.items() if value is not None}


def joined(meeting: Meeting, role: Role, now: datetime) -> Update:
    """Somebody was let in; expects the meeting to be alive, so joining and ending never overlook one another."""
    mine = (attribute(role, name) for name in _OF_THE_DOOR)
    return Update(
        f"the {role} came",
        {attribute(role, "joined_at"): now, "status": Status.IN_PROGRESS},
        (),
        _same_end(meeting, "status", "ended_at", *mine),
    )


# --- a launch


def launch_begun(
    meeting: Meeting, attempts: Collection[Attempt], why: str, *, forced: bool, leased_at: datetime
) -> Update:
    """The intent to launch, which must stand before anything is launched: which attempt, where, since when.

    It forgets what belongs to the launch before.
    """
    intent: dict[Attribute, Any] = {"forced": True} if forced else {}
    if not meeting.begun_at:
        intent["begun_at"] = leased_at
    expect = _same_end(meeting, "meet_time")
    stale: list[Attribute] = []
    for attempt in attempts:
        role, seat = attempt.role, meeting.seat(attempt.role)
        intent |= {
            attribute(role, "attempt"): attempt.number,
            attribute(role, "attempt_at"): leased_at,
            attribute(role, "subnet"): attempt.subnet,
        }
        if attempt.cause is Cause.LATE_BOOT:
            intent[attribute(role, "late_boots")] = seat.late_boots + 1
        if seat.desktop_id:
            intent |= _replaced_with(seat, attempt.why, leased_at)
        before = [attribute(role, name) for name in OF_A_LAUNCH]
        expect |= meeting.expect(attribute(role, "attempt"), *before)
        stale += before
    return Update(why, intent, _there(meeting, (name for name in stale if name not in intent)), expect)


def _replaced_with(seat: Seat, why: str, now: datetime) -> dict[Attribute, Any]:
    """Return the list of the desktops that this role had before, with the present one."""
    return {seat.attribute("replaced"): [*seat.replaced, f"{timestamp(now)} {seat.desktop_id}: {why}"]}


def attempt_moved(meeting: Meeting, attempt: Attempt, leased_at: datetime) -> Update:
    """There was no room in the attempt's subnet: it goes on in this one, as long as the lease is ours."""
    expect = _same_end(meeting)
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
        attribute(role, "launched"): voucher(meeting.id, desktop.id),
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
    expect = _same_end(meeting)
    expect[attribute(attempt.role, "subnet")] = attempt.subnet
    expect[attribute(attempt.role, "attempt")] = attempt.number
    return expect


# --- what is learnt of a meeting that lives


def adopted(meeting: Meeting, role: Role, desktop: Desktop, *, vouched: bool, now: datetime) -> Update:
    """A live desktop of the role was found, and the row names none that lives.

    Its boot limit counts from now: whoever launched it, nobody has waited for it until now.
    """
    found: dict[Attribute, Any] = {attribute(role, "ec2_id"): desktop.id, attribute(role, "launched_at"): now}
    if vouched:
        found[attribute(role, "launched")] = voucher(meeting.id, desktop.id)
    before = [attribute(role, name) for name in (*OF_A_DESKTOP, "refused")]
    return Update(
        f"the {role}'s desktop {desktop.id} lives and the row names none that does",
        found,
        _there(meeting, (name for name in before if name not in found)),
        _same_end(meeting, *before),
    )


def reported_healthy(meeting: Meeting, role: Role, now: datetime) -> Update:
    """The role's own desktop has reported healthy; expects the row to name that desktop still."""
    why = f"the {role}'s desktop reported healthy"
    return Update(why, {attribute(role, "healthy_at"): now}, (), _same_end(meeting, attribute(role, "ec2_id")))


def status_restored(meeting: Meeting, status: Status) -> Update:
    """The row's status is behind what the meeting has come to: a desktop wrote over it, or a write was lost."""
    return Update(
        f"the status is {meeting.status}, the meeting has come to {status}",
        {"status": status},
        (),
        _same_end(meeting, "status"),
    )


def checkpoint_held(meeting: Meeting, now: datetime) -> Update:
    """It was looked at who has come, and the meeting goes on; this is done once, unless the meeting stands down."""
    why = "the checkpoint was held and the meeting goes on"
    return Update(why, {"checkpoint_at": now}, (), _same_end(meeting, "checkpoint_at", "meet_time"))


def listed(meeting: Meeting) -> Update:
    """The meeting needs work and the sweep does not list it: it was made by hand, or edited."""
    return Update("the sweep must see it", {"open": LISTED}, (), _same_end(meeting))


def uploaded(meeting: Meeting, role: Role, now: datetime) -> Update:
    """Note when the upload was seen; not urgent, since the row shows the upload already."""
    why = f"the {role} has uploaded"
    return Update(why, {attribute(role, "uploaded_at"): now}, (), _same_end(meeting), urgent=False)


def published(meeting: Meeting, role: Role, link: str, now: datetime, needs: tuple[Step, ...]) -> Update:
    """The name of the role's desktop resolves, so that its link may be handed out."""
    values: dict[Attribute, Any] = {attribute(role, "ec2_link"): link, attribute(role, "published_at"): now}
    expect = _same_end(meeting, attribute(role, "ec2_id"))
    if meeting.status.rank < Status.DNS_WRITTEN.rank:
        values["status"] = Status.DNS_WRITTEN
        expect |= meeting.expect("status")
    return Update(f"the record of {role} is published", values, (), expect, needs=needs)


def link_dropped(meeting: Meeting, role: Role) -> Update:
    """The role's desktop is gone for good, so its link leads nowhere."""
    return Update(
        f"the {role}'s desktop is gone and is not replaced",
        remove=_there(meeting, (attribute(role, "ec2_link"), attribute(role, "published_at"))),
        expect=meeting.expect(attribute(role, "ec2_id")),
    )


# --- when it is put off


def stood_down(meeting: Meeting, roles: Collection[Role], why: str, now: datetime) -> Update:
    """The meeting was moved to much later: the row lets go of these roles' launches, and begins anew when it is due.

    Expects that nobody has come.
    """
    seats = [meeting.seat(role) for role in roles]
    given_up: dict[Attribute, Any] = {}
    for seat in seats:
        if seat.desktop_id:
            given_up |= _replaced_with(seat, why, now)
    stale: list[Attribute] = [seat.attribute(name) for seat in seats for name in (*OF_A_LAUNCH, "late_boots")]
    stale += ["begun_at", "checkpoint_at"]
    joined_at = (seat.attribute("joined_at") for seat in meeting.seats)
    expect = _same_end(meeting, "meet_time", "status", *joined_at, *stale)
    return Update(why, given_up, _there(meeting, stale), expect)


# --- when it ends, and after


def ending(meeting: Meeting, reason: Reason, now: datetime) -> Update:
    """The intent to end, which must stand before anything is ended; expects all that the decision was made from."""
    decided_on = (attribute(seat.role, name) for seat in meeting.seats for name in _OF_AN_END)
    expect = _same_end(meeting, "meet_time", "duration_minutes", "checkpoint_at", *decided_on)
    if reason is Reason.NO_SHOW:
        expect |= meeting.expect("status")
    values: dict[Attribute, Any] = {"termination_reason": reason, "ending_at": now}
    if not meeting.listed:
        values["open"] = LISTED
    return Update(f"the meeting ends: {reason}", values, (), expect)


def ended(meeting: Meeting, reason: str, now: datetime, needs: tuple[Step, ...]) -> Update:
    """The end was carried through: nothing of the meeting is left alive."""
    links = _links(meeting)
    expect = meeting.expect("termination_reason", "ended_at", *(seat.attribute("ec2_link") for seat in meeting.seats))
    if not meeting.reason:
        expect |= meeting.expect("status")
    values: dict[Attribute, Any] = {"status": Status.TERMINATED, "termination_reason": reason, "ended_at": now}
    return Update(f"the meeting ends: {reason}", values, links, expect, needs=needs)


def kept_ended(meeting: Meeting, *, unlist: bool, needs: tuple[Step, ...]) -> Update | None:
    """What happened to a row after its meeting's end is undone; None where nothing did.

    With `unlist` the meeting leaves the sweep's sight.
    """
    values: dict[Attribute, Any] = {} if meeting.reason else {"termination_reason": Reason.CANCELLED}
    if meeting.status is not Status.TERMINATED:
        values["status"] = Status.TERMINATED
    remove: tuple[Attribute, ...] = (*_links(meeting), *(("open",) if unlist else ()))
    if not values and not remove:
        return None
    return Update("the meeting is over", values, remove, _same_end(meeting), needs=needs)


def _links(meeting: Meeting) -> tuple[Attribute, ...]:
    """Return the links that a meeting that ends takes back; since when they led somewhere stays, as its history."""
    return _there(meeting, (seat.attribute("ec2_link") for seat in meeting.seats))
