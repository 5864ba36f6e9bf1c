"""2. No desktop lives past its hard deadline by more than two sweeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain import rows
from chalicelib.domain.model import Owner
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import (
    SETTLING,
    deadline,
    deadline_borne,
    had_chances,
    last_end,
    named,
    stands_down,
    start,
)
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import LEAD, LIMIT, Life
from tests.simulation.world.sweeps import FLEET, FLEET_AND_ROWS
from tests.simulation.world.world import World


class NoDesktopOutlivesItsDeadline(Promise):
    """Nor its meeting's end; and it bears the right deadline, by which it ends itself."""

    name = "2 no desktop outlives its deadline"
    asked_every = 3

    def swept(self, world: World, sweep: Sweep) -> None:
        """Every desktop past its deadline has ended; where no row can be read, past the one that it bears."""
        if not sweep.saw_fleet:
            return
        for instance in world.desktops.alive():
            life = world.lives.get(instance.meeting_id or "")
            if instance.owner is Owner.OURS and life and instance.shown_at <= world.now:
                self._judge_deadline(world, life, instance)
                self._judge_borne_deadline(world, life, instance)

    def _judge_deadline(self, world: World, life: Life, instance: Instance) -> None:
        due = deadline(life)
        if life.edited:
            due = max(due, instance.launched_at + LIMIT + LEAD)
        if life.forged:
            due = last_end(instance)
        if world.now > due:
            since = max(due, instance.shown_at, life.moved_at or due)
            if had_chances(world, since, FLEET_AND_ROWS, life):
                self.broken(world, life, f"{instance.id} lives, {due} has passed")

    def _judge_borne_deadline(self, world: World, life: Life, instance: Instance) -> None:
        borne = instance.deadline
        if borne is None or world.now <= borne or life.edited or life.moved_at:
            return
        if had_chances(world, max(borne, instance.shown_at), FLEET, life):
            self.broken(world, life, f"{instance.id} lives, it bears {borne}, and EC2 answers")

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """No desktop lasts after its meeting's end, or while its meeting is far, or with a wrong deadline."""
        if life.edited:
            return

        def lasts(*since: datetime | None) -> bool:
            return had_chances(world, max(at for at in since if at), FLEET_AND_ROWS, life)

        over_at = rows.parse_time(row["ended_at"]) if row.get("ended_at") else None
        for instance in world.desktops.of(life.id):
            if instance.owner is not Owner.OURS or not instance.state(world.now).must_be_ended:
                continue
            problem = ""
            since = max(instance.launched_at, instance.shown_at)
            if over_at:
                problem = f"it ended at {over_at}" if lasts(since, over_at) else ""
            elif stands_down(world, life):
                problem = f"it was moved to {start(life)}" if lasts(since + SETTLING, life.moved_at) else ""
            elif instance.id in named(row) and not _is_about(instance.deadline, deadline_borne(life)):
                wrong = f"it bears {instance.deadline}, that should be {deadline_borne(life)}"
                problem = wrong if lasts(since, life.moved_at) else ""
            if problem:
                self.broken(world, life, f"{instance.id} lives, {problem}")

    def at_the_end(self, world: World) -> None:
        """Nothing is left."""
        for instance in world.desktops.instances.values():
            if instance.owner is not Owner.OURS:
                continue
            life = world.lives.get(instance.meeting_id or "")
            died = instance.dies_at
            if died is None or died > world.now:
                self._figures.leaked += 1
                self.broken(world, life, f"{instance.id} is left at the end")
            if life and not life.edited:
                self._figures.overdue_min.append(max(0.0, (died - deadline(life)) / timedelta(minutes=1)))


def _is_about(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs(one - other) <= MINUTE
