"""The rules as people read them: the table in the docstring of chalicelib/rules/plan.py and in docs/architecture.md."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.rules import standby
from chalicelib.rules.endings import ENDINGS
from chalicelib.rules.seats import RULES


def table() -> Iterator[str]:
    """Yield the rules for a meeting that is not over, in their order: when one holds, and what is done then."""
    rows = [(standby.WHEN, standby.THEN)]
    rows += [(ending.when, f"end: {ending.reason}") for ending in ENDINGS]
    rows += [row for rule in RULES for row in rule.rows]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    yield _line(("when", "then"), widths)
    yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    yield from (_line(row, widths) for row in rows)


def _line(row: tuple[str, str], widths: list[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
