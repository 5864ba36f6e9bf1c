"""9. Nothing is launched, or tried again, for nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.seat import Role, attribute
from chalicelib.runtime import current
from tests.fakes import Instance, Row
from tests.simulation.promises.presence import STANDING, away_since
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.reasons import ENTERING, PATIENCE, have_come
from tests.simulation.promises.truth import ends_at, had_chances, start
from tests.simulation.world.hostile import moment
from tests.simulation.world.lives import CHECKPOINT, LEAD, STANDBY, Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World

MOMENT = timedelta(minutes=2)
"""How old something may be that a handler did not know when it decided."""


def _kept_until(life: Life, row: Row) -> datetime:
    """Return until when a meeting that nobody has come to keeps its desktops, by what is known by now."""
    opened = [at for at in (life.opened_at, moment(row.get("opened_at"))) if at]
    entered_by = max(opened) + ENTERING if opened else start(life)
    stood_until = max(life.stood_at.values(), default=start(life)) + STANDING
    latest = max(start(life) + PATIENCE, entered_by)
    return min(max(start(life) + CHECKPOINT, entered_by, stood_until), latest)


class NothingIsWasted(Promise):
    """Desktops are launched when somebody needs them, and as often as the rules allow."""

    name = "9 nothing is wasted"

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """No desktop is launched for a role that has uploaded, or for a meeting that is far.

        Where the page of who has uploaded is still open, one may be: whoever comes back to a door whose desktop is gone
        can do no more than ask at it, as a forgotten page does.
        """
        if life.edited:
            return
        just_now = world.now - MOMENT
        if ends_at(life) < just_now and not life.moved_at:
            self.broken(world, life, f"a desktop is launched, people's time ended at {ends_at(life)}")
        row = world.meetings.rows.get(life.id, {})
        done_since = away_since(world, life, row, instance.role) if instance.role else None
        asked = [at for when in (life.stood_at, life.asked_at) if instance.role and (at := when.get(instance.role))]
        is_awaited = any(world.now - at < STANDING + MOMENT for at in asked)
        if done_since and done_since < just_now and not is_awaited:
            self.broken(world, life, f"the {instance.role} is done since {done_since}, and a desktop is launched")
        if not have_come(life, row) and not life.uploaded and just_now > _kept_until(life, row) and not life.moved_at:
            self.broken(world, life, "a desktop is launched, and nobody has come")
        is_known = not life.entered and (life.moved_at or life.scheduled_at) < just_now
        if is_known and world.now < start(life) - LEAD - STANDBY:
            self.broken(world, life, f"a desktop is launched, it begins at {start(life)}")

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """Where nobody has come, desktops are kept for who stands before a closed door, and no longer.

        Neither a tab that is left open, nor a program that looks at a link, nor who has an open door before them keeps
        them.
        """
        come = [role for role in have_come(life, row) if role in life.clicks]
        if life.edited or row.get("termination_reason") or come or life.uploaded:
            return
        since = max(_kept_until(life, row), life.moved_at or life.scheduled_at)
        if had_chances(world, since, FLEET_AND_ROWS, life):
            self.broken(world, life, f"nobody has come, its desktops were to be kept until {since}: it goes on")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """No role gets more attempts than there are, or more than one for booting late unless somebody waits for it."""
        if life is None or old is None or life.edited:
            return
        for role in Role:
            attempt, late = attribute(role, "attempt"), attribute(role, "late_boots")
            if int(new.get(attempt, 0)) > current().policy.max_attempts:
                self.broken(world, life, f"attempt {new[attempt]} is made for the {role}")
            stood_at = life.stood_at.get(role)
            given_up = int(new.get(late, 0)) > max(1, int(old.get(late, 0)))
            if given_up and not (stood_at and world.now - stood_at < STANDING + MOMENT):
                self.broken(world, life, f"the {role}'s desktop is given up again for booting late")
