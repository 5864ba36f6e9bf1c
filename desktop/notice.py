"""What passes between the two processes: one file each way, written whole, and never a secret.

The service leaves a notice that everybody on the machine may read. What the helper tells stands in the person's own
folder, where the person may write too: the service takes it for hearsay, and nothing that matters rests on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

_LONGEST = 64_000  # bytes


class Phase(StrEnum):
    """Where the desktop stands: nobody's yet, its meeting's, at the meeting's end, and after it."""

    WAITING = "waiting"
    MEETING = "meeting"
    ENDING = "ending"
    """What records is to end now: people are sent out as soon as it has."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the service tells the helper. Moments are UTC, by the app's time."""

    phase: Phase = Phase.WAITING
    role: str | None = None
    name: str | None = None
    other_name: str | None = None
    room: str | None = None
    """The address of the video room, None where the meeting has none."""
    ends_at: datetime | None = None
    """When the desktop closes."""
    is_announced: bool = False
    """Whether it closes since the other person has finished, and may stay open should they come back."""
    minutes_left: int | None = None
    """How many minutes are left at most, by the app's latest word; None for more than ten."""
    connected: bool = False
    """Whether somebody is connected to the desktop."""
    record: bool = False
    """Whether the session is to be recorded while its person is there."""
    hand_over: bool = False
    """Whether finished pieces of the recording are to be put into the drop folder."""
    instance_id: str | None = None
    """Which desktop this is: an image may hold what another has recorded."""
    clock_ahead_s: float = 0
    """How far the machine's clock is ahead of the app's, in seconds; negative where it is behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the helper tells the service; the moment is UTC, by the machine's clock."""

    at: datetime | None = None
    recording: bool = False
    """Whether something is being recorded now."""
    pieces_left: int = 0
    """How many pieces could not be handed over yet."""
    room_opened: bool = False
    fault: str | None = None
    """What has gone wrong last, as a sentence."""


def notice_file(shared: Path) -> Path:
    """Return where the service's notice is."""
    return shared / "notice.json"


def told_file(session: Path) -> Path:
    """Return where the helper's word is."""
    return session / "told.json"


def write(file: Path, value: Notice | Told) -> None:
    """Write a notice so that nobody ever reads a part of it; everybody may read it.

    Raises:
        OSError: the disk is full, or the folder is not there.
    """
    text = json.dumps(asdict(value), default=_as_text)
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "w", encoding="utf-8") as out:
            out.write(text)
        beside.replace(file)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def read_notice(shared: Path) -> Notice | None:
    """Return the service's notice; None where there is none, or none that can be understood."""
    told = _read(notice_file(shared))
    if told is None:
        return None
    try:
        return Notice(
            phase=Phase(told["phase"]),
            role=_text(told["role"]),
            name=_text(told["name"]),
            other_name=_text(told["other_name"]),
            room=_text(told["room"]),
            ends_at=_moment(told["ends_at"]),
            is_announced=told["is_announced"] is True,
            minutes_left=None if told["minutes_left"] is None else int(told["minutes_left"]),
            connected=told["connected"] is True,
            record=told["record"] is True,
            hand_over=told["hand_over"] is True,
            instance_id=_text(told["instance_id"]),
            clock_ahead_s=float(told["clock_ahead_s"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def read_told(session: Path) -> Told | None:
    """Return the helper's word; None where there is none, or none that can be understood."""
    told = _read(told_file(session))
    if told is None:
        return None
    try:
        return Told(
            at=_moment(told["at"]),
            recording=told["recording"] is True,
            pieces_left=int(told["pieces_left"]),
            room_opened=told["room_opened"] is True,
            fault=_text(told["fault"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        with file.open("rb") as source:
            told = json.loads(source.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, Mapping) else None


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in a notice.")


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None
