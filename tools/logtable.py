"""The tables of docs/log.md, printed from the log's own registry in chalicelib/log.py."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.log import Fail, Metric, Note, Warn

_LEVELS: tuple[tuple[type[Note | Warn | Fail], str], ...] = ((Note, "INFO"), (Warn, "WARNING"), (Fail, "ERROR"))


def events() -> str:
    """Return the table of the log's events in Markdown, by level."""
    rows = [(f"`{event}`", level, event.meaning, _names(event.facts)) for kind, level in _LEVELS for event in kind]
    return _table(("event", "level", "what it tells", "facts"), rows)


def metrics() -> str:
    """Return the table of the metrics in Markdown."""
    rows = []
    for metric in Metric:
        dimensions = "by stage and reason" if "Reason" in metric.facts else "by stage"
        facts = [fact for fact in metric.facts if fact != "Reason"]
        rows.append((f"`{metric}`", dimensions, metric.meaning, _names(facts)))
    return _table(("metric", "counted", "what it counts", "facts of its lines"), rows)


def _names(facts: Iterable[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in facts)


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
