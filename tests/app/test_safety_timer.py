"""safety_net: the contract's rules at T+15, each as a row, a call, and what comes of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from chalicelib.domain.errors import Unavailable
from tests.app.world import NOW, Row, World, ec2_event, launched, utc

QUARTER_PAST = NOW - timedelta(minutes=15)
TIMES = [
    pytest.param({"meet_time": utc(QUARTER_PAST), "created_at": "2026-03-01T00:00:00Z"}, id="by meet_time"),
    pytest.param({"created_at": utc(QUARTER_PAST)}, id="by created_at"),
    pytest.param({}, id="without any timestamp"),
]
TEACHERS = {"teacher_session_data": "s3://uploads/teacher.zip"}
STUDENTS = {"student_session_data": "s3://uploads/student.zip"}
NOTHING = {"teacher_session_data": "", "student_session_data": ""}


def seated(world: World, at: datetime = NOW - timedelta(minutes=25), **row: object) -> tuple[str, set[str]]:
    """Put a row whose two desktops run, as the launcher left them then; return its id and theirs."""
    meeting_id = world.put(**row)
    desktops = {role: world.desktop(meeting_id, role) for role in ("teacher", "student")}
    for role, desktop_id in desktops.items():
        world.write(meeting_id, **launched(role, desktop_id, at, meeting_id))
    return meeting_id, set(desktops.values())


def fire(world: World, meeting_id: str) -> None:
    world.invoke("safety_net", {"meetingId": meeting_id})


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param({"status": "LAUNCHED"}, "NO_SHOW_TIMEOUT", id="nobody uploaded, launched"),
        pytest.param({"status": "DNS_WRITTEN"}, "NO_SHOW_TIMEOUT", id="nobody uploaded, published"),
        pytest.param({"status": "HEALTHY"}, "NO_SHOW_TIMEOUT", id="nobody uploaded, healthy"),
        pytest.param({}, "NO_SHOW_TIMEOUT", id="nobody uploaded, no status"),
        pytest.param({"status": "HEALTHY", **NOTHING}, "NO_SHOW_TIMEOUT", id="empty uploads"),
        pytest.param({"status": "HEALTHY", **TEACHERS}, "PARTIAL_NO_SHOW_TIMEOUT", id="the teacher uploaded"),
        pytest.param({"status": "IN_PROGRESS", **STUDENTS}, "PARTIAL_NO_SHOW_TIMEOUT", id="the student uploaded"),
        pytest.param({"status": "IN_PROGRESS", **TEACHERS, **STUDENTS}, "15_MIN_SUCCESS", id="both uploaded"),
        pytest.param({"status": "HEALTHY", **TEACHERS, **STUDENTS}, "15_MIN_SUCCESS", id="both uploaded, healthy"),
    ],
)
def test_the_meeting_ends(world: World, times: Row, row: Row, reason: str) -> None:
    meeting_id, _ = seated(world, **times, **row)
    fire(world, meeting_id)
    after = world.row(meeting_id)
    assert after["status"] == "TERMINATED"
    assert after["termination_reason"] == reason
    assert after["ended_at"] == utc(NOW)
    assert world.alive() == set()


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"status": "IN_PROGRESS"}, id="nobody uploaded, in progress"),
        pytest.param({"status": "IN_PROGRESS", **NOTHING}, id="empty uploads, in progress"),
        pytest.param({"status": "HEALTHY", "teacher_joined_at": utc(NOW)}, id="a desktop wrote over in progress"),
    ],
)
def test_the_meeting_goes_on(world: World, times: Row, row: Row) -> None:
    meeting_id, desktops = seated(world, **times, **row)
    fire(world, meeting_id)
    after = world.row(meeting_id)
    assert after["status"] == "IN_PROGRESS"
    assert "termination_reason" not in after
    assert world.alive() == desktops


@pytest.mark.parametrize("spelling", ["meetingId", "meeting_id"])
def test_both_spellings_of_the_id_are_taken(world: World, spelling: str) -> None:
    meeting_id, _ = seated(world, meet_time=utc(QUARTER_PAST))
    world.invoke("safety_net", {spelling: meeting_id})
    assert world.row(meeting_id)["termination_reason"] == "NO_SHOW_TIMEOUT"


@pytest.mark.parametrize("row", [{}, TEACHERS, {**TEACHERS, **STUDENTS}], ids=["nobody", "one", "both"])
def test_a_timer_that_fires_early_because_the_meeting_was_moved_ends_nothing(world: World, row: Row) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(QUARTER_PAST + timedelta(seconds=1)), **row)
    fire(world, meeting_id)
    assert "termination_reason" not in world.row(meeting_id)
    assert world.alive() == desktops


@pytest.mark.parametrize("meet_time", ["soon", "2026-02-30T10:00:00Z", 7])
def test_garbage_in_meet_time_ends_nothing_and_is_named(world: World, meet_time: object) -> None:
    meeting_id, desktops = seated(world, meet_time=meet_time, created_at="2026-03-02T00:00:00Z")
    fire(world, meeting_id)
    assert world.alive() == desktops
    assert "termination_reason" not in world.row(meeting_id)
    assert "meet_time" in world.said("bad_row")[0]["why"]


def test_the_checkpoint_is_held_once(world: World) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(QUARTER_PAST), status="IN_PROGRESS")
    fire(world, meeting_id)
    world.move(minutes=5)
    world.write(meeting_id, **TEACHERS)
    fire(world, meeting_id)
    assert "termination_reason" not in world.row(meeting_id)
    assert world.alive() == desktops


@pytest.mark.parametrize("row", [{}, TEACHERS, {**TEACHERS, **STUDENTS}], ids=["nobody", "one", "both"])
def test_an_ended_meeting_keeps_its_reason(world: World, row: Row) -> None:
    ended = {"status": "TERMINATED", "termination_reason": "MAX_DURATION", "ended_at": utc(QUARTER_PAST)}
    meeting_id = world.put(meet_time=utc(QUARTER_PAST), **ended, **row, expires=1_780_000_000)
    before = world.row(meeting_id)
    fire(world, meeting_id)
    assert world.row(meeting_id) == before


def test_a_timer_that_fires_twice_ends_once(world: World) -> None:
    meeting_id, _ = seated(world, meet_time=utc(QUARTER_PAST))
    fire(world, meeting_id)
    before = world.row(meeting_id)
    world.move(minutes=1)
    fire(world, meeting_id)
    assert world.row(meeting_id) == before


def test_a_row_with_only_an_id_ends_as_a_no_show(world: World) -> None:
    meeting_id = world.put()
    fire(world, meeting_id)
    row = world.row(meeting_id)
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "NO_SHOW_TIMEOUT")


def test_desktops_that_were_launched_by_hand_end_too(world: World) -> None:
    meeting_id = world.put(meet_time=utc(QUARTER_PAST))
    for role in ("teacher", "student"):
        world.write(meeting_id, **{f"{role}_ec2_id": world.desktop(meeting_id, role, Stage=None)})
    fire(world, meeting_id)
    assert world.alive() == set()


def test_an_instance_that_is_not_ours_is_left_alone_even_if_the_row_names_it(world: World) -> None:
    meeting_id = world.put(meet_time=utc(QUARTER_PAST))
    theirs = world.desktop(meeting_id, "teacher", Project="Payroll")
    world.write(meeting_id, teacher_ec2_id=theirs)
    fire(world, meeting_id)
    assert world.row(meeting_id)["status"] == "TERMINATED"
    assert world.alive() == {theirs}


def test_with_the_meeting_go_its_records_and_no_one_elses(world: World) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(NOW), status="LAUNCHED", at=NOW)
    other = world.cloud.cloudflare.add(name="www.example.com", content="192.0.2.1")
    for desktop_id in desktops:
        world.invoke("dns_watchdog", ec2_event(desktop_id, "running"))
    assert len(world.published()) == 3
    world.move(minutes=15)
    fire(world, meeting_id)
    assert world.published() == {other["name"]: other["content"]}
    assert not {"teacher_ec2_link", "student_ec2_link"} & set(world.row(meeting_id))


def test_an_ending_that_was_interrupted_is_finished_with_the_same_reason(world: World) -> None:
    meeting_id, desktops = seated(world, meet_time=utc(QUARTER_PAST), open="1")
    world.cut_off("ec2")
    with pytest.raises(Unavailable):
        fire(world, meeting_id)
    assert world.row(meeting_id)["termination_reason"] == "NO_SHOW_TIMEOUT"
    assert world.alive() == desktops
    world.reconnect("ec2")
    world.write(meeting_id, **TEACHERS, **STUDENTS)
    world.sweep()
    row = world.row(meeting_id)
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "NO_SHOW_TIMEOUT")
    assert world.alive() == set()
