"""What was recorded, as it lies in the bucket: keys by day, meeting, role and desktop, and pieces in parts.

A key is `<day>/<meeting>/<role>/<instance>-<piece>`; the day is that of the meeting, in UTC. So a desktop's own
pieces share a prefix that no other desktop's has, a meeting's lie together, and a day's can be found by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from chalicelib.domain.seat import Role

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

NO_DAY = "undated"
"""Stands for the day of a meeting whose row says no time at all."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a piece: its number from 1, and the SHA-256 of its bytes as base64."""

    number: int
    sha256: str


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part that is in the bucket, with its size in bytes and the tag that S3 has given it."""

    part: Part
    size: int
    tag: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where one part may be put, for a short time, and with just these headers."""

    number: int
    url: str
    headers: dict[str, str]


def of_meeting(meeting_id: str) -> str:
    """Return what stands behind the day in all keys of a meeting; no meeting's begins with another's.

    Ids of rows that were made by hand may hold anything: a slash is no slash in a key, and two dots lead nowhere.
    """
    plain = _PLAIN if meeting_id.strip(".") else frozenset[str]()
    return "".join(letter if letter in plain else _escaped(letter) for letter in meeting_id) + "/"


def _escaped(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))


def on_day(day: datetime | None, meeting_id: str) -> str:
    """Return what the keys of all pieces of a meeting begin with. `day` is a moment of the day, None for unknown."""
    date = day.astimezone(UTC).strftime("%Y-%m-%d") if day else NO_DAY
    return f"{date}/{of_meeting(meeting_id)}"


def prefix(day: datetime | None, meeting_id: str, role: Role, desktop_id: str) -> str:
    """Return what the keys of all pieces of one desktop begin with. `day` is a moment of the day, None for unknown."""
    return f"{on_day(day, meeting_id)}{role}/{desktop_id}-"
