"""What the EC2 adapter asks for when it launches."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.domain.model import Role
from chalicelib.settings import Guest
from tests.contract.ec2.launcher import Launcher


class TestRequest:
    def test_asks_for_one_instance_as_it_is_set(self, launcher: Launcher) -> None:
        launcher.launch()
        request = launcher.request()
        assert request["ImageId"] == launcher.settings.ami_id
        assert request["InstanceType"] == "t3.large"
        assert request["SecurityGroupIds"] == list(launcher.settings.security_group_ids)
        assert request["SubnetId"] == launcher.subnet
        assert (request["MinCount"], request["MaxCount"]) == (1, 1)

    def test_a_desktop_that_shuts_itself_down_is_gone(self, launcher: Launcher) -> None:
        launcher.launch()
        assert launcher.request()["InstanceInitiatedShutdownBehavior"] == "terminate"

    def test_the_metadata_needs_a_token_and_shows_the_tags(self, launcher: Launcher) -> None:
        launcher.launch()
        assert launcher.request()["MetadataOptions"] == {
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 1,
            "InstanceMetadataTags": "enabled",
        }

    def test_the_instance_and_its_volume_bear_the_tags(self, launcher: Launcher) -> None:
        launcher.launch(role=Role.STUDENT)
        assert (
            launcher.tags("instance")
            == launcher.tags("volume")
            == {
                "Name": "m1_student",
                "MeetingID": "m1",
                "Role": "student",
                "Project": "Elephant",
                "Stage": "dev",
                "Deadline": "2026-03-01T19:00:00Z",
            }
        )

    def test_the_guest_is_given_its_deadline(self, launcher: Launcher) -> None:
        launcher.launch()
        assert b"2026-03-01T19:00:00Z" in base64.b64decode(launcher.request()["UserData"])

    def test_a_guest_without_a_guard_is_given_nothing(self, launcher: Launcher) -> None:
        launcher.settings = replace(launcher.settings, guest=Guest.OFF)
        launcher.launch()
        assert "UserData" not in launcher.request()

    def test_a_key_is_named_only_where_one_is_set(self, launcher: Launcher) -> None:
        launcher.launch()
        assert "KeyName" not in launcher.request()
        launcher.account.client("ec2").create_key_pair(KeyName="ops")
        launcher.settings = replace(launcher.settings, key_name="ops")
        launcher.launch("m2")
        assert launcher.request()["KeyName"] == "ops"

    @pytest.mark.parametrize(
        ("profile", "asked"),
        [
            ("elephant-desktop", {"Name": "elephant-desktop"}),
            (
                "arn:aws:iam::123456789012:instance-profile/elephant-desktop",
                {"Arn": "arn:aws:iam::123456789012:instance-profile/elephant-desktop"},
            ),
        ],
    )
    def test_the_profile_may_be_a_name_or_an_arn(self, launcher: Launcher, profile: str, asked: dict[str, str]) -> None:
        launcher.settings = replace(launcher.settings, iam_profile=profile)
        launcher.launch()
        assert launcher.request()["IamInstanceProfile"] == asked


class TestRootVolume:
    def test_is_gp3_of_the_size_that_is_set_and_goes_with_the_instance(self, launcher: Launcher) -> None:
        launcher.launch()
        assert launcher.volume() == {
            "DeviceName": "/dev/sda1",
            "VolumeSize": 60,
            "VolumeType": "gp3",
            "DeleteOnTermination": True,
        }

    @pytest.mark.parametrize("device", ["/dev/sda1", "/dev/xvda"])
    def test_has_the_images_own_device_name_or_it_would_be_a_second_volume(
        self, launcher: Launcher, device: str
    ) -> None:
        launcher.image_is(RootDeviceName=device)
        launcher.launch()
        assert launcher.volume()["DeviceName"] == device

    @pytest.mark.parametrize(("in_image", "asked"), [(30, 60), (60, 60), (100, 100)])
    def test_is_never_smaller_than_the_images(self, launcher: Launcher, in_image: int, asked: int) -> None:
        mapping = {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": in_image}}
        launcher.image_is(BlockDeviceMappings=[mapping])
        launcher.launch()
        assert launcher.volume()["VolumeSize"] == asked

    def test_looks_at_the_images_root_volume_among_its_volumes(self, launcher: Launcher) -> None:
        launcher.image_is(
            BlockDeviceMappings=[
                {"DeviceName": "xvdca", "VirtualName": "ephemeral0"},
                {"DeviceName": "xvdb", "Ebs": {"VolumeSize": 10}},
                {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 100}},
                {"DeviceName": "xvdc", "Ebs": {"VolumeSize": 500}},
            ]
        )
        launcher.launch()
        assert launcher.volume()["VolumeSize"] == 100


class TestImage:
    def test_is_described_once_in_a_container(self, launcher: Launcher) -> None:
        for meeting_id in ("m1", "m2", "m3"):
            launcher.launch(meeting_id)
        assert len(launcher.account.requests.to("DescribeImages")) == 1

    @pytest.mark.parametrize(
        "answer",
        [("InvalidAMIID.NotFound", 400), ("InvalidAMIID.Malformed", 400), ("InvalidAMIID.Unavailable", 400)],
        ids=lambda answer: answer[0],
    )
    def test_one_that_is_not_there_is_refused_by_the_name_of_its_setting(
        self, launcher: Launcher, answer: tuple[str, int]
    ) -> None:
        launcher.account.instead["DescribeImages"] = answer
        with pytest.raises(LaunchRefused, match="AMI_ID") as refusal:
            launcher.launch()
        assert refusal.value.code == answer[0]
        assert launcher.account.requests.to("RunInstances") == []

    def test_one_that_is_not_listed_is_refused_by_the_name_of_its_setting(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeImages"] = {"Images": []}
        with pytest.raises(LaunchRefused, match="AMI_ID"):
            launcher.launch()

    def test_one_that_could_not_be_described_is_described_next_time(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeImages"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable):
            launcher.launch()
        del launcher.account.instead["DescribeImages"]
        launcher.launch()
