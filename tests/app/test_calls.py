"""What the app costs in calls: an idle sweep grows by hundreds of meetings; a poll is one read."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from localcloud.aws import ACCOUNT, REGION
from localcloud.cloud import TABLE
from tests.app.world import NOW, World, image, launched, linked, utc

IDLE_SWEEP = {"Query": 1, "DescribeInstances": 1, "list records": 1}


def store(world: World, count: int, **row: Any) -> None:
    """Put this many open meetings into the table, by the back door: it is not their storing that is counted."""
    table = dynamodb_backends[ACCOUNT][REGION].get_table(TABLE)
    far = {"meet_time": utc(NOW + timedelta(days=30)), "created_at": utc(NOW), "status": "SCHEDULED", "open": "1"}
    for number in range(count):
        table.put_item(image({"id": f"m-{number:04}", **far, **row}))


def idle_sweep(world: World) -> dict[str, int]:
    """Return the calls of a sweep in a warm container that finds nothing to do."""
    world.move(minutes=1)  # past the hour
    world.sweep()
    world.forget_calls()
    before = {row["id"]: row for row in world.rows()}
    world.forget_calls()
    world.sweep()
    calls = dict(Counter(call.operation for call in world.calls()))
    assert {row["id"]: row for row in world.rows()} == before
    assert world.said("sweep")[-1]["meetings"] == len(before)
    return calls


@pytest.mark.parametrize(("count", "reads"), [(1, 1), (100, 1), (101, 2), (301, 4)])
def test_an_idle_sweep_makes_three_calls_and_one_for_each_hundred_open_meetings(
    world: World, count: int, reads: int
) -> None:
    store(world, count)
    assert idle_sweep(world) == IDLE_SWEEP | {"BatchGetItem": reads}


def test_an_idle_sweep_makes_three_calls_where_no_meeting_is_open(world: World) -> None:
    assert idle_sweep(world) == IDLE_SWEEP


def test_an_idle_sweep_makes_no_more_calls_while_people_are_in_their_meetings(world: World) -> None:
    for number in range(10):
        meeting_id = world.put(
            id=f"m-{number}",
            meet_time=utc(NOW),
            created_at=utc(NOW - timedelta(days=1)),
            status="IN_PROGRESS",
            open="1",
        )
        for role in ("teacher", "student"):
            desktop_id = world.desktop(meeting_id, role)
            world.cloud.cloudflare.add(
                name=f"{desktop_id}.example.com",
                content=str(world.cloud.ec2.lives[desktop_id].instance.public_ip),
                comment=f"elephant:dev:{meeting_id}",
            )
            met = {f"{role}_healthy_at": utc(NOW), f"{role}_joined_at": utc(NOW)}
            world.write(
                meeting_id, **launched(role, desktop_id, meeting_id=meeting_id), **linked(role, desktop_id), **met
            )
    world.move(minutes=10)
    assert idle_sweep(world) == IDLE_SWEEP | {"BatchGetItem": 1}
    assert len(world.alive()) == len(world.published()) == 20


def test_a_sweep_at_the_hour_also_reads_when_the_certificate_ends(world: World) -> None:
    idle_sweep(world)
    world.move(minutes=59)
    world.forget_calls()
    world.sweep()
    assert Counter(call.operation for call in world.calls()) == IDLE_SWEEP | {"GetItem": 1}


def test_a_cold_sweep_reads_once_the_secret_and_whether_cloudflare_is_to_be_asked(world: World) -> None:
    world.move(minutes=1)
    world.sweep()
    assert Counter(call.operation for call in world.calls()) == IDLE_SWEEP | {"GetSecretValue": 1, "GetItem": 1}


def calls_of_a_poll(world: World, meeting_id: str, query: str = "?peek=1") -> list[str]:
    world.forget_calls()
    world.http.get(f"/join/{meeting_id}/teacher{query}")
    return [call.operation for call in world.calls()]


@pytest.mark.parametrize("query", ["?peek=1", ""], ids=["a page", "a click"])
def test_a_poll_at_a_closed_door_is_one_read_and_at_most_one_write_a_minute(world: World, query: str) -> None:
    """Once a minute a container reads the key for links with the row, and then how long desktops take."""
    meeting_id = world.put(meet_time=utc(NOW), status="LAUNCHED")
    for _ in range(2):
        assert calls_of_a_poll(world, meeting_id, query) == ["TransactGetItems", "UpdateItem", "GetItem"]
        for _ in range(11):
            world.move(seconds=5)
            assert calls_of_a_poll(world, meeting_id, query) == ["GetItem"]
        world.move(seconds=5)


def test_a_poll_at_an_open_door_is_no_more(world: World) -> None:
    ready = launched("teacher", "i-0123456789abcdef0") | linked("teacher", "i-0123456789abcdef0")
    meeting_id = world.put(meet_time=utc(NOW), teacher_healthy_at=utc(NOW), **ready | {"status": "HEALTHY"})
    assert calls_of_a_poll(world, meeting_id) == ["TransactGetItems", "UpdateItem"]
    assert calls_of_a_poll(world, meeting_id) == ["GetItem"]
    world.move(minutes=1)
    assert calls_of_a_poll(world, meeting_id) == ["TransactGetItems", "UpdateItem"]


def test_scheduling_is_one_write_and_two_timers(world: World) -> None:
    world.schedule()
    world.forget_calls()
    world.schedule()
    assert [call.operation for call in world.calls()] == ["PutItem", "CreateSchedule", "CreateSchedule"]
