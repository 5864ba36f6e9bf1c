"""What the person is told of when their desktop closes: how near that is, and that it was put off or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from desktop.notice import Notice
from desktop.state import State

WARNED_AT_MIN = (10, 2)
"""How many minutes before the end the person is warned."""


class Warnings:
    """One person's: who was told something is told it once, whatever begins anew meanwhile."""

    def __init__(self, kept: State) -> None:
        """Take where it is kept what the person knows."""
        self._kept = kept

    def news(self, notice: Notice, now: datetime) -> str | None:
        """Return what the person who is there is to be told now, by the app's time (UTC); None for nothing new."""
        if notice.ends_at is None:
            return None
        known, knows = self._known(notice), _to_know(notice)
        if knows != self._kept.get("warned"):
            self._kept.keep("warned", knows)
        return _sentence(notice, known, knows, notice.ends_at, now)

    def _known(self, notice: Notice) -> Mapping[str, Any]:
        """Return what the person knows: from the first that nobody has finished yet, and when the meeting ends."""
        known = self._kept.get("warned")
        knows = _to_know(notice)
        if isinstance(known, Mapping) and known.keys() == knows.keys() and known["desktop"] == knows["desktop"]:
            return known
        return knows | {"is_announced": False, "warned_min": None}


def _to_know(notice: Notice) -> dict[str, Any]:
    left = notice.minutes_left
    due = [before for before in WARNED_AT_MIN if left is not None and left <= before]
    return {
        "desktop": notice.instance_id,
        "ends_at": notice.ends_at.astimezone(UTC).isoformat() if notice.ends_at else None,
        "is_announced": notice.is_announced,
        "warned_min": min(due, default=None),
    }


def _sentence(
    notice: Notice, known: Mapping[str, Any], knows: Mapping[str, Any], ends_at: datetime, now: datetime
) -> str | None:
    minutes = max(1, round((ends_at - now) / timedelta(minutes=1)))
    soon = f"in {minutes} minute{'s' if minutes > 1 else ''}"
    when = f"{soon}, at {ends_at.astimezone(UTC):%H:%M} UTC"
    if notice.is_announced and not known["is_announced"]:
        return f"The other person has finished. This desktop closes {when}."
    if known["is_announced"] and not notice.is_announced:
        return f"The other person has come back: the meeting goes on. It ends {when}."
    closes = "This desktop closes" if notice.is_announced else "This meeting ends"
    if knows["ends_at"] > known["ends_at"]:
        until = f"until {ends_at.astimezone(UTC):%H:%M} UTC, {soon}"
        return f"This desktop stays open {until}." if notice.is_announced else f"The meeting was extended {until}."
    if knows["ends_at"] < known["ends_at"]:
        return f"{closes} earlier than planned: {when}."
    if knows["warned_min"] is not None and knows["warned_min"] != known["warned_min"]:
        return f"{closes} {soon}."
    return None
