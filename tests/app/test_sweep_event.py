"""sweep: the minute has passed. One bad row, record or service never stops the rest, and what is not ours stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.ec2 import Ec2Desktops
from chalicelib.domain.errors import SomeFailed
from chalicelib.domain.model import Desktop
from localcloud.cloudflare import DOMAIN
from localcloud.functions import timeout_s
from tests.app.world import NOW, Row, World, ec2_event, launched, link, linked, utc

DUE = {"meet_time": utc(NOW + timedelta(minutes=5)), "created_at": utc(NOW - timedelta(days=1))}


def listed(world: World, **row: Any) -> str:
    return world.put(**{"open": "1", "status": "SCHEDULED", **row})


def test_a_meeting_whose_timer_never_fired_is_launched(world: World) -> None:
    meeting_id = listed(world, **DUE)
    world.sweep()
    row = world.row(meeting_id)
    assert world.alive() == {row["teacher_ec2_id"], row["student_ec2_id"]}


def test_a_meeting_that_is_hours_away_is_left_alone(world: World) -> None:
    meeting_id = listed(world, meet_time=utc(NOW + timedelta(hours=3)))
    before = world.row(meeting_id)
    world.sweep()
    assert world.alive() == set()
    assert world.row(meeting_id) == before


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        pytest.param({}, None, id="only an id"),
        pytest.param({"meet_time": "soon"}, "meet_time", id="garbage in meet_time"),
        pytest.param({"meet_time": "2026-02-30T10:00:00Z"}, "meet_time", id="no such day"),
        pytest.param({"meet_time": "0001-01-01T00:00:00Z"}, "meet_time", id="the first day of the calendar"),
        pytest.param({"meet_time": "9999-12-31T23:59:59Z"}, "meet_time", id="the last day of the calendar"),
        pytest.param({"status": "ASLEEP"}, "status", id="a status that is none"),
        pytest.param({"duration_minutes": "long", **DUE}, "duration_minutes", id="a duration that is none"),
        pytest.param({"duration_minutes": 10**10, **DUE}, "duration_minutes", id="a duration beyond the calendar"),
        pytest.param({"duration_minutes": 10**15}, "duration_minutes", id="an endless duration"),
        pytest.param({"teacher_replaced": "once"}, "teacher_replaced", id="a text where there are several"),
        pytest.param(
            {"teacher_attempt_at": ["x"], "student_ec2_id": {"id": 7}}, "teacher_attempt_at", id="wrong types"
        ),
    ],
)
def test_a_row_that_holds_garbage_is_named_and_stops_no_other(world: World, bad: Row, named: str | None) -> None:
    good = [listed(world, id="a-good", **DUE), listed(world, id="z-good", **DUE)]
    bad_id = listed(world, id="m-bad", **bad)
    world.sweep()
    for meeting_id in good:
        assert world.row(meeting_id)["status"] == "LAUNCHED"
    if named:
        assert any(named in fact["why"] for fact in world.said("bad_row") if fact["meeting"] == bad_id)


# --- its time


@pytest.mark.parametrize("left_s", [20, 14])
def test_what_is_begun_late_still_has_a_quarter_of_a_minute_before_lambda_cuts_it_off(
    world: World, monkeypatch: pytest.MonkeyPatch, left_s: int
) -> None:
    first, second = listed(world, id="a", **DUE), listed(world, id="b", **DUE)
    launch = Ec2Desktops.launch

    def slow(desktops: Ec2Desktops, meeting_id: str, *rest: Any) -> Desktop:
        if meeting_id == first:
            world.clock.moment = NOW + timedelta(seconds=timeout_s("sweep") - left_s)
        return launch(desktops, meeting_id, *rest)

    monkeypatch.setattr(Ec2Desktops, "launch", slow)
    world.sweep()
    assert world.row(first)["status"] == "LAUNCHED"
    assert ("teacher_ec2_id" in world.row(second)) is (left_s > 15)
    world.sweep()
    assert world.row(second)["status"] == "LAUNCHED"


# --- what no meeting answers for


@pytest.mark.parametrize(
    ("tags", "minutes", "stays"),
    [
        pytest.param({}, 6, False, id="its meeting does not exist"),
        pytest.param({"MeetingID": None, "Role": None, "Name": None}, 6, False, id="it names no meeting"),
        pytest.param({}, 4, True, id="it is young"),
        pytest.param({"Stage": None}, 6, True, id="it was launched by hand"),
        pytest.param({"Stage": "prod"}, 6, True, id="it is of another stage"),
        pytest.param({"Project": "Payroll"}, 6, True, id="it is of another project"),
        pytest.param({"Project": None}, 6, True, id="it is of no project"),
    ],
)
def test_only_an_instance_of_ours_that_no_meeting_answers_for_is_taken_away(
    world: World, tags: dict[str, str | None], minutes: int, stays: bool
) -> None:
    desktop_id = world.desktop("m-unknown", "teacher", "running", **tags)
    world.move(minutes=minutes)
    world.sweep()
    assert (desktop_id in world.alive()) is stays


@pytest.mark.parametrize(
    ("comment", "minutes", "stays"),
    [
        pytest.param("elephant:dev:m-1", 6, False, id="ours, of a desktop that does not live"),
        pytest.param("elephant:dev:m-1", 4, True, id="ours, but young"),
        pytest.param("elephant:prod:m-1", 6, True, id="of another stage"),
        pytest.param("printer on the second floor", 6, True, id="somebody else's"),
        pytest.param(None, 6, True, id="without a comment"),
    ],
)
def test_only_a_record_of_ours_without_a_desktop_is_withdrawn(
    world: World, comment: str | None, minutes: int, stays: bool
) -> None:
    name = f"i-0123456789abcdef0.{DOMAIN}"
    world.cloud.cloudflare.add(name=name, content="192.0.2.1", comment=comment)
    world.move(minutes=minutes)
    world.sweep()
    assert (name in world.published()) is stays


@pytest.mark.parametrize(
    ("comment", "stays"),
    [
        pytest.param("elephant:dev@here1:m-1", False, id="ours"),
        pytest.param("elephant:dev@there2:m-1", True, id="of another installation"),
        pytest.param("elephant:prod@here1:m-1", True, id="of another stage of ours"),
        pytest.param("elephant:dev:m-1", True, id="of version 0.1.0, of a meeting that is not ours"),
        pytest.param("elephant:dev:m-ours", False, id="of version 0.1.0, of a meeting of ours"),
    ],
)
def test_a_record_of_another_installation_is_left_alone(world: World, comment: str, stays: bool) -> None:
    world.put(id="m-ours", status="TERMINATED", termination_reason="SUCCESS", teacher_ec2_id="i-0123456789abcdef0")
    name = f"i-0123456789abcdef0.{DOMAIN}"
    world.cloud.cloudflare.add(name=name, content="192.0.2.1", comment=comment)
    world.configure(INSTALLATION="here1")
    world.move(minutes=6)
    world.sweep()
    world.sweep()
    assert (name in world.published()) is stays


def test_a_record_of_version_0_1_0_behind_a_link_is_marked_anew(world: World) -> None:
    meeting_id = world.put(open="1", status="IN_PROGRESS", teacher_joined_at=utc(NOW), **DUE)
    desktop_id = world.desktop(meeting_id, "teacher")
    world.write(meeting_id, **launched("teacher", desktop_id, meeting_id=meeting_id))
    world.invoke("dns_watchdog", ec2_event(desktop_id, "running"))
    before = world.published()
    world.configure(INSTALLATION="here1")
    world.move(minutes=6)
    for _ in range(2):
        world.sweep()
        [record] = world.cloud.cloudflare.records.values()
        assert record["comment"] == f"elephant:dev@here1:{meeting_id}"
    assert world.published() == before


# --- services that fail


def test_without_the_zones_settings_it_fails_by_name_and_everything_else_is_done(world: World) -> None:
    meeting_id = listed(world, **DUE)
    world.configure(ZONE_ID=None, SECRET_ARN=None)
    with pytest.raises(SomeFailed):
        world.sweep()
    assert "ZONE_ID" in world.errors()
    assert "SECRET_ARN" in world.errors()
    assert world.row(meeting_id)["status"] == "LAUNCHED"


def test_without_a_desktops_settings_it_fails_by_name_and_ends_what_is_over(world: World) -> None:
    due = listed(world, **DUE)
    over = listed(world, meet_time=utc(NOW - timedelta(minutes=15)))
    world.configure(AMI_ID=None)
    with pytest.raises(SomeFailed):
        world.sweep()
    assert "AMI_ID" in world.errors()
    assert "teacher_attempt" not in world.row(due)
    assert world.row(over)["termination_reason"] == "LAUNCH_FAILED"


def test_what_ec2_does_not_tell_is_unknown_and_not_gone(world: World) -> None:
    meeting_id = world.put(open="1", status="IN_PROGRESS", teacher_joined_at=utc(NOW), **DUE)
    desktop_id = world.desktop(meeting_id, "teacher")
    world.write(meeting_id, **launched("teacher", desktop_id, meeting_id=meeting_id), **linked("teacher", desktop_id))
    world.cloud.cloudflare.add(name=f"{desktop_id}.{DOMAIN}", content="192.0.2.1", comment=f"elephant:dev:{meeting_id}")
    world.move(minutes=6)
    before = world.row(meeting_id)
    world.cut_off("ec2")
    with pytest.raises(SomeFailed):
        world.sweep()
    assert world.row(meeting_id) == before
    assert before["teacher_ec2_link"] == link(desktop_id)
    assert len(world.published()) == 1


def test_without_the_table_no_desktop_is_taken_for_a_stray(world: World) -> None:
    meeting_id = world.put(open="1", status="IN_PROGRESS", teacher_joined_at=utc(NOW), **DUE)
    desktop_id = world.desktop(meeting_id, "teacher")
    world.move(minutes=6)
    world.cut_off("dynamodb")
    with pytest.raises(SomeFailed):
        world.sweep()
    assert world.alive() == {desktop_id}


def test_without_the_zone_the_fleet_is_tended_all_the_same(world: World) -> None:
    stray = world.desktop("m-unknown", "teacher")
    world.move(minutes=6)
    world.cloud.cloudflare.outage = "5xx"
    with pytest.raises(SomeFailed):
        world.sweep()
    assert stray not in world.alive()


def test_where_lambda_cannot_keep_sweeps_apart_the_state_table_does(world: World) -> None:
    due = listed(world, **DUE)
    state = "elephant-state-dev"
    world.cloud.operator("dynamodb").create_table(
        TableName=state,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    world.configure(STATE_TABLE=state, SWEEP_LEASE="true")
    until = {"N": str((NOW + timedelta(seconds=30)).timestamp())}
    world.cloud.operator("dynamodb").put_item(TableName=state, Item={"id": {"S": "sweep"}, "until": until})
    world.sweep()
    assert world.row(due)["status"] == "SCHEDULED"
    assert [fact["why"] for fact in world.said("sweep_left")] == ["another sweep is at work"]
    world.clock.moment = NOW + timedelta(minutes=1)
    world.sweep()
    assert world.row(due)["status"] == "LAUNCHED"
