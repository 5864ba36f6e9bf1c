"""3. Foreign records and instances are never changed."""

from __future__ import annotations

from chalicelib.domain.model import Owner
from tests.fakes import Instance
from tests.simulation.promises.promise import Promise
from tests.simulation.world.world import World


class ForeignIsLeftAlone(Promise):
    """Whatever it looks like."""

    name = "3 what is foreign is left alone"

    def terminated(self, world: World, instance: Instance) -> None:
        """No handler ends a foreign instance."""
        if world.processes.running and instance.owner is Owner.FOREIGN:
            self.broken(world, world.lives.get(instance.meeting_id or ""), f"{instance.id} is terminated")

    def withdrawn(self, world: World, name: str) -> None:
        """No handler removes a foreign record."""
        if world.foreign.records.keys() - world.dns.foreign.keys():
            self.broken(world, None, f"{name} is withdrawn")

    def at_the_end(self, world: World) -> None:
        """All of it is as it was."""
        for foreign in world.foreign.instances:
            if foreign.dies_at is not None:
                self.broken(world, world.lives.get(foreign.meeting_id or ""), f"{foreign.id} was terminated")
        if world.dns.foreign != world.foreign.records:
            self.broken(world, None, "a foreign record was changed")
