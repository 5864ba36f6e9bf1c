"""What the sweep notes of how long desktops take: what is news, every few minutes at the most."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from chalicelib.control.measure import PAUSE, Measure
from chalicelib.control.sweep import Sweeper
from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.domain.lately import Boot
from chalicelib.domain.model import Meeting
from tests.builders import HEALTHY, LAUNCHED, at, meeting
from tests.unit.control.house import House

MINUTE = timedelta(minutes=1)


class FakeLately:
    """What was noted, in memory; it counts and can fail."""

    def __init__(self, *boots: Boot) -> None:
        self.noted = boots
        self.calls: list[str] = []
        self.error: Exception | None = None

    def boots(self) -> tuple[Boot, ...]:
        return self._called("read")

    def recent_boots(self) -> tuple[Boot, ...]:
        return self.noted

    def note(self, boots: Iterable[Boot]) -> None:
        self._called("write")
        self.noted = tuple(boots)

    def _called(self, call: str) -> tuple[Boot, ...]:
        self.calls.append(call)
        if self.error:
            raise self.error
        return self.noted


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = at(0)

    def __call__(self) -> datetime:
        return self.now


def ready(minutes: float) -> Meeting:
    """Return a meeting whose desktops were both ready then."""
    return meeting(HEALTHY, teacher_healthy_at=at(minutes), student_healthy_at=at(minutes))


def boot(minutes: float) -> Boot:
    return Boot(at(minutes), at(minutes) - at(-10))


EARLIER = Boot(at(-600), 5 * MINUTE)


def test_what_is_news_is_noted_beside_what_was_before() -> None:
    lately = FakeLately(EARLIER)
    Measure(lately, Clock()).take([ready(-4)])
    assert lately.noted == (EARLIER, boot(-4))


def test_what_is_known_costs_nothing_however_often_it_is_seen() -> None:
    lately, clock = FakeLately(), Clock()
    measure = Measure(lately, clock)
    for _ in range(60):
        measure.take([ready(-4)])
        clock.now += MINUTE
    assert lately.calls == ["read", "write"]


def test_where_no_desktop_was_ready_nothing_is_asked() -> None:
    lately = FakeLately(EARLIER)
    Measure(lately, Clock()).take([meeting(LAUNCHED)])
    assert lately.calls == []


def test_another_container_reads_and_writes_nothing_that_is_there() -> None:
    lately = FakeLately(EARLIER, boot(-4))
    Measure(lately, Clock()).take([ready(-4)])
    assert lately.calls == ["read"]


def test_between_two_writes_there_is_a_pause_and_nothing_is_lost() -> None:
    lately, clock = FakeLately(), Clock()
    measure = Measure(lately, clock)
    measure.take([ready(-4)])
    clock.now += PAUSE - MINUTE
    measure.take([ready(-4), ready(1)])
    assert list(lately.noted) == [boot(-4)]
    clock.now += MINUTE
    measure.take([ready(1)])
    assert list(lately.noted) == [boot(-4), boot(1)]


def test_what_could_not_be_noted_is_noted_a_minute_later() -> None:
    lately, clock = FakeLately(), Clock()
    measure = Measure(lately, clock)
    lately.error = Unavailable("Throttled.")
    with pytest.raises(Unavailable):
        measure.take([ready(-4)])
    lately.error = None
    clock.now += MINUTE
    measure.take([ready(-4)])
    assert lately.noted == (boot(-4),)


def test_a_run_that_keeps_nothing_measures_nothing() -> None:
    Measure(None, Clock()).take([ready(-4)])


def test_the_sweep_does_all_else_though_it_cannot_note_it() -> None:
    house, lately = House(now=at(0)), FakeLately()
    lately.error = Unavailable("Throttled.")
    house.meetings.rows["m"] = dict(ready(-4).row)
    sweeper = Sweeper(house, house.looker, lately=lately)
    with pytest.raises(SomeFailed):
        sweeper.sweep(house.now + MINUTE)
    assert lately.calls == ["read"]
