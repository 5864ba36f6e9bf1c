"""What meetings cost a month, what of its limit that is, and which month has some left. Pure; in US dollars.

A meeting belongs to the month of its `meet_time`, UTC, whenever its desktops live.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import Prices
from chalicelib.domain.spending import Spending, month_of
from chalicelib.rules.cost import amount, expected

AHEAD = 13
"""The months that are looked after, the present one with them: a meeting may be scheduled a year ahead."""

WARN_PERCENT = 80
"""The share of the limit from which on it is warned."""

Months = Mapping[str, Spending]
"""Months by their names."""


def months_ahead(now: datetime) -> list[str]:
    """Return the names of the months that are looked after, the present one first; `now` is UTC."""
    count = now.year * 12 + now.month - 1
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(count, count + AHEAD)]


def due_in(meeting: Meeting, now: datetime, policy: Policy, prices: Prices) -> dict[str, Decimal]:
    """Return what this meeting costs in which month, once it is over; nothing where its row tells no time."""
    if meeting.meet_time is None:
        return {}
    return {month_of(meeting.meet_time): amount(expected(meeting, now, policy), prices)}


def changed(before: Mapping[str, Decimal], after: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return what is to be added to which month, where a meeting costs otherwise than before; less is below 0."""
    news = {month: after.get(month, Decimal(0)) - before.get(month, Decimal(0)) for month in {*before, *after}}
    return {month: news[month] for month in sorted(news) if news[month]}


def corrected(
    months: Months, meetings: Iterable[Meeting], policy: Policy, prices: Prices, now: datetime
) -> list[Spending]:
    """Return the months whose sum is not what these meetings cost, all that there are in them, as they should be."""
    paid = dict.fromkeys(months, timedelta())
    for meeting in meetings:
        month = month_of(meeting.meet_time) if meeting.meet_time else ""
        if month in paid:
            paid[month] += expected(meeting, now, policy)
    right = [replace(spending, amount=amount(paid[month], prices)) for month, spending in months.items()]
    return [spending for spending in right if spending.amount != months[spending.month].amount]


def share(spending: Spending, limit: Decimal) -> int:
    """Return how many whole percent of the limit are spent or planned; of a limit of nothing, all."""
    return int(spending.amount * 100 // limit) if limit else 100


def with_room(months: Iterable[Spending], cost: Decimal, limit: Decimal) -> Spending | None:
    """Return the first of these months in which a meeting of this cost has room, None where none has."""
    return next((spending for spending in months if spending.amount + cost <= limit), None)
