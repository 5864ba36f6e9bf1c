"""The schema of the events that others are told, as it is published: what is sent must be just that."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from chalicelib.domain.announcement import Announcement
from tools.stage import ROOT


@cache
def _schema() -> Any:
    published = json.loads((ROOT / "docs" / "events.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(published)
    return published


def hold(event: dict[str, Any]) -> None:
    """Hold an event as others get it to the schema, and to holding nothing that the schema does not name."""
    Draft202012Validator(_schema()).validate(event)
    kind = _schema()["$defs"][event["detail-type"].replace(" ", "")]
    assert event["detail"].keys() <= kind["properties"]["detail"]["properties"].keys()


def as_sent(announcement: Announcement) -> dict[str, Any]:
    """Return an event as others get it, as far as the app says it."""
    return {"source": "elephant.dev", "detail-type": announcement.kind.value, "detail": announcement.detail}
