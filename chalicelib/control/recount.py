"""The calendar, brought to what the rows say: rows made or moved by hand count, ended meetings give their time back.

The weeks are read before the meetings are listed, and written only where nobody has written them since. So a booking
that was made meanwhile is not lost; its week is counted again a minute later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib import log
from chalicelib.control.ports import Calendar, World
from chalicelib.domain.calendar import Week
from chalicelib.domain.errors import Conflict
from chalicelib.domain.model import Meeting
from chalicelib.rules.calendar import corrected, weeks_ahead


def weeks_before(world: World) -> dict[int, Week]:
    """Return every week of the calendar, to be read before the meetings are listed; none where there is no calendar."""
    return world.calendar.read(weeks_ahead(world.clock())) if world.calendar else {}


def correct(world: World, weeks: Mapping[int, Week], meetings: Iterable[Meeting]) -> None:
    """Write those weeks that are not what these meetings, all that are open, want."""
    wrong = corrected(weeks, meetings, world.policy, world.clock())
    written = [week.monday for week in wrong if world.calendar and _is_written(week, world.calendar)]
    if written:
        log.note(log.Note.CALENDAR, why="the rows say otherwise", weeks=written)


def _is_written(week: Week, calendar: Calendar) -> bool:
    """Write a week; return False where somebody has written it since it was read."""
    try:
        calendar.correct(week)
    except Conflict:
        return False
    return True
