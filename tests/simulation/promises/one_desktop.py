"""1. Never two live desktops for one role of one meeting."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.domain.model import Owner
from chalicelib.domain.seat import Role
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import SETTLING, had_chances
from tests.simulation.world.lives import Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World


class OneDesktopARole(Promise):
    """The app launches no second one; one that somebody else launches does not last."""

    name = "1 one desktop a role"
    asked_every = 3

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """No desktop is launched for a role that has one."""
        just_now = world.now - timedelta(minutes=2)
        living = [
            other.id
            for other in world.desktops.of(life.id)
            if other.role is instance.role
            and other.state(world.now).must_be_ended
            and other.owner is not Owner.FOREIGN
            # What somebody launches, or starts again, at the same moment nobody can see.
            and (other.token or other.launched_at < just_now)
            and (other.started_at is None or other.started_at < just_now)
        ]
        if len(living) > 1:
            self.broken(world, life, f"{' and '.join(living)} live for the {instance.role}")

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """A second one is ended once it is no longer young."""
        if life.edited:
            return
        for role in Role:
            own = [
                instance
                for instance in world.desktops.of(life.id)
                if instance.role is role and instance.owner is Owner.OURS and instance.state(world.now).must_be_ended
            ]
            if len(own) > 1:
                since = max(max(i.launched_at + SETTLING, i.shown_at) for i in own)
                if had_chances(world, since, FLEET_AND_ROWS, life):
                    self.broken(world, life, f"{' and '.join(i.id for i in own)} live for the {role}")
