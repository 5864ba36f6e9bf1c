"""What was written on a row from outside the app, for its history: desktops with scripts, and people, write rows too.

The app's own writes add to the history; one that does not is somebody else's, and only its stream record tells of it.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.history import HISTORY, Entry
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role, attribute

OUTSIDE = "a desktop or a person, not the app"

NOT_NOTED = {HISTORY} | {attribute(role, name) for role in Role for name in ("seen_at", "waiting_at")}
"""What is written again and again while nothing happens: the app makes no entry of it either."""

_LONGEST_VALUE = 60
"""The most characters that an entry has of one value."""


def written(before: Mapping[str, Any] | None, after: Mapping[str, Any], at: datetime | None) -> tuple[Entry, ...]:
    """Return what a row's history is to have of a write that took it from `before` (None: no row) to `after`, at `at`.

    It is nothing for the app's own, and for one whose moment (UTC) is not known: it could not be told from the same one
    delivered twice.
    """
    if at is None or after.get(HISTORY) != (before or {}).get(HISTORY):
        return ()
    if before is None:
        return (Entry(timestamp(at), "the row was made outside the app", OUTSIDE),)
    changed = sorted(name for name in (before.keys() | after.keys()) - NOT_NOTED if before.get(name) != after.get(name))
    return (Entry(timestamp(at), ", ".join(_change(name, after) for name in changed), OUTSIDE),) if changed else ()


def _change(name: str, after: Mapping[str, Any]) -> str:
    if name not in after:
        return f"{name} was removed"
    text = str(after[name])
    return f"{name} became {text if len(text) <= _LONGEST_VALUE else f'{text[:_LONGEST_VALUE]}…'}"
