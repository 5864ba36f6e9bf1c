"""stream_terminator: the contract's rules for what was written, and records that nobody should have written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import BadEvent, ConfigError, SomeFailed
from tests.app.world import NOW, Row, World, image, launched, record, stream_event, utc

QUARTER_PAST = NOW - timedelta(minutes=15)
BOTH = {"teacher_session_data": "s3://uploads/teacher.zip", "student_session_data": "s3://uploads/student.zip"}


def seated(world: World, **row: Any) -> tuple[str, set[str]]:
    """Put a row whose two desktops run, as the launcher left them; return its id and theirs."""
    meeting_id = world.put(**row)
    desktops = {role: world.desktop(meeting_id, role) for role in ("teacher", "student")}
    for role, desktop_id in desktops.items():
        world.write(meeting_id, **launched(role, desktop_id, NOW - timedelta(minutes=25), meeting_id))
    return meeting_id, set(desktops.values())


def done(**row: Any) -> Row:
    """Return a row that asks to be ended."""
    return {"meet_time": utc(QUARTER_PAST), "status": "IN_PROGRESS", **BOTH, **row}


def stream(world: World, event: object) -> None:
    world.invoke("stream_terminator", event)


def test_a_setting_that_cannot_be_used_fails_the_batch_so_that_it_is_tried_again(world: World) -> None:
    meeting_id, desktops = seated(world, **done())
    world.configure(MAX_LAUNCH_ATTEMPTS="many")
    with pytest.raises(ConfigError, match="MAX_LAUNCH_ATTEMPTS is 'many'"):
        stream(world, world.change_of(meeting_id))
    assert world.alive() == desktops


# --- the contract's rules for ending


@pytest.mark.parametrize(
    "times",
    [
        pytest.param({"meet_time": utc(QUARTER_PAST)}, id="meet_time"),
        pytest.param({"meet_time": utc(NOW - timedelta(hours=2))}, id="hours ago"),
        pytest.param({"created_at": utc(QUARTER_PAST)}, id="created_at where meet_time is missing"),
        pytest.param({"meet_time": "2026-03-02T16:45:00+02:00"}, id="an offset"),
        pytest.param({"meet_time": "2026-03-02T14:45:00"}, id="no offset, taken as UTC"),
    ],
)
@pytest.mark.parametrize("status", ["IN_PROGRESS", "HEALTHY"])
def test_both_uploaded_and_a_quarter_of_an_hour_has_passed_so_it_ends(world: World, times: Row, status: str) -> None:
    meeting_id, _ = seated(world, **BOTH, **times, status=status)
    stream(world, world.change_of(meeting_id))
    row = world.row(meeting_id)
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "SUCCESS")
    assert world.alive() == set()


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({**BOTH, "meet_time": utc(QUARTER_PAST + timedelta(seconds=1))}, id="a second too early"),
        pytest.param({**BOTH, "created_at": utc(QUARTER_PAST + timedelta(seconds=1))}, id="too early by created_at"),
        pytest.param({**BOTH}, id="no timestamp at all"),
        pytest.param({**BOTH, "meet_time": "", "created_at": ""}, id="empty timestamps"),
        pytest.param({**BOTH, "meet_time": "soon"}, id="garbage in meet_time"),
        pytest.param({**BOTH, "meet_time": "soon", "created_at": "2026-03-02T00:00:00Z"}, id="garbage is not missing"),
        pytest.param({**BOTH, "student_session_data": "", "meet_time": utc(QUARTER_PAST)}, id="one upload is empty"),
        pytest.param(
            {"teacher_session_data": "s3://uploads/t.zip", "created_at": utc(QUARTER_PAST)}, id="one has uploaded"
        ),
        pytest.param({"meet_time": utc(NOW - timedelta(hours=2))}, id="nobody has uploaded"),
    ],
)
def test_it_is_left_alone(world: World, row: Row) -> None:
    meeting_id, desktops = seated(world, status="IN_PROGRESS", open="1", **row)
    stream(world, world.change_of(meeting_id))
    after = world.row(meeting_id)
    assert after["status"] == "IN_PROGRESS"
    assert "termination_reason" not in after
    assert world.alive() == desktops


def test_a_batch_that_is_delivered_twice_ends_it_once(world: World) -> None:
    meeting_id, _ = seated(world, **done())
    event = world.change_of(meeting_id)
    stream(world, event)
    before = world.row(meeting_id)
    world.move(minutes=1)
    stream(world, event)
    assert world.row(meeting_id) == before


def test_a_record_that_is_out_of_date_ends_nothing(world: World) -> None:
    meeting_id, desktops = seated(world, **done(open="1"))
    event = world.change_of(meeting_id)
    world.write(meeting_id, meet_time=utc(NOW))
    stream(world, event)
    assert "termination_reason" not in world.row(meeting_id)
    assert world.alive() == desktops


def test_an_end_by_hand_that_was_taken_back_before_its_record_came_ends_nothing(world: World) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(NOW), status="TERMINATED", open="1")
    event = world.change_of(meeting_id)
    world.write(meeting_id, status="LAUNCHED")
    stream(world, event)
    assert world.alive() == desktops
    assert "termination_reason" not in world.row(meeting_id)


def test_an_end_by_hand_that_still_stands_when_its_record_comes_ends_the_meeting(world: World) -> None:
    meeting_id, _ = seated(world, meet_time=utc(NOW), status="TERMINATED", open="1")
    stream(world, world.change_of(meeting_id))
    assert world.alive() == set()
    assert world.row(meeting_id)["termination_reason"] == "CANCELLED"


def test_a_desktop_that_reports_after_the_end_brings_nothing_back(world: World) -> None:
    meeting_id = world.put(**done(status="TERMINATED", termination_reason="SUCCESS", ended_at=utc(NOW)))
    world.write(meeting_id, status="HEALTHY", instance_id="i-0a0a0a0a0a0a0a0a0")
    stream(world, world.change_of(meeting_id))
    row = world.row(meeting_id)
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "SUCCESS")
    assert world.alive() == set()


# --- what else is read off a record


def test_a_blind_healthy_over_in_progress_is_put_right(world: World) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(NOW), teacher_joined_at=utc(NOW), open="1")
    students = world.row(meeting_id)["student_ec2_id"]
    world.write(meeting_id, status="HEALTHY", instance_id=students)
    stream(world, world.change_of(meeting_id))
    row = world.row(meeting_id)
    assert row["status"] == "IN_PROGRESS"
    assert row["student_healthy_at"] == utc(NOW)
    assert world.alive() == desktops


def test_both_reports_in_one_batch_count_though_the_second_overwrites_the_first(world: World) -> None:
    meeting_id, _ = seated(world, meet_time=utc(NOW), status="LAUNCHED", open="1")
    row = world.row(meeting_id)
    records = []
    for role in ("teacher", "student"):
        world.write(meeting_id, status="HEALTHY", instance_id=row[f"{role}_ec2_id"])
        records.append(record(world.row(meeting_id), NOW))
    stream(world, stream_event(*records))
    assert {"teacher_healthy_at", "student_healthy_at"} <= set(world.row(meeting_id))


def test_a_report_counts_though_its_row_was_overwritten_since_and_must_be_read_again(world: World) -> None:
    meeting_id, _ = seated(world, meet_time=utc(NOW), status="LAUNCHED", open="1")
    row = world.row(meeting_id)
    world.write(meeting_id, instance_id=row["teacher_ec2_id"])
    event = world.change_of(meeting_id)
    world.write(meeting_id, status="IN_PROGRESS", instance_id=row["student_ec2_id"], student_joined_at=utc(NOW))
    stream(world, event)
    row = world.row(meeting_id)
    assert (row["teacher_healthy_at"], row["student_healthy_at"]) == (utc(NOW), utc(NOW))
    assert row["status"] == "IN_PROGRESS"


def test_a_meeting_that_is_due_when_it_is_inserted_is_launched_without_waiting_for_a_timer(world: World) -> None:
    meeting_id = world.put(meet_time=utc(NOW), created_at=utc(NOW), status="SCHEDULED", open="1")
    stream(world, stream_event(record(world.row(meeting_id), NOW, "INSERT")))
    assert len(world.alive()) == 2


def test_a_row_that_was_made_by_hand_is_shown_to_the_sweep(world: World) -> None:
    meeting_id = world.put(meet_time=utc(NOW + timedelta(hours=1)))
    stream(world, stream_event(record(world.row(meeting_id), NOW, "INSERT")))
    assert world.row(meeting_id)["open"] == "1"


def test_a_record_that_asks_for_nothing_costs_no_call(world: World) -> None:
    row = {"id": "m-1", "meet_time": utc(NOW + timedelta(hours=1)), "status": "SCHEDULED", "open": "1"}
    stream(world, stream_event(record(row, NOW)))
    assert world.calls() == []


def test_a_row_that_was_deleted_costs_no_call(world: World) -> None:
    stream(world, stream_event(record(done(id="m-1"), NOW, "REMOVE")))
    assert world.calls() == []


def test_a_row_that_was_deleted_meanwhile_is_noted_and_nothing_is_made_of_it(world: World) -> None:
    stream(world, stream_event(record(done(id="m-gone"), NOW)))
    assert [fact["meeting"] for fact in world.said("row_gone")] == ["m-gone"]
    assert world.rows() == []


# --- bad records


def without(row: Row, part: str) -> Row:
    bad = record(row, NOW)
    bad["dynamodb"].pop(part)
    return bad


def holding(new_image: object) -> Row:
    bad = record({"id": "m-1"}, NOW)
    bad["dynamodb"]["NewImage"] = new_image
    return bad


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        pytest.param(record({"status": "HEALTHY"}, NOW), "no id", id="no id"),
        pytest.param(record({"id": "", "status": "HEALTHY"}, NOW), "no id", id="an empty id"),
        pytest.param(record({"id": 7}, NOW), "no id of type S", id="an id of another type"),
        pytest.param(without({"id": "m-1"}, "NewImage"), "NewImage", id="keys only"),
        pytest.param(holding("m-1"), "NewImage", id="an image that is text"),
        pytest.param(holding({"id": "m-1"}), "not DynamoDB JSON", id="an image of plain JSON"),
        pytest.param(holding(image({"id": "m-1"}) | {"n": {"N": "many"}}), "not DynamoDB JSON", id="no number"),
        pytest.param(holding(image({"id": "m-1"}) | {"n": {}}), "not DynamoDB JSON", id="a value without a type"),
        pytest.param({"eventName": "MODIFY"}, "no dynamodb part", id="no dynamodb part"),
        pytest.param("record", "no dynamodb part", id="text"),
        pytest.param(None, "no dynamodb part", id="null"),
    ],
)
def test_a_record_that_cannot_be_understood_is_named_and_stops_no_other(world: World, bad: object, named: str) -> None:
    first, second = (seated(world, **done())[0] for _ in range(2))
    good = [world.change_of(meeting_id)["Records"][0] for meeting_id in (first, second)]
    stream(world, stream_event(good[0], bad, good[1]))
    assert {world.row(meeting_id)["termination_reason"] for meeting_id in (first, second)} == {"SUCCESS"}
    (complaint,) = world.said("bad_record")
    assert complaint["error"].startswith("BadEvent")
    assert named in complaint["error"]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        pytest.param({}, None, id="only an id"),
        pytest.param({"meet_time": "soon"}, "meet_time", id="garbage in meet_time"),
        pytest.param({"meet_time": "2026-02-30T10:00:00Z"}, "meet_time", id="no such day"),
        pytest.param({"meet_time": {"at": 7}, "created_at": ["x"]}, "meet_time", id="maps and lists"),
        pytest.param({"status": "ASLEEP"}, "status", id="a status that is none"),
        pytest.param({"teacher_attempt": "one"}, "teacher_attempt", id="a count that is none"),
        pytest.param({"duration_minutes": "long"}, "duration_minutes", id="a duration that is none"),
        pytest.param({"duration_minutes": 10**15}, "duration_minutes", id="an endless duration"),
        pytest.param(
            {"duration_minutes": 10**10, "meet_time": utc(NOW)}, "duration_minutes", id="a duration beyond the calendar"
        ),
        pytest.param({"meet_time": "0001-01-01T00:00:00Z"}, "meet_time", id="the first day of the calendar"),
        pytest.param({"meet_time": "9999-12-31T23:59:59Z"}, "meet_time", id="the last day of the calendar"),
    ],
)
def test_a_row_that_holds_garbage_is_named_causes_no_retry_and_stops_no_other(
    world: World, row: Row, named: str | None
) -> None:
    good, _ = seated(world, **done())
    bad = world.put(**row)
    stream(world, world.change_of(bad, good))
    assert world.row(good)["termination_reason"] == "SUCCESS"
    assert world.row(bad).items() >= row.items()
    if named:
        assert any(named in fact["why"] for fact in world.said("bad_row") if fact["meeting"] == bad)


def test_an_event_without_records_fails_and_says_so(world: World) -> None:
    with pytest.raises(BadEvent, match="Records"):
        stream(world, {"meeting_id": "m-1"})


# --- what is tried again, and what the sweep makes good


def booting(world: World) -> tuple[str, str]:
    """Put a listed meeting whose desktops boot; return its id and the teacher's desktop."""
    meeting_id, _ = seated(world, meet_time=utc(NOW), status="LAUNCHED", open="1")
    return meeting_id, world.row(meeting_id)["teacher_ec2_id"]


def test_a_look_that_failed_is_logged_by_name_stops_no_other_and_is_made_good_by_the_sweep(world: World) -> None:
    needs_ec2 = world.put(meet_time=utc(NOW), created_at=utc(NOW), status="SCHEDULED", open="1")
    needs_none, _ = seated(world, meet_time=utc(NOW), status="HEALTHY", teacher_joined_at=utc(NOW), open="1")
    world.cut_off("ec2")
    stream(world, world.change_of(needs_ec2, needs_none))
    assert [fact["meeting"] for fact in world.said("look_failed")] == [needs_ec2]
    assert world.row(needs_none)["status"] == "IN_PROGRESS"
    world.reconnect("ec2")
    world.sweep()
    assert world.row(needs_ec2)["status"] == "LAUNCHED"


def test_an_ending_that_failed_is_made_good_by_the_sweep(world: World) -> None:
    meeting_id, _ = seated(world, **done(open="1"))
    event = world.change_of(meeting_id)
    world.cut_off("dynamodb")
    stream(world, event)
    world.reconnect("dynamodb")
    world.clock.moment = NOW + timedelta(minutes=1)
    world.sweep()
    assert world.row(meeting_id)["termination_reason"] == "SUCCESS"
    assert world.alive() == set()


def test_a_report_that_no_row_will_tell_again_is_tried_again_with_its_batch(world: World) -> None:
    meeting_id, teachers = booting(world)
    world.write(meeting_id, status="HEALTHY", instance_id=teachers)
    event = world.change_of(meeting_id)
    world.write(meeting_id, instance_id=world.row(meeting_id)["student_ec2_id"])
    world.cut_off("dynamodb")
    with pytest.raises(SomeFailed, match=meeting_id):
        stream(world, event)
    world.reconnect("dynamodb")
    stream(world, event)
    assert world.row(meeting_id)["teacher_healthy_at"] == utc(NOW)


def test_a_report_that_has_failed_for_minutes_blocks_its_shard_no_longer(world: World) -> None:
    meeting_id, teachers = booting(world)
    world.write(meeting_id, status="HEALTHY", instance_id=teachers)
    event = world.change_of(meeting_id)
    world.cut_off("dynamodb")
    world.move(minutes=4, seconds=59)
    with pytest.raises(SomeFailed):
        stream(world, event)
    world.move(seconds=1)
    stream(world, event)
    assert meeting_id in world.errors()


@pytest.mark.parametrize("service", ["ec2", "dynamodb"])
def test_a_row_made_by_hand_that_could_not_be_looked_at_is_not_lost(world: World, service: str) -> None:
    meeting_id = world.put(meet_time=utc(NOW), status="SCHEDULED")
    event = stream_event(record(world.row(meeting_id), NOW, "INSERT"))
    world.cut_off(service)
    given_up = delivered(world, event)
    world.reconnect(service)
    if not given_up:
        stream(world, event)
    world.sweep()
    assert len(world.alive()) == 2


def delivered(world: World, event: object) -> bool:
    """Return whether the stream will not deliver this batch again."""
    try:
        stream(world, event)
    except SomeFailed:
        return False
    return True
