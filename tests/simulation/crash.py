"""Every crash point: for each scenario and each call k that it makes, the run with a fault at call k.

The process is killed after call k, and Lambda tries again or does not; call k fails once; the call
that is k-th fails for ten minutes; at call k the process stands still for twenty seconds in which all
others go on. Every one of these runs must hold all invariants and end clean.
A scenario is one meeting with a plot of its own, and says what must have come of it when nothing
is killed: so it cannot quietly become another. `make crash-points` tries them all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

from rich.console import Console
from rich.progress import track

from chalicelib.domain import rows
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from chalicelib.settings import Client
from tests.fakes import Instance, Row
from tests.simulation.faults import NONE, Rates, Script
from tests.simulation.invariants import Invariants
from tests.simulation.promises.promise import Violation
from tests.simulation.world import World
from tests.simulation.world.clock import DAWN, MINUTE, SECOND
from tests.simulation.world.lives import Booking, Life, Person

T = DAWN + 12 * MINUTE
NEVER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One meeting's plot, and what must come of it where nothing is killed and no call fails.

    `comes` and `leaves` are minutes from T, of the teacher and the student; who leaves uploads. `client` is what runs
    on the desktops, `records` whether the operator says that meetings are recorded: then who stays to the end is, too.
    """

    reason: str
    desktops: int = 2
    comes: tuple[float | None, float | None] = (-4, -3)
    leaves: tuple[float | None, float | None] = (20, 22)
    duration: int = 40
    rates: Rates = NONE
    client: Client = Client.SCRIPTS
    records: bool = False
    turn: Callable[[World, Life], None] = lambda world, life: None
    proof: Callable[[World, Life], object] = lambda world, life: True

    def booking(self) -> Booking:
        """Return the meeting."""

        def person(role: Role, comes: float | None, leaves: float | None) -> Person:
            comes_at = None if comes is None else T + comes * MINUTE
            stays = NEVER if leaves is None or comes is None else (leaves - comes) * MINUTE
            return Person(role, comes_at, stays, uploads=leaves is not None or self.records)

        people = {role: person(role, *when) for role, *when in zip(Role, self.comes, self.leaves, strict=True)}
        return Booking(DAWN + MINUTE, T, self.duration * MINUTE, people)


def _at(minute: float, what: Callable[[World, Life], None]) -> Callable[[World, Life], None]:
    """Return a turn of a plot: something that happens so many minutes from T."""
    return lambda world, life: world.at(T + minute * MINUTE, lambda: what(world, life))


def _kill(*roles: Role) -> Callable[[World, Life], None]:
    def kill(world: World, life: Life) -> None:
        for instance in world.desktops.of(life.id):
            if instance.role in roles:
                world.desktops.die(instance.id)

    return kill


def _stop(world: World, life: Life) -> None:
    for instance in world.desktops.of(life.id):
        if instance.role is Role.TEACHER and instance.state(world.now) is State.RUNNING:
            instance.stopped_at = world.now


def _fill(zone: str) -> Callable[[World, Life], None]:
    return lambda world, life: world.weather.fill({zone}, DAWN, 30 * MINUTE)


def _bar(*roles: Role) -> Callable[[World, Life], None]:
    """Let desktops die when no zone has room for others."""

    def bar(world: World, life: Life) -> None:
        world.weather.fill(set(world.desktops.zones), world.now, 90 * MINUTE)
        _kill(*roles)(world, life)

    return bar


def _row_holds(name: str, value: object) -> Callable[[World, Life], object]:
    return lambda world, life: world.meetings.rows[life.id].get(name) == value


def _row_tells(name: str) -> Callable[[World, Life], object]:
    return lambda world, life: name in world.meetings.rows[life.id]


def _injected(*kinds: str) -> Callable[[World, Life], object]:
    return lambda world, life: all(world.wire.injected[kind] for kind in kinds)


def _is_over(world: World, life: Life) -> bool:
    return "termination_reason" in world.meetings.rows[life.id]


def _cancel(world: World, life: Life) -> None:
    life.edited = life.cancelled = True
    world.meetings.write(life.id, {"status": "TERMINATED"})


def _silence(world: World, life: Life) -> None:
    """Let the first desktop of the student never run, and those after it do."""
    launch = world.desktops.on_launch

    def launched(instance: Instance) -> None:
        launch(instance)
        if instance.role is Role.STUDENT and sum(i.role is Role.STUDENT for i in world.desktops.of(life.id)) == 1:
            instance.runs_at = instance.has_address_at = world.now + NEVER

    world.desktops.on_launch = launched


def _stop_being_ready(world: World, life: Life) -> None:
    for agent in list(world.agents.all.values()):
        if agent.instance.role is Role.STUDENT:
            agent.lack("The DCV service is not running.")


def _both_are_safe(world: World, life: Life) -> bool:
    """Return whether both desktops have said after the end of people's time that all is safe, and ended sooner."""
    row = world.meetings.rows[life.id]
    said = [rows.parse_time(row[f"{role}_saved_at"]) for role in Role if f"{role}_saved_at" in row]
    return len(said) == len(Role) and T + life.duration <= min(said) <= max(said) <= rows.parse_time(row["ended_at"])


def _kill_as_it_reports(world: World, life: Life) -> None:
    """Let the teacher's first desktop die some seconds after it has reported healthy."""
    heard = world.meetings.on_change

    def changed(old: Row | None, new: Row) -> None:
        reporter = world.desktops.instances.get(new.get("instance_id", ""))
        if reporter and reporter.role is Role.TEACHER and not doomed:
            doomed.append(reporter.id)
            world.after(5 * SECOND, lambda: world.desktops.die(reporter.id))
        heard(old, new)

    doomed: list[str] = []
    world.meetings.on_change = changed


SCENARIOS: dict[str, Scenario] = {
    "normal": Scenario("SUCCESS"),
    "early": Scenario("15_MIN_SUCCESS", leaves=(10, 12)),
    "no-show": Scenario("NO_SHOW_TIMEOUT", comes=(None, None)),
    "partial": Scenario("PARTIAL_NO_SHOW_TIMEOUT", comes=(-4, None), leaves=(10, None)),
    "one-upload": Scenario("PARTIAL_UPLOAD_TIMEOUT", leaves=(16, None), duration=60),
    "too-long": Scenario("MAX_DURATION", leaves=(None, None)),
    "cancelled": Scenario("CANCELLED", turn=_at(5, _cancel)),
    "moved": Scenario(
        "SUCCESS", turn=_at(-2, lambda world, life: world.console.move(life, 10 * MINUTE)), leaves=(30, 32)
    ),
    "postponed": Scenario(
        "NO_SHOW_TIMEOUT",
        4,
        comes=(None, None),
        turn=_at(-2, lambda world, life: world.console.move(life, 100 * MINUTE)),
    ),
    "moved-at-the-end": Scenario(
        "NO_SHOW_TIMEOUT",
        comes=(None, None),
        turn=_at(15.1, lambda world, life: None if _is_over(world, life) else world.console.move(life, 20 * MINUTE)),
    ),
    "at-the-last-moment": Scenario("PARTIAL_UPLOAD_TIMEOUT", comes=(14.9, None), leaves=(20, None), duration=60),
    "comes-as-it-ends": Scenario("NO_SHOW_TIMEOUT", comes=(None, 15.05), leaves=(None, None)),
    "uploads-as-the-grace-ends": Scenario(
        "PARTIAL_UPLOAD_TIMEOUT",
        leaves=(5, 35.05),
        duration=60,
        rates=Rates(event_lost=1),
        proof=_injected("event_lost"),
    ),
    "events-lost": Scenario("SUCCESS", rates=Rates(event_lost=1), proof=_injected("event_lost")),
    "events-doubled": Scenario("SUCCESS", rates=Rates(event_doubled=1), proof=_injected("event_doubled")),
    "events-late": Scenario("SUCCESS", rates=Rates(event_late=1), proof=_injected("event_late")),
    "a-zone-full": Scenario("SUCCESS", turn=_fill("subnet-a"), proof=_row_holds("teacher_subnet", "subnet-b")),
    "no-room": Scenario("LAUNCH_FAILED", leaves=(None, None), duration=90, turn=_at(1.5, _bar(*Role))),
    "room-for-one": Scenario(
        "MAX_DURATION",
        leaves=(None, None),
        duration=90,
        turn=_at(1.5, _bar(Role.STUDENT)),
        proof=_row_holds("student_attempt", 10),
    ),
    "dies": Scenario("SUCCESS", 3, turn=_at(2, _kill(Role.TEACHER))),
    "dies-as-it-reports": Scenario("SUCCESS", 3, turn=_kill_as_it_reports),
    "stopped": Scenario("SUCCESS", 3, turn=_at(2, _stop)),
    "both-die-done": Scenario("DESKTOPS_GONE", leaves=(5, 6), turn=_at(8, _kill(*Role))),
    "late-boot": Scenario("SUCCESS", 3, (-4, 9), turn=_silence, proof=_row_holds("student_late_boots", 1)),
    "unseen": Scenario("SUCCESS", rates=Rates(unseen=1, no_address=1), proof=_injected("unseen", "no_address")),
    "reports-again": Scenario(
        "SUCCESS",
        rates=Rates(reports_again=1, last_words=1),
        proof=_injected("reports_again", "HEALTHY after the end"),
    ),
    "kit": Scenario("SUCCESS", client=Client.KIT),
    "kit-whole-time": Scenario(
        "MAX_DURATION", leaves=(None, None), client=Client.KIT, records=True, proof=_both_are_safe
    ),
    "kit-one-leaves-early": Scenario(
        "MAX_DURATION", leaves=(25, None), client=Client.KIT, records=True, proof=_row_tells("student_saved_at")
    ),
    "kit-dies-as-it-uploads": Scenario(
        "MAX_DURATION", leaves=(None, None), client=Client.KIT, records=True, turn=_at(40.1, _kill(Role.STUDENT))
    ),
    "kit-not-ready-again": Scenario(
        "SUCCESS",
        3,
        comes=(-4, -2),
        leaves=(20, 16),
        duration=60,
        client=Client.KIT,
        turn=_at(-4, _stop_being_ready),
        proof=_row_holds("student_late_boots", 1),
    ),
}
FAULTS = ("paused", "killed-retried", "killed-for-good", "fails-once", "fails-for-ten-minutes")


@dataclass(frozen=True, slots=True)
class Point:
    """One run of the exhaustive kind; call 0 is the run in which nothing is killed."""

    scenario: str
    fault: str = FAULTS[0]
    call: int = 0

    @property
    def name(self) -> str:
        """What the run is called back by."""
        return f"crash/{self.scenario}/{self.fault}/{self.call}"

    @classmethod
    def named(cls, name: str) -> Point:
        """Return the point of this name."""
        _, scenario, fault, call = name.split("/")
        return cls(scenario, fault, int(call))

    @property
    def script(self) -> Script:
        """The one fault."""
        if self.fault.startswith("killed"):
            return Script(kill_after=self.call)
        if self.fault == "paused":
            return Script(pause_at=self.call)
        return Script(fail_at=self.call, fail_for=timedelta(minutes=10 if self.fault == "fails-for-ten-minutes" else 0))

    def world(self, checks: Invariants) -> World:
        """Return the world of this point, about to begin."""
        plot = SCENARIOS[self.scenario]
        rates = replace(plot.rates, no_retry=1.0 if self.fault == "killed-for-good" else 0.0)
        spread = timedelta(minutes=2)
        world = World(
            f"{self.scenario}/1",
            1,
            rates,
            self.script,
            spread,
            checks,
            name=self.name,
            bookings=[plot.booking()],
            client=plot.client,
            records=plot.records,
        )
        world.on_scheduled = lambda life: plot.turn(world, life)
        return world


def points(scenario: str, step: int = 1) -> Iterator[Point]:
    """Yield the crash points of a scenario, every one or every `step`-th.

    Raises:
        Violation: without any of them the scenario did not come out as it says.
    """
    calls = baseline(scenario).wire.count
    for fault in FAULTS:
        for call in range(1, calls + 1, step):
            yield Point(scenario, fault, call)


def baseline(scenario: str) -> World:
    """Run a scenario in which nothing is killed, and see that it comes out as it says.

    Raises:
        Violation: it did not.
    """
    world, plot = Point(scenario).world(Invariants()), SCENARIOS[scenario]
    world.run()
    [life] = world.lives.values()
    row = world.meetings.rows[life.id]
    desktops = len(world.desktops.of(life.id))
    if (row.get("termination_reason"), desktops) != (plot.reason, plot.desktops) or not plot.proof(world, life):
        outcome = f"{desktops} desktops, {row}\n  {life.told()}"
        raise Violation(f"The scenario {scenario} is not what it says, {plot}:\n{outcome}")
    return world


def attempt(point: Point) -> str | None:
    """Run one point; return what it violated, None where all held."""
    try:
        point.world(Invariants()).run()
    except Violation as violation:
        return str(violation)
    return None


def main() -> int:
    """Try every point; the exit code is 0 only if all ended clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", type=int, default=1, help="try every STEP-th call only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes that share the points")
    options = parser.parse_args()
    console = Console()
    tried = failed = 0
    with ProcessPoolExecutor(options.jobs) as pool:
        for scenario in SCENARIOS:
            every = list(points(scenario, options.step))
            outcomes = pool.map(attempt, every, chunksize=20)
            for violation in track(outcomes, scenario, len(every), console=console):
                tried += 1
                if violation:
                    failed += 1
                    if failed <= 5:
                        console.print(violation, markup=False, highlight=False)
    console.print(f"{tried:,} crash points tried, {tried - failed:,} ended clean.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
