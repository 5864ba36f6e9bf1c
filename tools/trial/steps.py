"""What a trial has come to: each step told as it happens, and kept for the table at its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from chalicelib.domain.seat import Role
from tools.findings import Finding, warn

POLL_S = 5.0
_WIDTHS = (20, 9)

Found = TypeVar("Found")


class Failed(Exception):
    """A step that did not come about: what is wrong, and its remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


class Steps:
    """The steps of one trial. `now` returns UTC, `tell` prints a line."""

    def __init__(
        self, now: Callable[[], datetime], sleep: Callable[[float], None], tell: Callable[[str], object]
    ) -> None:
        self.now = now
        self.sleep = sleep
        self._tell = tell
        self.began_at = now()
        self.wrong: list[Finding] = []
        """What went on, and not as it should have."""
        self._seconds: dict[str, dict[Role | None, float]] = {}

    def tell(self, what: str) -> None:
        """Print what has happened, with the time of this machine's clock and the seconds since the beginning."""
        now = self.now()
        seconds = (now - self.began_at).total_seconds()
        self._tell(f"{now:%H:%M:%S}  {seconds:6.0f} s  {what}")

    def done(self, step: str, role: Role | None, what: str) -> None:
        """Note that a step was done, for one role or (None) for the meeting, and tell it; once a role."""
        of_step = self._seconds.setdefault(step, {})
        if role not in of_step:
            of_step[role] = (self.now() - self.began_at).total_seconds()
            self.tell(what)

    def amiss(self, what: str, remedy: str) -> None:
        """Tell what went on, and not as it should have."""
        self.wrong.append(warn(what, remedy))
        self.tell(what)

    def until(
        self,
        look: Callable[[], Found | None],
        at_most: timedelta,
        otherwise: Callable[[], Failed],
        every_s: float = POLL_S,
    ) -> Found:
        """Return what a look finds, as soon as it finds something.

        Raises:
            Failed: it found nothing for so long.
        """
        end = self.now() + at_most
        while (found := look()) is None:
            if self.now() >= end:
                raise otherwise()
            self.sleep(every_s)
        return found

    def table(self) -> list[str]:
        """Return the steps that were done as lines: seconds since the beginning, for each role or for both."""
        lines = [_row("step", *Role), _row("", *("seconds" for _ in Role))]
        for step, seconds in self._seconds.items():
            both = seconds.get(None)
            shown = (seconds.get(role, both) for role in Role)
            lines.append(_row(step, *("–" if each is None else f"{each:.0f}" for each in shown)))
        return lines


def _row(first: str, *others: str) -> str:
    left, right = _WIDTHS
    return f"{first:{left}}" + "".join(f"{each:>{right}}" for each in others)
