"""What a world reports to: one method for each thing that a promise may be judged by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.domain.model import DnsRecord
from chalicelib.domain.seat import Role
from desktop.door import Verdict
from tests.fakes import Instance, Row
from tests.simulation.world.lives import Life

if TYPE_CHECKING:
    from tests.simulation.world.agents import Agent
    from tests.simulation.world.processes import Process
    from tests.simulation.world.world import World


class Checks:
    """Hears of everything and only watches; see tests/simulation/invariants.py for one that judges."""

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Hear that a row was written."""

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """Hear that the app has launched a desktop."""

    def terminated(self, world: World, instance: Instance) -> None:
        """Hear that the app ends an instance, before it does."""

    def published(self, world: World, record: DnsRecord) -> None:
        """Hear that the app publishes a record."""

    def withdrawn(self, world: World, name: str) -> None:
        """Hear that the app takes a record out of the zone."""

    def let_in(self, world: World, life: Life, role: Role, link: str, asked_at: datetime) -> None:
        """Hear that a person was sent to a desktop."""

    def at_the_door(self, world: World, life: Life, agent: Agent, verdict: Verdict, *, good: bool) -> None:
        """Hear what the door of a desktop of the kit says to a token, and whether it is a good one."""

    def returned(self, world: World, process: Process) -> None:
        """Hear that a handler has returned, failed or was killed."""

    def given_up(self, world: World, process: Process) -> None:
        """Hear that Lambda tries an event or a record no more, at which a handler has failed: it is a dead letter."""

    def logged(self, world: World, life: Life | None, facts: Mapping[str, Any], error: object) -> None:
        """Hear what the app logs of a meeting, None for none; `error` is what it did not expect, None for nothing."""

    def after_look(self, world: World, life: Life, process: Process) -> None:
        """Hear that a handler has looked at a meeting and returned."""

    def after_sweep(self, world: World, process: Process) -> None:
        """Hear that a sweep has run to its end, whatever failed in it."""

    def at_the_end(self, world: World) -> None:
        """Hear that all is over."""
