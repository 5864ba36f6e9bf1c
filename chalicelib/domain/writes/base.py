"""What every write on a row is made of: what belongs together, what it expects, what is known once it was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.history import APP, HISTORY, Entry
from chalicelib.domain.model import Attribute, Meeting
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute
from chalicelib.domain.update import Update

OF_A_DESKTOP: tuple[SeatAttribute, ...] = (
    "ec2_id",
    "ec2_link",
    "launched_at",
    "launched",
    "published_at",
    "healthy_at",
    "given_up",
    "replace_asked",
    "missing",
    "missing_since",
    "connected_at",
    "disconnected_at",
    "seen_at",
    "saved_at",
    "gone_at",
)
"""What a row says of a role's present desktop: none of it is true of the next one."""

OF_A_LAUNCH: tuple[SeatAttribute, ...] = (*OF_A_DESKTOP, "attempt_at", "subnet", "refused")
"""What a row says of a role's present launch: the attempt, and the desktop that came of it.

`attempt` is not among them: it goes on being counted, since each number makes a launch token of its own.
"""


def after(meeting: Meeting, change: Update | None) -> Meeting:
    """Return the meeting as it is once this change was written; what is known of it beside its row stays."""
    if change is None:
        return meeting
    row = {name: value for name, value in meeting.row.items() if name not in change.remove}
    row |= {name: rows.as_read(value) for name, value in change.set.items()}
    return replace(rows.meeting(row, meeting.seal), reported=meeting.reported, uploads=meeting.uploads)


def together(changes: Iterable[Update], why: str | None = None) -> Update | None:
    """Return these changes, all wanted by the same, as one write, None for none; `why` replaces their own reasons."""
    changes = list(changes)
    if not changes:
        return None
    values: dict[Attribute, Any] = {}
    expect: dict[Attribute, Any] = {}
    for change in changes:
        values |= change.set
        expect |= change.expect
    people = (change.by for change in changes if change.by != APP)
    return Update(
        why or _each_once("; ", (change.why for change in changes)),
        values,
        tuple(dict.fromkeys(name for change in changes for name in change.remove if name not in values)),
        expect,
        any(change.urgent for change in changes),
        by=_each_once(" and ", people) or APP,
        reason=_each_once("; ", (change.reason for change in changes)),
        quiet=all(change.quiet for change in changes),
    )


def _each_once(between: str, texts: Iterable[str]) -> str:
    return between.join(dict.fromkeys(filter(None, texts)))


def noted() -> Update:
    """Nothing changes but the row's history, which is told what others have written."""
    return Update("what was written from outside the app is noted", quiet=True)


def telling(meeting: Meeting, change: Update, outside: tuple[Entry, ...]) -> Update:
    """Return the change with what others have written, which the row's history, as it was read, does not have."""
    if not outside:
        return change
    return replace(change, told=outside, expect={**change.expect, **meeting.expect(HISTORY)})


def same_end(meeting: Meeting, *names: Attribute) -> dict[Attribute, Any]:
    """Return what a write expects: these attributes as they were read, and the meeting not ended meanwhile."""
    return meeting.expect("termination_reason", *names)


def there(meeting: Meeting, names: Iterable[Attribute]) -> tuple[Attribute, ...]:
    """Return those of these attributes that the row has: what there is to remove."""
    return tuple(name for name in names if name in meeting.row)


def replaced_with(seat: Seat, why: str, now: datetime) -> dict[Attribute, Any]:
    """Return the list of the desktops that this role had before, with the present one."""
    return {seat.attribute("replaced"): [*seat.replaced, f"{timestamp(now)} {seat.desktop_id}: {why}"]}


def paid_and_used(meeting: Meeting, seat: Seat, now: datetime) -> dict[Attribute, Any]:
    """Return how long this role's desktops were paid for and used, the present one with them, which goes now."""
    told: dict[Attribute, Any] = {seat.attribute("paid_seconds"): seconds(meeting.paid_until(seat, now))}
    if used := seconds(seat.used_until(now)):
        told[seat.attribute("used_seconds")] = used
    return told


def seconds(span: timedelta) -> int:
    """Return a time in whole seconds, as a row takes it."""
    return min(round(span.total_seconds()), rows.MOST_SECONDS)


def vouched_by(meeting: Meeting, role: Role, desktop_id: str) -> dict[Attribute, Any]:
    """Return what vouches for this desktop on the row, nothing where the app has no key to vouch with."""
    voucher = meeting.seal.on(meeting.id, role, desktop_id)
    return {attribute(role, "launched"): voucher} if voucher else {}


def still_back(seat: Seat) -> dict[Attribute, Any]:
    """Return that the person came back since their side uploaded, where only what is about to be forgotten tells it.

    Else a side whose person was at the desktop that goes would count as done.
    """
    came_at, uploaded_at, noted = seat.connected_at, seat.uploaded_at, seat.returned_at
    if not seat.uploaded or came_at is None:
        return {}
    if seat.is_connected:  # be it since before the upload
        came_at = max(came_at, uploaded_at or came_at)
    elif uploaded_at is None or came_at < uploaded_at:
        return {}
    return {} if noted and noted >= came_at else {seat.attribute("returned_at"): came_at}
