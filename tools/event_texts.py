"""The events for others as people and programs read them: the tables of docs/integrations.md, and the JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.domain.announcement import COMMON, OTHER, VERSION, Kind
from chalicelib.domain.model import Reason
from chalicelib.domain.seat import Role
from tools.stage import ROOT

_MOMENT = {"type": "string", "format": "date-time", "pattern": "Z$"}
_MINUTES = {"type": "integer", "minimum": 1}
_NAMED = {"type": "string", "minLength": 1}
_CHANGES = ["duration", "names", "time_zone", *(f"{role}_link" for role in Role)]

FACTS: dict[str, tuple[dict[str, Any], str]] = {
    "version": ({"const": VERSION}, "grows when a fact is taken away or comes to mean something else"),
    "id": ({"type": "string", "pattern": "^[0-9a-f]{32}$"}, "the same for the same event, however often it comes"),
    "meeting_id": (_NAMED, "which meeting; what else is known of it is asked of the API"),
    "at": (_MOMENT, "when it happened (UTC)"),
    "sequence": ({"type": "integer", "minimum": 0}, "how often people have changed the meeting, as calendars count"),
    "meet_time": (_MOMENT, "when the meeting is (UTC)"),
    "moved_from": (_MOMENT, "when it was to be before (UTC)"),
    "duration_minutes": (_MINUTES, "how long people's time lasts"),
    "changes": (
        {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": _CHANGES}},
        "what was changed; a link that was made anew is the only one of its role that holds",
    ),
    "role": ({"enum": list(Role)}, "whose desktop, or who"),
    "desktop_id": (_NAMED, "the EC2 instance"),
    "why": (_NAMED, "why, as a sentence for people"),
    "prefix": (_NAMED, "what the recording's keys in the bucket begin with, where desktops have the kit"),
    "complete": ({"type": "boolean"}, "whether nothing of it was lost"),
    "reason": ({"enum": [*Reason, OTHER]}, "why it ended; OTHER where somebody wrote it in their own words"),
}
"""Every fact of an event: what it can be as JSON Schema, and what it says."""

OPTIONAL = frozenset({"desktop_id", "why", "prefix"})
"""What an event leaves out where it is not known."""


def kinds() -> Iterator[str]:
    """Yield the table of the kinds of events in Markdown."""
    yield "| `detail-type` | what it tells | facts in `detail` |"
    yield "|---|---|---|"
    for kind in Kind:
        yield f"| `{kind}` | {kind.meaning} | {', '.join(f'`{fact}`' for fact in kind.facts)} |"


def facts() -> Iterator[str]:
    """Yield the table of the facts in Markdown; those of every event come first."""
    yield "| fact | what it says |"
    yield "|---|---|"
    for name, (_, meaning) in FACTS.items():
        where = "in every event: " if name in COMMON else ""
        yield f"| `{name}` | {where}{meaning} |"


def sample(name: str) -> Callable[[], Iterator[str]]:
    """Return what yields a sample of docs/samples as a block of Markdown."""

    def lines() -> Iterator[str]:
        yield "```python"
        yield from (ROOT / "docs" / "samples" / f"{name}.py").read_text(encoding="utf-8").splitlines()
        yield "```"

    return lines


def schema() -> Iterator[str]:
    """Yield the JSON Schema of the events as rules and functions get them, line by line."""
    yield from json.dumps(_schema(), indent=2).splitlines()


def _schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events of Elephant on EventBridge",
        "type": "object",
        "required": ["source", "detail-type", "detail"],
        "properties": {"source": {"type": "string", "pattern": r"^elephant\.[a-z][a-z0-9]*$"}},
        "oneOf": [{"$ref": f"#/$defs/{_name(kind)}"} for kind in Kind],
        "$defs": {_name(kind): _of(kind) for kind in Kind} | {"facts": {name: is_ for name, (is_, _) in FACTS.items()}},
    }


def _name(kind: Kind) -> str:
    return kind.value.replace(" ", "")


def _of(kind: Kind) -> dict[str, Any]:
    names = (*COMMON, *kind.facts)
    detail = {
        "type": "object",
        "required": [name for name in names if name not in OPTIONAL],
        "properties": {name: {"$ref": f"#/$defs/facts/{name}"} for name in names},
    }
    return {"description": kind.meaning, "properties": {"detail-type": {"const": kind.value}, "detail": detail}}
