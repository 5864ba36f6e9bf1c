"""stream_terminator tells others after the meetings were seen to, whatever failed there; a failing bus harms none."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import NotAnnounced, SomeFailed
from chalicelib.runtime import Runtime
from tests.app.world import NOW, Event, World, launched, record, stream_event, utc

TOLD = "PutEvents"


def called_off(world: World) -> tuple[str, Event]:
    """Put a meeting that was called off while its desktop runs and has reported; return its id, and that write."""
    meeting_id = world.put(meet_time=utc(NOW), status="LAUNCHED", open="1")
    world.write(meeting_id, **launched("teacher", world.desktop(meeting_id, "teacher"), NOW, meeting_id))
    before = world.row(meeting_id)
    world.write(meeting_id, termination_reason="CANCELLED", student_link_number=1)
    world.forget_calls()
    return meeting_id, stream_event(record(world.row(meeting_id), NOW, before=before))


def operations(world: World) -> list[str]:
    return [call.operation for call in world.calls()]


def test_others_are_told_once_the_meeting_was_seen_to(world: World) -> None:
    world.configure(EVENT_BUS="default")
    _, event = called_off(world)
    world.invoke("stream_terminator", event)
    assert operations(world)[-1] == TOLD
    assert "TerminateInstances" in operations(world)[:-1]


def test_nobody_is_told_where_no_bus_is_named(world: World) -> None:
    _, event = called_off(world)
    world.invoke("stream_terminator", event)
    assert TOLD not in operations(world)


def test_a_bus_that_is_out_of_reach_keeps_no_meeting_from_its_end_and_has_the_batch_again_for_some_minutes(
    world: World,
) -> None:
    _, event = called_off(world)
    world.configure(EVENT_BUS="default")
    for name in ("events", "eventbridge"):  # as the tests' clients call the service, and as the SDK's variables do
        world.cut_off(name)
    for _ in range(2):
        with pytest.raises(NotAnnounced, match="bus default"):
            world.invoke("stream_terminator", event)
        assert world.alive() == set()
    world.move(minutes=5)
    world.invoke("stream_terminator", event)
    [given_up] = [line for line in world.log if line["event"] == "not_announced"]
    assert [told["detail-type"] for told in given_up["events"]] == ["Meeting Changed"]


def test_a_bus_that_is_not_there_holds_nothing_up(world: World) -> None:
    world.configure(EVENT_BUS="no-such-bus")
    _, event = called_off(world)
    world.invoke("stream_terminator", event)
    assert world.alive() == set()
    assert [line["event"] for line in world.log].count("not_announced") == 1


def test_others_are_told_though_a_meeting_could_not_be_seen_to(world: World) -> None:
    world.configure(EVENT_BUS="default")
    _, event = called_off(world)
    change = event["Records"][0]["dynamodb"]
    del change["NewImage"]["open"]  # a row that the sweep does not list
    world.cut_off("dynamodb")
    with pytest.raises(SomeFailed):
        world.invoke("stream_terminator", event)
    assert operations(world) == [TOLD]


@pytest.mark.parametrize(
    ("bus", "region"),
    [("arn:aws:events:eu-west-1:210987654321:event-bus/school", "eu-west-1"), ("school", "us-west-2")],
)
def test_a_bus_is_asked_in_its_own_region_and_once(monkeypatch: pytest.MonkeyPatch, bus: str, region: str) -> None:
    made: list[tuple[str, str | None, int]] = []

    def client(service: str, config: object) -> object:
        made.append((service, config.region_name, config.retries["total_max_attempts"]))  # type: ignore[attr-defined]
        return object()

    monkeypatch.setattr("boto3.client", client)
    assert Runtime(environ={"EVENT_BUS": bus}).announcing
    assert made == [("events", region if bus.startswith("arn:") else None, 1)]
