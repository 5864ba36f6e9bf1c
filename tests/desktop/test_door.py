"""Which tokens open a desktop, and which do not: by the app's time, once, and as long as DCV's connection lives."""

from __future__ import annotations

import hashlib
import hmac
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop.door import Door, Presence, Seat
from desktop.state import State

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ME = "i-0123456789abcdef0"
KEY = "key-of-this-desktop"


def token(
    issued: datetime = NOW, *, nonce: str = "0" * 32, key: str = KEY, instance_id: str = ME, role: str = "teacher"
) -> str:
    """Return a token as docs/desktop.md tells how the app makes it."""
    head = f"{round(issued.timestamp() * 1000)}.{nonce}"
    said = f"{instance_id}/{role}/{head}"
    return f"{head}.{hmac.new(key.encode(), said.encode(), hashlib.sha256).hexdigest()}"


class World:
    """A desktop's door, with a clock, a DCV and a disk that are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.seat: Seat | None = Seat(ME, "teacher", (KEY, "an-earlier-key"))
        self.presence = Presence(0)
        self.file = folder / "door.json"
        self.start()

    def start(self, instance_id: str = ME) -> None:
        """Start the agent, or start it again."""
        state = State(self.file, instance_id)
        self.door = Door(lambda: self.seat, lambda: self.presence, lambda: self.now, state)

    def opens(self, presented: str) -> bool:
        return self.door.judge(presented).opens

    def why(self, presented: str) -> str:
        verdict = self.door.judge(presented)
        assert not verdict.opens
        return verdict.why


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- a fresh token


@pytest.mark.parametrize("age", [-30 * SECOND, 0 * SECOND, SECOND, 2 * MINUTE])
def test_a_fresh_token_opens(world: World, age: timedelta) -> None:
    assert world.opens(token(NOW - age))


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (2 * MINUTE + timedelta(milliseconds=1), "good for 2.0 minutes"),
        (timedelta(days=400), "good for 2.0 minutes"),
        (-31 * SECOND, "from now by the app's time"),
    ],
)
def test_one_that_is_late_or_ahead_does_not(world: World, age: timedelta, why: str) -> None:
    assert why in world.why(token(NOW - age))


def test_a_key_from_before_a_rotation_still_counts(world: World) -> None:
    assert world.opens(token(key="an-earlier-key"))


@pytest.mark.parametrize(
    "presented",
    [
        token(role="student"),
        token(instance_id="i-0fedcba9876543210"),
        token(key="key-of-another-desktop"),
        token(key=""),
        token()[:-1] + ("0" if token()[-1] != "0" else "1"),
        token().replace("." + "0" * 32, "." + "1" * 32),
    ],
    ids=["other role", "other desktop", "other key", "no key", "changed signature", "changed nonce"],
)
def test_one_that_was_not_made_for_this_desktop_does_not(world: World, presented: str) -> None:
    assert "not made for this desktop of the teacher" in world.why(presented)
    assert world.opens(token()), "a bad token spoils no good one"


@pytest.mark.parametrize(
    "presented",
    ["", ".", "..", "a.b.c", token() + "0", " " + token(), token() + "\n", token().upper(), "٣" * 13 + token()[13:]],
)
def test_what_is_no_token_is_told_apart(world: World, presented: str) -> None:
    assert "no token that the app makes" in world.why(presented)


def test_without_the_app_s_word_nothing_opens(world: World) -> None:
    world.seat = None
    assert "has not told yet" in world.why(token())
    world.seat = Seat(ME, "teacher", ())
    assert "has not told yet" in world.why(token(key=""))
    world.seat = Seat(ME, "teacher", (KEY,))
    assert world.opens(token())


# --- the same token again: DCV reconnects, or the person reloads the page


def test_a_used_token_opens_as_long_as_its_connection_lives(world: World) -> None:
    used = token()
    assert world.opens(used)
    world.presence = Presence(1)
    world.now += timedelta(hours=3)
    assert world.opens(used)


@pytest.mark.parametrize("connections", [0, None])
def test_and_for_two_minutes_after(world: World, connections: int | None) -> None:
    used = token()
    assert world.opens(used)
    world.presence = Presence(connections, NOW + 40 * MINUTE)
    world.now = NOW + 42 * MINUTE
    assert world.opens(used)
    world.now += SECOND
    assert "was used before" in world.why(used)


def test_a_connection_that_never_came_about_counts_from_the_use(world: World) -> None:
    """Also where somebody left before: that was another token's connection."""
    used = token()
    assert world.opens(used)
    world.presence = Presence(0, NOW - timedelta(hours=1))
    world.now += 2 * MINUTE
    assert world.opens(used)
    world.now += SECOND
    assert not world.opens(used)


def test_to_be_presented_again_is_not_to_be_used_again(world: World) -> None:
    """Else a token could be kept alive for ever without a connection."""
    used = token()
    for _ in range(3):
        assert world.opens(used)
        world.now += MINUTE
    assert not world.opens(used)


def test_a_newer_token_shuts_out_the_one_before_for_good(world: World) -> None:
    first, second = token(NOW - SECOND, nonce="1" * 32), token(NOW, nonce="2" * 32)
    assert world.opens(first)
    assert world.opens(second)
    world.presence = Presence(1)
    assert "newer token" in world.why(first)
    assert world.opens(second)


def test_of_two_clicks_the_one_before_cannot_come_later(world: World) -> None:
    first, second = token(NOW - SECOND, nonce="1" * 32), token(NOW, nonce="2" * 32)
    assert world.opens(second)
    assert "newer token" in world.why(first)
    assert "newer token" in world.why(token(NOW, nonce="3" * 32))


# --- the agent starts again


def test_a_restart_forgets_no_use(world: World) -> None:
    first, second = token(NOW - SECOND, nonce="1" * 32), token(NOW, nonce="2" * 32)
    world.opens(first)
    world.opens(second)
    world.start()
    assert "newer token" in world.why(first)
    assert world.opens(second)
    world.now += 2 * MINUTE + SECOND
    world.start()
    assert "was used before" in world.why(second)


def test_what_an_image_or_a_clone_brings_along_is_forgotten(world: World) -> None:
    world.opens(token(NOW + 20 * SECOND))
    world.start("i-0fedcba9876543210")
    world.seat = Seat("i-0fedcba9876543210", "teacher", (KEY,))
    assert world.opens(token(instance_id="i-0fedcba9876543210"))


@pytest.mark.parametrize("kept", ["", "{", "[]", "null", '{"instance_id": "%s", "kept": []}', "\x00\xff" * 9])
def test_a_state_that_cannot_be_read_shuts_nobody_out(world: World, kept: str) -> None:
    world.file.write_text(kept.replace("%s", ME), encoding="utf-8")
    world.start()
    assert world.opens(token())


@pytest.mark.parametrize("door", ["x", [], {}, {"issued_ms": "y", "nonce": "z", "used_at": "now"}, None])
def test_nor_does_a_use_that_cannot_be_understood(world: World, door: object) -> None:
    State(world.file, ME).keep("door", door)
    world.start()
    assert world.opens(token())


def test_a_full_disk_shuts_nobody_out(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A folder in the file's place fails as a full disk does, for root too."""
    world.file.mkdir()
    (world.file / "occupied").touch()
    first, second = token(NOW - SECOND, nonce="1" * 32), token(NOW, nonce="2" * 32)
    world.start()
    assert world.opens(first)
    assert world.opens(second)
    assert not world.opens(first), "until the next start it is remembered"
    assert "cannot be written" in caplog.text
    assert list(world.file.parent.iterdir()) == [world.file], "nothing half-written is left"


# --- garbage


def test_no_garbage_opens_or_breaks_the_door(world: World) -> None:
    dice = random.Random(9)
    good = token()
    for _ in range(20_000):
        signs = list(good)
        for _ in range(dice.randint(1, 4)):
            where = dice.randrange(len(signs))
            signs[where] = dice.choice("0123456789abcdef.\x00ü٣ /")
        mutated = "".join(signs)[: dice.choice([len(signs)] * 5 + [dice.randrange(len(signs))])]
        assert mutated == good or not world.opens(mutated), mutated
    assert world.opens(good)
