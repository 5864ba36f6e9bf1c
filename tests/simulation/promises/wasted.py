"""9. Nothing is launched, or tried again, for nobody."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.seat import Role, attribute
from chalicelib.runtime import current
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise
from tests.simulation.promises.truth import ends_at, start
from tests.simulation.world.lives import LEAD, STANDBY, Life
from tests.simulation.world.world import World

MOMENT = timedelta(minutes=2)
"""How old something may be that a handler did not know when it decided."""


class NothingIsWasted(Promise):
    """Desktops are launched when somebody needs them, and as often as the rules allow."""

    name = "9 nothing is wasted"

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """No desktop is launched for a role that has uploaded, or for a meeting that is far."""
        if life.edited:
            return
        just_now = world.now - MOMENT
        if ends_at(life) < just_now and not life.moved_at:
            self.broken(world, life, f"a desktop is launched, people's time ended at {ends_at(life)}")
        uploaded_at = life.uploaded.get(instance.role) if instance.role else None
        if uploaded_at and uploaded_at < just_now:
            self.broken(world, life, f"the {instance.role} has uploaded, and a desktop is launched")
        is_known = not life.entered and (life.moved_at or life.scheduled_at) < just_now
        if is_known and world.now < start(life) - LEAD - STANDBY:
            self.broken(world, life, f"a desktop is launched, it begins at {start(life)}")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """No role gets more attempts than there are, or is given up twice for booting late."""
        if life is None or old is None or life.edited:
            return
        for role in Role:
            attempt, late = attribute(role, "attempt"), attribute(role, "late_boots")
            if int(new.get(attempt, 0)) > current().policy.max_attempts:
                self.broken(world, life, f"attempt {new[attempt]} is made for the {role}")
            if int(new.get(late, 0)) > 1:
                self.broken(world, life, f"the {role}'s desktop is given up again for booting late")
