"""7. Planning after applying yields nothing."""

from __future__ import annotations

from tests.fakes import Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.wishes import is_name_taken, wishes
from tests.simulation.world.lives import Life
from tests.simulation.world.world import World


class PlanningAgainYieldsNothing(Promise):
    """A sweep of which no call failed has left nothing to do."""

    name = "7 planning again yields nothing"
    asked_every = 5

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """There is nothing more to do, unless somebody else holds a desktop's name."""
        if sweep.process.refused:
            return
        if (actions := wishes(world, life.id)) and not is_name_taken(world, life):
            self.broken(world, life, f"it yields {actions}")
