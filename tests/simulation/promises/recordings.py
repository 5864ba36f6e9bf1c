"""10. A lesson that uses its whole time has both recordings, and keeps its desktops for no longer than they take."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import rows
from chalicelib.domain.seat import Role, attribute
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.said import LONGEST_SILENCE
from tests.simulation.promises.truth import SETTLING, deadline_borne, ends_at, gone_since, had_chances
from tests.simulation.world.agents import Agent
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.hostile import moment
from tests.simulation.world.lives import Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World

PRESENCE = MINUTE
"""How soon a desktop tells of somebody who has come back, where nothing is in its way."""


class RecordingsAreSafe(Promise):
    """At the end of people's time no desktop goes before what it holds is safe, and none stays when nothing is left."""

    name = "10 a lesson's whole time is recorded"

    def terminated(self, world: World, instance: Instance) -> None:
        """No desktop is ended for its time while it holds what is nowhere else, before its hard deadline."""
        life = world.lives.get(instance.meeting_id or "")
        agent = world.agents.all.get(instance.id)
        if world.processes.running is None or life is None or life.edited or not life.upload_time or agent is None:
            return
        row = world.meetings.rows.get(life.id, {})
        is_named = instance.role is not None and row.get(attribute(instance.role, "ec2_id")) == instance.id
        if row.get("termination_reason") != "MAX_DURATION" or not (is_named and agent.is_up and agent.has_unsaved):
            return
        if world.now < deadline_borne(life) and _could_be_known(agent, row):
            self.broken(world, life, f"{instance.id} is ended, and what the {instance.role} did last is not safe")

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """A meeting whose time is up goes on for what it holds, and for nothing else."""
        if life.edited or life.moved_at or not life.upload_time or row.get("termination_reason"):
            return
        done = [_nothing_left_since(world, life, row, role) for role in Role]
        since = [ends_at(life) + PRESENCE, *(at for at in done if at)]
        if None not in done and had_chances(world, max(since), FLEET_AND_ROWS, life):
            self.broken(world, life, f"its time is up, nothing is left on its desktops since {max(since)}: it goes on")

    def at_the_end(self, world: World) -> None:
        """Count what a lesson's whole time has cost after its end."""
        for life in world.lives.values():
            row = world.meetings.rows.get(life.id, {})
            if life.edited or life.moved_at or not life.upload_time or row.get("termination_reason") != "MAX_DURATION":
                continue
            if len(life.entered) == len(Role) and (ended_at := row.get("ended_at")):
                self._figures.whole_time += 1
                self._figures.after_end_min.append((rows.parse_time(ended_at) - ends_at(life)) / MINUTE)
                self._figures.both_safe += all(row.get(attribute(role, "saved_at")) for role in Role)


def _could_be_known(agent: Agent, row: Row) -> bool:
    """Return whether the row tells, or would if nothing had been in its way, that somebody was at a desktop since."""
    role, visited_at = agent.instance.role, agent.visited_at
    if role is None or visited_at is None:
        return False
    connected, joined, launched, saved = (
        moment(row.get(attribute(role, name))) for name in ("connected_at", "joined_at", "launched_at", "saved_at")
    )
    is_told = connected is not None and connected >= visited_at
    is_clicked = saved is None and joined is not None and launched is not None and joined >= launched
    was_undisturbed = agent.troubled_at < visited_at
    return is_told or is_clicked or was_undisturbed


def _nothing_left_since(world: World, life: Life, row: Row, role: Role) -> datetime | None:
    """Return since when the app could know that nothing of this role is to come any more; None where something is."""
    instance = world.desktops.instances.get(str(row.get(attribute(role, "ec2_id"))))
    if instance is None or role not in life.entered:
        return life.scheduled_at if role not in life.entered else None
    if not instance.state(world.now).serves:
        return max(gone_since(instance), instance.launched_at) + SETTLING
    agent = world.agents.all.get(instance.id)
    if agent is None or agent.saved_at is None:
        return None
    return max(agent.saved_at, agent.changed_at, agent.troubled_at) + LONGEST_SILENCE
