"""The monthly limit: a meeting that would cost more than is left of its month is not scheduled.

What it is expected to cost is taken first, in one conditional write, and given back where the meeting is not stored. A
crash in between takes too much; what ended sooner than expected took too much as well. The sweep's recount corrects
both within the hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Ledger
from chalicelib.domain import rows, writes
from chalicelib.domain.errors import Conflict, MonthSpent, TimeFull, Unavailable
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import Prices
from chalicelib.domain.update import Update
from chalicelib.rules.budget import changed, due_in, months_ahead, with_room


class Budget:
    """Lets meetings be stored as long as their month's cost stays within the operator's limit."""

    def __init__(
        self, *, ledger: Ledger, clock: Callable[[], datetime], policy: Policy, prices: Prices, limit: Decimal
    ) -> None:
        """Take what is needed; `limit` is in US dollars a month."""
        self._ledger = ledger
        self._clock = clock
        self._policy = policy
        self._prices = prices
        self._limit = limit

    def create(self, row: Mapping[str, Any], store: Callable[[Mapping[str, Any]], bool]) -> bool:
        """Store a new row by `store`, if its month has room; return what that returns, False where the id is taken.

        Raises:
            MonthSpent: the limit of its month is reached.
            TimeFull: as `store` does.
            Unavailable: nothing is known of the row; what was taken for it stays taken until the recount.
        """
        meeting = rows.meeting(row)
        due = due_in(meeting, self._clock(), self._policy, self._prices)
        self._take(due, meeting)
        try:
            stored = store(row)
        except TimeFull:
            self._give_back(due, meeting)
            raise
        if not stored:
            self._give_back(due, meeting)
        return stored

    def update(self, meeting: Meeting, change: Update, write: Callable[[], None]) -> None:
        """Make a change by `write`, and let the months that it costs in know.

        Only a month that the meeting was not in before has to have room: who lengthens a meeting is not refused.

        Raises:
            MonthSpent: it is moved to a month whose limit is reached.
            Conflict, TimeFull, Unavailable: as `write` does.
        """
        now, policy, prices = self._clock(), self._policy, self._prices
        before = due_in(meeting, now, policy, prices)
        news = changed(before, due_in(writes.after(meeting, change), now, policy, prices))
        more = {month: amount for month, amount in news.items() if amount > 0}
        self._take(more, meeting, own=before.keys())
        try:
            write()
        except (Conflict, TimeFull):
            self._give_back(more, meeting)
            raise
        self._give_back({month: -amount for month, amount in news.items() if amount < 0}, meeting)

    def _take(self, due: Mapping[str, Decimal], meeting: Meeting, own: Any = ()) -> None:
        for month, amount in due.items():
            limit = None if month in own else self._limit
            if not self._ledger.add(month, amount, limit):
                raise self._spent(month, amount, meeting)

    def _give_back(self, due: Mapping[str, Decimal], meeting: Meeting) -> None:
        """Give back what is not needed. Where it cannot be now, the recount does it."""
        for month, amount in due.items():
            try:
                self._ledger.add(month, -amount, None)
            except Unavailable as error:
                log.warn(log.Warn.COST_NOT_NOTED, meeting=meeting.id, month=month, why=str(error))

    def _spent(self, month: str, cost: Decimal, meeting: Meeting) -> MonthSpent:
        """Return the refusal, with the first day on which there is some left again."""
        now = self._clock()
        later = [name for name in months_ahead(now) if name > month]
        free = None
        with suppress(Unavailable):
            read = self._ledger.read(later)
            free = with_room([read[name] for name in later], cost, self._limit)
        log.warn(log.Warn.COST_LIMIT_REACHED, meeting=meeting.id, month=month, why="a meeting was not scheduled")
        asked = meeting.meet_time or now
        why = f"What may be spent on meetings in {asked:%B %Y} is used up"
        if free is None:
            return MonthSpent(f"{why}; ask whoever runs this service for more.", ())
        moment = free.begins_at.replace(hour=asked.hour, minute=asked.minute)
        return MonthSpent(f"{why}; choose a time from {moment.day} {moment:%B %Y} on (UTC).", (moment,))
