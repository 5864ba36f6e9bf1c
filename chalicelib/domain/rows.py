"""Rows of the table, as DynamoDB spells them, to meetings and back.

Pure, because a row arrives in two ways: read from the table, and as the image in a stream record.
Rows may have been written by hand in the console, by desktops, or by the separate functions that this
replaces, so nothing is required but `id`, and what cannot be understood is reported, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Any, TypeVar

from chalicelib.domain.errors import BadEvent
from chalicelib.domain.keys import NO_SEAL, Seal
from chalicelib.domain.model import Attribute, Meeting, Status
from chalicelib.domain.seat import Role, Seat, attribute

LISTED = "1"
"""The value of `open`, the attribute that keeps a meeting in the index the sweep reads."""

AGE = range(1970, 2200)
"""The years in which a time on a row may lie; the rules add to it and subtract from it."""

LONGEST_MINUTES = 7 * 24 * 60
"""The longest duration that a row may ask for; a meeting gets the operator's MAX_MEETING_MINUTES of it at most."""

HIGHEST_COUNT = 10_000
"""The highest count that a row may hold: no launch is tried so often, and the rules calculate with it."""

MOST_SECONDS = 400 * 24 * 60 * 60
"""The longest time, in seconds, that a row may say that a role's desktops were paid for, all of them together."""

LONGEST_TEXT = 2048
"""The most characters that a text on a row may have; an address is the longest of them."""

LONGEST_NAME = 128
"""The most characters that a name of AWS on a row may have: an instance's, a subnet's."""

LONGEST_ID = 2048
"""The most bytes that a row's id may have: DynamoDB's own limit."""

LAUNCH_RESTS_ON: tuple[Attribute, ...] = ("meet_time", "duration_minutes", "status", "held_at")
"""What a first launch rests on: how long a desktop may live at the most, what the status is when it is done, and that
the stage is not paused."""

_A_STATUS = f"one of {', '.join(Status)}"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class AsStored:
    """A value of a kind that the app has no use for, a set or binary: kept as it is, so that a write can expect it."""

    kind: str
    content: Any


def may_be_id(text: str) -> bool:
    """Return whether a row can have this id: of any other DynamoDB says that the request is wrong."""
    try:
        return 0 < len(text.encode()) <= LONGEST_ID
    except UnicodeEncodeError:  # half of a sign
        return False


def decode(image: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return DynamoDB JSON as values that `encode` turns back into the very same.

    Raises:
        ValueError: a number is none.
    """
    return {name: _decode(value) for name, value in image.items()}


def _decode(value: Mapping[str, Any]) -> Any:
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return _number(content)
        case "NULL":
            return None
        case "L":
            return [_decode(item) for item in content]
        case "M":
            return decode(content)
        case _:
            return AsStored(kind, content)


def _number(text: object) -> int | Decimal:
    """Return a number, exactly: whole ones as int. DynamoDB JSON has it as text, and knows none without end."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.100} is not a number")
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r:.100} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r:.100} is not a number")
    return number


def encode(value: Any) -> dict[str, Any]:
    """Return one value as DynamoDB JSON; times are stored in UTC."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | Decimal):
        return {"N": str(value)}
    if isinstance(value, datetime):
        return {"S": timestamp(value)}
    if isinstance(value, list):
        return {"L": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"M": {name: encode(item) for name, item in value.items()}}
    if isinstance(value, AsStored):
        return {value.kind: value.content}
    return {"S": str(value)} if value is not None else {"NULL": True}


def launch_image(meeting: Meeting) -> dict[str, dict[str, Any]]:
    """Return what a launch rests on of a row, in DynamoDB JSON: so much of it a launch timer carries."""
    return {name: encode(meeting.row[name]) for name in LAUNCH_RESTS_ON if meeting.row.get(name) is not None}


def as_read(value: Any) -> Any:
    """Return a value as it reads once it was written to the table."""
    return _decode(encode(value))


def timestamp(moment: datetime) -> str:
    """Return a moment as the table stores it: ISO 8601 in UTC with a trailing Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def seconds(moment: datetime) -> int:
    """Return a moment as DynamoDB wants to be told when a row expires: in whole seconds since 1970."""
    return int(moment.timestamp())


@lru_cache(maxsize=1024)
def parse_time(text: str) -> datetime:
    """Return an ISO 8601 time in UTC; one without an offset is taken as UTC, as older rows have it.

    Raises:
        ValueError: it is not ISO 8601, or no such moment exists, or it is of another age.
    """
    moment = datetime.fromisoformat(text)
    if moment.year not in AGE:
        raise ValueError(f"{text} is not of this age")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(value: Any, longest: int = LONGEST_TEXT) -> str | None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    text = value.strip()
    if len(text) > longest:
        raise ValueError(f"{len(text)} characters are too many")
    return text or None


def _name(value: Any) -> str | None:
    text = _text(value, LONGEST_NAME)
    if text and not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(f"{text!r} is no name")
    return text


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is not a list")
    return tuple(str(text)[:LONGEST_TEXT] for text in value)


def _whole(value: Any, lowest: int, highest: int) -> int:
    """Return a whole number of this range, be it written as a number or as text."""
    number = int(value) if isinstance(value, str) else value
    if not isinstance(number, int | Decimal) or not lowest <= number <= highest or number != int(number):
        raise ValueError(f"{value!r} is not from {lowest} to {highest}")
    return int(number)


def _count(value: Any) -> int:
    return _whole(value, 0, HIGHEST_COUNT)


def _expiry(value: Any) -> datetime:
    """Return the moment of a row's `expires`; DynamoDB itself heeds numbers alone, and so does this."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{value!r} is not a number")
    earliest, latest = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (AGE.start, AGE.stop))
    if not earliest <= value < latest:
        raise ValueError(f"{value!r} is not of this age")
    return datetime.fromtimestamp(int(value), UTC)


def _minutes(value: Any) -> timedelta:
    return timedelta(minutes=_whole(value, 1, LONGEST_MINUTES))


def _seconds(value: Any) -> timedelta:
    return timedelta(seconds=_whole(value, 0, MOST_SECONDS))


def _replaced_at(replaced: tuple[str, ...]) -> datetime | None:
    """Return when the last of these desktops was replaced, None where that cannot be understood."""
    try:
        return parse_time(replaced[-1].partition(" ")[0]) if replaced else None
    except (ValueError, OverflowError):
        return None


class _Reader:
    """Reads typed attributes out of a row and collects what could not be understood."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.row = row
        self.problems: list[str] = []

    def _read(self, name: Attribute, kind: str, parse: Callable[[Any], Value]) -> Value | None:
        value = self.row.get(name)
        if value is None or value == "":
            return None
        try:
            return parse(value)
        except (ValueError, TypeError, OverflowError):
            self.problems.append(f"{name} is {value!r:.80}, which is not {kind}")
            return None

    def time(self, name: Attribute) -> datetime | None:
        return self._read(name, "an ISO 8601 time", parse_time)

    def expiry(self, name: Attribute) -> datetime | None:
        return self._read(name, "a time in seconds since 1970", _expiry)

    def count(self, name: Attribute) -> int | None:
        return self._read(name, f"a whole number from 0 to {HIGHEST_COUNT}", _count)

    def duration(self, name: Attribute) -> timedelta | None:
        return self._read(name, f"a whole number of minutes from 1 to {LONGEST_MINUTES}", _minutes)

    def seconds(self, name: Attribute) -> timedelta | None:
        return self._read(name, f"a whole number of seconds from 0 to {MOST_SECONDS}", _seconds)

    def text(self, name: Attribute) -> str | None:
        return self._read(name, f"text of up to {LONGEST_TEXT} characters", _text)

    def name(self, name: Attribute) -> str | None:
        return self._read(name, f"a name of up to {LONGEST_NAME} characters", _name)

    def texts(self, name: Attribute) -> tuple[str, ...]:
        return self._read(name, "a list of texts", _texts) or ()

    def status(self) -> Status:
        return self._read("status", _A_STATUS, Status) or Status.PENDING

    def seat(self, role: Role) -> Seat:
        name = partial(attribute, role)
        replaced = self.texts(name("replaced"))
        return Seat(
            role=role,
            desktop_id=self.name(name("ec2_id")),
            link=self.text(name("ec2_link")),
            published_at=self.time(name("published_at")),
            uploaded=bool(self.text(name("session_data"))),
            uploaded_at=self.time(name("uploaded_at")),
            saved_at=self.time(name("saved_at")),
            attempt=self.count(name("attempt")) or 0,
            attempt_at=self.time(name("attempt_at")),
            subnet=self.name(name("subnet")),
            refused=self.text(name("refused")),
            launched_at=self.time(name("launched_at")),
            voucher=self.text(name("launched")),
            healthy_at=self.time(name("healthy_at")),
            waiting_at=self.time(name("waiting_at")),
            joined_at=self.time(name("joined_at")),
            returned_at=self.time(name("returned_at")),
            consented_at=self.time(name("consented_at")),
            late_boots=self.count(name("late_boots")) or 0,
            given_up=self.name(name("given_up")),
            replace_asked=self.name(name("replace_asked")),
            missing=self.texts(name("missing")),
            missing_since=self.time(name("missing_since")),
            connected_at=self.time(name("connected_at")),
            disconnected_at=self.time(name("disconnected_at")),
            seen_at=self.time(name("seen_at")),
            replaced=replaced,
            replaced_at=_replaced_at(replaced),
            recording_lost=self.texts(name("recording_lost")),
            link_number=self.count(name("link_number")) or 0,
            gone_at=self.time(name("gone_at")),
            paid=self.seconds(name("paid_seconds")),
            used=self.seconds(name("used_seconds")),
        )


def meeting(row: Mapping[str, Any], seal: Seal = NO_SEAL) -> Meeting:
    """Return the meeting that a row of plain values tells of; `seal` tells what the app itself has written on it.

    Raises:
        BadEvent: the row has no id.
    """
    meeting_id = row.get("id")
    if not isinstance(meeting_id, str) or not meeting_id:
        raise BadEvent(f"A row of the table has no id of type S; it holds {sorted(row)}.")
    read = _Reader(row)
    reporter = read.name("instance_id")
    return Meeting(
        id=meeting_id,
        row=row,
        status=read.status(),
        meet_time=read.time("meet_time"),
        created_at=read.time("created_at"),
        teacher=read.seat(Role.TEACHER),
        student=read.seat(Role.STUDENT),
        duration=read.duration("duration_minutes"),
        reason=read.text("termination_reason"),
        checkpoint_at=read.time("checkpoint_at"),
        ending_at=read.time("ending_at"),
        ended_at=read.time("ended_at"),
        reported=frozenset({reporter} if reporter else ()),
        listed=row.get("open") == LISTED,
        held_at=read.time("held_at"),
        begun_at=read.time("begun_at"),
        opened_at=read.time("opened_at"),
        moved_at=read.time("moved_at"),
        sequence=read.count("sequence") or 0,
        forced=row.get("forced") is True,
        expires_at=read.expiry("expires"),
        problems=tuple(read.problems),
        seal=seal,
    )
