"""A paused stage over its handlers: nothing new is scheduled or launched, people are told so, what lives goes on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.adapters.pausing import PAUSED
from localcloud.cloud import STATE_TABLE
from tests.app.test_manage_http import Own
from tests.app.world import NOW, World, form, utc

DUE = {"meet_time": utc(NOW + timedelta(minutes=10)), "created_at": utc(NOW - timedelta(days=1))}
ITEM = {"id": PAUSED, "by": "arn:ann", "why": "EC2 is being repaired", "since": utc(NOW)}


def pause(world: World) -> None:
    item = {name: {"S": text} for name, text in ITEM.items()}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=item)


def resume(world: World) -> None:
    world.cloud.operator("dynamodb").delete_item(TableName=STATE_TABLE, Key={"id": {"S": PAUSED}})
    world.move(minutes=1)


def due(world: World) -> str:
    return world.put(status="SCHEDULED", open="1", **DUE)


def test_nothing_is_scheduled_and_the_answer_says_so_to_people_and_programs(world: World) -> None:
    pause(world)
    answer = world.schedule()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json_body["why"]) == (503, "60", "paused")
    assert "the operator has paused this service" in answer.json_body["message"]
    assert (world.rows(), world.timers(), world.errors()) == ([], {}, "")
    resume(world)
    assert world.schedule().status_code == 200


def test_what_is_wrong_with_a_form_is_said_first(world: World) -> None:
    pause(world)
    assert world.schedule(form(teacher_name="")).status_code == 400
    world.configure(SCHEDULING="locked")
    assert world.schedule().status_code == 401


def test_to_ask_costs_no_call_more(world: World) -> None:
    world.schedule()
    for call in ("TransactGetItems", "PutItem"):
        assert Counter(each.operation for each in world.calls())[call] == 1


def test_whether_it_is_cannot_be_read_so_it_is_not(world: World) -> None:
    pause(world)
    world.configure(STATE_TABLE="elephant-state-of-nobody", SCHEDULING="open")
    assert world.schedule().status_code != 503 or "paused" not in world.schedule().json_body.get("why", "")
    assert world.said("pause_unknown")


@pytest.mark.parametrize("trigger", ["launch_ec2", "safety_net", "stream_terminator", "sweep"])
def test_no_trigger_launches_what_has_not_begun(world: World, trigger: str) -> None:
    meeting_id = due(world)
    pause(world)
    if trigger == "sweep":
        world.sweep()
    else:
        event = {"meeting_id": meeting_id} if trigger != "stream_terminator" else world.change_of(meeting_id)
        world.invoke(trigger, event)
    assert world.alive() == set()
    [entry] = world.row(meeting_id)["history"]
    assert entry == {
        "at": utc(NOW),
        "what": "the launch waits, because the stage is paused",
        "by": "arn:ann",
        "why": "EC2 is being repaired",
    }
    resume(world)
    world.sweep()
    assert len(world.alive()) == 2


def test_who_waits_at_the_door_is_told_that_the_operator_has_paused(world: World) -> None:
    meeting_id = due(world)
    pause(world)
    world.sweep()
    answer = world.join(meeting_id, "teacher")
    assert answer.status_code == 202
    assert answer.json_body["progress"] == {"step": "paused", "since": utc(NOW), "attempt": 1}
    assert "The operator has paused this service" in answer.json_body["message"]
    assert "usual_minutes" not in answer.json_body
    resume(world)
    world.sweep()
    assert world.join(meeting_id, "teacher").json_body["progress"]["step"] == "starting"


def test_a_timer_that_is_on_time_finds_the_meeting_held(world: World) -> None:
    """It carries the row as it was when it was armed, and asks nobody."""
    own = Own(world)
    [timer] = [each for name, each in world.timers().items() if name.startswith("launch-")]
    pause(world)
    world.move(minutes=108.5)
    world.sweep()
    world.move(minutes=1.5)
    world.invoke("launch_ec2", json.loads(timer["Target"]["Input"]))
    assert world.alive() == set()
    assert own.row()["held_at"]


def test_a_meeting_is_moved_to_later_and_not_to_now(world: World) -> None:
    own = Own(world)
    pause(world)
    world.move(minutes=1)
    before = own.row()
    answer = own.ask("PATCH", body={"meet_time": utc(NOW + timedelta(minutes=5))})
    assert (answer.status_code, answer.json_body["why"]) == (503, "paused")
    assert own.row() == before
    assert own.ask("PATCH", body={"student_name": "Bea"}).status_code == 200
    assert own.ask("PATCH", body={"meet_time": utc(NOW + timedelta(hours=9))}).status_code == 200


def test_one_that_is_held_is_moved_to_later_and_waits_no_more(world: World) -> None:
    own = Own(world)
    pause(world)
    world.move(minutes=115)
    world.sweep()
    assert own.ask("PATCH", body={"meet_time": utc(NOW + timedelta(hours=9))}).status_code == 200
    assert "held_at" not in own.row()
    own.ask("GET")
    assert world.join(own.links["student"], "student").json_body["progress"]["step"] == "scheduled"


def test_what_lives_is_ended_as_ever(world: World) -> None:
    meeting_id = due(world)
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    pause(world)
    world.move(minutes=300)
    world.sweep()
    assert world.row(meeting_id)["status"] == "TERMINATED"
    assert world.alive() == set()
