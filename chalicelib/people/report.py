"""The report of some days for an operator: figures of all meetings, by day, by key and by teacher; and as CSV. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import CURRENCY, Prices
from chalicelib.rules.cost import amount
from chalicelib.rules.figures import Figures, day_of, figures, grouped, key_of, teacher_of

GROUPS: Mapping[str, Callable[[Meeting], str]] = {"day": day_of, "key": key_of, "teacher": teacher_of}
"""By what figures are summed, in the order of the report."""

COLUMNS = (
    "of",
    "name",
    "meetings",
    "no_shows",
    "ready_p50_s",
    "ready_p95_s",
    "replaced",
    "paid_hours",
    "used_hours",
    "cost",
    "currency",
)
"""The columns of the CSV; `of` is total, day, key or teacher."""

_CALCULATED = "=+-@＝＋－＠"
_HOUR = timedelta(hours=1)


def report(meetings: Iterable[Meeting], now: datetime, policy: Policy, prices: Prices | None) -> dict[str, Any]:
    """Return the figures of all these meetings as `total`, and lists of those of each day, key and teacher.

    Each of a list has a `name`, empty where rows do not tell it. `now` is UTC. Where there are no prices, no cost is
    told.
    """
    known = list(meetings)

    def told(some: list[Meeting]) -> dict[str, Any]:
        return _told(figures(some, now, policy), prices)

    groups = {
        f"by_{name}": [{"name": one} | told(some) for one, some in grouped(known, name_of).items()]
        for name, name_of in GROUPS.items()
    }
    return {"total": told(known)} | groups


def _told(of: Figures, prices: Prices | None) -> dict[str, Any]:
    fast, slow = of.ready_in(50), of.ready_in(95)
    told = {
        "meetings": of.meetings,
        "no_shows": of.no_shows,
        "ready_p50_s": round(fast.total_seconds()) if fast else None,
        "ready_p95_s": round(slow.total_seconds()) if slow else None,
        "replaced": dict(of.replaced),
        "paid_hours": round(of.use.paid / _HOUR, 2),
        "used_hours": round(of.use.used / _HOUR, 2),
        "used_is_estimate": of.use.is_estimate,
    }
    return told | ({"cost": float(amount(of.use.paid, prices)), "currency": CURRENCY} if prices else {})


def as_csv(told: Mapping[str, Any]) -> str:
    """Return a report as CSV, with a line of the columns' names first; what is not known is an empty cell.

    No cell is taken for a formula by a spreadsheet, whatever people call themselves.
    """
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    lines.writerow(_line("total", told["total"]))
    for name in GROUPS:
        lines.writerows(_line(name, group) for group in told[f"by_{name}"])
    return text.getvalue()


def _line(of: str, group: Mapping[str, Any]) -> list[str]:
    values = {"of": of, **group, "replaced": sum(group["replaced"].values())}
    return [_cell(values.get(column)) for column in COLUMNS]


def _cell(value: object) -> str:
    """Return what a cell holds: one line, that begins with nothing that a spreadsheet calculates with."""
    text = "".join(letter if letter.isprintable() else " " for letter in ("" if value is None else str(value)))
    return f"'{text}" if text.lstrip()[:1] in tuple(_CALCULATED) else text
