"""Defects of the shell: how triggers are heard, plans applied, desktops launched, everything swept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.control import launch, sweep, triggers
from chalicelib.control.events import StateChange
from chalicelib.control.look import Looker
from chalicelib.control.sweep import Sweeper
from chalicelib.control.swept import SweepReport
from chalicelib.control.triggers import Triggers
from chalicelib.domain import writes
from chalicelib.domain.errors import DnsError, LaunchRefused, Unavailable
from chalicelib.domain.model import Desktop
from chalicelib.domain.update import Update
from chalicelib.domain.writes import OF_A_LAUNCH
from tests.simulation.mutants.changes import (
    Stubbed,
    alters,
    always,
    given,
    never,
    swallows,
    with_attribute,
    without,
    without_expecting,
    writes_nothing,
)
from tests.simulation.mutants.mutant import Mutant

UNIT = "tests/unit"


def _believes_the_event(self: Triggers, change: StateChange) -> tuple[Any, ...]:
    def find(desktop_id: str) -> Desktop | None:
        found = self._world.desktops.find(desktop_id)
        return replace(found, state=change.state, address="203.0.113.9") if found else None

    desktops = Stubbed(self._world.desktops, find=find)
    return with_attribute(self, _world=Stubbed(self._world, desktops=desktops)), change


def _knows_one_zone(self: launch._Lease, *rest: Any) -> tuple[Any, ...]:
    first = self.world.desktops.subnets()[:1]
    one: Any = Stubbed(self.world, desktops=Stubbed(self.world.desktops, subnets=lambda after=None: first))
    return replace(self, world=one), *rest


def _needs_the_zone(original: Callable[..., SweepReport]) -> Callable[..., SweepReport]:
    def sweep_all(self: Sweeper, stop_at: datetime) -> SweepReport:
        self._world.dns.owned()
        return original(self, stop_at)

    return sweep_all


def _counts_from_one(intent: Update) -> Update:
    return replace(intent, set={name: 1 if name.endswith("_attempt") else value for name, value in intent.set.items()})


def _tolerates_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *what: nullcontext()


MUTANTS = (
    # --- hearing
    Mutant("forgets a report whose look failed", triggers._is_told_only_here, never),
    Mutant(
        "hears only the last report of a batch",
        triggers._with_what_was_told_by,
        lambda original: lambda earlier, change: change,
    ),
    Mutant(
        "does not listen to deaths",
        Triggers.state_change,
        lambda original: lambda self, change: original(self, change) if change.state.must_be_ended else None,
    ),
    Mutant("trusts an event about a state that is past", Triggers.state_change, given(_believes_the_event)),
    Mutant("swallows a failed look", Looker.look, swallows(DnsError, LaunchRefused, Unavailable, returning=[])),
    # --- launching
    Mutant("launches before the intent stands", writes.launch_begun, writes_nothing),
    Mutant(
        "does not rest its intent on the row",
        writes.launch_begun,
        without_expecting("attempt", *OF_A_LAUNCH),
        UNIT,
    ),
    Mutant("reuses a token", writes.launch_begun, alters(_counts_from_one)),
    Mutant("tries one zone only", launch._Lease._launch, given(_knows_one_zone)),
    Mutant("forgets to write the ids", writes.launched, without("ec2_id")),
    # --- sweeping
    Mutant("sweeps nothing when the zone cannot be listed", Sweeper.sweep, _needs_the_zone),
    Mutant("stops a sweep at the first failure", SweepReport.tolerate, _tolerates_nothing),
    Mutant("brings back the records of what it has just ended", sweep._Sweep._is_linked, always),
)
