"""What the clocks promise: order, jumps, and that the real one goes on after a failure."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from localcloud.clock import RealClock, VirtualClock

START = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)


def test_the_virtual_clock_jumps_from_one_moment_to_the_next() -> None:
    clock = VirtualClock(START)
    seen: list[tuple[str, float]] = []

    def deed(name: str) -> None:
        seen.append((name, (clock.now() - START).total_seconds()))

    clock.after(3600, lambda: deed("late"))
    clock.after(5, lambda: deed("first"))
    clock.after(5, lambda: deed("second"))
    clock.after(1, lambda: clock.after(1, lambda: deed("asked on the way")))
    clock.run(START + timedelta(minutes=10))
    assert seen == [("asked on the way", 2), ("first", 5), ("second", 5)]
    assert clock.now() == START + timedelta(minutes=10)


def test_what_is_overdue_comes_next_and_time_never_goes_back() -> None:
    clock = VirtualClock(START)
    seen: list[datetime] = []
    clock.after(1, lambda: clock.sleep(60))
    clock.after(2, lambda: seen.append(clock.now()))
    clock.run(START + timedelta(seconds=10))
    assert seen == [START + timedelta(seconds=61)]
    assert clock.now() == START + timedelta(seconds=61)


def test_a_run_can_stop_early() -> None:
    clock = VirtualClock(START)
    seen: list[int] = []
    for number in range(5):
        clock.after(number, partial(seen.append, number))
    clock.run(START + timedelta(hours=1), stop=lambda: len(seen) == 2)
    assert seen == [0, 1]
    assert clock.now() == START + timedelta(seconds=1)


def test_the_real_clock_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    clock = RealClock()
    done = threading.Event()

    def fail() -> None:
        raise RuntimeError("on purpose")

    clock.start()
    with caplog.at_level(logging.ERROR, logger="localcloud"):
        clock.after(0.01, fail)
        clock.after(0.02, done.set)
        assert done.wait(5)
    clock.stop()
    assert "on purpose" in caplog.text


def test_the_real_clock_can_be_hurried() -> None:
    clock = RealClock(speed=36_000)
    done = threading.Event()
    clock.start()
    clock.after(3600, done.set)
    assert done.wait(5)
    clock.stop()


def test_the_real_clock_begins_when_it_is_told_and_can_be_put_forward() -> None:
    clock = RealClock(start=START)
    seen: list[datetime] = []
    done = threading.Event()
    clock.start()
    clock.after(3600, lambda: seen.append(clock.now()))
    clock.after(7200, done.set)
    assert START <= clock.now() < START + timedelta(hours=1)
    assert not done.is_set()
    clock.jump(timedelta(hours=3))
    assert done.wait(5)
    clock.stop()
    assert seen[0] >= START + timedelta(hours=3)
