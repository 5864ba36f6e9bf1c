"""A meeting's row in a table, the place that a desktop has on it, and what of it has changed."""

from __future__ import annotations

from typing import Any

from chalicelib.guests import desk
from chalicelib.guests.desk import Desk
from tests.builders import row
from tests.fakes import FakeMeetings

ME = "i-teacher"


def table(*steps: dict[str, Any], **more: Any) -> FakeMeetings:
    """Return a table with one row, m1: these steps of its life, and what is special."""
    meetings = FakeMeetings()
    meetings.write("m1", {name: value for name, value in row(*steps, more).items() if value is not None})
    meetings.wire.calls.clear()
    return meetings


def place(meetings: FakeMeetings, desktop_id: str = ME) -> Desk:
    """Return the place that a desktop has in it."""
    return desk.desk_of(meetings, "m1", desktop_id)


def changed(meetings: FakeMeetings, before: dict[str, Any]) -> dict[str, Any]:
    """Return what of the row is not as it was, None for what is gone; its history aside."""
    after = meetings.rows["m1"]
    names = (before.keys() | after.keys()) - {"history"}
    return {name: after.get(name) for name in names if after.get(name) != before.get(name)}
