"""A burst of few meetings, and what answers the app in it; `make burst` plays many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from rich.console import Console

from chalicelib.domain.model import Reason
from tests.burst.cases import CASES
from tests.burst.drawing import draw
from tests.burst.functions import COLD_START
from tests.burst.report import Outcome, play, report
from tests.burst.world import Burst
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.processes import Process

MEETINGS = 20


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return play("due", MEETINGS, "test")


def test_a_few_that_are_due_at_once_are_all_served(outcome: Outcome) -> None:
    assert {name: (count.launched, count.joinable, count.half) for name, count in outcome.at.items()} == {
        "T−2": (MEETINGS, MEETINGS, 0),
        "T": (MEETINGS, MEETINGS, 0),
        "T+10": (MEETINGS, MEETINGS, 0),
    }
    assert outcome.reasons == {Reason.SUCCESS: MEETINGS}
    assert (outcome.wrong, outcome.shut_out, outcome.dns_blocks, outcome.dead_letters.total()) == (0, 0, 0, 0)


def test_nothing_is_left_and_nothing_is_launched_twice(outcome: Outcome) -> None:
    assert outcome.is_clean
    assert (outcome.launches, outcome.not_ended_by_app) == (2 * MEETINGS, 0)
    assert outcome.course[-1][1].gone == MEETINGS
    assert outcome.gone_after is not None


def test_calls_are_those_of_the_wire(outcome: Outcome) -> None:
    calls = outcome.operations
    assert calls["scheduler: CreateSchedule"].calls == 2 * MEETINGS
    launches = calls["ec2: RunInstances"]
    assert launches.calls - launches.throttled == 2 * MEETINGS
    assert calls["cloudflare: create record"].calls >= 2 * MEETINGS


def test_the_report_tells_what_must_not_be(outcome: Outcome) -> None:
    printed = StringIO()
    report(Console(file=printed, width=120), outcome)
    lines = [line for line in printed.getvalue().splitlines() if "meetings with more desktops than seats" in line]
    assert [line.split("│")[2].strip() for line in lines] == ["0, 0, 0"]


def test_the_picture_can_be_read_and_says_what_it_is_of(outcome: Outcome) -> None:
    picture = ElementTree.fromstring(draw(outcome, CASES["due"].about))
    texts = [element.text for element in picture.iter() if element.text and element.text.strip()]
    assert texts[0] == "20 meetings due in one minute, booked ahead"
    assert {"joinable, both doors", "meetings", "minutes from the meetings’ time", "T"} <= set(texts)
    assert len([element for element in picture.iter() if element.tag.endswith("polyline")]) == 4


def test_the_same_seed_gives_the_same_burst() -> None:
    first, second = play("half-dead", 1, "again"), play("half-dead", 1, "again")
    assert first == second
    assert first.launches > 2, "half of the desktops died"
    assert first.is_clean


# --- what answers the app


@pytest.fixture
def world() -> Iterator[Burst]:
    world = CASES["due"].world(1, "alone")
    with world.wires.connected("alone"):
        yield world
    world.cloudflare.stop()


def client(service: str, tries: int = 1) -> Any:
    retries: Any = {"mode": "standard", "total_max_attempts": tries}
    return boto3.client(service, config=Config(retries=retries))  # type: ignore[call-overload]


def asked(token: str, count: int = 1, **tags: str) -> dict[str, Any]:
    borne = [{"Key": key, "Value": value} for key, value in (tags | {"Deadline": "2026-03-01T10:00:00Z"}).items()]
    return {
        "ClientToken": token,
        "MinCount": count,
        "MaxCount": count,
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-a"}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": borne}],
    }


def code(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return str(refused.value.response["Error"]["Code"])


def test_a_region_throttles_launches_as_ec2_does(world: Burst) -> None:
    ec2 = client("ec2")
    for number in range(5):
        ec2.run_instances(**asked(f"t{number}"))
    assert code(ec2.run_instances, **asked("t5")) == "RequestLimitExceeded"
    world.clock.now += timedelta(seconds=0.5)
    ec2.run_instances(**asked("t5"))
    assert len(world.desktops.alive()) == 6


def test_the_sdk_tries_again_what_is_throttled(world: Burst) -> None:
    paused: list[timedelta] = []
    world.wires.pause = paused.append
    ec2 = client("ec2", tries=3)
    for number in range(5):
        ec2.run_instances(**asked(f"t{number}"))
    before = len(world.ledger.calls)
    assert code(ec2.run_instances, **asked("t5")) == "RequestLimitExceeded"
    assert [call.status for call in world.ledger.calls[before:]] == [503] * 3


def test_a_pair_is_launched_by_one_request_and_told_apart_by_its_index(world: Burst) -> None:
    ec2 = client("ec2")
    launched = ec2.run_instances(**asked("pair", count=2, MeetingID="m1"))["Instances"]
    assert [instance["AmiLaunchIndex"] for instance in launched] == [0, 1]
    again = ec2.run_instances(**asked("pair", count=2, MeetingID="m1"))["Instances"]
    assert [instance["InstanceId"] for instance in again] == [instance["InstanceId"] for instance in launched]
    for instance, role in zip(launched, ("teacher", "student"), strict=True):
        ec2.create_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "Role", "Value": role}])
    filters = [{"Name": "tag:MeetingID", "Values": ["m1"]}]
    shown = [each["Instances"][0] for each in ec2.describe_instances(Filters=filters)["Reservations"]]
    assert [{tag["Key"]: tag["Value"] for tag in each["Tags"]}["Role"] for each in shown] == [
        "teacher",
        "student",
    ]
    assert code(ec2.run_instances, **asked("pair", count=2, MeetingID="m2")) == "IdempotentParameterMismatch"
    ec2.terminate_instances(InstanceIds=[launched[0]["InstanceId"]])
    assert code(ec2.run_instances, **asked("pair", count=2, MeetingID="m1")) == "IdempotentInstanceTerminated"


def test_what_a_quota_a_full_zone_or_an_outage_does_not_allow_is_refused_whole(world: Burst) -> None:
    ec2 = client("ec2")
    world.ec2.quota = 1
    assert code(ec2.run_instances, **asked("pair", count=2)) == "VcpuLimitExceeded"
    world.ec2.quota = None
    world.desktops.full.add("subnet-a")
    assert code(ec2.run_instances, **asked("pair", count=2)) == "InsufficientInstanceCapacity"
    world.ec2.out = True
    assert code(ec2.run_instances, **asked("pair", count=2)) == "Unavailable"
    assert not world.desktops.instances


def test_an_event_is_a_dead_letter_once_it_was_tried_three_times(world: Burst) -> None:
    tried: list[timedelta] = []
    begin = world.now

    def fail() -> None:
        tried.append(world.now - begin)
        raise ValueError("as it is meant to")

    world.processes.invoke_async("launch timer", fail)
    play_until(world, begin + 10 * MINUTE)
    assert [round(at / MINUTE) for at in tried] == [0, 1, 3]
    assert world.tally.dead_letters == {"launch timer": 1}
    assert world.processes.cold_starts["launch_ec2"] == 1, "the container is warm then"


def test_of_more_than_may_run_at_once_events_wait_and_people_are_refused(world: Burst) -> None:
    world.processes.at_once = 1
    begin = world.now
    ran: list[timedelta] = []

    def work() -> None:
        world.processes.pause(MINUTE / 2)
        ran.append(world.now - begin)

    for _ in range(2):
        world.processes.invoke_async("EC2 event running", work)
    asked_at_the_door: list[Process] = []
    world.processes.invoke(Process("join teacher", (), world.now), work, asked_at_the_door.append)
    play_until(world, begin + 5 * MINUTE)
    assert ran == [COLD_START + MINUTE / 2, COLD_START + MINUTE]
    assert [process.outcome for process in asked_at_the_door] == ["refused"]
    assert world.processes.refused == 1


def play_until(world: Burst, end: datetime) -> None:
    for happen in world.clock.events():
        happen()
        if world.now > end:
            break
