"""The app's plan, made once for as long as it must come out the same.

Nearly every sweep finds nearly every meeting as the last one did. The plan is a pure function of the
row, the desktops and the time, and it uses the time only to compare it with others. So a plan that
asked for nothing is empty again as long as row and desktops are the same and none of the moments that
it compared the time with has come. Nothing is known here about the rules themselves: the time that
they are given remembers what it was compared with. Where they do anything else with it, nothing is
taken for granted.

Only the simulation does this, to try more meetings. The app plans every meeting in every sweep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.domain.actions import Action
from chalicelib.domain.model import Meeting, Observation
from chalicelib.rules.facts import NO_HINTS, Hints

Plan = Callable[..., list[Action]]
"""Takes a meeting, what is known of its desktops, the time, and options."""


@dataclass(slots=True)
class _Quiet:
    """A plan that asked for nothing: what it was made from, and until when it must come out the same."""

    meeting: Meeting
    desktops: Observation
    options: Mapping[str, Any]
    until: datetime | None = None  # not known yet

    def is_of(self, desktops: Observation, options: Mapping[str, Any]) -> bool:
        return (
            self.desktops.desktops == desktops.desktops
            and self.desktops.complete is desktops.complete
            and self.options == options
        )


class Planner:
    """Stands in for `plan`, and only asks it where the answer may be another than it was."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._quiet: dict[str, _Quiet] = {}
        self.spared = 0

    def __call__(
        self, meeting: Meeting, desktops: Observation, now: datetime, hints: Hints = NO_HINTS, **options: Any
    ) -> list[Action]:
        """Return what is to be done for this meeting now."""
        options["hints"] = hints
        quiet = self._quiet.get(meeting.id)
        if quiet is None or quiet.meeting is not meeting or not quiet.is_of(desktops, options):
            quiet = None
        elif quiet.until is not None and now < quiet.until:
            self.spared += 1
            return []
        actions = self._plan(meeting, desktops, now, **options)
        if actions:
            self._quiet.pop(meeting.id, None)
        elif quiet is None:
            self._quiet[meeting.id] = _Quiet(meeting, desktops, options)
        else:  # as quiet as the last time, so it is worth finding out how long it stays so
            watched = WatchedTime.of(now)
            self._plan(meeting, desktops, watched, **options)
            quiet.until = watched.next_moment
        return actions


class WatchedTime(datetime):
    """A time that remembers the next moment at which a comparison with it would come out otherwise."""

    plain: datetime
    next_moment: datetime

    @classmethod
    def of(cls, time: datetime) -> WatchedTime:
        """Return this time, in UTC, watched from now on."""
        watched = cls(
            time.year, time.month, time.day, time.hour, time.minute, time.second, time.microsecond, tzinfo=UTC
        )
        watched.plain, watched.next_moment = time, _NEVER
        return watched

    def _note(self, other: date) -> None:
        """Take note of a moment that is still to come; one that is just now counts as well."""
        if isinstance(other, datetime) and self.plain <= other < self.next_moment:
            self.next_moment = other

    def __ge__(self, other: date) -> bool:
        if self.plain >= other:
            return True  # and stays so
        self._note(other)
        return False

    def __lt__(self, other: date) -> bool:
        return not self >= other

    def __gt__(self, other: date) -> bool:
        self._note(other)
        return self.plain > other

    def __le__(self, other: date) -> bool:
        self._note(other)
        return self.plain <= other


_NEVER = datetime.max.replace(tzinfo=UTC)


def _watch(name: str) -> None:
    """Let everything else that is done with a watched time make it worth nothing for later."""
    original = getattr(datetime, name)

    def used(self: WatchedTime, *args: Any, **kwargs: Any) -> Any:
        self.next_moment = self.plain
        return getattr(self.plain, original.__name__)(*args, **kwargs)

    setattr(WatchedTime, name, used)


for _name in (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__eq__", "__ne__", "__hash__", "__str__", "__repr__"),
    *("__format__", "astimezone", "date", "isoformat", "replace", "strftime", "time", "timestamp"),
):
    _watch(_name)
