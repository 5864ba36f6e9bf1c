"""Meetings driven from outside: over HTTP, and by AWS's own delivery of timers, events, records and minutes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.domain.access import Scope
from localcloud.cloudflare import DOMAIN
from tests.e2e.outside import Deployed, ask, wait_for
from tools.given_keys import lent

ROLES = ("teacher", "student")
SOON_S, TICK_S, MINUTE_S = 120, 180, 300  # at most; a test goes on as soon as it sees what it waits for


def moment(after: timedelta) -> str:
    return (datetime.now(UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Scheduled:
    """A meeting as its form was told: its id, and where each role's link leads at the API."""

    id: str
    doors: dict[str, str]


def form(begins_in: timedelta) -> dict[str, str]:
    return {
        "teacher_name": "Ann",
        "student_name": "Ben",
        "meet_time": moment(begins_in),
        "frontend_base_url": "https://example.com/meeting",
    }


@pytest.fixture(scope="module")
def key(deployed: Deployed) -> str:
    """A key that schedules: a new stage is locked."""
    return lent(deployed.stage, deployed.client, "test", Scope.SCHEDULE, timedelta(hours=1))


def schedule(deployed: Deployed, key: str, begins_in: timedelta) -> Scheduled:
    """Schedule a meeting."""
    status, answer = ask(deployed, "/schedule", form(begins_in), {"X-Schedule-Key": key})
    assert status == 200, answer
    links = {role: parse_qs(urlsplit(answer[f"{role}_link"]).query) for role in ROLES}
    return Scheduled(str(answer["id"]), {role: f"/join/{link['id'][0]}/{role}" for role, link in links.items()})


def test_a_new_stage_is_locked_and_its_links_are_bound_to_their_role(deployed: Deployed, key: str) -> None:
    assert ask(deployed, "/schedule", form(timedelta(days=1)))[0] == 401
    assert ask(deployed, "/", form(timedelta(days=1)), {"X-Schedule-Key": "guessed"})[0] == 403
    meeting = schedule(deployed, key, timedelta(days=1))
    assert ask(deployed, meeting.doors["teacher"])[0] == 202
    assert ask(deployed, meeting.doors["teacher"].replace("teacher", "student"))[0] == 403
    assert ask(deployed, f"/join/{meeting.id}/teacher")[0] == 403


def write(deployed: Deployed, meeting_id: str, **attributes: str) -> None:
    """Write to a row as desktops and operators do, blindly."""
    deployed.client("dynamodb").update_item(
        TableName=deployed.outputs["TableName"],
        Key={"id": {"S": meeting_id}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
        ExpressionAttributeNames={f"#{name}": name for name in attributes},
        ExpressionAttributeValues={f":{name}": {"S": value} for name, value in attributes.items()},
    )


def switch(deployed: Deployed, *, stream: bool, sweep: bool) -> None:
    """Turn AWS's deliveries on or off, to see which of them did the work."""
    events, functions = deployed.client("events"), deployed.client("lambda")
    for rule in events.list_rules(NamePrefix=deployed.stage.function("sweep"))["Rules"]:
        (events.enable_rule if sweep else events.disable_rule)(Name=rule["Name"])
    name = deployed.stage.function("stream_terminator")
    [mapping] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=stream)


def tell_state(deployed: Deployed, desktop: str, state: str) -> None:
    """Deliver EC2's event to the function that its rule leads to; the emulator takes none from aws.ec2."""
    event = {
        "version": "0",
        "id": "1",
        "detail-type": "EC2 Instance State-change Notification",
        "source": "aws.ec2",
        "account": "000000000000",
        "time": moment(timedelta()),
        "region": deployed.stage.region,
        "resources": [],
        "detail": {"instance-id": desktop, "state": state},
    }
    deployed.client("lambda").invoke(
        FunctionName=deployed.stage.function("dns_watchdog"), InvocationType="Event", Payload=json.dumps(event)
    )


def test_a_meeting_from_its_form_to_its_end(deployed: Deployed, key: str) -> None:
    switch(deployed, stream=False, sweep=False)
    scheduled = schedule(deployed, key, timedelta(minutes=10, seconds=5))
    meeting = scheduled.id
    assert ask(deployed, scheduled.doors["teacher"])[0] == 202

    assert "timer_not_armed" not in deployed.log("api_handler"), deployed.log("api_handler")
    timers = deployed.client("scheduler")
    group = deployed.outputs["TimersGroup"]
    timer = timers.get_schedule(Name=f"launch-{meeting}", GroupName=group)
    sooner = {"ScheduleExpression": f"at({moment(timedelta(seconds=6)).rstrip('Z')})"}  # a minute is long in a test
    kept = ("FlexibleTimeWindow", "Target", "ScheduleExpressionTimezone", "ActionAfterCompletion")
    timers.update_schedule(
        Name=f"launch-{meeting}", GroupName=group, **sooner, **{name: timer[name] for name in kept if name in timer}
    )
    wait_for(lambda: deployed.row(meeting).get("student_ec2_id"), TICK_S, "the launch by its timer")
    wait_for(lambda: '"event": "launch"' in deployed.log("launch_ec2"), SOON_S, "a JSON line of the launch in the log")
    switch(deployed, stream=True, sweep=False)
    row = deployed.row(meeting)
    desktops = deployed.living(MeetingID=meeting, Api=deployed.address)
    assert sorted(desktops) == sorted(row[f"{role}_ec2_id"] for role in ROLES)

    for role in ROLES:
        tell_state(deployed, row[f"{role}_ec2_id"], "running")
    for role in ROLES:
        wait_for(lambda role=role: deployed.row(meeting).get(f"{role}_ec2_link"), SOON_S, f"the {role}'s link")
        assert deployed.cloudflare.named(f"{row[f'{role}_ec2_id']}.{DOMAIN}")

    for role in ROLES:
        write(deployed, meeting, status="HEALTHY", instance_id=row[f"{role}_ec2_id"])
        wait_for(lambda role=role: ask(deployed, scheduled.doors[role])[0] == 200, SOON_S, f"the {role}'s door")
    wait_for(lambda: deployed.row(meeting)["status"] == "IN_PROGRESS", SOON_S, "the status of a meeting on its way")

    write(deployed, meeting, meet_time=moment(timedelta(minutes=-16)), created_at=moment(timedelta(minutes=-40)))
    for role in ROLES:
        write(deployed, meeting, **{f"{role}_session_data": f"https://sessions.example.com/{role}.zip"})
    wait_for(lambda: deployed.row(meeting).get("status") == "TERMINATED", SOON_S, "the end by the stream")
    assert deployed.row(meeting)["termination_reason"] in ("SUCCESS", "15_MIN_SUCCESS")
    assert not deployed.living(MeetingID=meeting)
    assert not [r for role in ROLES for r in deployed.cloudflare.named(f"{row[f'{role}_ec2_id']}.{DOMAIN}")]
    assert ask(deployed, scheduled.doors["teacher"])[0] == 410


def test_the_safety_timer_ends_a_meeting_whose_doors_never_opened(deployed: Deployed, key: str) -> None:
    switch(deployed, stream=False, sweep=False)
    meeting = schedule(deployed, key, timedelta()).id
    deployed.client("lambda").invoke(
        FunctionName=deployed.stage.function("launch_ec2"), Payload=json.dumps({"meeting_id": meeting, "force": True})
    )
    assert len(deployed.living(MeetingID=meeting)) == 2
    write(deployed, meeting, meet_time=moment(timedelta(minutes=-16)), created_at=moment(timedelta(minutes=-40)))
    deployed.client("scheduler").create_schedule(
        Name=f"safety-now-{meeting[:8]}",
        GroupName=deployed.outputs["TimersGroup"],
        ScheduleExpression=f"at({moment(timedelta(seconds=1)).rstrip('Z')})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": deployed.arn("safety_net"),
            "RoleArn": deployed.outputs["TimersRoleArn"],
            "Input": json.dumps({"meetingId": meeting}),
        },
    )
    wait_for(lambda: deployed.row(meeting).get("status") == "TERMINATED", TICK_S, "the end by the safety timer")
    assert deployed.row(meeting)["termination_reason"] == "LAUNCH_FAILED"
    assert not deployed.living(MeetingID=meeting)


def test_the_sweep_alone_launches_and_ends(deployed: Deployed, key: str) -> None:
    switch(deployed, stream=False, sweep=True)
    due = schedule(deployed, key, timedelta(minutes=5)).id
    wait_for(lambda: deployed.row(due).get("status") == "LAUNCHED", MINUTE_S, "the launch by the sweep")
    assert len(deployed.living(MeetingID=due)) == 2
    write(deployed, due, termination_reason="CANCELLED")
    wait_for(lambda: deployed.row(due).get("status") == "TERMINATED", MINUTE_S, "the end by the sweep")
    assert not deployed.living(MeetingID=due)
    switch(deployed, stream=True, sweep=True)


def test_even_the_gateways_own_errors_may_be_read_by_a_page_on_any_host(deployed: Deployed, key: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{deployed.url}/no/such/path")
    assert refused.value.headers["Access-Control-Allow-Origin"] == "*"
    assert json.load(refused.value)["message"]


@pytest.mark.parametrize(("path", "status"), [("/join/none/teacher", 404), ("/join/none/nobody", 400)])
def test_what_is_refused(deployed: Deployed, path: str, status: int) -> None:
    found, answer = ask(deployed, path)
    assert (found, bool(answer["message"])) == (status, True)
