"""What truly is and should be, by rules of the simulation's own: none of the app's rules is asked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.domain import rows
from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role, attribute
from tests.fakes import Instance, Row
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import LEAD, LONGEST_LIFE, NOTICE, STANDBY, Life
from tests.simulation.world.processes import Process
from tests.simulation.world.sweeps import ALL_PORTS
from tests.simulation.world.world import World

BOOT_LIMIT = 15 * MINUTE
GRACE = 30 * MINUTE
SETTLING = 5 * MINUTE
LEASE = MINUTE
LIVING = (State.PENDING, State.RUNNING)
CHANCES = 2
"""How many sweeps the app has to notice something before it counts as overlooked."""
SLACK = timedelta(seconds=2)


def had_chances(
    world: World, since: datetime, ports: frozenset[str] = ALL_PORTS, life: Life | None = None, chances: int = CHANCES
) -> bool:
    """Return whether there were sweeps since then in which these ports answered; not while the meeting is cursed."""
    sweeps = world.sweeps.chances[ports]
    return len(sweeps) - bisect_right(sweeps, max(since, life.cursed_until) if life else since) >= chances


# --- when


def start(life: Life) -> datetime:
    """Return T. A row that was made by hand does not say when it was scheduled."""
    return life.meet_time if life.made_by_hand else max(life.meet_time, life.scheduled_at + NOTICE)


def deadline(life: Life) -> datetime:
    """Return the hard deadline of a meeting as it is now."""
    return start(life) + life.duration + life.upload_time


def deadline_borne(life: Life) -> datetime:
    """Return the deadline that desktops of a meeting should bear: what they have for their uploads is in it."""
    return ends_at(life) + life.upload_time


def ends_at(life: Life) -> datetime:
    """Return when people's time ends: moving the meeting does not keep desktops that run for long."""
    begins = start(life)
    return (min(begins, life.begun_at + LEAD + STANDBY) if life.begun_at else begins) + life.duration


def is_closing(world: World, life: Life) -> bool:
    """Return whether people's time is up in a meeting whose desktops upload after it."""
    return life.upload_time > timedelta(0) and world.now >= ends_at(life)


def last_end(instance: Instance) -> datetime:
    """Return the moment that no desktop may outlive, whatever anybody has written."""
    return instance.launched_at + LONGEST_LIFE


def stands_down(world: World, life: Life) -> bool:
    """Return whether the meeting was moved to much later before anybody came."""
    return bool(life.moved_at) and not life.entered and world.now < start(life) - LEAD - STANDBY


def begun(row: Row, now: datetime) -> datetime | None:
    """Return when the first launch was begun by the row's word, None where none is.

    The word counts where it can be true: a handler that was halted writes late.
    """
    if not any(row.get(attribute(role, "attempt_at")) for role in Role):
        return None
    try:
        stated = rows.parse_time(row.get("begun_at") or "")
    except (ValueError, TypeError):
        return now
    return stated if now - timedelta(minutes=2) <= stated <= now else now


def is_unreadable(world: World, life: Life) -> bool:
    """Return whether nobody can read this meeting's row now."""
    return world.wire.is_out("meetings") is not None or world.now < life.cursed_until


# --- desktops


def gone_since(instance: Instance) -> datetime:
    """Return since when an instance serves nobody."""
    return min((at for at in (instance.dies_at, instance.stopped_at) if at), default=instance.launched_at)


def was_seen_serving(world: World, instance: Instance) -> bool:
    """Return whether the running handler must have seen that an instance serves.

    It may have looked while somebody had the instance stopped, just before starting it again.
    """
    began = world.processes.running.began if world.processes.running else world.now
    started_meanwhile = instance.started_at is not None and instance.started_at >= began
    return instance.state(world.now).serves and not started_meanwhile


def named(row: Row | Mapping[str, object]) -> list[str]:
    """Return the desktops that a row names."""
    return [str(row[name]) for name in (attribute(role, "ec2_id") for role in Role) if row.get(name)]


def noted(row: Row) -> list[str]:
    """Return the desktops whose report is on the row."""
    return [row.get(attribute(r, "ec2_id"), "") for r in Role if row.get(attribute(r, "healthy_at"))]


def death_heard(world: World, process: Process) -> tuple[Life, Row, Instance] | None:
    """Return the meeting that a handler was told a desktop's death of, its row, and the desktop.

    None where nothing can be asked of the handler: it failed or was disturbed, or the meeting is over or edited.
    """
    instance = process.death
    life = world.lives.get(process.meetings[0]) if process.meetings else None
    if process.outcome != "done" or process.disturbed or process.cursed or instance is None or life is None:
        return None
    row = world.meetings.rows.get(life.id)
    forgotten = world.now >= gone_since(instance) + world.desktops.FORGOTTEN_AFTER
    if row is None or life.edited or row.get("termination_reason") or instance.owner is Owner.FOREIGN or forgotten:
        return None
    return life, row, instance
