"""The days that the desktops' certificate has left: counted once an hour, and whatever cannot be read stops nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.control.sweep import Sweeper
from chalicelib.domain.errors import SomeFailed, Unavailable
from tests.unit.control.house import MINUTE, House, T

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def counted(log: list[Any]) -> list[int]:
    return [line["CertificateDays"] for line in log if "CertificateDays" in line]


@pytest.mark.parametrize(
    ("left", "days"),
    [(365 * DAY, 365), (21 * DAY, 21), (21 * DAY - MINUTE, 20), (HOUR, 0), (timedelta(), 0), (-HOUR, -1)],
)
def test_whole_days_are_counted_also_after_the_end(house: House, log: list[Any], left: timedelta, days: int) -> None:
    house.now = T
    Sweeper(house, house.looker, lambda: T + left).sweep(T + MINUTE)
    assert counted(log) == [days]


def test_a_read_is_made_in_the_first_minute_of_an_hour_alone(house: House, log: list[Any]) -> None:
    reads = []

    def ends_at() -> datetime:
        reads.append(house.now)
        return T + 30 * DAY

    sweeper = Sweeper(house, house.looker, ends_at)
    house.now = T + timedelta(seconds=20)
    for _ in range(120):
        sweeper.sweep(house.now + MINUTE)
        house.now += MINUTE
    assert reads == [T + timedelta(seconds=20), T + HOUR + timedelta(seconds=20)]
    assert counted(log) == [29, 29]


def test_where_none_is_kept_nothing_is_counted(house: House, log: list[Any]) -> None:
    house.now = T
    Sweeper(house, house.looker, lambda: None).sweep(T + MINUTE)
    assert counted(log) == []


def test_what_cannot_be_read_is_a_failure_of_the_sweep_and_stops_nothing_else(house: House, log: list[Any]) -> None:
    def down() -> datetime:
        raise Unavailable("The table does not answer.")

    house.now = T - 60 * MINUTE
    house.meeting(meet_time="2026-03-01T11:05:00Z")
    with pytest.raises(SomeFailed):
        Sweeper(house, house.looker, down).sweep(house.now + MINUTE)
    assert len(house.desktops.alive()) == 2
    assert any(line.get("why") == "could not look when the certificate ends" for line in log)
