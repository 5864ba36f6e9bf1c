"""Where the desktops at once are limited: POST /schedule, and the sweep that counts again what the rows want."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.app.world import NOW, World, form, utc

AT = NOW + timedelta(hours=2)


@pytest.fixture(autouse=True)
def limited(world: World) -> None:
    """Let a container of the app have room for one meeting at a time."""
    world.configure(DESKTOPS_AT_ONCE="2")


def asked(hours: float = 0) -> dict[str, object]:
    return form(meet_time=utc(AT + timedelta(hours=hours)), duration_minutes=60)


def test_a_full_time_is_a_conflict_with_the_next_times_that_are_not(world: World) -> None:
    assert world.schedule(asked()).status_code == 200
    full = world.schedule(asked(0.5))
    assert full.status_code == 409
    assert full.json_body["free"] == [
        "2026-03-02T18:15:00Z",
        "2026-03-02T18:30:00Z",
        "2026-03-02T18:45:00Z",
        "2026-03-02T19:00:00Z",
    ]
    assert "Monday, 2 March 2026, 18:15" in full.json_body["message"]
    assert full.headers["Access-Control-Allow-Origin"] == "*"
    assert (len(world.rows()), len(world.timers())) == (1, 2)
    assert world.schedule(form(meet_time=full.json_body["free"][0], duration_minutes=60)).status_code == 200


def test_a_time_at_which_the_zone_has_no_room_for_more_records_is_full_too(world: World) -> None:
    world.configure(DESKTOPS_AT_ONCE="40", MAX_DNS_RECORDS="2")
    assert world.schedule(asked()).status_code == 200
    full = world.schedule(asked(0.5))
    assert (full.status_code, full.json_body["free"][0]) == (409, "2026-03-02T18:15:00Z")
    world.configure(DESKTOPS_AT_ONCE="", MAX_DNS_RECORDS="2")
    assert world.schedule(asked(0.5)).status_code == 409


def test_the_same_request_is_answered_again_though_its_time_is_full_now(world: World) -> None:
    key = {"Idempotency-Key": "form-1"}
    first = world.schedule(asked(), headers=key)
    again = world.schedule(asked(), headers=key)
    assert (again.status_code, again.json_body) == (200, first.json_body)
    assert world.schedule(asked(), headers={"Idempotency-Key": "form-2"}).status_code == 409


def test_scheduling_reads_the_calendar_once_and_writes_once(world: World) -> None:
    world.schedule(asked())  # reads the keys that links are signed with, and keeps them for a minute
    world.forget_calls()
    world.schedule(asked(5))
    scheduled = ["BatchGetItem", "TransactWriteItems", "CreateSchedule", "CreateSchedule"]
    assert [call.operation for call in world.calls()] == scheduled


def test_a_meeting_that_has_ended_gives_its_time_back_with_the_next_sweep(world: World) -> None:
    meeting_id = world.schedule(asked()).json_body["id"]
    world.write(meeting_id, status="TERMINATED", termination_reason="CANCELLED", ended_at=utc(NOW))
    assert world.schedule(asked()).status_code == 409
    world.sweep()
    assert world.schedule(asked()).status_code == 200


def test_a_row_that_was_written_by_hand_counts_from_the_next_sweep_on(world: World) -> None:
    world.put(meet_time=utc(AT), status="SCHEDULED", open="1", duration_minutes=60)
    world.sweep()
    assert world.schedule(asked()).status_code == 409


def test_an_idle_sweep_makes_one_call_more_than_without_a_limit(world: World) -> None:
    world.schedule(asked())
    world.sweep()
    world.forget_calls()
    world.move(minutes=1)  # in the first minute of an hour it also looks when the certificate ends
    world.sweep()
    calls = Counter(call.operation for call in world.calls())
    assert calls == {"BatchGetItem": 2, "Query": 1, "DescribeInstances": 1, "list records": 1}


def test_without_a_table_of_its_own_the_app_has_no_calendar(world: World) -> None:
    world.configure(STATE_TABLE=None)
    assert [world.schedule(asked()).status_code for _ in range(2)] == [200, 200]


def test_without_the_calendar_the_form_may_try_again(world: World) -> None:
    world.configure(STATE_TABLE="elephant-lost")
    answer = world.schedule(asked())
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "elephant-lost" in world.errors()
    assert world.rows() == []
