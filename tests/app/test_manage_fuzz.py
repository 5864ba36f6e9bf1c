"""Bodies that nobody means, sent to a meeting of one's own: each gets a status and a sentence; what is refused changes
nothing, and what is taken leaves a row that everything can still read.

`make fuzz` tries more of them and says what they got.
"""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from chalicelib.domain import rows
from tests import fuzz
from tests.app.test_desktop_fuzz import anything
from tests.app.test_manage_http import AT, Own
from tests.app.world import World, utc

BODIES = fuzz.inputs(150, worth=50)
GOOD: dict[tuple[str, str], dict[str, object]] = {
    ("PATCH", ""): {"meet_time": utc(AT), "duration_minutes": 60, "teacher_name": "Ann", "time_zone": "Europe/Berlin"},
    ("POST", "/extend"): {"minutes": 1, "from": utc(AT)},
    ("POST", "/replace"): {"role": "student", "desktop_id": "i-0123456789abcdef0"},
    ("POST", "/links"): {"role": "student", "number": 0},
}


def body_for(dice: random.Random, good: dict[str, object]) -> bytes:
    """Return a body: anything, something near what is meant, or text that is damaged on the way."""
    kind = dice.random()
    if kind < 0.25:
        return json.dumps(anything(dice)).encode()
    if kind < 0.8:
        near = {name: meant if dice.random() < 0.5 else anything(dice, 2) for name, meant in good.items()}
        kept = {name: value for name, value in near.items() if dice.random() < 0.8}
        return json.dumps(kept).encode()
    text = json.dumps(good)
    at = dice.randrange(len(text))
    spoilt = (text[:at], text[:at] + chr(dice.randrange(0x2FFF)) + text[at:], "[" * 5000, text * 2, "NaN", "\x00")
    return dice.choice(spoilt).encode("utf-8", "surrogatepass")


@pytest.mark.fuzz
@pytest.mark.parametrize(("method", "path"), GOOD)
def test_whatever_is_sent_is_answered_with_a_sentence_and_what_is_refused_changes_nothing(
    world: World, method: str, path: str
) -> None:
    dice, own = fuzz.dice(f"{method} {path}"), Own(world)
    got: Counter[int] = Counter()
    for _ in range(BODIES):
        body, before = body_for(dice, GOOD[method, path]), own.row()
        answer = own.ask(method, path, body)
        assert answer.status_code in (200, 400, 409), f"{answer.status_code} for {body!r:.200}"
        assert answer.json_body["message"].endswith(".")
        after = own.row()
        assert answer.status_code == 200 or after == before, f"{body!r:.200} was refused and has changed the row"
        assert rows.meeting(after).problems == ()
        got[answer.status_code] += 1
    fuzz.tell(BODIES, got)
    assert got[400], "some of them are refused"
