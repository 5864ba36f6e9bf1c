"""What a row tells of itself: its `history`, one entry for each change, written together with the change. Pure.

An entry is {"at", "what", "by"}, with "why" where a person has given a reason. A row keeps so many; then the oldest
are folded into one, {"at", "until", "what", "count"}. Desktops with scripts and people in the console can write
anything there, so whatever stands there stops no change: what is no list is kept under another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.domain.model import Attribute, Meeting
from chalicelib.domain.rows import timestamp

HISTORY: Attribute = "history"
APP = "the app"
"""Who wants what nobody has asked for."""

LONGEST = 200
"""The most entries that a row keeps."""

KEPT = 100
"""How many of the latest stay as they are when the others are folded: so that is seldom."""

LONGEST_TEXT = 500
"""The most characters of what one entry says of anything."""

Stored = dict[str, Any]
"""An entry as a row has it."""


class Entry(NamedTuple):
    """One thing that was done: when (ISO 8601 in UTC), what, by whom, and why (empty: not said)."""

    at: str
    what: str
    by: str = APP
    why: str = ""

    def stored(self) -> Stored:
        """Return the entry as a row has it."""
        texts = {"at": self.at, "what": self.what, "by": self.by, "why": self.why}
        return {name: text[:LONGEST_TEXT] for name, text in texts.items() if text}


def has_room(row: Mapping[str, Any], entries: Sequence[Entry]) -> bool:
    """Return whether these entries can simply be added to what the row has."""
    stands = row.get(HISTORY, [])
    return isinstance(stands, list) and len(stands) + len(entries) <= LONGEST


def added(row: Mapping[str, Any], entries: Sequence[Entry], now: datetime) -> dict[str, Any]:
    """Return what is to be set on the row to add these entries; what stands there and is no history goes elsewhere.

    `now` is UTC.
    """
    if not entries:
        return {}
    stands, new = row.get(HISTORY), [entry.stored() for entry in entries]
    if stands is None or isinstance(stands, list):
        return {HISTORY: _folded([*(stands or ()), *new])}
    name = f"{HISTORY}_until_{timestamp(now)}"
    kept = Entry(timestamp(now), f"what stood here was no list of entries; it is kept as {name}")
    return {name: stands, HISTORY: [kept.stored(), *new]}


def _folded(entries: list[Any]) -> list[Any]:
    """Return the entries, the oldest of them as one where they are too many."""
    if len(entries) <= LONGEST:
        return entries
    old, latest = entries[:-KEPT], entries[-KEPT:]
    moments = [moment for entry in old for name in ("at", "until") if (moment := _text(entry, name))]
    count = sum(_count(entry) for entry in old)
    span = {"at": moments[0], "until": moments[-1]} if moments else {}
    return [span | {"what": f"{count} earlier entries", "count": count}, *latest]


def _count(entry: Any) -> int:
    """Return for how many entries one stands."""
    count = entry.get("count") if isinstance(entry, dict) else None
    return count if isinstance(count, int) and count > 0 else 1


def _text(entry: Any, name: str) -> str:
    text = entry.get(name) if isinstance(entry, dict) else None
    return text if isinstance(text, str) else ""


def not_in(meeting: Meeting, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return those of the entries that the row does not have yet, each once."""
    stands = meeting.row.get(HISTORY)
    known = stands if isinstance(stands, list) else []
    return tuple(dict.fromkeys(entry for entry in entries if entry.stored() not in known))


def entries(meeting: Meeting) -> list[Stored]:
    """Return what the row tells of itself, the oldest first; what is no entry is left out."""
    stands = meeting.row.get(HISTORY)
    return [_told(entry) for entry in stands if _text(entry, "what")] if isinstance(stands, list) else []


def _told(entry: Stored) -> Stored:
    told: Stored = {name: text for name in ("at", "until", "what", "by", "why") if (text := _text(entry, name))}
    return told | ({"count": _count(entry)} if "count" in entry else {})
