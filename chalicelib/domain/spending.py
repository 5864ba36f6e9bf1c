"""What a month's meetings cost, as it is kept: what was spent of it and what is planned, in one sum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Spending:
    """The US dollars of one month, like 2026-03, that are spent or planned.

    `revision` counts how often it was written, 0 for never; `written_at` is when it was last (UTC), None for never.
    """

    month: str
    amount: Decimal = Decimal(0)
    revision: int = 0
    written_at: datetime | None = None

    @property
    def begins_at(self) -> datetime:
        """The first moment of the month, UTC."""
        return datetime.fromisoformat(f"{self.month}-01").replace(tzinfo=UTC)


def month_of(moment: datetime) -> str:
    """Return the month that a moment (UTC) lies in, like 2026-03."""
    return f"{moment:%Y-%m}"
