"""Bodies that no desktop means: each is answered with a status and a sentence, and touches nothing but its own seat.

`make fuzz` tries more of them and says what they got.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from tests import fuzz
from tests.app.test_desktop_http import GOOD, ME, ask, meeting, signed_by
from tests.app.world import World

__all__ = ["meeting"]

BODIES = fuzz.inputs(300, worth=20)
TOLD = [path for path, body in GOOD.items() if body]
WORDS = (
    "",
    "x",
    "x" * 201,
    "x" * 3000,
    "two\nlines",
    "\u202e",
    "\ud800",
    "\x00",
    "小",
    "👩🏽‍🏫",
    "https://a.example/b",
)
MORE = ("https://", "http://a.example", "https://a.example:0/", "https://[", "https://a b", ME, "i-0fedcba9876543210")
PLAIN = (None, True, False, 0, -1, 1e308, 10**30, *WORDS, *MORE)
NAMES = ("missing", "connected", "url", "instance_id", "role", "id", "status", "teacher_session_data", "\ud800", "")
OWN = {f"teacher_{name}" for name in ("missing", "missing_since", "healthy_at", "session_data", "used_seconds")} | {
    "opened_at"
}
OWN |= {f"teacher_{name}" for name in ("connected_at", "disconnected_at", "seen_at", "uploaded_at", "saved_at")} | {
    "status",
    "history",
}


def anything(dice: random.Random, depth: int = 3) -> Any:
    kind = dice.random()
    if depth == 0 or kind < 0.5:
        return dice.choice(PLAIN)
    if kind < 0.7:
        return [anything(dice, depth - 1) for _ in range(dice.choice((0, 1, 2, 11)))]
    return {dice.choice(NAMES): anything(dice, depth - 1) for _ in range(dice.randrange(3))}


def body_for(dice: random.Random, path: str) -> str:
    """Return a body: anything, something near what is meant, or text that is damaged on the way."""
    [(name, meant)] = GOOD[path].items()
    kind = dice.random()
    if kind < 0.3:
        return json.dumps(anything(dice))
    if kind < 0.8:
        near = meant if dice.random() < 0.2 else anything(dice, 2)
        extra = {dice.choice(NAMES): anything(dice, 1)} if dice.random() < 0.2 else {}
        return json.dumps({name: near} | extra)
    text = json.dumps(GOOD[path])
    at = dice.randrange(len(text))
    return dice.choice((text[:at], text[:at] + chr(dice.randrange(0x2FFF)) + text[at:], "[" * 5000, text * 2, "NaN"))


@pytest.mark.fuzz
@pytest.mark.parametrize("path", TOLD)
def test_whatever_is_sent_is_answered_with_a_sentence_and_touches_its_own_seat_alone(
    world: World, meeting: str, path: str
) -> None:
    dice = fuzz.dice(path)
    got: Counter[int] = Counter()
    for _ in range(BODIES):
        body = body_for(dice, path)
        before = world.row("m-1")
        status, told = ask(signed_by(ME), path, body)
        assert status in (200, 400), f"{status} for {body!r:.200}"
        assert status == 200 or told["message"].endswith("."), told
        after = world.row("m-1")
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert changed <= (OWN if status == 200 else set()), f"{changed} by {body!r:.200}"
        got[status] += 1
    fuzz.tell(BODIES, got)
    assert len(got) == 2, "some of them are taken, most are not"
