"""What arrives, understood: timer, EC2 and stream payloads to values. Pure.

Payloads come from AWS, from operators' hands and from old deployments; each that lacks what it
must have is refused with a sentence that names the field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from chalicelib.domain import outside, rows
from chalicelib.domain.errors import BadEvent
from chalicelib.domain.history import Entry
from chalicelib.domain.keys import NO_SEAL, Seal
from chalicelib.domain.model import Attribute, Meeting, State
from chalicelib.domain.seat import Role, Seat, SeatAttribute, attribute

_QUIET: tuple[SeatAttribute, ...] = (
    "missing",
    "missing_since",
    "waiting_at",
    "connected_at",
    "disconnected_at",
    "seen_at",
)
QUIET: frozenset[Attribute] = frozenset({"history", *(attribute(role, name) for role in Role for name in _QUIET)})
"""What desktops and pages tell again and again and no rule acts on at once, and the row's history, which goes with
every write: a write of nothing else needs no look.

A desktop that is not ready any more closes its door without one, and what follows from that comes by the clock: the
sweep sees to it. Lambda's own filter cannot tell what a write has changed, so this is told here.
"""


@dataclass(frozen=True, slots=True)
class TimerEvent:
    """A one-shot timer's payload. `force` launches whatever the clock says, for testing.

    `image` is what the row held of a launch when the timer was armed; it may be old, and is None where none was given.
    """

    meeting_id: str
    force: bool = False
    image: Meeting | None = None


@dataclass(frozen=True, slots=True)
class StateChange:
    """An EC2 instance has changed its state. Which meeting it serves, the event does not say."""

    desktop_id: str
    state: State


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row was written: the row as it was then, when (UTC), and what its history is to have of it."""

    meeting: Meeting
    at: datetime | None
    outside: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class RowImages:
    """A row was written: what it was before (None: it is new) and is after, and when (UTC)."""

    before: Meeting | None
    after: Meeting
    at: datetime


def timer(payload: object, seal: Seal = NO_SEAL) -> TimerEvent:
    """Return what a launch or safety timer says; either spelling of the meeting's id is taken.

    `seal` is what the app vouches with for what it launches.

    Raises:
        BadEvent: no meeting is named.
    """
    if isinstance(payload, Mapping):
        for key in ("meeting_id", "meetingId"):
            meeting_id = payload.get(key)
            if isinstance(meeting_id, str) and meeting_id.strip():
                image = _image(meeting_id.strip(), payload.get("row"), seal)
                return TimerEvent(meeting_id.strip(), payload.get("force") is True, image)
    raise BadEvent(f'The timer\'s payload must be {{"meeting_id": "<id>"}}; it is {payload!r:.200}.')


def _image(meeting_id: str, image: object, seal: Seal) -> Meeting | None:
    """Return the meeting as a timer carries it, None where it carries nothing that could be a row's.

    That it is listed, and under which day, is for whoever reads the row to see to.
    """
    try:
        row = rows.decode(image) if isinstance(image, Mapping) else {}
    except (ValueError, TypeError, AttributeError):
        return None
    known: dict[str, object] = {name: row[name] for name in rows.LAUNCH_RESTS_ON if name in row}
    meeting = rows.meeting(known | {"id": meeting_id, "open": rows.LISTED}, seal)
    filed = replace(meeting, row={**meeting.row, "day": meeting.day})
    return filed if meeting.is_timed and not meeting.problems else None


def state_change(event: object) -> StateChange:
    """Return what an EC2 Instance State-change Notification says.

    Raises:
        BadEvent: `detail`, its `instance-id` or its `state` is missing or not of EC2's kind.
    """
    detail = event.get("detail") if isinstance(event, Mapping) else None
    if not isinstance(detail, Mapping):
        raise BadEvent("The EC2 event has no detail; a state-change notification holds instance-id and state there.")
    desktop_id = detail.get("instance-id")
    if not isinstance(desktop_id, str) or not desktop_id:
        raise BadEvent(f"The EC2 event's detail has no instance-id; it holds {sorted(detail)}.")
    try:
        return StateChange(desktop_id, State(str(detail.get("state"))))
    except ValueError:
        raise BadEvent(
            f"The EC2 event for {desktop_id} says state {detail.get('state')!r}, not one of {', '.join(State)}."
        ) from None


def row_changes(event: object, seal: Seal = NO_SEAL) -> Iterator[RowChange | BadEvent]:
    """Yield what each record of a DynamoDB stream batch says, in its order; deletions and quiet writes say nothing.

    `seal` tells what the app itself has written on the rows.

    A record that cannot be understood is yielded as the error, so that it does not stop the others.

    Raises:
        BadEvent: the event holds no records at all.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise BadEvent(f"The stream event has no list of Records; it is {event!r:.200}.")
    for record in records:
        try:
            if (change := _row_change(record, seal)) is not None:
                yield change
        except BadEvent as error:
            yield error


def images(event: object) -> Iterator[RowImages]:
    """Yield each record of a DynamoDB stream batch as the rows before and after it, quiet writes too.

    Deletions say nothing, and neither does what cannot be understood: `row_changes` says that. What it tells rests on
    the moment that the stream gives each write, so it is nothing without one.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    for record in records if isinstance(records, list) else ():
        data = record.get("dynamodb") if isinstance(record, Mapping) else None
        if not isinstance(data, Mapping) or record.get("eventName") == "REMOVE":
            continue
        before, after, at = data.get("OldImage"), data.get("NewImage"), _moment(data.get("ApproximateCreationDateTime"))
        whole = isinstance(before, Mapping) or record.get("eventName") == "INSERT"
        if not (at and whole and isinstance(after, Mapping)):
            continue
        try:
            was = rows.meeting(rows.decode(before)) if isinstance(before, Mapping) else None
            yield RowImages(was, rows.meeting(rows.decode(after)), at)
        except (BadEvent, ValueError, TypeError, AttributeError):
            continue


def _row_change(record: object, seal: Seal) -> RowChange | None:
    data = record.get("dynamodb") if isinstance(record, Mapping) else None
    if not isinstance(record, Mapping) or not isinstance(data, Mapping):
        raise BadEvent(f"A stream record has no dynamodb part: {record!r:.200}.")
    if record.get("eventName") == "REMOVE":
        return None
    name = f"Stream record {record.get('eventID', '(no eventID)')}"
    image = data.get("NewImage")
    if not isinstance(image, Mapping):
        raise BadEvent(f"{name} has no NewImage; the table's stream must be of type NEW_AND_OLD_IMAGES.")
    before = data.get("OldImage")
    at = _moment(data.get("ApproximateCreationDateTime"))
    try:
        row = rows.decode(image)
        row_before = rows.decode(before) if isinstance(before, Mapping) else None
        told = outside.written(row_before, row, at) if row_before or record.get("eventName") == "INSERT" else ()
        if isinstance(before, Mapping) and _is_quiet(before, image) and not told:
            return None
        meeting = rows.meeting(row, seal)
    except BadEvent as error:
        raise BadEvent(f"{name}: {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BadEvent(f"{name} holds an image that is not DynamoDB JSON: {image!r:.200}.") from error
    uploads = {seat.role: at for seat in meeting.seats if at and _has_uploaded(meeting, seat, row_before or {})}
    return RowChange(replace(meeting, uploads=uploads), at, told)


def _is_quiet(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """Return whether a write has changed something, and nothing that any rule acts on at once."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return bool(changed) and changed <= QUIET


def _has_uploaded(meeting: Meeting, seat: Seat, row_before: Mapping[str, object]) -> bool:
    """Return whether this write tells of an upload: the first, or one to another address."""
    name = seat.attribute("session_data")
    return seat.uploaded and meeting.row[name] != row_before.get(name)


def _moment(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None
