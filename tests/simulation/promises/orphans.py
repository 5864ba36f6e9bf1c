"""2. A desktop that no row answers for is collected, however it came to be so.

Its row was deleted by hand, or somebody launched it with the app's tags for a meeting that does not
exist. Nobody would ever see it again: only the sweep can find it.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.model import Owner
from tests.fakes import Instance
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import SETTLING, had_chances
from tests.simulation.world.lives import Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World


class NoDesktopWithoutARow(Promise):
    """An orphan that is no longer young is gone after two sweeps to which the table and EC2 answered."""

    name = "2 no desktop lives without a row"

    def swept(self, world: World, sweep: Sweep) -> None:
        """No orphan lasts."""
        if not sweep.saw_rows:
            return
        for instance in world.desktops.alive():
            if instance.owner is Owner.OURS and instance.meeting_id not in world.meetings.rows:
                life = world.lives.get(instance.meeting_id or "")
                since = _orphaned_since(instance, life)
                if had_chances(world, since, FLEET_AND_ROWS, life):
                    problem = f"{instance.id} lives, the meeting {instance.meeting_id} is in no row, since {since}"
                    self.broken(world, life, problem)


def _orphaned_since(instance: Instance, life: Life | None) -> datetime:
    """Return since when every sweep should have seen that an instance is an orphan."""
    visible = max(instance.launched_at + SETTLING, instance.shown_at)
    return max(visible, life.deleted_at) if life and life.deleted_at else visible
