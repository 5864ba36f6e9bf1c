"""launch_ec2: the launch timer, in both spellings, early, doubled, forced, and with payloads nobody should send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import BadEvent, ConfigError, NoSuchMeeting, Unavailable
from tests.app.world import NOW, World, utc

DUE = {"meet_time": utc(NOW + timedelta(minutes=10)), "created_at": utc(NOW - timedelta(days=1))}
LATER = {"meet_time": utc(NOW + timedelta(days=2)), "created_at": utc(NOW - timedelta(days=1))}


def scheduled(world: World, **row: Any) -> str:
    return world.put(**{"status": "SCHEDULED", "open": "1", **row})


def tags(world: World, desktop_id: str) -> dict[str, str]:
    return world.cloud.ec2.lives[desktop_id].tags


@pytest.mark.parametrize("spelling", ["meeting_id", "meetingId"])
def test_a_desktop_is_launched_for_each_role_and_bears_the_contracts_tags(world: World, spelling: str) -> None:
    meeting_id = scheduled(world, **DUE)
    world.invoke("launch_ec2", {spelling: meeting_id})
    row = world.row(meeting_id)
    assert row["status"] == "LAUNCHED"
    assert world.alive() == {row["teacher_ec2_id"], row["student_ec2_id"]}
    for role in ("teacher", "student"):
        expected = {"Name": f"{meeting_id}_{role}", "MeetingID": meeting_id, "Role": role, "Project": "Elephant"}
        assert expected.items() <= tags(world, row[f"{role}_ec2_id"]).items()


def test_a_timer_that_fires_twice_launches_once(world: World) -> None:
    meeting_id = scheduled(world, **DUE)
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    before = world.row(meeting_id)
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert len(world.alive()) == 2
    assert world.row(meeting_id) == before


def test_a_timer_that_fires_early_changes_nothing_and_says_so(world: World) -> None:
    meeting_id = scheduled(world, **LATER)
    before = world.row(meeting_id)
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert world.alive() == set()
    assert world.row(meeting_id) == before
    assert [fact["meeting"] for fact in world.said("timer_changed_nothing")] == [meeting_id]


def test_force_launches_whatever_the_clock_says(world: World) -> None:
    meeting_id = scheduled(world, **LATER)
    world.invoke("launch_ec2", {"meeting_id": meeting_id, "force": True})
    assert len(world.alive()) == 2


def test_force_does_not_bring_an_ended_meeting_back(world: World) -> None:
    ended = {"status": "TERMINATED", "termination_reason": "CANCELLED", "ended_at": utc(NOW)}
    meeting_id = world.put(**DUE, **ended, expires=1_780_000_000)
    before = world.row(meeting_id)
    world.invoke("launch_ec2", {"meeting_id": meeting_id, "force": True})
    assert world.alive() == set()
    assert world.row(meeting_id) == before


def test_on_a_row_with_only_an_id_the_timer_is_evidence_enough(world: World) -> None:
    meeting_id = world.put()
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    row = world.row(meeting_id)
    assert world.alive() == {row["teacher_ec2_id"], row["student_ec2_id"]}


@pytest.mark.parametrize("meet_time", ["soon", "2026-02-30T10:00:00Z", 7])
def test_garbage_in_meet_time_launches_nothing_and_is_named(world: World, meet_time: object) -> None:
    meeting_id = scheduled(world, **DUE | {"meet_time": meet_time})
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert world.alive() == set()
    (complaint,) = world.said("bad_row")
    assert complaint["meeting"] == meeting_id
    assert "meet_time" in complaint["why"]


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"meeting_id": ""},
        {"meeting_id": "  "},
        {"meeting_id": 7},
        {"meeting_id": None},
        {"id": "m-1"},
        [],
        "m-1",
        None,
    ],
)
@pytest.mark.parametrize("function", ["launch_ec2", "safety_net"])
def test_a_payload_without_a_meetings_id_fails_the_invocation_and_says_what_it_must_be(
    world: World, function: str, payload: object
) -> None:
    with pytest.raises(BadEvent, match="meeting_id"):
        world.invoke(function, payload)
    assert world.calls() == []


@pytest.mark.parametrize("function", ["launch_ec2", "safety_net"])
def test_a_timer_for_an_unknown_meeting_fails_the_invocation_and_names_it(world: World, function: str) -> None:
    with pytest.raises(NoSuchMeeting, match="m-unknown"):
        world.invoke(function, {"meeting_id": "m-unknown"})
    assert world.rows() == []
    assert world.alive() == set()


def test_unset_variables_are_named_all_at_once_and_nothing_is_lost(world: World) -> None:
    meeting_id = scheduled(world, **DUE)
    before = world.row(meeting_id)
    names = ("AMI_ID", "IAM_PROFILE", "SECURITY_GROUP_IDS")
    world.configure(**dict.fromkeys(names))
    with pytest.raises(ConfigError) as failure:
        world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert all(name in str(failure.value) for name in names)
    assert world.row(meeting_id) == before
    world.configure(**{name: world.cloud.environ[name] for name in names})
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert len(world.alive()) == 2


@pytest.mark.parametrize("variable", ["VOLUME_GIB", "MAX_LAUNCH_ATTEMPTS", "UPLOAD_GRACE_MINUTES"])
@pytest.mark.parametrize("value", ["many", "0", "-1", "1.5"])
def test_a_number_that_cannot_be_used_is_named(world: World, variable: str, value: str) -> None:
    meeting_id = scheduled(world, **DUE)
    world.configure(**{variable: value})
    with pytest.raises(ConfigError, match=f"{variable} is '{value}'"):
        world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert world.alive() == set()


def test_a_guard_that_does_not_exist_is_named_with_those_that_do(world: World) -> None:
    meeting_id = scheduled(world, **DUE)
    world.configure(IN_GUEST_DEADLINE="macos")
    with pytest.raises(ConfigError, match=r"IN_GUEST_DEADLINE is 'macos'.*windows, linux, off"):
        world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert world.alive() == set()


def test_an_image_that_does_not_exist_is_named_and_the_meeting_waits_for_another_attempt(world: World) -> None:
    meeting_id = scheduled(world, **DUE)
    world.configure(AMI_ID="ami-0ffffffffffffffff")
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert world.row(meeting_id)["teacher_refused"].startswith("InvalidAMIID")
    assert "AMI_ID" in world.errors()
    world.configure(AMI_ID=world.cloud.environ["AMI_ID"])
    world.move(minutes=1)
    world.sweep()
    assert len(world.alive()) == 2


def test_a_launch_that_cannot_reach_ec2_fails_and_the_retry_launches(world: World) -> None:
    meeting_id = scheduled(world, **DUE)
    world.cut_off("ec2")
    with pytest.raises(Unavailable):
        world.invoke("launch_ec2", {"meeting_id": meeting_id})
    world.reconnect("ec2")
    world.move(minutes=1)
    world.invoke("launch_ec2", {"meeting_id": meeting_id})
    assert len(world.alive()) == 2
