"""What others are told of a meeting: each kind of event, what it says, and one of them. Pure.

An event names its meeting, roles, desktops and moments. It holds no name of a person, no address and no link: whoever
may know more asks the API for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from chalicelib.domain.described import Described
from chalicelib.domain.rows import timestamp

VERSION = 1
"""The version of what events hold; it grows when something is taken away or comes to mean something else."""

COMMON = ("version", "id", "meeting_id", "at", "sequence")
"""What every event holds beside its own facts."""

OTHER = "OTHER"
"""The reason of an end that somebody has written in their own words: those are for nobody else."""

_ID_LENGTH = 32  # hex digits: 128 bits


class Kind(Described):
    """A kind of event by its `detail-type`, with what it tells and which facts it holds beside `COMMON`."""

    SCHEDULED = "Meeting Scheduled", "A meeting has a time, for the first time.", "meet_time duration_minutes"
    MOVED = "Meeting Moved", "It has another time.", "meet_time moved_from duration_minutes"
    CHANGED = (
        "Meeting Changed",
        "Something else of it was changed that people and calendars have been told.",
        "changes meet_time duration_minutes",
    )
    READY = "Desktop Ready", "A role's door stands open; again with the same `id` if it was closed.", "role desktop_id"
    JOINED = (
        "Person Joined",
        "Somebody is in: connected to their desktop, or let in where desktops do not tell.",
        "role desktop_id",
    )
    LEFT = (
        "Person Left",
        "They are not any more, and may come back; the end of a meeting or of a desktop is told by itself.",
        "role desktop_id",
    )
    REPLACED = (
        "Desktop Replaced",
        "A role gets another desktop in place of `desktop_id`; `why` is for people to read.",
        "role desktop_id why",
    )
    SAFE = (
        "Recording Safe",
        "What a desktop has recorded is in the bucket; `complete` is false where part of it was lost.",
        "role desktop_id prefix complete",
    )
    ENDED = "Meeting Ended", "It has ended, and nothing of it is left running.", "reason"


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event: what happened to a meeting when (UTC).

    `told_apart_by` is what sets it apart from every other one of its kind and meeting, and is the same whenever it is
    worked out again: its `id` is made of that.
    """

    kind: Kind
    meeting_id: str
    at: datetime
    sequence: int
    told_apart_by: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        """What is the same for the same event, however often it is sent."""
        parts = (self.meeting_id, self.kind.value, *self.told_apart_by)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_ID_LENGTH]

    @property
    def detail(self) -> dict[str, Any]:
        """What is sent; a fact that is not known is left out."""
        common = (VERSION, self.id, self.meeting_id, timestamp(self.at), self.sequence)
        known = {name: value for name in self.kind.facts if (value := self.facts.get(name)) is not None}
        return dict(zip(COMMON, common, strict=True)) | known
