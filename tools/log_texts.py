"""The log as people read it: the tables of docs/log.md, written from the registry in chalicelib/log.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.log import Fail, Metric, Note, Warn

_LEVELS: tuple[tuple[type[Note | Warn | Fail], str], ...] = ((Note, "INFO"), (Warn, "WARNING"), (Fail, "ERROR"))


def events() -> Iterator[str]:
    """Yield the table of the log's events in Markdown, by level."""
    yield "| event | level | what it tells | facts |"
    yield "|---|---|---|---|"
    for kind, level in _LEVELS:
        for event in kind:
            yield f"| `{event}` | {level} | {event.meaning} | {_names(event.facts)} |"


def metrics() -> Iterator[str]:
    """Yield the table of the metrics in Markdown."""
    yield "| metric | counted | what it counts | facts of its lines |"
    yield "|---|---|---|---|"
    for metric in Metric:
        dimensions = "by stage and reason" if "Reason" in metric.facts else "by stage"
        facts = [fact for fact in metric.facts if fact != "Reason"]
        yield f"| `{metric}` | {dimensions} | {metric.meaning} | {_names(facts)} |"


def _names(facts: Iterable[str]) -> str:
    return ", ".join(f"`{fact}`" for fact in facts)
