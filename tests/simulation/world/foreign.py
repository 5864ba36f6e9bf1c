"""Somebody else's things in the same account and zone, which look like the app's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.model import Owner
from chalicelib.domain.seat import Role
from tests.fakes import Instance
from tests.simulation.world.lives import DOMAIN, Life

if TYPE_CHECKING:
    from tests.simulation.world.world import World


class Foreign:
    """Puts foreign things into the world and remembers them: none of them may ever be changed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.instances: list[Instance] = []
        self.records: dict[str, str] = {}

    def add_look_alikes(self, life: Life) -> None:
        """Add an instance and a record that look like this meeting's."""
        foreign = self._world.desktops.add(life.id, Role.TEACHER, owner=Owner.FOREIGN)
        self.instances.append(foreign)
        self._add_record(foreign, "198.51.100.7")

    def take_name(self, instance: Instance) -> None:
        """Add a record under the very name of a desktop: the desktop cannot be published, the others must be."""
        self._add_record(instance, "198.51.100.8")

    def _add_record(self, instance: Instance, address: str) -> None:
        name = f"{instance.id}.{DOMAIN}"
        self.records[name] = self._world.dns.foreign[name] = address
