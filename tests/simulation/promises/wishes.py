"""What the app's own rules would still do, if they saw everything as it is."""

from __future__ import annotations

from chalicelib.domain.actions import Action, Observe, Publish
from chalicelib.domain.model import Observation
from chalicelib.domain.update import Update
from chalicelib.runtime import current
from tests.simulation.promises.truth import named
from tests.simulation.world.lives import DOMAIN, Life
from tests.simulation.world.world import World


def wishes(world: World, meeting_id: str) -> list[Action]:
    """Return the plan for a meeting that sees all that EC2 shows."""
    meeting = world.meetings.understood(meeting_id)
    desktops = world.desktops.shown_of(meeting_id, named(meeting.row))
    return world.planner(meeting, Observation(tuple(desktops), complete=True), world.now, policy=current().policy)


def is_name_taken(world: World, life: Life) -> bool:
    """Return whether somebody else holds the name of one of the meeting's desktops, which is a fault that lasts."""
    return any(f"{instance.id}.{DOMAIN}" in world.dns.foreign for instance in world.desktops.of(life.id))


def is_anything_wrong(world: World, life: Life) -> bool:
    """Return whether anything is to be done that can be done."""
    wanted = wishes(world, life.id)
    if wanted and is_name_taken(world, life):
        wanted = [a for a in wanted if not isinstance(a, Publish) and not (isinstance(a, Update) and a.needs)]
    return any(not isinstance(action, Observe) for action in wanted)
