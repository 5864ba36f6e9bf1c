"""What others are told of a write on a row: by what the row was before it, and is after it. Pure.

The table's stream delivers a write at least once, and in parts of batches if need be. So what is told rests on the two
rows and on the moment that the stream gives the write, and on nothing else: told again, it has the same id.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from chalicelib.domain.announcement import OTHER, Announcement, Kind
from chalicelib.domain.model import Meeting, Reason
from chalicelib.domain.policy import Policy
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Seat
from chalicelib.rules.doors import entrance
from chalicelib.rules.people import is_done
from chalicelib.rules.recordings import prefix_of
from chalicelib.rules.times import duration

LONGEST_WHY = 200
"""The most characters of a desktop's farewell that are told."""

_MINUTE = timedelta(minutes=1)


def announcements(before: Meeting | None, after: Meeting, at: datetime, policy: Policy) -> list[Announcement]:
    """Return what others are told of a write that took a row from `before` (None: no row) to `after` at `at` (UTC).

    A row that is made of a meeting that is over, as one that is copied back is, tells nothing.
    """
    if before is None and after.over:
        return []
    before = before or Meeting(after.id)
    told = [*_of_the_time(before, after, at, policy), *_of_what_else_was_changed(before, after, at, policy)]
    for was, seat in zip(before.seats, after.seats, strict=True):
        told += _of_a_desktop(before, after, was, seat, at, policy)
        told += _of_a_person(before, after, was, seat, at, policy)
        told += _of_a_recording(before, after, was, seat, at, policy)
    if after.finished and not before.finished:
        reason = after.reason if after.reason in set(Reason) else OTHER
        told.append(_told(Kind.ENDED, after, after.ended_at or at, reason=reason))
    return told


def _told(kind: Kind, after: Meeting, at: datetime, *told_apart_by: str, **facts: Any) -> Announcement:
    return Announcement(kind, after.id, at, after.sequence, told_apart_by, facts)


def _times(after: Meeting, policy: Policy) -> dict[str, Any]:
    return {
        "meet_time": timestamp(after.meet_time) if after.meet_time else None,
        "duration_minutes": duration(after, policy) // _MINUTE,
    }


# --- what people have been told of it


def _of_the_time(before: Meeting, after: Meeting, at: datetime, policy: Policy) -> Iterator[Announcement]:
    if after.meet_time is None or after.meet_time == before.meet_time:
        return
    time = timestamp(after.meet_time)
    if before.meet_time is None:
        yield _told(Kind.SCHEDULED, after, at, time, **_times(after, policy))
        return
    moment = after.moved_at if after.moved_at and after.moved_at != before.moved_at else at
    moved_from = timestamp(before.meet_time)
    yield _told(Kind.MOVED, after, moment, time, timestamp(moment), moved_from=moved_from, **_times(after, policy))


def _of_what_else_was_changed(before: Meeting, after: Meeting, at: datetime, policy: Policy) -> Iterator[Announcement]:
    if before.meet_time is None or after.meet_time is None:
        return

    def differs(*names: str) -> bool:
        return any(before.row.get(name) != after.row.get(name) for name in names)

    links = {
        f"{seat.role}_link": was.link_number != seat.link_number
        for was, seat in zip(before.seats, after.seats, strict=True)
    }
    changed = {
        "duration": before.duration != after.duration,
        "names": differs("teacher_name", "student_name"),
        "time_zone": differs("time_zone"),
        **links,
    }
    if changes := [what for what, has_changed in changed.items() if has_changed]:
        apart = (str(after.sequence), timestamp(at), *changes)
        yield _told(Kind.CHANGED, after, at, *apart, changes=changes, **_times(after, policy))


# --- what happens in it


def _of_a_desktop(
    before: Meeting, after: Meeting, was: Seat, seat: Seat, at: datetime, policy: Policy
) -> Iterator[Announcement]:
    """Tell that a role's desktop gave way to another one, or that its door opened.

    One that is given back, since its meeting is far, or that is not replaced, gives way to none.
    """
    gives_way = seat.desktop_id is not None or seat.attempt != was.attempt
    if was.desktop_id and seat.desktop_id != was.desktop_id and gives_way:
        farewell = seat.replaced[-1] if len(seat.replaced) > len(was.replaced) else ""
        why = farewell.partition(": ")[2][:LONGEST_WHY] or None
        facts = {"role": seat.role.value, "desktop_id": was.desktop_id, "why": why}
        yield _told(Kind.REPLACED, after, at, seat.role, was.desktop_id, timestamp(at), **facts)
    door = None if after.over else entrance(after, seat, policy)
    if door and seat.desktop_id and door != entrance(before, was, policy):
        yield _told(Kind.READY, after, at, seat.role, seat.desktop_id, role=seat.role.value, desktop_id=seat.desktop_id)


def _of_a_person(
    before: Meeting, after: Meeting, was: Seat, seat: Seat, at: datetime, policy: Policy
) -> Iterator[Announcement]:
    """Tell who comes and goes, as their desktop says it; where desktops do not, by who was let in and has uploaded."""
    tell = partial(_of_somebody, after, seat)
    if not policy.presence_told:
        for moment in (seat.joined_at, seat.returned_at):
            if moment and moment not in (was.joined_at, was.returned_at):
                yield tell(Kind.JOINED, moment)
        if is_done(after, seat) and not is_done(before, was):
            yield tell(Kind.LEFT, at)
        return
    came, left = seat.connected_at, seat.disconnected_at
    if came and came != was.connected_at:
        yield tell(Kind.JOINED, came)
    if left and left != was.disconnected_at:
        yield tell(Kind.LEFT, left)


def _of_somebody(after: Meeting, seat: Seat, kind: Kind, moment: datetime) -> Announcement:
    role, desktop_id = seat.role.value, seat.desktop_id
    return _told(kind, after, moment, role, timestamp(moment), role=role, desktop_id=desktop_id)


def _of_a_recording(
    before: Meeting, after: Meeting, was: Seat, seat: Seat, at: datetime, policy: Policy
) -> Iterator[Announcement]:
    """Tell that an upload came: the first, one to another address, or one of what was recorded since.

    The app dates those of desktops with scripts later: that is none. Where the kit's lie, their keys tell.
    """
    name = seat.attribute("session_data")
    is_elsewhere = before.row.get(name) != after.row.get(name)
    is_newer = seat.saved_at != was.saved_at and seat.uploaded_at != was.uploaded_at
    if seat.uploaded and (is_elsewhere or is_newer):
        facts: dict[str, Any] = {"role": seat.role.value, "desktop_id": seat.desktop_id}
        facts["prefix"] = prefix_of(after, seat, policy) if policy.presence_told else None
        facts["complete"] = not seat.lost_here
        yield _told(Kind.SAFE, after, at, seat.role, timestamp(at), **facts)
