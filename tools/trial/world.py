"""What a trial meets and asks: the stage from outside, how the trial is to go, and the app's patient asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chalicelib.domain.seat import Role
from tools.findings import Finding
from tools.trial.api import Answer, Trouble
from tools.trial.reach import Way
from tools.trial.stand import Look
from tools.trial.steps import Failed, Steps

TROUBLE_LASTS = timedelta(minutes=2)
"""How long the app's own word may fail to come."""


class World(Protocol):
    """What a trial asks of the stage, and does to it."""

    def join(self, role: Role, *, peek: bool) -> Answer:
        """Ask the app about a role's door; without `peek`, to be let in. Raises Trouble where it does not answer."""

    def look(self) -> Look:
        """Look at the meeting's row and desktops."""

    def ends_at_the_latest(self) -> datetime | None:
        """Return when the meeting ends by itself, whatever happens (UTC), None where nothing tells."""

    def reach(self, url: str) -> Way:
        """Go the way to a desktop as a browser does. Raises Failed."""

    def open_door(self, role: Role, address: str) -> None:
        """Send a browser there, which stays until the doors are closed."""

    def browsers_ended(self) -> Mapping[Role, int]:
        """Return the exit codes of the browsers that have ended by themselves."""

    def close_doors(self) -> None:
        """Close every browser."""

    def left(self) -> list[Finding]:
        """Return what is still there of the meeting, which has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How this trial goes. `hands` says that people open the doors; the other texts are commands that remedy."""

    boot_limit: timedelta
    records: bool
    hands: bool
    open_for: timedelta = timedelta(minutes=2)
    doctor: str
    image: str
    certificate: str
    log: str


def ended_too_soon(plan: Plan, reason: str) -> Failed:
    """Return why a trial cannot go on: its meeting is over."""
    told = f" ({reason})" if reason else ""
    return Failed(f"the meeting ended before its trial did{told}", plan.log)


class Asking:
    """Asks about doors, and is patient with trouble that passes."""

    def __init__(self, world: World, steps: Steps, plan: Plan) -> None:
        self._world = world
        self._steps = steps
        self._plan = plan
        self._trouble_since: datetime | None = None
        self._told = ""

    def ask(self, role: Role, *, peek: bool) -> Answer | None:
        """Return the app's answer about a door that is to open, None where none came and another may.

        Raises:
            Failed: the app refuses, or has not answered for too long.
        """
        try:
            answer = self._world.join(role, peek=peek)
        except Trouble as trouble:
            now = self._steps.now()
            self._trouble_since = self._trouble_since or now
            if now - self._trouble_since >= TROUBLE_LASTS:
                raise Failed(
                    f"for {TROUBLE_LASTS.seconds // 60} minutes the app has not answered: {str(trouble).rstrip('.')}",
                    self._plan.doctor,
                ) from trouble
            if str(trouble) != self._told:
                self._told = str(trouble)
                self._steps.tell(self._told)
            return None
        self._trouble_since = None
        if answer.status == 410:
            raise ended_too_soon(self._plan, str(answer.body.get("reason", "")))
        if answer.status not in (200, 202):
            said = answer.message.rstrip(".")
            raise Failed(f"the {role}'s link is refused ({answer.status}): {said}", self._plan.doctor)
        return answer
