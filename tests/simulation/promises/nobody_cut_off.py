"""6. A meeting that somebody is in is not ended, except by the rules."""

from __future__ import annotations

from chalicelib.domain.seat import attribute
from tests.fakes import Instance, Row
from tests.simulation.promises.presence import is_in
from tests.simulation.promises.promise import Promise
from tests.simulation.promises.reasons import why_untrue
from tests.simulation.promises.truth import (
    BOOT_LIMIT,
    SETTLING,
    deadline_borne,
    is_unreadable,
    noted,
    stands_down,
    was_seen_serving,
)
from tests.simulation.world.lives import Life
from tests.simulation.world.world import World


class NobodyIsCutOff(Promise):
    """Neither is the meeting ended for a reason that is not true, nor a desktop that serves somebody."""

    name = "6 nobody is cut off"

    def terminated(self, world: World, instance: Instance) -> None:
        """No desktop that serves somebody is ended, whatever any row says."""
        life = world.lives.get(instance.meeting_id or "")
        if world.processes.running is None or life is None or life.edited or instance.role is None:
            return
        row = world.meetings.rows.get(life.id, {})
        if row.get("termination_reason") or world.now >= deadline_borne(life) or stands_down(world, life):
            return
        if not was_seen_serving(world, instance):
            return
        if instance.deadline and world.now >= instance.deadline and is_unreadable(world, life):
            return  # all that is known of it then is the deadline that it bears
        is_named = row.get(attribute(instance.role, "ec2_id")) == instance.id
        is_young = bool(instance.token) and world.now < instance.launched_at + SETTLING
        is_late = world.now >= instance.first_launched_at + BOOT_LIMIT and instance.id not in noted(row)
        shut_since = life.shut_since.get(instance.role)
        was_shut_for_long = shut_since is not None and world.now >= shut_since + BOOT_LIMIT
        is_useless = was_shut_for_long and not is_in(world, life, row, instance.role)
        is_unwanted = row.get(attribute(instance.role, "replace_asked")) == instance.id
        if (is_named or is_young) and not (is_late or is_useless or is_unwanted):
            who = world.processes.running.name
            self.broken(world, life, f"{who} ends {instance.id}, the {instance.role}'s own")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """A meeting ends for a reason that is true, which none is while somebody is in but those announced."""
        reason = new.get("termination_reason")
        if life is None or old is None or life.edited or not reason or old.get("termination_reason"):
            return
        if problem := why_untrue(str(reason), world, life, new):
            self.broken(world, life, f"it ends as {reason}, but {problem}")
