"""What many meetings came to, in figures: who came, how soon desktops were ready, what was paid and used. Pure.

A meeting counts for the day of its `meet_time`, UTC. Whatever stands on a row can spoil that row's figures alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.actions import cause_of
from chalicelib.domain.model import Meeting, Reason
from chalicelib.domain.policy import Policy
from chalicelib.rules import standby
from chalicelib.rules.cost import Use, use

PUT_OFF = "PUT_OFF"
"""The cause where the meeting was moved to much later, and its desktops were given back until it is due."""

OTHER = "OTHER"
"""The cause where the row gives none of the app's own."""

UNKNOWN = ""
"""The name of a group of which rows do not tell the name."""

_SLOWEST = timedelta(hours=1)
"""A desktop that took longer tells of some mishap, or of a row that somebody has edited."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of some meetings.

    `boots` is how long each desktop took from the begin of its launch to its first report, the shortest first; of
    desktops that were replaced nobody knows. `replaced` counts those by cause.
    """

    meetings: int
    no_shows: int
    boots: Sequence[timedelta]
    replaced: Mapping[str, int]
    use: Use

    def ready_in(self, percent: int) -> timedelta | None:
        """Return within how long so many percent of the desktops were ready, None where none was."""
        count = len(self.boots)
        return self.boots[max(-(-count * percent // 100), 1) - 1] if count else None


def figures(meetings: Iterable[Meeting], now: datetime, policy: Policy) -> Figures:
    """Return what these meetings came to until now (UTC)."""
    known = list(meetings)
    seats = [seat for meeting in known for seat in meeting.seats]
    spans = (seat.healthy_at - seat.attempt_at for seat in seats if seat.healthy_at and seat.attempt_at)
    causes = Counter(_cause(entry) for seat in seats for entry in seat.replaced)
    return Figures(
        meetings=len(known),
        no_shows=sum(meeting.reason == Reason.NO_SHOW for meeting in known),
        boots=tuple(sorted(span for span in spans if timedelta() < span <= _SLOWEST)),
        replaced=dict(sorted(causes.items())),
        use=sum((use(meeting, now, policy) for meeting in known), Use()),
    )


def _cause(entry: str) -> str:
    _, _, why = entry.partition(": ")  # when, which: why
    return PUT_OFF if why == standby.WHY else cause_of(why) or OTHER


def grouped(meetings: Iterable[Meeting], name_of: Callable[[Meeting], str]) -> dict[str, list[Meeting]]:
    """Return the meetings by such a name, in the names' order."""
    groups: dict[str, list[Meeting]] = {}
    for meeting in meetings:
        groups.setdefault(name_of(meeting), []).append(meeting)
    return dict(sorted(groups.items()))


def day_of(meeting: Meeting) -> str:
    """Return the day that a meeting counts for, like 2026-03-01."""
    return meeting.meet_time.date().isoformat() if meeting.meet_time else UNKNOWN


def key_of(meeting: Meeting) -> str:
    """Return the name of the key that scheduled a meeting."""
    return _text(meeting.row.get("scheduled_by"))


def teacher_of(meeting: Meeting) -> str:
    """Return who teaches: the address, which is one for each person, or the name where there is none."""
    return _text(meeting.row.get("teacher_email")).lower() or _text(meeting.row.get("teacher_name"))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else UNKNOWN
