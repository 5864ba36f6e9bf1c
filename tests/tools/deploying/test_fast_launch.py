"""Fast Launch is turned on where the stage asks for it, once, and off when the stage is taken away."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tools.fast_launch import unwire, wire
from tools.stage import Stage


class Ec2:
    """EC2's Fast Launch of one image."""

    def __init__(self, state: str = "") -> None:
        self.state = state
        self.refusal = ""
        self.asked: list[dict[str, Any]] = []

    def describe_fast_launch_images(self, **_: Any) -> dict[str, Any]:
        return {"FastLaunchImages": [{"State": self.state}] if self.state else []}

    def enable_fast_launch(self, **asked: Any) -> None:
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "no"}}, "EnableFastLaunch")
        self.asked.append(asked)
        self.state = "enabling"

    def disable_fast_launch(self, **asked: Any) -> None:
        self.asked.append(asked)
        self.state = "disabling"


@pytest.fixture
def wanted(stage: Stage) -> Stage:
    return replace(stage, fast_launch=True, at_once=40)


def test_it_is_turned_on_once(wanted: Stage) -> None:
    ec2 = Ec2()
    assert wire(wanted, lambda _: ec2) == [f"Fast Launch is being turned on for {wanted.ami_id}"]
    assert wire(wanted, lambda _: ec2) == []
    assert ec2.asked == [
        {
            "ImageId": wanted.ami_id,
            "ResourceType": "snapshot",
            "SnapshotConfiguration": {"TargetResourceCount": 40},
            "MaxParallelLaunches": 6,
        }
    ]


def test_what_ec2_refuses_stops_no_deploy_and_is_said(wanted: Stage) -> None:
    ec2 = Ec2()
    ec2.refusal = "InvalidRequest"
    [said] = wire(wanted, lambda _: ec2)
    assert "InvalidRequest" in said


def test_it_is_turned_off_with_the_stage(wanted: Stage) -> None:
    ec2 = Ec2("enabled")
    unwire(wanted, lambda _: ec2)
    unwire(wanted, lambda _: ec2)
    assert ec2.asked == [{"ImageId": wanted.ami_id}]


def test_a_stage_that_does_not_ask_leaves_it_alone(stage: Stage) -> None:
    ec2 = Ec2("enabled")
    assert wire(stage, lambda _: ec2) == []
    unwire(stage, lambda _: ec2)
    assert ec2.asked == []


def test_the_image_may_be_named_by_a_parameter(wanted: Stage) -> None:
    held: list[dict[str, str]] = [{"Value": "ami-0fedcba9876543210"}]
    ec2, ssm = Ec2(), SimpleNamespace(get_parameters=lambda **_: {"Parameters": held})
    named = replace(wanted, ami_id="resolve:ssm:/elephant/image")
    assert wire(named, lambda service: ssm if service == "ssm" else ec2)
    unwire(named, lambda service: ssm if service == "ssm" else ec2)
    assert [asked["ImageId"] for asked in ec2.asked] == ["ami-0fedcba9876543210"] * 2
    held.clear()
    assert "which is not there" in wire(named, lambda service: ssm if service == "ssm" else ec2)[0]
    unwire(named, lambda service: ssm if service == "ssm" else ec2)
    assert len(ec2.asked) == 2
