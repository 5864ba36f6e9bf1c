"""The port `Ledger` in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from chalicelib.control.ports import Ledger
from chalicelib.domain.errors import Conflict
from chalicelib.domain.spending import Spending
from tests.wire import Wire


class FakeLedger(Ledger):
    """Months in memory."""

    def __init__(self, clock: Callable[[], datetime], wire: Wire | None = None) -> None:
        self.clock = clock
        self.wire = wire or Wire()
        self.months: dict[str, Spending] = {}

    def read(self, months: Collection[str]) -> dict[str, Spending]:
        with self.wire.call("ledger.read", *months):
            return {month: self.months.get(month, Spending(month)) for month in months}

    def add(self, month: str, amount: Decimal, limit: Decimal | None) -> bool:
        with self.wire.call("ledger.add", month, amount):
            stands = self.months.get(month, Spending(month))
            if limit is not None and stands.amount + amount > limit:
                return False
            self._write(replace(stands, amount=stands.amount + amount))
            return True

    def correct(self, spending: Spending) -> None:
        with self.wire.call("ledger.correct", spending.month):
            if self.months.get(spending.month, Spending(spending.month)).revision != spending.revision:
                raise Conflict("The month was written meanwhile.")
            self._write(spending)

    def _write(self, spending: Spending) -> None:
        self.months[spending.month] = replace(spending, revision=spending.revision + 1, written_at=self.clock())
