"""Short runs of the simulation, the crash points and the mutants; the long ones have make targets."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest

from chalicelib.adapters.userdata import EVERY_MIN, MARGIN_MIN
from chalicelib.settings import Client
from tests.simulation.crash import SCENARIOS, Point, attempt, baseline, points
from tests.simulation.faults import NONE, PEOPLE, Rates, Script
from tests.simulation.figures import quantile
from tests.simulation.invariants import Invariants
from tests.simulation.mutants.hunt import hunt
from tests.simulation.promises.promise import Violation, violation
from tests.simulation.simulate import play, simulate
from tests.simulation.world import World
from tests.simulation.world.agents import CALM, UPLOADS_S
from tests.simulation.world.clock import MINUTE

MEETINGS, SEED = 350, "ci-a"
"""So few that they take a minute; their worlds have desktops of both kinds, and each fault strikes."""

DRAWN = ("outages", "full_zones", "refusals", *(field.name for field in fields(Rates) if getattr(PEOPLE, field.name)))
"""What is drawn when a world is made, and not counted each time it strikes."""


def test_every_invariant_holds_with_all_faults_on() -> None:
    run = simulate(MEETINGS, SEED, measure_recovery=True)
    assert run.violations == []
    assert run.figures.leaked == run.figures.orphaned == 0
    assert run.figures.let_in > MEETINGS
    assert all(run.figures.faults[field.name] for field in fields(Rates) if field.name not in DRAWN)
    # Two sweeps after the last fault all is as it should be, whatever that was.
    assert quantile(run.figures.recovery_s, 0.99) <= 60
    assert max(run.figures.recovery_s) <= 120
    assert run.figures.cut_off == run.figures.not_ready == 0


@pytest.mark.parametrize("rates", ["none", "people"], ids=["nothing goes wrong", "only people are late"])
def test_every_invariant_holds_in_calm_worlds(rates: str) -> None:
    run = simulate(80, "calm", rates)
    assert run.violations == []
    assert max(run.figures.overdue_min) <= 1.1


def test_where_nothing_goes_wrong_every_lesson_that_uses_its_whole_time_has_both_recordings() -> None:
    checks = Invariants()
    World("whole-time/1", 60, NONE, checks=checks, client=Client.KIT, records=True).run()
    assert checks.figures.whole_time == checks.figures.both_safe > 10
    slowest = timedelta(seconds=max(UPLOADS_S)) + 2 * CALM
    assert max(checks.figures.after_end_min) * MINUTE < slowest, "what it takes, and what it takes to be heard of"


def test_the_same_seed_gives_the_same_run_to_the_last_call() -> None:
    first, second = simulate(50, "again"), simulate(50, "again")
    assert (first.digest, first.figures) == (second.digest, second.figures)
    assert simulate(50, "other").digest != first.digest


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_crash_points_end_clean(scenario: str) -> None:
    assert [broken for point in points(scenario, step=149) if (broken := attempt(point))] == []


def test_a_crash_point_is_played_again_by_its_name_to_the_last_call() -> None:
    for point in (Point("dies", "killed-for-good", 40), Point("moved", "fails-for-ten-minutes", 25)):
        first = point.world(Invariants())
        first.run()
        again, broken = play(point.name)
        assert broken is None
        assert (again.wire.count, again.wire.digest) == (first.wire.count, first.wire.digest)


def test_a_scenario_that_comes_out_otherwise_than_it_says_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCENARIOS, "dies", replace(SCENARIOS["dies"], desktops=2))
    with pytest.raises(Violation, match="The scenario dies is not what it says"):
        baseline("dies")


def test_desktops_end_themselves_when_the_whole_control_plane_is_gone() -> None:
    world = World("gone/1", 5, NONE, spread=timedelta(minutes=5), checks=Invariants())
    gone = Rates(sweep_lost=1, event_lost=1)
    world.at(world.now + timedelta(minutes=30), lambda: setattr(world.wire, "rates", gone))
    world.end += timedelta(hours=3)  # until then nothing of the control plane runs; after it, it tidies up
    world.run()
    launched = [instance for instance in world.desktops.instances.values() if instance.deadline and instance.dies_at]
    late = [instance.dies_at - instance.deadline for instance in launched if instance.dies_at and instance.deadline]
    soonest, latest = timedelta(minutes=MARGIN_MIN), timedelta(minutes=MARGIN_MIN + EVERY_MIN)
    assert [by for by in late if soonest <= by < latest]
    assert max(late) < latest, "by themselves"
    assert len(launched) == len(world.desktops.instances)


def test_a_violation_tells_its_story_and_how_to_see_it_again() -> None:
    class Angry(Invariants):
        def let_in(self, world, life, role, link, asked_at):  # type: ignore[no-untyped-def]
            raise violation("0 nobody may come in", world, life, f"the {role} came")

    world = World("angry/0/1", 1, NONE, checks=Angry())
    with pytest.raises(Violation, match=r"'0 nobody may come in'(.|\n)*is launched(.|\n)*WORLD=angry/0/1"):
        world.run()


def test_a_script_strikes_at_exactly_its_call() -> None:
    world = World("script/0/1", 1, NONE, Script(fail_at=7), checks=Invariants())
    world.run()
    assert world.processes.disturbances == 1


def test_a_world_can_be_played_again_by_its_seed() -> None:
    world, broken = play("again/3/5")
    assert broken is None
    assert len([name for name in world.lives if not name.startswith("copy-of-")]) == 5, "beside what a forger copies"
    calm, broken = play("again/3/5/none")
    assert broken is None
    assert not calm.processes.disturbances
    assert calm.rates == NONE


def test_the_net_catches_a_mutant() -> None:
    caught = hunt("ends without terminating")
    assert caught.caught_by
    assert caught.caught_by.startswith("Invariant ")
    assert caught.reached


def test_quantiles_of_nothing_are_nothing() -> None:
    assert quantile([], 0.99) == 0
    assert quantile([3, 1, 2], 0.5) == 2
