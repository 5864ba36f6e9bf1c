"""What worlds came to, in figures, for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from tests.simulation.world.world import World


@dataclass(slots=True)
class Figures:
    """Counts and lists of one run or of many."""

    meetings: int = 0
    calls: int = 0
    sweeps: int = 0
    launched: int = 0
    leaked: int = 0
    orphaned: int = 0
    cut_off: int = 0
    let_in: int = 0
    not_ready: int = 0
    whole_time: int = 0
    both_safe: int = 0
    after_end_min: list[float] = field(default_factory=list)
    overdue_min: list[float] = field(default_factory=list)
    recovery_s: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, other: Figures) -> None:
        """Add another run's figures to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    def add_totals(self, world: World) -> None:
        """Add what a world that is over has counted itself."""
        self.meetings += len(world.lives)
        self.calls += world.wire.count
        self.sweeps += world.sweeps.count
        self.faults += world.wire.injected

    def count_violation(self, promise: str) -> None:
        """Count what hits people when a promise is broken."""
        self.cut_off += promise.startswith("6")
        self.not_ready += promise.startswith("5")


def quantile(values: list[float], share: float) -> float:
    """Return the value below which this share of them lies, 0 for none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def last_outage(world: World) -> datetime:
    """Return when something was out last, UTC; long ago if nothing was yet."""
    ended = [min(o.end, world.now) for o in (*world.wire.outages, *world.weather.outages) if o.begin <= world.now]
    return max(ended, default=world.now.replace(year=1970))


def table_of(counts: Iterable[tuple[str, int]], title: str, what: str, unit: str) -> Table:
    """Return counts as a table: `what` was counted, in how many of a `unit`."""
    table = Table(what, unit, title=title, title_justify="left")
    for name, count in counts:
        table.add_row(name, f"{count:,}")
    return table
