"""One-shot timers that fire: a little late, very late, twice or never."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import app
from tests.simulation.world.payloads import CONTEXT

if TYPE_CHECKING:
    from tests.simulation.world.world import World


class Scheduler:
    """Lets the timers fire that the app has armed."""

    LATE_S: ClassVar[float] = 20
    """How late a timer fires at the most, in seconds, where no fault strikes."""

    def __init__(self, world: World) -> None:
        self._world = world

    def armed(self, name: str) -> None:
        """Let a timer that was just armed fire when its time has come."""
        world, armed = self._world, self._world.timers.armed
        at, target, payload = armed[name]
        life = world.lives.get(name.partition("-")[2])

        def fire() -> None:
            if armed.pop(name, None) is None:
                return
            launches = target.endswith("launch_ec2")
            handler = app.launch_ec2 if launches else app.safety_net
            event = json.loads(json.dumps(payload))
            world.processes.invoke_async(
                "launch timer" if launches else "safety timer",
                lambda: handler(event, CONTEXT),
                life.id if life else None,
            )

        def again() -> None:
            armed.setdefault(name, (at, target, payload))
            fire()

        delay = at - world.now + timedelta(seconds=world.rng.random() * self.LATE_S)
        if world.strikes("event_lost", life):
            world.after(delay, lambda: armed.pop(name, None) and None)
            return
        if world.strikes("event_late", life):
            delay += timedelta(seconds=world.rng.random() * 3600)
        world.after(delay, fire)
        if world.strikes("event_doubled", life):
            world.after(delay + timedelta(seconds=world.rng.random() * 120), again)
