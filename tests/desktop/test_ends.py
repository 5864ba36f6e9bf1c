"""How near the end is, whatever the app says of it meanwhile, and where it says nothing any more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from desktop.conversation import Place
from desktop.door import Seat
from desktop.ends import LAST_WORD, Ends

END = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
PLACE = Place(Seat("i-1", "teacher", ()), "Ada", "Boonki", None, END, "i-1.example.com")


class World:
    """An app that answers a second after it was asked; a test sets what, and when it is out of reach."""

    def __init__(self, place: Place = PLACE) -> None:
        self.now = END - timedelta(minutes=60)
        self.told = self.place = place
        self.is_reached = True
        self.times_told = 1
        self.asked: list[datetime] = []
        self.is_asked = False
        self.ends = Ends(self, lambda: self.now)

    def ask_again(self) -> None:
        self.is_asked = True
        self.asked.append(self.now)

    def left(self, moment: datetime) -> int | None:
        """Let time pass until this moment, a second a step; return how many minutes are left then."""
        left = None
        while self.now < moment:
            self.now += SECOND
            if self.is_asked and self.is_reached:
                self.is_asked, self.told, self.times_told = False, self.place, self.times_told + 1
            left = self.ends.minutes_left(self.told)
        return left


def test_the_minutes_are_told_once_the_app_was_asked_at_each() -> None:
    world = World()
    assert [world.left(END - minutes * MINUTE + SECOND) for minutes in (30, 11, 10, 5, 1, 0)] == [
        *(None, None),
        *(10, 5, 1, 0),
    ]
    assert world.asked == [END - minutes * MINUTE for minutes in range(10, -1, -1)]


@pytest.mark.parametrize("minutes", [10, 2, 0])
def test_an_end_that_was_put_off_unheard_of_is_not_told(minutes: int) -> None:
    world = World()
    moment = END - minutes * MINUTE
    world.left(moment - SECOND)
    world.place = replace(PLACE, ends_at=END + 15 * MINUTE)
    assert world.left(moment + SECOND) is None
    assert world.left(END + 5 * MINUTE + SECOND) == 10
    assert world.left(END + 15 * MINUTE + SECOND) == 0


def test_one_that_comes_sooner_is_told_at_once() -> None:
    world = World()
    world.left(END - 20 * MINUTE)
    world.told = world.place = replace(PLACE, ends_at=END - 18 * MINUTE)
    assert world.left(END - 20 * MINUTE + 2 * SECOND) == 2


def test_an_app_that_is_out_of_reach_keeps_nobody_past_the_end() -> None:
    world = World()
    world.is_reached = False
    assert world.left(END - 10 * MINUTE + LAST_WORD) == 10
    assert world.left(END + LAST_WORD - SECOND) == 1
    assert world.left(END + LAST_WORD) == 0


def test_one_whose_time_is_put_forward_asks_before_it_goes_by_an_old_word() -> None:
    """As a machine that was stopped and started, and hears what time it is from a refusal."""
    world = World()
    world.left(END - 30 * MINUTE)
    world.place = replace(PLACE, ends_at=END + 60 * MINUTE)
    world.now = END + 5 * MINUTE
    assert world.ends.minutes_left(world.told) is None
    assert world.left(END + 5 * MINUTE + 2 * SECOND) is None
    assert world.told.ends_at == END + 60 * MINUTE


def test_an_announced_end_comes_first() -> None:
    world = World(replace(PLACE, closes_at=END - 30 * MINUTE))
    assert world.left(END - 32 * MINUTE + SECOND) == 2
    assert world.left(END - 30 * MINUTE + SECOND) == 0


def test_but_by_the_app_s_fresh_word_alone_since_the_other_may_have_come_back() -> None:
    world = World(replace(PLACE, closes_at=END - 30 * MINUTE))
    world.is_reached = False
    assert world.left(END - 20 * MINUTE) is None
    assert world.left(END + LAST_WORD) == 0


def test_one_that_is_taken_back_is_forgotten() -> None:
    world = World(replace(PLACE, closes_at=END - 30 * MINUTE))
    assert world.left(END - 31 * MINUTE + SECOND) == 1
    world.place = PLACE
    assert world.left(END - 29 * MINUTE) is None


def test_without_an_end_nothing_is_asked() -> None:
    world = World(replace(PLACE, ends_at=None))
    assert world.left(END + 10 * MINUTE) is None
    assert world.asked == []
