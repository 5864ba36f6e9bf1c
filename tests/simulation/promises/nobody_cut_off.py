"""6. A meeting that somebody is in is not ended, except by the rules."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

from chalicelib.domain import rows
from chalicelib.domain.model import Owner
from chalicelib.domain.seat import Role, attribute
from chalicelib.runtime import current
from tests.fakes import Instance, Row
from tests.simulation.promises.promise import Promise
from tests.simulation.promises.truth import (
    BOOT_LIMIT,
    GRACE,
    LIVING,
    SETTLING,
    SLACK,
    deadline_borne,
    ends_at,
    is_unreadable,
    noted,
    stands_down,
    start,
    was_seen_serving,
)
from tests.simulation.world.lives import CHECKPOINT, Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
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
        is_useless = was_shut_for_long and instance.role not in life.entered
        if (is_named or is_young) and not (is_late or is_useless):
            who = world.processes.running.name
            self.broken(world, life, f"{who} ends {instance.id}, the {instance.role}'s own")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """A meeting ends for a reason that is true."""
        reason = new.get("termination_reason")
        if life is None or old is None or life.edited or not reason or old.get("termination_reason"):
            return
        if problem := why_untrue(str(reason), world, life, new):
            self.broken(world, life, f"it ends as {reason}, but {problem}")


def why_untrue(reason: str, world: World, life: Life, row: Row) -> str | None:
    """Return why a meeting should not have ended so, by what truly happened in it; None where it should."""
    now = world.now
    checkpoint = start(life) - SLACK + CHECKPOINT
    inside = {role for role in Role if life.entered.get(role) or row.get(attribute(role, "joined_at"))}
    by_then = _uploaded_by(checkpoint + 2 * SLACK, world, life, row)
    held = row.get("checkpoint_at")
    if reason in ("NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS", "SUCCESS") and now < checkpoint:
        return "it is too early for that"
    if reason in ("NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS") and held:
        return f"the checkpoint was held at {held}"
    match reason:
        case "NO_SHOW_TIMEOUT":
            return f"{', '.join(inside)} had come" if inside else None
        case "PARTIAL_NO_SHOW_TIMEOUT":
            return None if len(life.uploaded) == len(by_then) == 1 else f"{life.uploaded} had been uploaded"
        case "15_MIN_SUCCESS":
            # The timer of a meeting that was moved to earlier fires as late as before, and counts what it finds.
            counted = life.uploaded if life.moved_at else by_then
            return None if len(counted) == len(Role) else f"{life.uploaded} had been uploaded"
        case "SUCCESS":
            return None if len(life.uploaded) == len(Role) else "not both had uploaded"
        case "PARTIAL_UPLOAD_TIMEOUT":
            late = [at for at in life.uploaded.values() if now >= at + GRACE]
            return None if late and len(life.uploaded) == 1 else "nobody had uploaded that long ago, or both had"
        case "MAX_DURATION":
            return None if now >= ends_at(life) - SLACK else "its time is not up"
        case "LAUNCH_FAILED":
            return _why_launches_did_not_fail(world, life, row, inside)
        case "DESKTOPS_GONE":
            living = [i for i in _serving(world, life) if i.owner is Owner.OURS and i.state(now) in LIVING]
            return "a desktop lives" if living else None
        case _:
            return "nobody asked for that"


def _why_launches_did_not_fail(world: World, life: Life, row: Row, inside: set[Role]) -> str | None:
    occupied = [role for role in inside if any(i.role is role for i in _serving(world, life))]
    if occupied:
        return f"the {occupied[0]} is in"
    tried = max(int(row.get(attribute(role, "attempt"), 0)) for role in Role)
    return None if tried >= current().policy.max_attempts else f"only {tried} attempts were made"


def _serving(world: World, life: Life) -> list[Instance]:
    return [instance for instance in world.desktops.of(life.id) if was_seen_serving(world, instance)]


def _uploaded_by(checkpoint: datetime, world: World, life: Life, row: Row) -> list[Role]:
    """Return who has uploaded by a checkpoint, as far as can be known: up to the first sweep after it."""
    sweeps = world.sweeps.chances[FLEET_AND_ROWS]
    held_by = sweeps[after] if (after := bisect_right(sweeps, checkpoint)) < len(sweeps) else world.now
    noted_at = {role: row.get(attribute(role, "uploaded_at")) for role in life.uploaded}
    in_time = [role for role, at in life.uploaded.items() if at <= held_by]
    return [role for role in in_time if not (at := noted_at[role]) or rows.parse_time(at) <= checkpoint]
