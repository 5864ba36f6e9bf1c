"""What is left of a meeting: each kind of thing that could go on being paid, or lead somewhere, is seen and named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import app
from chalicelib.domain.policy import Policy
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from tests.tools.smoke.stages import furnish
from tests.tools.smoke.test_command import GOOD_DAY, START
from tools import providers
from tools.account import clients
from tools.site import Site
from tools.trial.stand import Stand

TAGS = [
    {"Key": key, "Value": value} for key, value in {"MeetingID": "m1", "Project": "Elephant", "Stage": "dev"}.items()
]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(app, VirtualClock(START), GOOD_DAY) as cloud:
        yield cloud


@pytest.fixture
def stand(cloud: Cloud) -> Stand:
    stage = furnish(cloud)
    site = Site(stage, clients(stage.region), providers.of(stage), cloud.clock.now)
    return Stand(site, "m1", site.provider.zone(stage, site.client, site.account), Policy())


def launch(cloud: Cloud) -> str:
    tagged = [{"ResourceType": "instance", "Tags": TAGS}]
    launched = cloud.operator("ec2").run_instances(
        ImageId=cloud.environ["AMI_ID"], InstanceType="t3.large", MinCount=1, MaxCount=1, TagSpecifications=tagged
    )
    return str(launched["Instances"][0]["InstanceId"])


def test_nothing_is_left_of_what_never_was(stand: Stand) -> None:
    assert stand.left() == []
    assert stand.paid == {}


def test_a_desktop_that_lives_and_then_its_volume_that_does_not_go_with_it(stand: Stand, cloud: Cloud) -> None:
    ec2, desktop = cloud.operator("ec2"), launch(cloud)
    [living] = stand.left()
    assert f"the desktop {desktop} is still there" in living.what
    assert f"ec2 terminate-instances --instance-ids {desktop}" in living.remedy
    [paid] = stand.paid.values()
    [volume] = paid.volumes
    assert (paid.instance_type, paid.ended_at) == ("t3.large", None)
    ec2.detach_volume(VolumeId=volume.id, InstanceId=desktop)
    ec2.terminate_instances(InstanceIds=[desktop])
    [lying] = stand.left()
    assert f"the volume {volume.id} is still there" in lying.what
    assert paid.ended_at == START
    ec2.delete_volume(VolumeId=volume.id)
    assert stand.left() == []


def test_a_name_of_the_meeting_s_and_of_no_other(stand: Stand, cloud: Cloud) -> None:
    mark = f"elephant:dev@{stand.site.account.installation}:"
    cloud.cloudflare.add(name="i-0b.example.com", content="192.0.2.2", comment=f"{mark}m2")
    assert stand.left() == []
    cloud.cloudflare.add(name="i-0a.example.com", content="192.0.2.1", comment=f"{mark}m1")
    [left] = stand.left()
    assert "the name i-0a.example.com is still in the zone" in left.what
    assert "make doctor STAGE=dev" in left.remedy


def test_a_timer_by_its_name(stand: Stand, cloud: Cloud) -> None:
    target = {"Arn": cloud.environ["SAFETY_NET_ARN"], "RoleArn": cloud.environ["SCHEDULER_ROLE_ARN"]}
    cloud.operator("scheduler").create_schedule(
        Name="safety-m1",
        ScheduleExpression="at(2027-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    [left] = stand.left()
    assert "the timer safety-m1 is still there" in left.what
    assert "scheduler delete-schedule --group-name default --name safety-m1" in left.remedy
