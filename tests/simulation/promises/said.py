"""9. What a desktop of the kit says of itself stands on its row."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.seat import Role, attribute
from tests.fakes import Row
from tests.simulation.promises.promise import Promise, Sweep
from tests.simulation.promises.truth import had_chances
from tests.simulation.world.agents import CALM, Agent
from tests.simulation.world.hostile import moment
from tests.simulation.world.lives import Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World

LONGEST_SILENCE = 6 * CALM
"""How long a desktop may take to notice that the app does not have what it has said: it hears it at a sign of life."""


class WhatDesktopsSayStands(Promise):
    """Whether a desktop is ready, and whether somebody is connected, is what the app knows of it."""

    name = "9 what a desktop says is noted"

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """Some minutes after the last change, and after the last request that was lost, the row says what is so."""
        if life.edited or row.get("termination_reason"):
            return
        for role in Role:
            agent = world.agents.all.get(str(row.get(attribute(role, "ec2_id"))))
            if agent is None or not agent.is_up or not agent.knows_its_seat:
                continue
            since = max(agent.changed_at, agent.troubled_at) + LONGEST_SILENCE
            if had_chances(world, since, FLEET_AND_ROWS, life) and (problem := _what_differs(agent, role, row)):
                self.broken(world, life, f"the {role}'s {agent.instance.id} {problem} since {agent.changed_at}")


def _what_differs(agent: Agent, role: Role, row: Row) -> str | None:
    noted = row.get(attribute(role, "missing")) or []
    if list(agent.missing) != list(noted):
        return f"lacks {agent.missing or 'nothing'}, and the row says {noted or 'nothing'},"
    if not agent.missing and not row.get(attribute(role, "healthy_at")):
        return "is ready, and the row does not say so,"
    came, left = (_moment(row, role, name) for name in ("connected_at", "disconnected_at"))
    if agent.is_connected != (came is not None and (left is None or came > left)):
        return f"has {'somebody' if agent.is_connected else 'nobody'} connected, and the row says otherwise,"
    return None


def _moment(row: Row, role: Role, name: str) -> datetime | None:
    return moment(row.get(f"{role}_{name}"))
