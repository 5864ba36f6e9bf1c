"""dns_watchdog: an instance that runs is published, one that goes is withdrawn, and one that is not ours is ignored."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import BadEvent, ConfigError, DnsError, Unavailable
from localcloud.aws import ACCOUNT, REGION
from localcloud.cloudflare import DOMAIN, TOKEN
from tests.app.world import NOW, World, ec2_event, launched, link, utc


def meeting(world: World, **row: Any) -> str:
    soon = {"meet_time": utc(NOW + timedelta(minutes=5)), "created_at": utc(NOW - timedelta(days=1))}
    return world.put(**{"status": "LAUNCHED", "open": "1", **soon, **row})


def seat(world: World, meeting_id: str, role: str, state: str = "running") -> str:
    desktop_id = world.desktop(meeting_id, role, state)
    world.write(meeting_id, **launched(role, desktop_id, meeting_id=meeting_id))
    return desktop_id


def tell(world: World, desktop_id: str, state: str) -> None:
    world.invoke("dns_watchdog", ec2_event(desktop_id, state))


def name(desktop_id: str) -> str:
    return f"{desktop_id}.{DOMAIN}"


def address(world: World, desktop_id: str) -> str:
    return str(world.cloud.ec2.lives[desktop_id].instance.public_ip)


# --- running


def test_a_desktop_that_runs_is_published_and_its_link_written(world: World) -> None:
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    world.put(id="another")
    tell(world, desktop_id, "running")
    (record,) = world.cloud.cloudflare.records.values()
    assert (record["type"], record["name"], record["content"]) == ("A", name(desktop_id), address(world, desktop_id))
    assert record["proxied"] is True
    assert record["comment"] == f"elephant:dev:{meeting_id}"
    row = world.row(meeting_id)
    assert row["teacher_ec2_link"] == link(desktop_id) == f"https://{desktop_id}.{DOMAIN}:8443"
    assert row["status"] == "DNS_WRITTEN"
    assert "student_ec2_link" not in row


def test_each_of_the_two_desktops_gets_its_own_record(world: World) -> None:
    meeting_id = meeting(world)
    desktops = [seat(world, meeting_id, role) for role in ("teacher", "student")]
    for desktop_id in desktops:
        tell(world, desktop_id, "running")
    assert set(world.published()) == {name(desktop_id) for desktop_id in desktops}
    row = world.row(meeting_id)
    assert [row["teacher_ec2_link"], row["student_ec2_link"]] == [link(desktop_id) for desktop_id in desktops]


def test_an_event_that_comes_twice_changes_nothing_more(world: World) -> None:
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    tell(world, desktop_id, "running")
    row, zone = world.row(meeting_id), dict(world.cloud.cloudflare.records)
    tell(world, desktop_id, "running")
    assert world.row(meeting_id) == row
    assert world.cloud.cloudflare.records == zone


def test_a_late_running_of_a_desktop_that_is_gone_publishes_nothing(world: World) -> None:
    desktop_id = seat(world, meeting(world), "teacher", state="terminated")
    tell(world, desktop_id, "running")
    assert name(desktop_id) not in world.published()


# --- shutting down


def test_a_desktop_that_goes_loses_its_record_and_no_other_does(world: World) -> None:
    meeting_id = meeting(world)
    going, staying = (seat(world, meeting_id, role) for role in ("teacher", "student"))
    foreign = world.cloud.cloudflare.add(name="www.example.com", content="192.0.2.1")
    for desktop_id in (going, staying):
        tell(world, desktop_id, "running")
    world.cloud.operator("ec2").terminate_instances(InstanceIds=[going])
    tell(world, going, "shutting-down")
    assert set(world.published()) == {name(staying), foreign["name"]}
    assert world.row(meeting_id).get("teacher_ec2_link") != link(going)


def test_a_desktop_of_an_ended_meeting_that_goes_loses_its_record(world: World) -> None:
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    tell(world, desktop_id, "running")
    world.write(meeting_id, status="TERMINATED", termination_reason="SUCCESS", ended_at=utc(NOW))
    world.cloud.operator("ec2").terminate_instances(InstanceIds=[desktop_id])
    tell(world, desktop_id, "shutting-down")
    assert world.published() == {}


# --- not ours


@pytest.mark.parametrize("state", ["running", "shutting-down"])
@pytest.mark.parametrize(
    "tags",
    [
        pytest.param(dict.fromkeys(("Name", "MeetingID", "Role", "Project", "Stage")), id="no tags"),
        pytest.param({"Project": "Payroll"}, id="another project"),
        pytest.param({"Project": None}, id="no project"),
        pytest.param({"Stage": "prod"}, id="another stage"),
        pytest.param({"MeetingID": None}, id="no meeting"),
        pytest.param({"MeetingID": ""}, id="an empty meeting"),
    ],
)
def test_an_instance_that_serves_no_meeting_of_ours_is_ignored(
    world: World, tags: dict[str, str | None], state: str
) -> None:
    meeting_id = meeting(world)
    desktop_id = world.desktop(meeting_id, "teacher", "running", **tags)
    theirs = world.cloud.cloudflare.add(name=name(desktop_id), content="192.0.2.1")
    before = world.row(meeting_id)
    tell(world, desktop_id, state)
    assert world.row(meeting_id) == before
    assert world.published() == {theirs["name"]: theirs["content"]}
    assert world.alive() == {desktop_id}
    assert {call.operation for call in world.calls()} == {"DescribeInstances"}


def test_an_instance_that_ec2_does_not_show_is_ignored(world: World) -> None:
    for state in ("running", "shutting-down"):
        tell(world, "i-0123456789abcdef0", state)
    assert world.published() == {}
    assert world.errors() == ""


def test_an_instance_of_a_meeting_that_does_not_exist_is_noted_and_left_to_the_sweep(world: World) -> None:
    desktop_id = world.desktop("m-unknown", "teacher")
    tell(world, desktop_id, "running")
    (note,) = world.said("stray_desktop")
    assert note["desktop"] == desktop_id
    assert "m-unknown" in note["why"]
    assert world.alive() == {desktop_id}
    assert world.rows() == []


def test_a_desktop_without_a_role_is_not_published(world: World) -> None:
    meeting_id = meeting(world, status="SCHEDULED", meet_time=utc(NOW + timedelta(days=1)))
    before = world.row(meeting_id)
    tell(world, world.desktop(meeting_id, "teacher", Role=None), "running")
    assert world.published() == {}
    assert world.row(meeting_id) == before


# --- garbage


@pytest.mark.parametrize(
    ("detail", "named"),
    [
        pytest.param(None, "detail", id="null"),
        pytest.param([], "detail", id="a list"),
        pytest.param({}, "instance-id", id="empty"),
        pytest.param({"state": "running"}, "instance-id", id="no instance"),
        pytest.param({"instance-id": "", "state": "running"}, "instance-id", id="an empty instance"),
        pytest.param({"instance-id": 7, "state": "running"}, "instance-id", id="an instance that is a number"),
        pytest.param({"instance-id": "i-1"}, "state", id="no state"),
        pytest.param({"instance-id": "i-1", "state": "exploded"}, "exploded", id="an unknown state"),
        pytest.param({"instance-id": "i-1", "state": ["running"]}, "state", id="a list of states"),
    ],
)
def test_an_event_that_cannot_be_understood_fails_and_names_the_field(world: World, detail: object, named: str) -> None:
    with pytest.raises(BadEvent, match=named):
        world.invoke("dns_watchdog", ec2_event("i-1", "running") | {"detail": detail})
    assert world.calls() == []


def test_an_event_without_detail_fails_and_says_so(world: World) -> None:
    event = ec2_event("i-1", "running")
    del event["detail"]
    with pytest.raises(BadEvent, match="detail"):
        world.invoke("dns_watchdog", event)


# --- the secret and the settings


@pytest.mark.parametrize("key", ["CLOUDFLARE_TOKEN", "CLOUDFLARE_API_TOKEN"])
def test_both_of_the_seeds_keys_in_the_secret_are_taken(world: World, key: str) -> None:
    world.keep_secret(json.dumps({key: TOKEN}))
    desktop_id = seat(world, meeting(world), "teacher")
    tell(world, desktop_id, "running")
    assert name(desktop_id) in world.published()


@pytest.mark.parametrize("content", ["{}", '{"TOKEN": "x"}', '{"CLOUDFLARE_TOKEN": ""}', '["x"]', "x"])
def test_a_secret_without_the_key_is_named_and_the_sweep_publishes_once_it_is_right(world: World, content: str) -> None:
    world.keep_secret(content)
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    world.write(meeting_id, **launched("student", seat(world, meeting_id, "student", "pending")))
    with pytest.raises(ConfigError) as failure:
        tell(world, desktop_id, "running")
    assert "SECRET_ARN" in str(failure.value)
    assert "CLOUDFLARE_TOKEN" in str(failure.value)
    assert "teacher_ec2_link" not in world.row(meeting_id)
    world.keep_secret()
    world.sweep()
    assert world.row(meeting_id)["teacher_ec2_link"] == link(desktop_id)
    assert name(desktop_id) in world.published()


def test_a_secret_that_does_not_exist_is_named(world: World) -> None:
    world.configure(SECRET_ARN=f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:elsewhere-AbCdEf")
    desktop_id = seat(world, meeting(world), "teacher")
    with pytest.raises(ConfigError, match="elsewhere"):
        tell(world, desktop_id, "running")


def test_unset_variables_are_named_all_at_once_and_no_link_is_handed_out(world: World) -> None:
    names = ("DOMAIN_ROOT", "ZONE_ID", "SECRET_ARN")
    world.configure(**dict.fromkeys(names))
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    with pytest.raises(ConfigError) as failure:
        tell(world, desktop_id, "running")
    assert all(variable in str(failure.value) for variable in names)
    assert "teacher_ec2_link" not in world.row(meeting_id)


# --- Cloudflare's bad days


@pytest.mark.parametrize(("outage", "error"), [("5xx", Unavailable), ("success: false", DnsError)])
def test_while_cloudflare_fails_no_link_is_handed_out_and_afterwards_it_is(
    world: World, outage: str, error: type[Exception]
) -> None:
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    world.cloud.cloudflare.outage = outage
    with pytest.raises(error, match="Cloudflare"):
        tell(world, desktop_id, "running")
    assert "teacher_ec2_link" not in world.row(meeting_id)
    world.cloud.cloudflare.outage = None
    tell(world, desktop_id, "running")
    assert world.row(meeting_id)["teacher_ec2_link"] == link(desktop_id)


def test_somebody_elses_record_of_the_same_name_stands_and_no_link_is_handed_out(world: World) -> None:
    meeting_id = meeting(world)
    desktop_id = seat(world, meeting_id, "teacher")
    theirs = world.cloud.cloudflare.add(type="CNAME", name=name(desktop_id), content="theirs.example.net")
    with pytest.raises(DnsError, match=desktop_id):
        tell(world, desktop_id, "running")
    assert world.published() == {theirs["name"]: "theirs.example.net"}
    assert "teacher_ec2_link" not in world.row(meeting_id)
