"""Whatever is put to the door gets an answer, and nothing but a token of the app's opens it.

`python -m tests.desktop.test_verifier_fuzzed` tells what so many of each kind got.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from chalicelib.domain.door import door_keys, door_token
from chalicelib.domain.keys import Keys
from chalicelib.domain.seat import Role
from desktop.door import Door, Presence, Seat
from desktop.state import State
from desktop.verifier import _answer

ME, OTHER = "i-0123456789abcdef0", "i-0fedcba9876543210"
KEYS, FOREIGN = Keys("the stage's key"), Keys("another stage's")
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SIGNS = "0123456789abcdef.\x00 ,/%&=+é🐘"

SESSIONS = ["", "Console", "console\n", "x" * 400]

Make = Callable[[random.Random], bytes]


def token(
    dice: random.Random, *, keys: Keys = KEYS, desktop: str = ME, role: Role = Role.TEACHER, age_s: float = 0
) -> str:
    return door_token(keys, desktop, role, NOW - timedelta(seconds=age_s), f"{dice.getrandbits(128):032x}")


def form(text: str, session: str = "console") -> bytes:
    fields = {"sessionId": session, "authenticationToken": text, "clientAddress": "203.0.113.7"}
    return urlencode(fields, errors="replace").encode()


def damaged(dice: random.Random) -> bytes:
    good = token(dice)
    text = list(good)
    while "".join(text) == good:
        for _ in range(dice.randint(1, 3)):
            text[dice.randrange(len(text))] = dice.choice(SIGNS)
    return form("".join(text))


def garbage(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randint(0, 600))


def almost_a_form(dice: random.Random) -> bytes:
    good = bytearray(form(token(dice)))
    start = dice.randrange(20)
    del good[start : start + dice.randint(1, 6)]
    return bytes(good)


KINDS: dict[str, Make] = {
    "a fresh token of this desktop": lambda dice: form(token(dice)),
    "one that was damaged": damaged,
    "one that is late": lambda dice: form(token(dice, age_s=dice.uniform(121, 1e7))),
    "one from the future": lambda dice: form(token(dice, age_s=-dice.uniform(31, 1e7))),
    "one of the other desktop": lambda dice: form(token(dice, desktop=OTHER)),
    "one of the other role": lambda dice: form(token(dice, role=Role.STUDENT)),
    "one of another stage": lambda dice: form(token(dice, keys=FOREIGN)),
    "one for another session": lambda dice: form(
        token(dice), session=dice.choice(["", "Console", "console\n", "x" * 400])
    ),
    "twice the same field": lambda dice: form(token(dice)) + b"&sessionId=console",
    "a field too many": lambda dice: form(token(dice)) + b"&admin=1",
    "a form that was cut": almost_a_form,
    "no form at all": garbage,
}


def asked(kind: str, count: int, folder: Path, seed: int = 1) -> Counter[str]:
    """Put so many of a kind to a door each of which is new; return how often it opened, and what was said else."""
    dice = random.Random(f"{kind} {seed}")
    seat = Seat(ME, "teacher", tuple(door_keys(KEYS, ME)))
    got: Counter[str] = Counter()
    for number in range(count):
        door = Door(lambda: seat, lambda: Presence(0), lambda: NOW, State(folder / "door.json", f"i-{number:017x}"))
        document = _answer(KINDS[kind](dice), door.judge, "lesson")
        got[str(ElementTree.fromstring(document).get("result"))] += 1
    return got


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_a_fresh_token_of_this_desktop_opens_it(kind: str, tmp_path: Path) -> None:
    count = 50 if kind == next(iter(KINDS)) else 200
    got = asked(kind, count, tmp_path)
    assert got == ({"yes": count} if kind == next(iter(KINDS)) else {"no": count})


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            got = asked(kind, 5_000, Path(folder), seed=2)
            print(f"{kind:32} {got['yes']:5} yes {got['no']:5} no, of 5000")


if __name__ == "__main__":
    main()
