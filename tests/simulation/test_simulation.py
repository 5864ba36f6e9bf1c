"""Short runs of the simulation, the crash points and the mutants; the long ones have make targets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.guest import MARGIN_MIN
from tests.simulation.crash import SCENARIOS, attempt, points
from tests.simulation.faults import ALL, NONE, PEOPLE, Rates, Script
from tests.simulation.invariants import Invariants, Violation
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.simulate import play, quantile, simulate
from tests.simulation.world import World


def test_every_invariant_holds_with_all_faults_on() -> None:
    run = simulate(1200, "ci", measure_recovery=True)
    assert run.violations == []
    assert run.figures.leaked == run.figures.orphaned == 0
    assert run.figures.let_in > 1000
    assert all(run.figures.faults[kind] for kind in ("killed", "event_lost", "dies", "paused", "edited"))


@pytest.mark.parametrize("rates", [NONE, PEOPLE], ids=["nothing goes wrong", "only people are late"])
def test_every_invariant_holds_in_calm_worlds(rates: Rates) -> None:
    run = simulate(80, "calm", rates)
    assert run.violations == []
    assert max(run.figures.overdue_min) <= 1.1


def test_the_same_seed_gives_the_same_run_to_the_last_call() -> None:
    first, second = simulate(80, "again"), simulate(80, "again")
    assert (first.digest, first.figures) == (second.digest, second.figures)
    assert simulate(80, "other").digest != first.digest


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_crash_points_end_clean(scenario: str) -> None:
    assert [violation for point in points(scenario, step=41) if (violation := attempt(point))] == []


def test_desktops_end_themselves_when_the_whole_control_plane_is_gone() -> None:
    world = World("gone/1", 5, NONE, spread=timedelta(minutes=5), checks=Invariants())
    gone = Rates(sweep_lost=1, event_lost=1)
    world.at(world.now + timedelta(minutes=30), lambda: setattr(world.wire, "rates", gone))
    world.end += timedelta(hours=3)  # until then nothing of the control plane runs; after it, it tidies up
    world.run()
    launched = [instance for instance in world.desktops.instances.values() if instance.deadline and instance.dies_at]
    by_themselves = [i for i in launched if i.dies_at == i.deadline + timedelta(minutes=MARGIN_MIN)]  # type: ignore[operator]
    assert by_themselves
    assert len(launched) == len(world.desktops.instances)


def test_a_violation_tells_its_story_and_how_to_see_it_again() -> None:
    class Angry(Invariants):
        def let_in(self, world, life, role, link, asked_at):  # type: ignore[no-untyped-def]
            self._fail(world, life, "0 nobody may come in", f"the {role} came")

    world = World("angry/0/1", 1, NONE, checks=Angry())
    with pytest.raises(Violation, match=r"'0 nobody may come in'(.|\n)*is launched(.|\n)*WORLD=angry/0/1"):
        world.run()


def test_a_script_strikes_at_exactly_its_call() -> None:
    world = World("script/0/1", 1, NONE, Script(fail_at=7), checks=Invariants())
    world.run()
    assert world.disturbances == 1


def test_a_world_can_be_played_again_by_its_seed() -> None:
    world, violation = play("again/3/5", ALL)
    assert violation is None
    assert len(world.lives) <= 5


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_still_fits_the_source(mutant) -> None:  # type: ignore[no-untyped-def]
    compile(mutant.source(), mutant.file, "exec")


def test_the_net_catches_a_mutant() -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.name == "ends without terminating")
    caught, _ = hunt(mutant)
    assert caught
    assert caught.startswith("Invariant ")


def test_quantiles_of_nothing_are_nothing() -> None:
    assert quantile([], 0.99) == 0
    assert quantile([3, 1, 2], 0.5) == 2
