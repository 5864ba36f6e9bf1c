"""Judges a world by every promise after each step, and collects the figures on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain import rows
from chalicelib.domain.model import DnsRecord
from chalicelib.domain.seat import Role
from desktop.door import Verdict
from tests.fakes import Instance, Row
from tests.simulation.figures import Figures, last_outage
from tests.simulation.promises import PROMISES
from tests.simulation.promises.presence import is_open
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import begun
from tests.simulation.promises.wishes import is_anything_wrong
from tests.simulation.world.agents import Agent
from tests.simulation.world.checks import Checks
from tests.simulation.world.lives import Life
from tests.simulation.world.processes import Process
from tests.simulation.world.world import World

_HEARD = [name for name, what in vars(Promise).items() if callable(what)] + list(vars(Checks))


class Invariants(Checks):
    """Hands on what happens to the promises that it concerns."""

    def __init__(self, *, measure_recovery: bool = False) -> None:
        self.figures = Figures()
        self._measure_recovery = measure_recovery
        self._promises = [kind(self.figures) for kind in PROMISES]
        self._hearers: dict[str, list[Callable[..., None]]] = defaultdict(list)
        for promise in self._promises:
            for name in _HEARD:
                if getattr(type(promise), name) is not getattr(Promise, name):
                    self._hearers[name].append(getattr(promise, name))

    def _tell(self, what: str, *facts: Any) -> None:
        for hear in self._hearers[what]:
            hear(*facts)

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Hear that a row was written."""
        if life and old is not None:
            at = begun(new, world.now)
            if life.begun_at and not at:  # moved to much later: it has its desktops, and their doors, before it again
                life.opened_at = None
            life.begun_at = (life.begun_at or at) if at else None
            if life.opened_at is None and any(is_open(world, life, new, role) for role in Role):
                life.opened_at = world.now
            if new.get("termination_reason") and not old.get("termination_reason") and not life.edited:
                self.figures.reasons[str(new["termination_reason"])] += 1
        self._tell("row_written", world, life, old, new)

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """Hear that the app has launched a desktop."""
        self.figures.launched += 1
        self._tell("launched", world, life, instance)

    def terminated(self, world: World, instance: Instance) -> None:
        """Hear that the app ends an instance, before it does."""
        self._tell("terminated", world, instance)

    def published(self, world: World, record: DnsRecord) -> None:
        """Hear that the app publishes a record."""
        self._tell("published", world, record)

    def withdrawn(self, world: World, name: str) -> None:
        """Hear that the app takes a record out of the zone."""
        self._tell("withdrawn", world, name)

    def let_in(self, world: World, life: Life, role: Role, link: str, asked_at: datetime) -> None:
        """Hear that a person was sent to a desktop."""
        self.figures.let_in += 1
        self._tell("let_in", world, life, role, link, asked_at)

    def at_the_door(self, world: World, life: Life, agent: Agent, verdict: Verdict, *, good: bool) -> None:
        """Hear what the door of a desktop of the kit says to a token, and whether it is a good one."""
        for hear in self._hearers["at_the_door"]:
            hear(world, life, agent, verdict, good=good)

    def returned(self, world: World, process: Process) -> None:
        """Hear that a handler has returned, failed or was killed."""
        self._tell("returned", world, process)

    def logged(self, world: World, life: Life | None, facts: Mapping[str, Any], error: object) -> None:
        """Hear what the app logs."""
        self._tell("logged", world, life, facts, error)

    def after_look(self, world: World, life: Life, process: Process) -> None:
        """Measure how long a meeting that something went wrong with stays as it should not be."""
        if self._measure_recovery:
            self._measure(world, life)

    def after_sweep(self, world: World, process: Process) -> None:
        """Let the promises judge what a sweep must have put right, as far as the ports that it needs did answer."""
        sweep = Sweep(process, world.sweeps.count)
        self._tell("swept", world, sweep)
        asked = [promise.meeting_swept for promise in self._promises_asked(sweep)]
        for meeting_id, row in world.meetings.rows.items():
            if row.get("open") == rows.LISTED and (life := world.lives.get(meeting_id)):
                for judge in asked:
                    judge(world, life, row, sweep)
        if self._measure_recovery:
            for life in world.lives.values():
                self._measure(world, life)

    def _promises_asked(self, sweep: Sweep) -> list[Promise]:
        """Return the promises whose turn it is after this sweep; none where it could not see what they are about."""
        if not sweep.saw_rows:
            return []
        judging = (p for p in self._promises if type(p).meeting_swept is not Promise.meeting_swept)
        return [promise for promise in judging if sweep.number % promise.asked_every == 0]

    def at_the_end(self, world: World) -> None:
        """All faults are over for a while: let the promises judge what is left."""
        self.figures.add_totals(world)
        self._tell("at_the_end", world)

    def _measure(self, world: World, life: Life) -> None:
        """Note how long after the last fault a meeting was right again."""
        wrong = life.id in world.meetings.rows and is_anything_wrong(world, life)
        if wrong and life.wrong_since is None:
            life.wrong_since = world.now
        elif not wrong and life.wrong_since is not None:
            sweep_fault = world.sweeps.last_fault
            faults = (life.wrong_since, life.last_fault, life.cursed_until, sweep_fault, last_outage(world))
            last = max(min(fault, world.now) for fault in faults if fault)
            self.figures.recovery_s.append((world.now - last).total_seconds())
            life.wrong_since = None
