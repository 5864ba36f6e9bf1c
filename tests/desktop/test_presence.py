"""Who is connected: what DCV tells, and what is still known where it cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from desktop.dcv import DcvUnknown, Session
from desktop.door import Presence
from desktop.presence import Watch

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Dcv:
    """Tells what a test says; None for no session, an exception where it cannot be asked."""

    def __init__(self) -> None:
        self.tells: Session | DcvUnknown | None = Session("lesson", 0, None, None)

    def session(self) -> Session | None:
        if isinstance(self.tells, DcvUnknown):
            raise self.tells
        return self.tells

    def has(self, connections: int, left: datetime | None = None) -> None:
        self.tells = Session("lesson", connections, left, None)


class World:
    def __init__(self) -> None:
        self.now = NOW
        self.dcv = Dcv()
        self.watch = Watch(self.dcv, lambda: self.now)  # type: ignore[arg-type]  # all that it asks of DCV

    def look(self, minutes: float = 0) -> Presence:
        self.now = NOW + minutes * MINUTE
        return self.watch.look()


@pytest.fixture
def world() -> World:
    return World()


def test_before_anybody_came_nobody_was_seen(world: World) -> None:
    assert world.watch.connected is None
    assert world.look() == Presence(0, None)
    assert world.watch.connected is False


def test_who_is_connected_is_seen_now_and_was_seen_then(world: World) -> None:
    world.dcv.has(1)
    assert world.look(5) == Presence(1, NOW + 5 * MINUTE)
    assert world.watch.connected is True
    world.dcv.has(0)
    assert world.look(9) == Presence(0, NOW + 5 * MINUTE)
    assert world.watch.connected is False


def test_since_when_is_known_where_a_look_saw_it_come_about(world: World) -> None:
    world.look()
    assert world.watch.since is None
    for connections, minute, since in ((1, 5, 5), (1, 6, 5), (2, 7, 5), (0, 9, 9), (0, 12, 9)):
        world.dcv.has(connections)
        world.look(minute)
        assert world.watch.since == NOW + since * MINUTE


def test_a_later_change_is_dated_later_though_the_app_s_time_was_put_back(world: World) -> None:
    world.look()
    world.dcv.has(1)
    world.look(5)
    came_at = world.watch.since
    world.dcv.has(0)
    world.look(4.99)
    assert came_at is not None
    assert world.watch.since is not None
    assert world.watch.since > came_at


def test_who_came_and_went_between_two_looks_was_seen_by_dcv(world: World) -> None:
    world.look()
    world.dcv.has(0, left=NOW + 2 * MINUTE)
    assert world.look(3) == Presence(0, NOW + 2 * MINUTE)


def test_a_clock_that_is_ahead_keeps_nobody_for_longer(world: World) -> None:
    """DCV's times are the machine's; what would lie ahead by the app's time counts as now, once."""
    world.dcv.has(0, left=NOW + 600 * MINUTE)
    for minute in (1, 2, 3):
        assert world.look(minute) == Presence(0, NOW + MINUTE)


def test_where_dcv_cannot_be_asked_what_was_known_stays(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.dcv.has(1)
    world.look()
    world.dcv.tells = DcvUnknown("`dcv describe-session` fails with 1.")
    for minute in range(1, 5):
        assert world.look(minute) == Presence(None, NOW)
    assert world.watch.connected is True
    assert [record.getMessage() for record in caplog.records] == [
        "Who is connected cannot be told. `dcv describe-session` fails with 1."
    ]


def test_trouble_that_comes_back_is_told_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        world.dcv.tells = DcvUnknown("It is silent.")
        world.look()
        world.dcv.has(0)
        world.look()
    assert len(caplog.records) == 2


def test_without_a_session_nobody_is_connected(world: World) -> None:
    world.dcv.has(1)
    world.look()
    world.dcv.tells = None
    assert world.look(1) == Presence(0, NOW)
