"""Whether the reason that a meeting ends with is true, by what truly happened in it.

Who sat at a desktop, who stood before a closed door and when a door first stood open the world knows itself; what it
may be held against the app is bounded by what the app was told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime

from chalicelib.domain import rows
from chalicelib.domain.model import Owner
from chalicelib.domain.seat import Role, attribute
from chalicelib.runtime import current
from chalicelib.settings import Client
from tests.fakes import Instance, Row
from tests.simulation.promises.presence import BETWEEN_NOTES, is_in, is_known_away, stands_before
from tests.simulation.promises.truth import GRACE, LIVING, SLACK, ends_at, start, was_seen_serving
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import CHECKPOINT, Life
from tests.simulation.world.sweeps import FLEET_AND_ROWS
from tests.simulation.world.world import World

ENTERING = 15 * MINUTE
"""How long a door stands open at the least before it is said that nobody came."""

PATIENCE = 45 * MINUTE
"""How long after T those are served who wait and could never enter."""

JUST_NOW = 2 * MINUTE
"""How old something may be that the app did not know when it decided."""

Why = Callable[[World, Life, Row], str | None]
"""Returns what speaks against a reason, None where nothing does."""


def why_untrue(reason: str, world: World, life: Life, row: Row) -> str | None:
    """Return why a meeting should not have ended so, by what truly happened in it; None where it should."""
    checkpoint = start(life) - SLACK + CHECKPOINT
    if reason in _AFTER_THE_CHECKPOINT and world.now < checkpoint:
        return "it is too early for that"
    if reason in _AT_THE_CHECKPOINT and (held := row.get("checkpoint_at")):
        return f"the checkpoint was held at {held}"
    if reason in _WHEN_NOBODY_IS_IN and (inside := _people_in(world, life, row)):
        return f"the {' and the '.join(inside)} are in"
    judge = _JUDGES.get(reason)
    return judge(world, life, row) if judge else "nobody asked for that"


def _people_in(world: World, life: Life, row: Row) -> list[Role]:
    return [role for role in Role if is_in(world, life, row, role)]


def have_come(life: Life, row: Row) -> list[Role]:
    """Return who was ever let in, by the world's word or by the row's."""
    return [role for role in Role if role in life.entered or row.get(attribute(role, "joined_at"))]


def _no_show(world: World, life: Life, row: Row) -> str | None:
    if come := have_come(life, row):
        return f"the {' and the '.join(come)} had come"
    if life.uploaded:
        return f"{life.uploaded} had been uploaded"
    if standing := [role for role in Role if stands_before(world, life, row, role, BETWEEN_NOTES)]:
        return f"the {' and the '.join(standing)} stand before a closed door"
    if life.opened_at is None:
        return None if _are_others(world, life) else "no door was ever open"
    return None if world.now >= life.opened_at + ENTERING - SLACK else f"a door stands open since {life.opened_at}"


def _are_others(world: World, life: Life) -> bool:
    """Return whether somebody launched a desktop by hand: of that nobody knows whether it can be entered."""
    return any(instance.owner is Owner.BY_HAND for instance in world.desktops.of(life.id))


def _partial_no_show(world: World, life: Life, row: Row) -> str | None:
    by_then = _uploaded_by(start(life) + CHECKPOINT + SLACK, world, life, row)
    done = [role for role in by_then if is_known_away(world, life, row, role)]
    if len(done) != 1:
        return f"{life.uploaded} had been uploaded, and {done or 'nobody'} had left"
    [other] = [role for role in Role if role not in done]
    if world.client is Client.SCRIPTS and other in have_come(life, row):
        return f"the {other} had come, and nobody tells that they have gone"
    waits = stands_before(world, life, row, other, BETWEEN_NOTES)
    return f"the {other} stands before a closed door" if waits else None


def _early_success(world: World, life: Life, row: Row) -> str | None:
    # The timer of a meeting that was moved to earlier fires as late as before, and counts what it finds.
    by_then = _uploaded_by(start(life) + CHECKPOINT + SLACK, world, life, row)
    counted = life.uploaded if life.moved_at else by_then
    return None if len(counted) == len(Role) else f"{life.uploaded} had been uploaded"


def _success(world: World, life: Life, row: Row) -> str | None:
    return None if len(life.uploaded) == len(Role) else "not both had uploaded"


def _partial_upload(world: World, life: Life, row: Row) -> str | None:
    done = [role for role, at in life.uploaded.items() if world.now >= at + GRACE - SLACK]
    left = [role for role in done if not is_in(world, life, row, role)]
    both = all(is_known_away(world, life, row, role) for role in Role)
    return None if left and not both else "nobody is done since that long ago, or both are"


def _max_duration(world: World, life: Life, row: Row) -> str | None:
    return None if world.now >= ends_at(life) - SLACK else "its time is not up"


def _launch_failed(world: World, life: Life, row: Row) -> str | None:
    come = have_come(life, row)
    occupied = [role for role in come if any(i.role is role for i in _serving(world, life))]
    if occupied:
        return f"the {occupied[0]} is in"
    tried = max(int(row.get(attribute(role, "attempt"), 0)) for role in Role)
    if tried >= current().policy.max_attempts:
        return None
    if come or life.uploaded:
        return f"only {tried} attempts were made"
    if world.now < start(life) + CHECKPOINT - SLACK:
        return f"only {tried} attempts were made, and it is too early to give up"
    waiting = [role for role in Role if stands_before(world, life, row, role, BETWEEN_NOTES)]
    if world.now < start(life) + PATIENCE - SLACK:
        if waiting:
            return f"the {' and the '.join(waiting)} wait"
        return "a door stood open" if _is_known_open(world, life, row) else None
    lately = [role for role in Role if (at := life.stood_at.get(role)) and world.now - at < 2 * JUST_NOW]
    return "nobody waits, and a door stood open" if _is_known_open(world, life, row) and not lately else None


def _is_known_open(world: World, life: Life, row: Row) -> bool:
    """Return whether a door stood open, and the row tells of a report: if both are lost, nobody knows."""
    told = any(row.get(attribute(role, "healthy_at")) for role in Role) or "opened_at" in row
    return told and life.opened_at is not None and life.opened_at < world.now - JUST_NOW


def _desktops_gone(world: World, life: Life, row: Row) -> str | None:
    living = [i for i in _serving(world, life) if i.owner is Owner.OURS and i.state(world.now) in LIVING]
    return "a desktop lives" if living else None


_JUDGES: dict[str, Why] = {
    "NO_SHOW_TIMEOUT": _no_show,
    "PARTIAL_NO_SHOW_TIMEOUT": _partial_no_show,
    "15_MIN_SUCCESS": _early_success,
    "SUCCESS": _success,
    "PARTIAL_UPLOAD_TIMEOUT": _partial_upload,
    "MAX_DURATION": _max_duration,
    "LAUNCH_FAILED": _launch_failed,
    "DESKTOPS_GONE": _desktops_gone,
}
_AFTER_THE_CHECKPOINT = frozenset(
    {"NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS", "SUCCESS", "PARTIAL_UPLOAD_TIMEOUT"}
)
_AT_THE_CHECKPOINT = frozenset({"PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS"})
_WHEN_NOBODY_IS_IN = frozenset(
    {"NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS", "SUCCESS", "LAUNCH_FAILED"}
)


def _serving(world: World, life: Life) -> list[Instance]:
    return [instance for instance in world.desktops.of(life.id) if was_seen_serving(world, instance)]


def _uploaded_by(checkpoint: datetime, world: World, life: Life, row: Row) -> list[Role]:
    """Return who has uploaded by a checkpoint, as far as can be known: up to the first sweep after it."""
    sweeps = world.sweeps.chances[FLEET_AND_ROWS]
    held_by = sweeps[after] if (after := bisect_right(sweeps, checkpoint)) < len(sweeps) else world.now
    noted_at = {role: row.get(attribute(role, "uploaded_at")) for role in life.uploaded}
    in_time = [role for role, at in life.uploaded.items() if at <= held_by]
    return [role for role in in_time if not (at := noted_at[role]) or rows.parse_time(at) <= checkpoint]
