"""What of a meeting somebody should look at now: what keeps its people from their desktops, by the row alone. Pure.

The most urgent comes first: somebody waits at a closed door; EC2 refuses; a desktop is late, has no name, or is not
ready though people are due; something of a recording is lost; the row cannot be understood. All moments are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.model import Meeting, Reason
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, Seat
from chalicelib.rules.doors import address, entrance
from chalicelib.rules.people import waits
from chalicelib.rules.times import ends_at, times

LATE = timedelta(minutes=3)
"""A launch takes a minute, and so does a name; what takes longer than this is in trouble."""

EXPECTED = timedelta(minutes=2)
"""So long before T both doors should stand open."""


class Trouble(StrEnum):
    """What is wrong, the most urgent first."""

    SHUT_OUT = "shut out"
    REFUSED = "refused"
    NOT_LAUNCHED = "not launched"
    UNPUBLISHED = "unpublished"
    NOT_READY = "not ready"
    FAILED = "failed"
    RECORDING_LOST = "recording lost"
    BAD_ROW = "bad row"


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is wrong: of whom, since when as far as the row tells, and what is known of it as a sentence."""

    trouble: Trouble
    told: str
    role: Role | None = None
    since: datetime | None = None


def troubles(meeting: Meeting, now: datetime, policy: Policy) -> list[Found]:
    """Return what is wrong with this meeting now, the most urgent first."""
    found = [each for seat in meeting.seats for each in _of_seat(meeting, seat, now, policy)]
    if meeting.reason == Reason.LAUNCH_FAILED:
        found.append(Found(Trouble.FAILED, "It ended since no desktop could be given to its people."))
    if meeting.problems:
        found.append(Found(Trouble.BAD_ROW, "; ".join(meeting.problems)))
    order = list(Trouble)
    return sorted(found, key=lambda each: order.index(each.trouble))


def _of_seat(meeting: Meeting, seat: Seat, now: datetime, policy: Policy) -> Iterator[Found]:
    if seat.recording_lost:
        yield Found(Trouble.RECORDING_LOST, " ".join(seat.recording_lost), seat.role)
    end = ends_at(meeting, policy)
    if meeting.over or (end is not None and now >= end) or entrance(meeting, seat, policy):
        return
    whose = f"The {seat.role}"
    if waits(seat, now, policy):
        yield Found(Trouble.SHUT_OUT, f"{whose} waits at a door that is closed.", seat.role, seat.waiting_at)
    moments = times(meeting, policy)
    since = seat.attempt_at or moments.launch_at
    if seat.refused:
        yield Found(Trouble.REFUSED, f"EC2 refused {whose.lower()}'s desktop: {seat.refused}", seat.role, since)
    elif not seat.desktop_id and since and now >= since + LATE and (meeting.begun_at or moments.launch_at):
        yield Found(Trouble.NOT_LAUNCHED, f"{whose} has no desktop yet, though it is due.", seat.role, since)
    if not seat.desktop_id:
        return
    launched_at = seat.launched_at or seat.attempt_at
    if launched_at and now >= launched_at + LATE and address(seat, policy) is None:
        told = f"The name of {whose.lower()}'s desktop is not published; the log says why (step_failed)."
        yield Found(Trouble.UNPUBLISHED, told, seat.role, launched_at)
    is_awaited = moments.start is not None and now >= moments.start - EXPECTED
    if seat.missing:
        told = f"{whose}'s desktop lacks: {'; '.join(seat.missing)}"
        yield Found(Trouble.NOT_READY, told, seat.role, seat.missing_since)
    elif is_awaited and not meeting.is_ready(seat.role):
        yield Found(Trouble.NOT_READY, f"{whose}'s desktop has not said that it is ready.", seat.role, launched_at)
