"""The sweep of every minute: lost, late, doubled; and which sweeps were a chance to notice something."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import app
from tests.simulation.world.clock import DAWN, MINUTE
from tests.simulation.world.payloads import CONTEXT, eventbridge_event
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world.world import World

QUIET_TIME = 45 * MINUTE
"""How long sweeps go on after the last meeting's end; nothing fails any more then."""

ALL_PORTS = frozenset({"meetings", "desktops", "dns", "timers"})
FLEET_AND_ROWS = frozenset({"meetings", "desktops"})
FLEET = frozenset({"desktops"})


class Sweeps:
    """Calls the sweep as EventBridge does; of two at once one is dropped."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sweeping = False
        self.count = 0
        self.last_fault = DAWN
        self.chances: dict[frozenset[str], list[datetime]] = {ports: [] for ports in (ALL_PORTS, FLEET_AND_ROWS, FLEET)}
        """When those sweeps began of which no call to these ports failed."""

    def begin(self) -> None:
        """Let the first minute pass."""
        self._world.after(MINUTE, self._minute)

    def _minute(self) -> None:
        world = self._world
        if world.now <= world.end + QUIET_TIME:
            world.after(MINUTE, self._minute)
        if world.strikes("sweep_lost"):
            self.last_fault = world.now
        elif world.strikes("sweep_late"):
            world.after(timedelta(seconds=world.rng.uniform(1, 300)), self._sweep)
            self.last_fault = world.now + 5 * MINUTE
        else:
            self._sweep()
        if world.strikes("sweep_doubled"):
            world.after(timedelta(seconds=world.rng.uniform(0, 90)), self._sweep)

    def _sweep(self) -> None:
        world = self._world
        if self._sweeping:  # its concurrency is one: Lambda drops what waits longer than a sweep is of use
            self.last_fault = world.now
            return
        self._sweeping = True
        self.count += 1

        def done(process: Process) -> None:
            self._sweeping = False
            if process.broken:
                return
            # While rows can be read and not written, say, nothing is ended: that is no chance for anything.
            half_out = "meetings" in process.failing and not world.wire.is_out("meetings")
            for ports, sweeps in self.chances.items():
                if not process.failing & ports and not half_out:
                    sweeps.append(process.began)
            world.checks.after_sweep(world, process)

        event = eventbridge_event("aws.events", "Scheduled Event", {})
        world.processes.invoke(Process("sweep", (), world.now), lambda: app.sweep(event, CONTEXT), done)
