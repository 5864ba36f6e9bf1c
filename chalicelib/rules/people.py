"""Who is there: whether a person waits, is in, has lost the connection, has left, or is done; by the row alone.

Desktops of the kit tell who is connected to them (`Policy.presence_told`). Those of the seeds tell nothing: of them
only a click shows that somebody came, and a later click that they came back. A desktop of the kit that has told nothing
yet, or cannot, counts as one of those: unknown is never gone. All moments are UTC.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain import writes
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.domain.update import Update
from chalicelib.rules import doors
from chalicelib.rules.times import duration, ends_at, times


class Presence(StrEnum):
    """Where a person is, as the other one is told."""

    ABSENT = "absent"
    WAITING = "waiting"
    IN = "in"
    LOST = "lost"
    LEFT = "left"


def presence(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> Presence:
    """Return where this seat's person is.

    Lost is who was connected less than `Policy.lost` ago and whose side has not uploaded since. A page that is left
    open goes on asking: who is done has left, whatever it asks.
    """
    if may_be_in(meeting, seat, policy):
        return Presence.IN
    if _lost_at(meeting, seat, now, policy):
        return Presence.LOST
    if is_done(meeting, seat):
        return Presence.LEFT
    if waits(seat, now, policy):
        return Presence.WAITING
    return Presence.LEFT if seat.joined_at or seat.connected_at else Presence.ABSENT


def presence_since(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> datetime | None:
    """Return since when this seat's person is where `presence` says, None where the row does not tell.

    Of who waits the row tells only when they were last at the door.
    """
    match presence(meeting, seat, now, policy):
        case Presence.IN:
            return _latest(seat.connected_at) or _latest(seat.joined_at, seat.returned_at)
        case Presence.LOST:
            return seat.disconnected_at
        case Presence.LEFT:
            return seat.disconnected_at or uploaded_at(meeting, seat)
        case Presence.WAITING:
            return seat.waiting_at
        case Presence.ABSENT:
            return None


def waits(seat: Seat, now: datetime, policy: Policy) -> bool:
    """Return whether the person was at the door a moment ago, be it open or closed."""
    return policy.is_recent(seat.waiting_at, policy.waiting, now)


def tells_presence(seat: Seat, policy: Policy) -> bool:
    """Return whether this seat's desktop tells who is connected, and has told it."""
    return policy.presence_told and (seat.seen_at is not None or seat.connected_at is not None)


def may_be_in(meeting: Meeting, seat: Seat, policy: Policy) -> bool:
    """Return whether somebody is at the desktop; where it tells nothing, whether they came and are not done."""
    if seat.is_connected or tells_presence(seat, policy):
        return seat.is_connected
    return seat.joined_at is not None and not is_done(meeting, seat)


def _lost_at(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> datetime | None:
    left_at, saved = seat.disconnected_at, uploaded_at(meeting, seat)
    since = seat.connected_at is not None and policy.is_recent(left_at, policy.lost, now)
    return left_at if since and left_at and not (saved and saved >= left_at) else None


# --- who is done


def is_done(meeting: Meeting, seat: Seat) -> bool:
    """Return whether this side is done: it has uploaded, nobody is connected, and nobody came back since."""
    return seat.uploaded and not seat.is_connected and not has_come_back(meeting, seat)


def has_come_back(meeting: Meeting, seat: Seat) -> bool:
    """Return whether the person connected, or was let in, after the latest upload of their side.

    An upload that nobody has dated was there before its person was let in again, since that is written only then.
    """
    came_at, date = seat.last_came_at, uploaded_at(meeting, seat)
    return seat.returned_at is not None if date is None else came_at is not None and came_at >= date


def uploaded_at(meeting: Meeting, seat: Seat) -> datetime | None:
    """Return when this seat's upload came, as far as the row or the stream tells; None for unknown.

    What the stream tells of a later one counts where the person came back in between: only then is it of something
    new. A desktop of the seeds that uploads again to the same address changes nothing on the row, so nobody is told of
    it: its person then counts as come back, and the meeting goes on, at the longest until people's time is up.
    """
    return latest_upload(seat, seat.uploaded_at, meeting.uploads.get(seat.role))


def latest_upload(seat: Seat, noted: datetime | None, told: datetime | None) -> datetime | None:
    """Return the date of an upload of which two are known: the first, unless the person came back before the other."""
    if told is None or noted is None:
        return noted or told
    came_at = seat.last_came_at
    return told if came_at and noted <= came_at < told else noted


def done_since(meeting: Meeting, seat: Seat) -> datetime | None:
    """Return since when this side is done, None where it is not, or where nobody has dated its upload yet."""
    date = uploaded_at(meeting, seat)
    return _latest(date, seat.disconnected_at) if date and is_done(meeting, seat) else None


def closes_at(meeting: Meeting, policy: Policy) -> datetime | None:
    """Return when the meeting ends because one side is done and the other is not, as it is announced to the other.

    None where neither is done, or both are, or where people's time is up before. Who has never come is waited for
    until the checkpoint only.
    """
    done = [seat for seat in meeting.seats if is_done(meeting, seat)]
    since = done_since(meeting, done[0]) if len(done) == 1 else None
    if meeting.over or since is None:
        return None
    checkpoint, end = times(meeting, policy).checkpoint, ends_at(meeting, policy)
    [other] = [seat for seat in meeting.seats if seat is not done[0]]
    came = other.joined_at or other.connected_at or (other.waiting_at and not doors.entrance(meeting, other, policy))
    closes = since + policy.upload_grace
    if checkpoint:
        in_time = since <= checkpoint and meeting.checkpoint_at is None
        closes = checkpoint if in_time and not came else max(closes, checkpoint)
    return closes if end is None or closes < end else None


# --- what people may ask for


def longest_duration(meeting: Meeting, policy: Policy) -> int:
    """Return the most minutes that this meeting may last in all, counted from T, whatever it lasts now.

    That is the operator's limit; less where its desktops run since long before T, and may not live as long.
    """
    start = times(meeting, policy).start
    end = ends_at(replace(meeting, duration=policy.longest_meeting), policy)
    most = policy.longest_meeting if start is None or end is None else min(end - start, policy.longest_meeting)
    return max(most // timedelta(minutes=1), 0)


def spare_minutes(meeting: Meeting, policy: Policy) -> int:
    """Return by how many minutes people's time could still be extended, as far as the operator's limit goes."""
    return max(longest_duration(meeting, policy) - duration(meeting, policy) // timedelta(minutes=1), 0)


def may_replace(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> bool:
    """Return whether another desktop may be asked for in place of the one that this seat has; `now` is UTC.

    What somebody launched by hand, without an attempt, is theirs to replace.
    """
    end = ends_at(meeting, policy)
    open_still = not meeting.over and (end is None or now < end)
    may_try = bool(seat.desktop_id) and 0 < seat.attempt < policy.max_attempts
    return open_still and may_try and not seat.is_given_up


def note_waiting(meeting: Meeting, role: Role, now: datetime, policy: Policy) -> Update | None:
    """Return the write that somebody is at the door, None where it is not worth one.

    It is from `launch_at` on, or once a launch was begun; not while the person is connected; and not where it was
    written less than a minute ago.
    """
    seat, launch_at = meeting.seat(role), times(meeting, policy).launch_at
    has_begun = any(each.attempt_at or each.desktop_id for each in meeting.seats)
    is_time = has_begun or (launch_at is not None and now >= launch_at)
    if meeting.over or not is_time or seat.is_connected:
        return None
    return None if policy.is_recent(seat.waiting_at, policy.waiting_noted, now) else writes.waiting(meeting, role, now)


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)
