"""What goes wrong by itself: services that are out, zones without room, quotas that are used up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tests.simulation.faults import Outage
from tests.simulation.world.clock import DAWN, HOUR, MINUTE

if TYPE_CHECKING:
    from tests.simulation.world.world import World

SERVICES = ("meetings", "desktops", "dns", "timers", "secrets")


class Weather:
    """Draws the outages of a world when it is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.outages: list[Outage] = []  # what was out beside the ports, for as long as it was

    def draw(self, spread: timedelta) -> None:
        """Draw what is going to be out, and when."""
        world, rng = self._world, self._world.rng
        hours = (world.end - DAWN) / HOUR
        for service in SERVICES:
            for _ in range(round(hours * 4)):
                if rng.random() < world.rates.outages / 4:
                    begin = DAWN + rng.random() * (world.end - DAWN)
                    [length] = rng.choices((5, 60, 300, 1800, 5400, 10800), (3, 3, 3, 3, 2, 1))
                    port = "dns" if service == "secrets" else service  # it is behind that port that they are read
                    out = Outage(port, begin, min(begin + timedelta(seconds=length), world.end), service)
                    world.wire.outages.append(out)
                    world.wire.injected[f"outage of {service}"] += 1
        for _ in range(round(hours)):
            if rng.random() < world.rates.full_zones:
                begin = DAWN + rng.random() * spread
                zones = set(rng.sample(world.desktops.zones, rng.randint(1, 3)))
                self.fill(zones, begin, rng.choice((1, 5, 20)) * MINUTE)
            if rng.random() < world.rates.refusals:
                begin = DAWN + rng.random() * spread
                self.refuse("VcpuLimitExceeded", begin, rng.choice((1, 5, 15)) * MINUTE)

    def fill(self, zones: set[str], begin: datetime, length: timedelta) -> None:
        """Let zones have no room for a while."""
        world = self._world
        world.wire.injected["zones without room"] += len(zones)
        self.outages.append(Outage("desktops", begin, begin + length, "room"))
        world.at(begin, lambda: world.desktops.full.update(zones))
        world.at(begin + length, lambda: world.desktops.full.difference_update(zones))

    def refuse(self, code: str, begin: datetime, length: timedelta) -> None:
        """Let EC2 refuse every launch for a while."""
        world = self._world
        world.wire.injected["quotas used up"] += 1
        self.outages.append(Outage("desktops", begin, begin + length, code))
        world.at(begin, lambda: setattr(world.desktops, "refusal", code))
        world.at(begin + length, lambda: setattr(world.desktops, "refusal", None))
