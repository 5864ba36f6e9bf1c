"""Files in a desktop's home that are no part of DCV: what a test wants of the stand-in, and what became of the room.

state.json is read anew at every look, so a test changes it while the server runs:

    session_from_s     seconds after the start from which the automatic session is there (0)
    cli_from_s         seconds after the start from which the command line works (0)
    licenses           the session's licences, as DCV would print them (one, LICENSED)
    licensing_mode     an older DCV's `licensing-mode`; left out where it is null (null)
    microseconds       whether times have them (true)
    empty_list         what `list-sessions --json` prints where there is none: "array" or "nothing" ("array")

session.json is what the session helper's browser writes: person, role, room_url, opened_at, opened_by, all text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_ROOM = ("person", "role", "room_url", "opened_at", "opened_by")
_ROOM_MAX_BYTES = 64 * 1024


class StateError(ValueError):
    """state.json says something that the stand-in does not know."""


@dataclass(frozen=True, slots=True)
class State:
    """What state.json says."""

    session_from_s: float = 0
    cli_from_s: float = 0
    licenses: list[dict[str, str]] | None = None
    licensing_mode: str | None = None
    microseconds: bool = True
    empty_list: str = "array"


def read_state(home: Path) -> State:
    """Read state.json; without it everything is well.

    Raises:
        StateError: the file cannot be understood.
    """
    try:
        told = json.loads((home / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return State()
    except (OSError, ValueError) as error:
        raise StateError(f"{home / 'state.json'} cannot be read ({error}): write one JSON object.") from error
    known = {field.name for field in fields(State)}
    if not isinstance(told, dict) or not set(told) <= known:
        raise StateError(f"{home / 'state.json'} may hold {', '.join(sorted(known))}, and nothing else.")
    return State(**told)


def write_state(home: Path, **wanted: Any) -> None:
    """Write state.json whole; what is not named is as it would be without the file."""
    write_whole(home / "state.json", json.dumps(wanted))


def read_room(home: Path) -> dict[str, str] | None:
    """Return what the helper's browser wrote, or None where it has not, or not in a way that can be understood."""
    try:
        with (home / "session.json").open("rb") as file:
            told = json.loads(file.read(_ROOM_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(told, Mapping) or not all(isinstance(told.get(key), str) for key in _ROOM):
        return None
    return {key: told[key] for key in _ROOM}


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that nobody ever reads a part of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
