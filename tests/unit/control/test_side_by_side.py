"""Many looks of one sweep: several at a time, in their turn, within its time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control.sweep import FEW, Sweeper
from chalicelib.domain.errors import SomeFailed
from tests.unit.control.house import House, T

LONG = timedelta(hours=8)


class Groups:
    """Does what it is given one after the other, and notes how much that was; each takes so long."""

    def __init__(self, house: House, takes: timedelta = timedelta()) -> None:
        self.sizes: list[int] = []
        self._house = house
        self._takes = takes

    def __call__(self, jobs: Iterable[Callable[[], Any]]) -> list[Any]:
        jobs = list(jobs)
        self.sizes.append(len(jobs))
        came = [job() for job in jobs]
        self._house.pass_time(self._takes)
        return came


def over(house: House) -> set[str]:
    return {name for name, row in house.meetings.rows.items() if row["status"] == "TERMINATED"}


def due_to_end(house: House, count: int) -> None:
    house.now = T
    for number in range(count):
        house.meeting(f"m-{number:03}", status="PENDING", termination_reason="CANCELLED")


def test_all_are_looked_at_and_so_many_at_a_time() -> None:
    house = House()
    groups = Groups(house)
    due_to_end(house, 25)
    Sweeper(house, house.looker, side_by_side=(groups, 10)).sweep(T + LONG)
    assert groups.sizes == [10, 10, 5]
    assert len(over(house)) == 25


def test_a_few_need_no_threads() -> None:
    house = House()
    groups = Groups(house)
    due_to_end(house, FEW)
    Sweeper(house, house.looker, side_by_side=(groups, 10)).sweep(T + LONG)
    assert groups.sizes == []
    assert len(over(house)) == FEW


def test_no_group_is_begun_after_the_time_and_the_next_sweep_goes_on_behind_the_last() -> None:
    house = House()
    groups = Groups(house, takes=timedelta(seconds=30))
    due_to_end(house, 50)
    sweeper = Sweeper(house, house.looker, side_by_side=(groups, 10))
    report = sweeper.sweep(house.now + timedelta(seconds=50))
    assert (groups.sizes, report.unfinished) == ([10, 10], 30)
    assert over(house) == {f"m-{number:03}" for number in range(20)}
    sweeper.sweep(house.now + timedelta(seconds=20))
    assert over(house) == {f"m-{number:03}" for number in range(30)}
    sweeper.sweep(house.now + LONG)
    assert len(over(house)) == 50


def test_one_that_fails_stops_none_of_its_group() -> None:
    house = House()
    due_to_end(house, 10)
    house.make_unreadable("m-004")
    with pytest.raises(SomeFailed):
        Sweeper(house, house.looker, side_by_side=(Groups(house), 10)).sweep(T + LONG)
    assert over(house) == {f"m-{number:03}" for number in range(10)} - {"m-004"}
