"""JSON that nobody means: any value, a good one of which a part is spoilt, and what of a bad one it takes to be bad."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

WORDS = (
    "",
    " ",
    "x",
    "x" * 201,
    "x" * 10_000,
    "two\nlines",
    "two\r\nSet-Cookie: a=b",
    "\x00",
    "%00",
    "%0d%0aElephant: 2",
    "..",
    "../../etc/passwd",
    "a/b",
    "%2e%2e%2f",
    "\u202e",
    "\ud800",
    "\ufeff",
    "\u0661\u0662",
    "小",
    "👩🏽‍🏫",
    "e\u0301" * 50,
    "<script>alert(1)</script>",
    "=cmd()",
    "'; DROP TABLE meetings; --",
    "${jndi:ldap://a.example}",
    "m-unknown",
    "m-ahead.0123456789abcdef0123456789abcdef",
    "m-ahead.0123456789abcdef0123456789abcdef.99999",
    "0",
    "-1",
    "1e400",
    "NaN",
    "null",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "9999-W53",
    "2026-W53",
    "2026-03-02/{}",
    "2026-03-02/x",
    "Europe/Berlin",
    "../zone",
    "__proto__",
)
NUMBERS = (0, -1, 1, 2, 60, 1.5, 1e308, -0.0, 10**30, 2**63, float("nan"), float("inf"))


def any_json(dice: random.Random, depth: int = 3, names: Sequence[str] = WORDS) -> Any:
    """Return any value; its objects have these `names`."""
    kind = dice.random()
    if depth == 0 or kind < 0.5:
        return dice.choice((None, True, False, *NUMBERS, *WORDS))
    if kind < 0.7:
        return [any_json(dice, depth - 1, names) for _ in range(dice.choice((0, 1, 2, 21)))]
    return {dice.choice(names): any_json(dice, depth - 1, names) for _ in range(dice.randrange(4))}


def spoilt(dice: random.Random, good: Any) -> Any:
    """Return a good value of which some part, however deep, is another, gone, or there twice."""
    value = deepcopy(good)
    places = list(_places(value))
    if not places or dice.random() < 0.1:
        return any_json(dice)
    holder, at = dice.choice(places)
    match dice.randrange(4):
        case 0:
            del holder[at]
        case 1 if isinstance(holder, list):
            holder.append(holder[at])
        case _:
            holder[at] = any_json(dice, 2)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every part of a value: what holds it, and where."""
    parts = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for at, part in parts:
        yield value, at
        yield from _places(part)


def less(value: Any) -> Iterator[Any]:
    """Yield values with less in them."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield {each: other for each, other in value.items() if each != name}
            for smaller in less(part):
                yield {**value, name: smaller}
    elif isinstance(value, list) and value:
        yield value[: len(value) // 2]
        yield value[1:]
    elif isinstance(value, str) and len(value) > 1:
        yield value[: len(value) // 2]
