"""What a scenario is, and what playing one came to. All times are minutes after T unless they say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.cloud import Cloud
from localcloud.cloudflare import Change
from localcloud.conditions import GOOD_DAY, Conditions
from localcloud.ec2 import Life
from localcloud.ledger import Ledger
from localcloud.people import RELOADING_S, Person
from localcloud.timeline import Timeline

T = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
"""When every scenario's meeting is to begin."""

Visits = dict[str, Person]
"""The people by their role."""

Script = Callable[[Cloud, Visits], None]
"""Arranges what goes wrong: it asks the cloud's clock to call back."""


def minutes(count: float) -> datetime:
    """Return the moment so many minutes after T."""
    return T + timedelta(minutes=count)


@dataclass(frozen=True, slots=True)
class Visit:
    """When a person opens the link and when they leave, in minutes after T.

    They lose the connection at `loses_at`, for `for_s` seconds: as long as a page takes that is loaded anew, unless it
    says otherwise. Where nobody `clicks`, only a page is open: a tab that is left so, or a program that looks at links.
    """

    role: str
    arrives: float
    leaves: float
    loses_at: float | None = None
    for_s: float = RELOADING_S
    clicks: bool = True


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must be so at the end."""

    text: str
    kept: Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One life, and how it must end. `ends` is the span in which it must, in minutes after T.

    `duration_min` is the length that is asked for, in minutes; None for the longest there is.
    """

    name: str
    story: str
    reason: str
    ends: tuple[float, float]
    visits: tuple[Visit, ...] = ()
    conditions: Conditions = GOOD_DAY
    script: Script | None = None
    replaced: int = 0
    duration_min: int | None = None
    promises: tuple[Promise, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What a scenario came to."""

    scenario: Scenario
    meeting_id: str
    row: dict[str, Any]
    desktops: list[Life]
    records: list[Change]
    people: Visits
    timeline: Timeline
    ledger: Ledger
    leftovers: list[str]
    disturbed: list[str]
    refused_zones: list[str]
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether it ended as promised and nothing is left alive."""
        return not self.broken

    @property
    def reason(self) -> str | None:
        """Why the meeting ended, None where it has not."""
        return self.row.get("termination_reason")

    @property
    def ended(self) -> float | None:
        """When the meeting ended, in minutes after T; None where it has not."""
        ended_at = self.row.get("ended_at")
        return (datetime.fromisoformat(ended_at) - T) / timedelta(minutes=1) if ended_at else None

    @property
    def paid_min(self) -> float:
        """How many minutes of desktops are paid for: EC2 counts from when one runs to when it begins to end."""
        ran = (life.since for life in self.desktops if "running" in life.since)
        over = self.timeline.entries[-1].at
        return sum((since.get("shutting-down", over) - since["running"]).total_seconds() for since in ran) / 60


def both_are_safe(result: Run) -> bool:
    """Return whether both desktops have said, after people's time, that all they have recorded is safe."""
    said = [result.row.get(f"{role}_saved_at", "") for role in ("teacher", "student")]
    return all(at and datetime.fromisoformat(at) >= minutes(result.scenario.duration_min or 0) for at in said)


def is_told_that_it_is_over(result: Run) -> bool:
    """Return whether a student who asks last is told so."""
    return result.people["student"].last_answer[0] == 410
