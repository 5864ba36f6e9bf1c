"""The meetings that live through an upgrade: when each is, who comes, and what happens to it. Knows nothing of the app.

They are spread over an hour, so that at any moment of it one is scheduled, one is launched, one waits at its door,
one is in progress and one has just ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

ROLES = ("teacher", "student")
BEGIN = datetime(2026, 12, 7, 17, 30, 20, tzinfo=UTC)
"""When the recording begins; off the full minute, on which timers and sweeps are."""

END = BEGIN + timedelta(hours=3)
STARTING_S, STOPPING_S, BOOT_S = (25.0, 25.0), (30.0, 30.0), (180.0, 180.0)
"""How long a desktop is pending, is shutting down, and takes until it reports: in seconds, from and to."""

LISTED_S = 600
"""How long one that has ended is still listed, in seconds."""

DURATION_MIN = 90


@dataclass(frozen=True, slots=True)
class Visit:
    """When somebody opens their link and when they leave, in minutes after T; who leaves uploads."""

    comes: float
    leaves: float | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """One meeting. `asked` is when it is asked for, `at` is T, both in minutes after the beginning.

    `edits` are what somebody types into the row at a minute after T: attributes, and for `meet_time` the minutes by
    which it moves. `dies` is when the desktop of a role shuts itself down, in minutes after T.
    """

    name: str
    at: float
    visits: Mapping[str, Visit] = field(default_factory=dict)
    asked: float = 0.5
    duration_min: int = DURATION_MIN
    edits: Mapping[float, Mapping[str, str | float]] = field(default_factory=dict)
    dies: Mapping[float, str] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        """T as it was asked for, UTC, a full minute."""
        return (BEGIN + timedelta(minutes=self.at)).replace(second=0)

    @property
    def asked_at(self) -> datetime:
        """When it is asked for."""
        return BEGIN + timedelta(minutes=self.asked)

    def minute(self, after_start: float) -> datetime:
        """Return the moment so many minutes after T."""
        return self.start + timedelta(minutes=after_start)


def _both(teacher: tuple[float, float | None], student: tuple[float, float | None]) -> dict[str, Visit]:
    return {"teacher": Visit(*teacher), "student": Visit(*student)}


PLOTS = (
    Plot("lesson", 14, _both((-1.3, 40.2), (1.2, 42.7))),
    Plot("no-show", 18, {"student": Visit(21.5)}),
    Plot("one-comes", 22, {"teacher": Visit(-8.5, 12.2)}),
    Plot("early", 26, _both((-1.3, 9.1), (0.2, 9.6))),
    Plot("whole-time", 30, _both((-2.2, None), (0.7, None)), duration_min=40),
    Plot("one-uploads", 34, _both((-2.2, 20.3), (0.7, None))),
    Plot("replaced", 38, _both((-2.2, 44.4), (0.7, 46.1)), dies={9.3: "student"}),
    Plot("at-once", 43, _both((2.2, 33.4), (3.7, 35.1)), asked=42.2),
    Plot("moved", 46, _both((16.2, 44.4), (17.7, 46.1)), edits={-5.2: {"meet_time": 15}}),
    Plot("put-off", 50, {}, edits={-6.4: {"meet_time": 80}}),
    Plot("cancelled", 54, _both((-2.2, None), (-1.7, None)), edits={4.4: {"status": "TERMINATED"}}),
    Plot("waits", 58, _both((-9.5, 30.2), (-8.2, 31.4))),
    Plot("evening", 100, _both((-1.3, 40.2), (1.2, 42.7))),
)

MOMENTS = (8.3, 36.7, 49.6, 74.2)
"""When somebody upgrades, in minutes after the beginning."""

MID_LAUNCH = 7
"""One more moment: in the middle of a launch, right after so many desktops were launched, before any row says so."""
