"""What is counted in a burst, and when: pairs, doors, ends, dead letters, and what must not be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.model import Reason
from chalicelib.domain.seat import Role
from tests.fakes import Instance, Row
from tests.simulation.promises.presence import is_open
from tests.simulation.world.checks import Checks
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import Life
from tests.simulation.world.processes import Process

if TYPE_CHECKING:
    from tests.burst.world import Burst
    from tests.simulation.world import World

MOMENTS = {"T−2": -2 * MINUTE, "T": 0 * MINUTE, "T+10": 10 * MINUTE}
"""When it is counted how far each meeting is, from its own time on."""

EVERY = timedelta(seconds=15)
"""How often it is counted for the picture, and whether there are doubles."""

BEFORE = 30 * MINUTE
"""So long before the first meeting the picture begins."""


@dataclass(slots=True)
class Count:
    """How many meetings are how far. `launched` have a whole pair that lives, `half` one desktop of it.

    `joinable` are those at both of whose doors people are let in; `gone` are over, and nothing of them lives.
    """

    launched: int = 0
    half: int = 0
    joinable: int = 0
    gone: int = 0

    def add(self, world: World, lives: Iterable[Life]) -> None:
        """Count these meetings as they are now."""
        for life in lives:
            row = world.meetings.rows[life.id]
            living = [i for i in world.desktops.of(life.id) if i.state(world.now).must_be_ended]
            is_over = bool(row.get("termination_reason"))
            self.launched += len(living) >= len(Role)
            self.half += len(living) == 1
            self.joinable += not is_over and len(living) >= len(Role) and _is_joinable(world, life, row)
            self.gone += is_over and not living


def _is_joinable(world: World, life: Life, row: Row) -> bool:
    return all(is_open(world, life, row, role) for role in Role)


class Tally(Checks):
    """Counts, and lets the world end when all is over."""

    def __init__(self) -> None:
        self.at: dict[str, Count] = {name: Count() for name in MOMENTS}
        self.course: list[tuple[datetime, Count]] = []
        self.reasons: Counter[str] = Counter()
        self.wrong: set[str] = set()
        """The meetings that ended as if nobody had come, with somebody at a door that never opened to them."""
        self.shut_out: set[str] = set()
        """The meetings that ended, as whatever, with somebody at a door that never opened to them."""
        self.doubles: set[str] = set()
        """The meetings that had more desktops at once than seats."""
        self.dead_letters: Counter[str] = Counter()
        self.launches = 0
        self.terminated_by_app = 0
        self.ended_at: list[datetime] = []
        self.on_look: Callable[[datetime], None] = lambda now: None

    # --- looking again and again

    def watch(self, world: Burst) -> None:
        """Look at each meeting at its moments, and at all of them every few seconds."""
        self._look(world, world.first_time - BEFORE)
        world.on_scheduled = lambda life: self._await(world, life)

    def _await(self, world: Burst, life: Life) -> None:
        for name, offset in MOMENTS.items():
            world.at(life.meet_time + offset, lambda name=name: self.at[name].add(world, [life]))  # type: ignore[misc]

    def _look(self, world: Burst, at: datetime) -> None:
        def look() -> None:
            count = Count()
            count.add(world, world.lives.values())
            self.on_look(world.now)
            self.course.append((world.now, count))
            self.doubles.update(life.id for life in world.lives.values() if _is_doubled(world, life))
            if world.now > world.first_time + max(MOMENTS.values()) and count.gone == len(world.lives):
                world.finish()
            else:
                self._look(world, at + EVERY)

        world.at(at, look)

    # --- what is told

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Count an end, and whether it is a wrong one."""
        reason = new.get("termination_reason")
        if not reason or life is None or (old or {}).get("termination_reason"):
            return
        self.reasons[str(reason)] += 1
        self.ended_at.append(world.now)
        if life.stood_at.keys() - life.entered.keys():
            self.shut_out.add(life.id)
            if reason in (Reason.NO_SHOW, Reason.PARTIAL_NO_SHOW):
                self.wrong.add(life.id)

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """Count a launch."""
        self.launches += 1

    def terminated(self, world: World, instance: Instance) -> None:
        """Count a desktop that the app ends."""
        self.terminated_by_app += instance.state(world.now).must_be_ended

    def given_up(self, world: World, process: Process) -> None:
        """Count a dead letter."""
        self.dead_letters[process.name] += 1


def _is_doubled(world: World, life: Life) -> bool:
    living = [i.role for i in world.desktops.of(life.id) if i.state(world.now).must_be_ended]
    return len(living) > len(Role) or any(living.count(role) > 1 for role in Role)
