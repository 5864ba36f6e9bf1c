"""What a promise is, and what becomes of it when it is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NoReturn

from tests.fakes import Row
from tests.simulation.figures import Figures
from tests.simulation.world.checks import Checks
from tests.simulation.world.lives import Life
from tests.simulation.world.processes import Process
from tests.simulation.world.sweeps import FLEET, FLEET_AND_ROWS
from tests.simulation.world.world import World


class Violation(BaseException):
    """A promise was broken. The message tells the story and how to see it again.

    It is no `Exception`, because it may be noticed inside a handler, and handlers survive those.
    """


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep that has run to its end, and what it was able to see."""

    process: Process
    number: int

    @property
    def clean(self) -> bool:
        """Whether no call failed, unless about one cursed meeting."""
        return not self.process.failing

    @property
    def saw_rows(self) -> bool:
        """Whether the table and EC2 answered."""
        return not self.process.failing & FLEET_AND_ROWS

    @property
    def saw_fleet(self) -> bool:
        """Whether EC2 answered."""
        return not self.process.failing & FLEET


class Promise(Checks):
    """One promise. It hears of everything that happens in a world, and of each meeting after each sweep."""

    name: ClassVar[str]
    asked_every: ClassVar[int] = 1
    """After every so many sweeps it is asked about each meeting; rarely, where it is about what must not last."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def swept(self, world: World, sweep: Sweep) -> None:
        """Judge what a sweep must have put right that is no single meeting's."""

    def meeting_swept(self, world: World, life: Life, row: Row, sweep: Sweep) -> None:
        """Judge what a sweep to which the table and EC2 answered must have put right of a listed meeting."""

    def broken(self, world: World, life: Life | None, problem: str) -> NoReturn:
        """Tell that the promise was broken, in which meeting, and by what.

        Raises:
            Violation: always.
        """
        self._figures.count_violation(self.name)
        raise violation(self.name, world, life, problem)


def violation(name: str, world: World, life: Life | None, problem: str) -> Violation:
    """Return what tells that a promise of this name was broken."""
    which, story = (life.id, life.told()) if life else ("-", "(no meeting)")
    return Violation(
        f"Invariant {name!r} broken in meeting {which} at {world.now:%d %H:%M:%S}: {problem}\n  {story}\n"
        f"To see it again: make simulate WORLD={world.name}"
    )
