"""Values that nobody means, for every attribute of a row: what DynamoDB takes from whoever may write there.

They are in DynamoDB JSON, since a row arrives so in a table's answer and in a stream record.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, get_args

from chalicelib.domain.model import MeetingAttribute, Reason, Status
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role, SeatAttribute, attribute

Item = dict[str, dict[str, Any]]

ATTRIBUTES = (
    *(name for name in get_args(MeetingAttribute) if name != "id"),
    *(attribute(role, name) for role in Role for name in get_args(SeatAttribute)),
    "erased_by",  # none of the app's
)
NUMBERS = (
    "0",
    "-1",
    "1",
    "1.5",
    "1E+125",
    "-1E+125",
    "1E-130",
    "9" * 38,
    "1E+20",
    "253402300800",
    "-62135596801",
    "1E+1",
)
TIMES = (
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-23:59",
    "1970-01-01T00:00:00+23:59",
    "2199-12-31T23:59:59-23:59",
    "2026-03-02T24:00:00Z",
    "2026-06-30T23:59:60Z",
    "2026-02-30T12:00:00Z",
    "2026-03-02T15:00:00+99:99",
    "2026-W10-1",
    "20260302T150000Z",
    "2026-03-02T15:00:00.123456789Z",
    "2026-03-02 15:00",
    "\u0662\u0660\u0662\u0666-03-02T15:00:00Z",
    "now",
)
TEXTS = (
    "",
    " ",
    "\x00\x1b[2J",
    "\u202e\u2028",
    "x" * 3000,
    "x" * 300_000,
    "<script>alert(1)</script>",
    "i-0123456789abcdef0",
    "https://elsewhere.example.net/?a=b#c",
    "e\u0301\U0001f469\u200d\U0001f3eb",
    "{}",
    "signed",
    "1",
    *Status,
    *Reason,
)


def value(dice: random.Random, now: datetime) -> dict[str, Any]:
    """Return a value of any kind, as often as not of one that some attribute has; `now` is UTC."""
    match dice.randrange(12):
        case 0 | 1:
            return {"N": dice.choice(NUMBERS)}
        case 2 | 3:
            return {"S": dice.choice(TIMES)}
        case 4 | 5:
            return {"S": timestamp(now + timedelta(minutes=dice.choice((-600, -30, -15, -5, 0, 1, 10, 60, 600))))}
        case 6 | 7 | 8:
            return {"S": dice.choice(TEXTS)}
        case 9:
            return dice.choice(({"NULL": True}, {"BOOL": True}, {"BOOL": False}, {"M": {}}, {"L": []}))
        case 10:
            return dice.choice(({"SS": ["a", "b"]}, {"NS": ["1", "2.5"]}, {"B": "AAEC"}, {"BS": ["AAEC"]}, deep(30)))
        case _:
            several = [value(dice, now) for _ in range(dice.randrange(4))]
            return (
                {"L": several} if dice.random() < 0.5 else {"M": {f"what {n}": each for n, each in enumerate(several)}}
            )


def deep(levels: int) -> dict[str, Any]:
    """Return maps and lists in one another, as deep as DynamoDB takes them beside the row itself."""
    inner: dict[str, Any] = {"S": "deep"}
    for level in range(levels):
        inner = {"L": [inner]} if level % 2 else {"M": {"what": inner}}
    return inner


def spoilt(dice: random.Random, sound: Mapping[str, dict[str, Any]], now: datetime) -> Item:
    """Return a row on which some attributes, or all, hold what nobody means; `sound` is what it was. `now` is UTC."""
    names = dice.sample(ATTRIBUTES, dice.choice((1, 1, 2, 5, 20, len(ATTRIBUTES))))
    wild = {name: value(dice, now) for name in names}
    wild |= {name: {"L": [value(dice, now) for _ in range(210)]} for name in ("history",) if dice.random() < 0.05}
    item = {**sound, **wild}
    while _size(item) > 390_000:  # DynamoDB takes 400 KB of a row
        item.pop(max((name for name in item if name != "id"), key=lambda name: _size(item[name])))
    return item


def _size(value: object) -> int:
    return len(str(value))
