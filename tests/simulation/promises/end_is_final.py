"""4. TERMINATED is final, and always has a reason."""

from __future__ import annotations

from tests.fakes import Row
from tests.simulation.promises.promise import Promise
from tests.simulation.promises.truth import LEASE
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import Life
from tests.simulation.world.world import World


class EndIsFinal(Promise):
    """There is one end, with one reason, and what is called ended has ended."""

    name = "4 the end is final"

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """No write takes an end back, or tells of one that has not been carried out."""
        if life is None or old is None or life.forged:
            return
        before, after = old.get("termination_reason"), new.get("termination_reason")
        if before and before != after:
            self.broken(world, life, f"the reason went from {before} to {after}")
        if old.get("ended_at") and old.get("ended_at") != new.get("ended_at"):
            self.broken(world, life, "it was ended twice")
        if new.get("status") == "TERMINATED" and not after and not life.edited:
            self.broken(world, life, "it is TERMINATED without a reason")
        if new.get("ended_at") and not old.get("ended_at") and (life.cancelled or not life.edited):
            self._judge_end(world, life)

    def _judge_end(self, world: World, life: Life) -> None:
        """No desktop that the app launched for it lives, no timer of it is armed."""
        for instance in world.desktops.of(life.id):
            if instance.token and instance.state(world.now).must_be_ended and instance.launched_at < world.now - LEASE:
                self.broken(world, life, f"it is called ended, {instance.id} lives")
        for kind in ("launch", "safety"):
            armed = world.timers.armed.get(f"{kind}-{life.id}")
            if armed and armed[0] > world.now + MINUTE and not life.moved_at:
                self.broken(world, life, f"it is called ended, its {kind} timer is armed")
