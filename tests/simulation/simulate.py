"""Simulate many meetings under faults and report: `make simulate MEETINGS=10000 SEED=1`.

A world is called back by its name: `<seed>/<number>/<meetings>`, with `/none` or `/people` behind it
where not all faults were on, or `crash/<scenario>/<fault>/<call>`.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from tests.simulation import crash
from tests.simulation.faults import RATES
from tests.simulation.figures import Figures, quantile, table_of
from tests.simulation.invariants import Invariants
from tests.simulation.promises.promise import Violation
from tests.simulation.world import World

A_WORLD = 100


@dataclass(slots=True)
class Run:
    """What a simulation came to."""

    figures: Figures
    violations: list[str]
    digest: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one world came to."""

    figures: Figures
    violation: str | None
    digest: int


def simulate(
    meetings: int,
    seed: str,
    rates: str = "all",
    *,
    jobs: int = 1,
    measure_recovery: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Simulate this many meetings in worlds of `A_WORLD`, each with a seed of its own derived from `seed`.

    `rates` is one of the names in `RATES`; `jobs` is how many processes share the worlds.
    """
    figures, violations, digest = Figures(), [], 0
    began = time.perf_counter()
    task = progress.add_task("meetings", total=meetings) if progress else None
    sizes = [min(A_WORLD, meetings - first) for first in range(0, meetings, A_WORLD)]
    kind = f"/{rates}" if rates != "all" else ""
    names = [f"{seed}/{number}/{size}{kind}" for number, size in enumerate(sizes)]
    with _worlds(names, jobs, measure_recovery=measure_recovery) as outcomes:
        for size, outcome in zip(sizes, outcomes, strict=True):
            if outcome.violation:
                violations.append(outcome.violation)
            figures.add(outcome.figures)
            digest = hash((digest, outcome.digest))
            if progress and task is not None:
                progress.update(task, advance=size)
    return Run(figures, violations, digest, time.perf_counter() - began)


@contextmanager
def _worlds(names: list[str], jobs: int, *, measure_recovery: bool) -> Iterator[Iterable[Outcome]]:
    """Run the worlds of these names, in as many processes; give what they came to, in their order."""
    run = partial(_outcome, measure_recovery=measure_recovery)
    if jobs == 1:
        yield map(run, names)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield pool.map(run, names)


def _outcome(name: str, *, measure_recovery: bool) -> Outcome:
    world, violation = play(name, measure_recovery=measure_recovery)
    if not isinstance(world.checks, Invariants):
        raise TypeError("Only a world with invariants has figures.")
    return Outcome(world.checks.figures, violation, world.wire.digest)


def play(name: str, *, measure_recovery: bool = False) -> tuple[World, str | None]:
    """Run the world of this name; return it, and the violation that stopped it."""
    gc.disable()  # a world keeps nearly all that it makes, so looking for garbage in it only takes time
    world = _world(name, Invariants(measure_recovery=measure_recovery))
    try:
        world.run()
    except Violation as violation:
        return world, str(violation)
    finally:
        gc.enable()
    return world, None


def _world(name: str, checks: Invariants) -> World:
    if name.startswith("crash/"):
        return crash.Point.named(name).world(checks)
    seed, _, kind = name.rpartition("/")
    if kind not in RATES:
        seed, kind = name, "all"
    return World(seed, int(seed.rpartition("/")[2]), RATES[kind], checks=checks, name=name)


def report(console: Console, run: Run) -> None:
    """Print what a run came to."""
    figures = run.figures
    overdue, recovery = figures.overdue_min, figures.recovery_s
    table = Table("what", "figure", title="What the simulation came to", title_justify="left")
    table.add_row("meetings", f"{figures.meetings:,} ({figures.meetings / run.seconds:,.0f} a second)")
    table.add_row("calls, sweeps", f"{figures.calls:,}, {figures.sweeps:,}")
    table.add_row("violations", str(len(run.violations)))
    table.add_row("desktops launched, leaked", f"{figures.launched:,}, {figures.leaked}")
    table.add_row(
        "minutes past the deadline: p99, max", f"{quantile(overdue, 0.99):.1f}, {max(overdue, default=0):.1f}"
    )
    table.add_row("records orphaned", str(figures.orphaned))
    table.add_row("meetings cut off wrongly", str(figures.cut_off))
    table.add_row("people let in; sent to a desktop that was not ready", f"{figures.let_in:,}; {figures.not_ready}")
    after = ", ".join(f"{quantile(figures.after_end_min, share):.1f}" for share in (0.5, 0.99, 1.0))
    table.add_row(
        "lessons that used their whole time; both recordings safe", f"{figures.whole_time}; {figures.both_safe}"
    )
    table.add_row("minutes paid after their end: p50, p99, max", after)
    if recovery:
        text = ", ".join(f"{quantile(recovery, share):.0f}" for share in (0.5, 0.99, 1.0))
        table.add_row("seconds until right again: p50, p99, max", text)
    console.print(table)
    console.print(table_of(figures.reasons.most_common(), "How they ended", "reason", "meetings"))
    console.print(table_of(sorted(figures.faults.items()), "What went wrong", "fault", "injected"))
    for violation in run.violations[:5]:
        console.print(violation, markup=False, highlight=False)


def main() -> int:
    """Run from the command line; the exit code is 0 only if every invariant held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=2000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--world", help="replay one world, as a violation names it")
    parser.add_argument("--recovery", action="store_true", help="measure how long faults take to be repaired")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that share the worlds")
    options = parser.parse_args()
    console = Console()
    if options.world:
        world, violation = play(options.world)
        console.print(violation or f"Every invariant held in {world.name}.", markup=False)
        return 1 if violation else 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        run = simulate(
            options.meetings,
            options.seed,
            jobs=options.jobs,
            measure_recovery=options.recovery,
            progress=progress,
        )
    report(console, run)
    return 1 if run.violations else 0


if __name__ == "__main__":
    sys.exit(main())
