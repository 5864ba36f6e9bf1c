"""The rules as people read them, in the docstring of chalicelib/rules/plan.py and in the docs."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.rules import recordings, standby
from chalicelib.rules.endings import ENDINGS
from chalicelib.rules.seats import RULES


def table() -> Iterator[str]:
    """Yield the rules for a meeting that is not over, in their order: when one holds, and what is done then."""
    rows = [(standby.WHEN, standby.THEN), (recordings.WHEN, recordings.THEN)]
    rows += [(ending.when, f"end: {ending.reason}") for ending in ENDINGS]
    rows += [row for rule in RULES for row in rule.rows]
    yield from _table(("when", "then"), rows)


def endings() -> Iterator[str]:
    """Yield the ways in which a meeting ends, in the order in which they are tried, each with its reason."""
    yield from _table(("a meeting ends", "reason"), [(ending.when, f"`{ending.reason}`") for ending in ENDINGS])


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(2)]
    yield _line(head, widths)
    yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    yield from (_line(row, widths) for row in rows)


def _line(row: tuple[str, str], widths: list[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |"
