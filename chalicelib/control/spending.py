"""What each month costs, brought to what the rows say, once an hour; and how near that is to the operator's limit.

The months are read before the meetings are listed, and written only where nobody has written them since. A meeting that
is being scheduled may be in the sum and not in any listing yet: where a month was written a moment ago, the recount
waits for the next sweep, though not for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib import log
from chalicelib.control.ports import Ledger, World
from chalicelib.domain.days import Day, all_of
from chalicelib.domain.errors import Conflict
from chalicelib.domain.model import Meeting
from chalicelib.domain.prices import Prices
from chalicelib.domain.spending import Spending
from chalicelib.rules.budget import WARN_PERCENT, corrected, months_ahead, share

EVERY = timedelta(hours=1)
SETTLING = timedelta(minutes=1)
"""How long after it was written a month is left alone."""

PATIENCE = timedelta(minutes=15)
"""How long the recount waits for months to settle."""


class Spendings:
    """Counts anew what is spent and planned; one instance knows from sweep to sweep when it last did."""

    def __init__(self, ledger: Ledger, prices: Prices, limit: Decimal, of_day: Day) -> None:
        """Take where it is kept, what desktops cost, the limit in US dollars a month, and what lists a day."""
        self._ledger = ledger
        self._prices = prices
        self._limit = limit
        self._of_day = of_day
        self._due_at: datetime | None = None

    def before(self, now: datetime) -> dict[str, Spending]:
        """Return the months as they are, to be read before meetings are listed; none where it is not time to."""
        self._due_at = self._due_at or now
        if now < self._due_at:
            return {}
        months = self._ledger.read(months_ahead(now))
        written = [spending.written_at for spending in months.values() if spending.written_at]
        settled = all(now >= moment + SETTLING for moment in written)
        return months if settled or now >= self._due_at + PATIENCE else {}

    def correct(self, world: World, months: Mapping[str, Spending], open_meetings: Iterable[Meeting]) -> None:
        """Write those months that are not what the meetings cost, and tell the share of the limit.

        `open_meetings` are all that are not over. Those that are over are listed by the present month's days.
        """
        if not months:
            return
        now = world.clock()
        known = {meeting.id: meeting for meeting in self._of_month(now)}
        known |= {meeting.id: meeting for meeting in open_meetings}
        wrong = corrected(months, known.values(), world.policy, self._prices, now)
        written = [spending.month for spending in wrong if self._is_written(spending)]
        if written:
            log.note(log.Note.COSTS, why="the rows say otherwise", months=written)
        self._tell({**months, **{spending.month: spending for spending in wrong}}, world.policy.stage)
        self._due_at = now + EVERY

    def _of_month(self, now: datetime) -> Iterable[Meeting]:
        """Yield the meetings of the present month up to today; later ones are open."""
        for day in range(1, now.day + 1):
            yield from all_of(self._of_day, f"{now:%Y-%m}-{day:02d}")

    def _is_written(self, spending: Spending) -> bool:
        """Write a month; return False where somebody has written it since it was read."""
        try:
            self._ledger.correct(spending)
        except Conflict:
            return False
        return True

    def _tell(self, months: Mapping[str, Spending], stage: str) -> None:
        """Count the share of the month that is nearest to the limit, and warn where that is near."""
        nearest = max(months.values(), key=lambda spending: spending.amount)
        percent = share(nearest, self._limit)
        log.count(log.Metric.COST_SHARE, percent, stage=stage, month=nearest.month)
        if percent >= WARN_PERCENT:
            why = f"{nearest.amount:.2f} of {self._limit:.2f} US dollars are spent or planned"
            log.warn(log.Warn.COST_LIMIT_NEAR, month=nearest.month, percent=percent, why=why)
