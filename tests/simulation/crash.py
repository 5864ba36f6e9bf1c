"""Every crash point: for each scenario and each call k that it makes, the run with a fault at call k.

The process is killed after call k, and Lambda tries again or does not; call k fails once; the call
that is k-th fails for ten minutes. Every one of these runs must hold all invariants and end clean.
`make crash-points` tries them all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from rich.console import Console
from rich.progress import track

from tests.simulation.faults import NONE, Rates, Script
from tests.simulation.invariants import Invariants, Violation
from tests.simulation.world import World

SCENARIOS: dict[str, Rates] = {
    "normal": NONE,
    "no-show": Rates(nobody_comes=1),
    "partial": Rates(one_comes=1),
    "one-upload": Rates(never_uploads=0.5),
    "events-lost": Rates(event_lost=1),
    "events-doubled": Rates(event_doubled=1),
    "events-late": Rates(event_late=1),
    "capacity": Rates(full_zones=1),
    "desktops-die": Rates(dies=1),
    "late-boot": Rates(never_reports=0.5),
    "unseen": Rates(unseen=1, no_address=1),
    "reports-again": Rates(reports_again=1, reports_late=0.5, comes_back=1),
}
SPREAD = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Point:
    """One run of the exhaustive kind."""

    scenario: str
    fault: str
    call: int

    @property
    def rates(self) -> Rates:
        """The scenario's rates, with or without Lambda's retry."""
        return replace(SCENARIOS[self.scenario], no_retry=1.0 if self.fault == "killed, never retried" else 0.0)

    @property
    def script(self) -> Script:
        """The one fault."""
        match self.fault:
            case "killed, retried" | "killed, never retried":
                return Script(kill_after=self.call)
            case "fails once":
                return Script(fail_at=self.call)
            case _:
                return Script(fail_at=self.call, fail_for=timedelta(minutes=10))


FAULTS = ("killed, retried", "killed, never retried", "fails once", "fails for ten minutes")


def points(scenario: str, step: int = 1) -> Iterator[Point]:
    """Yield the crash points of a scenario, every one or every `step`-th."""
    calls = _play(scenario, SCENARIOS[scenario], None).wire.count
    for fault in FAULTS:
        for call in range(1, calls + 1, step):
            yield Point(scenario, fault, call)


def attempt(point: Point) -> str | None:
    """Run one point; return what it violated, None where all held."""
    try:
        _play(point.scenario, point.rates, point.script)
    except Violation as violation:
        return f"{point}: {violation}"
    return None


def _play(scenario: str, rates: Rates, script: Script | None) -> World:
    world = World(f"{scenario}/1", 1, rates, script, SPREAD, Invariants())
    world.run()
    return world


def main() -> int:
    """Try every point; the exit code is 0 only if all ended clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="try every STEP-th call only")
    options = parser.parse_args()
    console = Console()
    tried = failed = 0
    for scenario in SCENARIOS:
        for point in track(list(points(scenario, options.step)), scenario, console=console):
            tried += 1
            if violation := attempt(point):
                failed += 1
                if failed <= 5:
                    console.print(violation, markup=False, highlight=False)
    console.print(f"{tried:,} crash points tried, {tried - failed:,} ended clean.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
