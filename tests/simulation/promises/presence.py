"""Who truly is where: at a desktop, as far as the app was told, or before a door that is closed."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.model import State
from chalicelib.domain.seat import Role, attribute
from chalicelib.settings import Client
from tests.fakes import Row
from tests.simulation.world.agents import Agent
from tests.simulation.world.lives import Life
from tests.simulation.world.world import World

STANDING = timedelta(minutes=2)
"""For how long somebody who asked at a closed door counts as standing there."""

BETWEEN_NOTES = timedelta(minutes=1)
"""How long the app may leave it at that it has noted somebody at the door."""


def agent_of(world: World, row: Row, role: Role) -> Agent | None:
    """Return the agent of the desktop that a row names for a role, None where none runs."""
    agent = world.agents.all.get(str(row.get(attribute(role, "ec2_id"))))
    return agent if agent and agent.is_up else None


def is_in(world: World, life: Life, row: Row, role: Role) -> bool:
    """Return whether somebody sits at this role's desktop, and the app was told so.

    Desktops of the kit have told of it. Of those with scripts, nobody does: there the last click that led in tells,
    where it came after what was uploaded.
    """
    if world.client is Client.KIT:
        agent = agent_of(world, row, role)
        return agent is not None and agent.is_connected and agent.is_known_connected
    instance = world.desktops.instances.get(life.inside.get(role, ""))
    if instance is None or instance.state(world.now) is not State.RUNNING:
        return False
    if row.get(attribute(role, "ec2_id")) != instance.id:
        return False
    clicked_at, uploaded_at = life.clicked.get(role), life.uploaded.get(role)
    return clicked_at is not None and (uploaded_at is None or clicked_at > uploaded_at)


def is_there(world: World, life: Life, row: Row, role: Role) -> bool:
    """Return whether somebody sits at this role's desktop, whether or not anybody was told."""
    if world.client is Client.KIT:
        agent = agent_of(world, row, role)
        return agent is not None and agent.is_connected
    return role in life.inside


def away_since(world: World, life: Life, row: Row, role: Role) -> datetime | None:
    """Return since when this role's side is done by all that was told; None where it is not."""
    uploaded_at = life.uploaded.get(role)
    if uploaded_at is None or is_there(world, life, row, role):
        return None
    if (clicked_at := life.clicked.get(role)) and clicked_at >= uploaded_at:
        return None
    agent = world.agents.all.get(str(row.get(attribute(role, "ec2_id"))))
    if agent is None:
        return uploaded_at
    if agent.visited_at and agent.visited_at >= uploaded_at:
        return None
    return max(uploaded_at, agent.changed_at, agent.troubled_at)


def is_known_away(world: World, life: Life, row: Row, role: Role) -> bool:
    """Return whether this role's side is done by all that the app was told, whoever is truly there.

    Of a connection to a desktop with scripts that came back by itself, it was told nothing.
    """
    uploaded_at, clicked_at = life.uploaded.get(role), life.clicked.get(role)
    if uploaded_at is None or (clicked_at and clicked_at >= uploaded_at):
        return False
    agent = agent_of(world, row, role)
    return agent is None or not agent.is_known_connected


def is_open(world: World, life: Life, row: Row, role: Role) -> bool:
    """Return whether who asks at this role's door now is let in: its own desktop has said that it is ready."""
    desktop_id = row.get(attribute(role, "ec2_id"))
    instance = world.desktops.instances.get(str(desktop_id))
    if instance is None or not row.get(attribute(role, "ec2_link")):
        return False
    unwanted = desktop_id in (row.get(attribute(role, "given_up")), row.get(attribute(role, "replace_asked")))
    ready = instance.id in life.reported and not life.shut_since.get(role)
    return ready and instance.role is role and not unwanted


def stands_before(world: World, life: Life, row: Row, role: Role, within: timedelta) -> bool:
    """Return whether somebody was told lately, `within` so much time, that this role's door is closed, and it is."""
    stood_at = life.stood_at.get(role)
    return stood_at is not None and world.now - stood_at < within and not is_open(world, life, row, role)
