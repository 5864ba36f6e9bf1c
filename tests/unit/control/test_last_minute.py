"""The last minute before the checkpoint: an upload counts by when it came, whoever looks first.

The stream's record tells when. It may come before the sweep and the timer, between them, or after both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.control.events import TimerEvent, row_changes
from chalicelib.domain import rows
from chalicelib.domain.seat import Role
from tests.builders import SEAL
from tests.unit.control.house import MINUTE, House, T, launched

CHECKPOINT = T + 15 * MINUTE
IN_TIME, LATE = CHECKPOINT - timedelta(seconds=20), CHECKPOINT + timedelta(seconds=20)
LOOKS = CHECKPOINT + timedelta(seconds=30)
ORDERS = list(permutations(["stream", "sweep", "timer"]))
TIMER_LAST = [order for order in ORDERS if order[2] == "timer"]
IN_TIME_ENDS = [([Role.TEACHER], "PARTIAL_NO_SHOW_TIMEOUT"), (list(Role), "15_MIN_SUCCESS")]


def in_progress(house: House, came: Iterable[Role] = Role) -> None:
    """Let both desktops be ready, and those who came be in theirs."""
    launched(house)
    house.pass_time(3 * MINUTE)
    house.sweep()
    ready = {f"{role}_healthy_at": T for role in Role} | {f"{role}_joined_at": T for role in came}
    house.meetings.write("m", {**ready, "status": "IN_PROGRESS"})


def upload(house: House, role: Role, came: datetime) -> dict[str, Any]:
    """Let a desktop write that it has uploaded; return the record of it, as DynamoDB streams it."""
    before = dict(house.row())
    house.now = came
    house.meetings.write("m", {f"{role}_session_data": f"s3://bucket/{role}.zip"})

    def image(row: dict[str, Any]) -> dict[str, Any]:
        return {name: rows.encode(value) for name, value in row.items()}

    moment = came.astimezone(UTC).timestamp()
    data = {"OldImage": image(before), "NewImage": image(house.row()), "ApproximateCreationDateTime": moment}
    return {"Records": [{"eventID": "1", "eventName": "MODIFY", "dynamodb": data}]}


def look_in_order(house: House, order: tuple[str, ...], events: list[dict[str, Any]]) -> None:
    """Let each of them look within seconds, and then sweeps go on."""

    def stream() -> None:
        for event in events:
            house.triggers.row_changes(row_changes(event, SEAL))

    looks: dict[str, Callable[[], None]] = {
        "stream": stream,
        "sweep": house.sweep,
        "timer": lambda: house.triggers.safety_timer(TimerEvent("m")),
    }
    house.now = max(house.now, LOOKS)
    for name in order:
        looks[name]()
        house.pass_time(timedelta(seconds=1))
    for _ in range(35):
        house.sweep()
        house.pass_time(MINUTE)


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize(("sides", "reason"), IN_TIME_ENDS, ids=["one", "both"])
def test_what_came_in_time_counts_whoever_looks_first(
    house: House, order: tuple[str, ...], sides: list[Role], reason: str
) -> None:
    in_progress(house, came=sides)
    look_in_order(house, order, [upload(house, role, IN_TIME) for role in sides])
    assert house.row()["termination_reason"] == reason
    assert house.desktops.alive() == []


@pytest.mark.parametrize("order", TIMER_LAST, ids="-".join)
@pytest.mark.parametrize(
    ("sides", "reason"), [([Role.TEACHER], "PARTIAL_UPLOAD_TIMEOUT"), (list(Role), "SUCCESS")], ids=["one", "both"]
)
def test_what_came_afterwards_does_not_whoever_looks_first(
    house: House, order: tuple[str, ...], sides: list[Role], reason: str
) -> None:
    in_progress(house)
    look_in_order(house, order, [upload(house, role, LATE) for role in sides])
    assert house.row()["termination_reason"] == reason


@pytest.mark.parametrize("order", [("sweep", "timer"), ("timer", "sweep")], ids="-".join)
def test_where_the_stream_has_spoken_one_second_makes_the_difference(house: House, order: tuple[str, ...]) -> None:
    """One upload came in the last second, the other in the next one."""
    in_progress(house)
    second = timedelta(seconds=1)
    for role, came in ((Role.TEACHER, CHECKPOINT - second), (Role.STUDENT, CHECKPOINT + second)):
        house.triggers.row_changes(row_changes(upload(house, role, came), SEAL))
    look_in_order(house, order, [])
    assert house.row()["termination_reason"] == "SUCCESS"


def test_a_stream_that_says_nothing_is_not_waited_for(house: House) -> None:
    """A minute after the checkpoint the sweep dates what it sees, and decides."""
    in_progress(house)
    for role in Role:
        upload(house, role, IN_TIME)
    house.now = LOOKS
    house.sweep()
    assert "termination_reason" not in house.row()
    house.pass_time(MINUTE)
    house.sweep()
    assert house.row()["termination_reason"] == "SUCCESS"
    assert house.desktops.alive() == []


def test_an_upload_is_dated_by_its_record_and_not_by_the_next_sweep(house: House) -> None:
    in_progress(house)
    event = upload(house, Role.TEACHER, T + 5 * MINUTE)
    house.now = T + 6 * MINUTE
    house.triggers.row_changes(row_changes(event, SEAL))
    assert house.row()["teacher_uploaded_at"] == rows.timestamp(T + 5 * MINUTE)
    again = upload(house, Role.TEACHER, T + 8 * MINUTE)
    house.triggers.row_changes(row_changes(again, SEAL))
    assert house.row()["teacher_uploaded_at"] == rows.timestamp(T + 5 * MINUTE)
