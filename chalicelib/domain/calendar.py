"""The calendar as it is kept: how many desktops are wanted in each quarter of an hour, a week in one piece.

Quarters and weeks are numbered from `MONDAY`, in UTC, so that a meeting's time is a range of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

QUARTER = timedelta(minutes=15)
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""The first Monday that there is: where quarter 0 of week 0 begins."""

QUARTERS_OF_A_WEEK = timedelta(weeks=1) // QUARTER
_EMPTY = (0,) * QUARTERS_OF_A_WEEK


@dataclass(frozen=True, slots=True)
class Week:
    """The desktops wanted in each quarter of one week, Monday's first.

    `revision` counts how often it was written, 0 for never: a write expects the revision that it was decided on.
    """

    number: int
    desktops: tuple[int, ...] = _EMPTY
    revision: int = 0

    @property
    def monday(self) -> date:
        """The day that it begins on, UTC."""
        return MONDAY.date() + timedelta(weeks=self.number)

    @property
    def quarters(self) -> range:
        """The numbers of its quarters."""
        first = self.number * QUARTERS_OF_A_WEEK
        return range(first, first + QUARTERS_OF_A_WEEK)


def moment_of(quarter: int) -> datetime:
    """Return when a quarter begins."""
    return MONDAY + quarter * QUARTER


def quarter_of(moment: datetime) -> int:
    """Return the number of the quarter that a moment lies in; a quarter begins with its first moment."""
    return (moment - MONDAY) // QUARTER


def week_of(quarter: int) -> int:
    """Return the number of the week that a quarter belongs to."""
    return quarter // QUARTERS_OF_A_WEEK
