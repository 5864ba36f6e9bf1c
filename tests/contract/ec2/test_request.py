"""What the EC2 adapter asks for when it launches."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, ClassVar

import boto3
import pytest

from chalicelib.adapters.ec2.images import PARAMETER_LASTS
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import LaunchRefused, Unavailable
from chalicelib.domain.seat import Role
from chalicelib.runtime import Runtime
from chalicelib.settings import Client, Guest
from tests.contract.ec2.launcher import DEADLINE, Launcher

KEY = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SOUND: dict[str, Any] = {"SnapshotId": "snap-0", "VolumeSize": 60, "VolumeType": "gp3", "DeleteOnTermination": True}


class TestRequest:
    def test_asks_for_one_instance_as_it_is_set(self, launcher: Launcher) -> None:
        launcher.launch()
        request = launcher.request()
        assert request["ImageId"] == launcher.settings.ami_id
        assert request["InstanceType"] == "t3.large"
        assert (request["MinCount"], request["MaxCount"]) == (1, 1)

    def test_asks_for_a_public_address_whatever_the_subnet_gives_by_itself(self, launcher: Launcher) -> None:
        launcher.launch()
        assert launcher.request()["NetworkInterfaces"] == [
            {
                "DeviceIndex": 0,
                "SubnetId": launcher.subnet,
                "Groups": list(launcher.settings.security_group_ids),
                "AssociatePublicIpAddress": True,
                "DeleteOnTermination": True,
            }
        ]
        assert not {"SubnetId", "SecurityGroupIds"} & launcher.request().keys(), "EC2 refuses both together"

    def test_a_desktop_that_shuts_itself_down_is_gone(self, launcher: Launcher) -> None:
        launcher.launch()
        assert launcher.request()["InstanceInitiatedShutdownBehavior"] == "terminate"

    @pytest.mark.parametrize(("client", "tokens"), [(Client.SCRIPTS, "optional"), (Client.KIT, "required")])
    def test_the_metadata_needs_a_token_where_the_client_brings_one_and_shows_the_tags(
        self, launcher: Launcher, client: Client, tokens: str
    ) -> None:
        launcher.settings = launcher.settings._replace(client=client)
        launcher.launch()
        assert launcher.request()["MetadataOptions"] == {
            "HttpTokens": tokens,
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

    def test_only_with_the_kit_a_desktop_is_told_the_api_s_address(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(api_url="https://a1.execute-api.us-west-2.amazonaws.com/dev")
        launcher.launch(number=1)
        assert "Api" not in launcher.tags("instance")
        launcher.settings = launcher.settings._replace(client=Client.KIT)
        launcher.launch(number=2)
        assert launcher.tags("instance")["Api"] == "https://a1.execute-api.us-west-2.amazonaws.com/dev"
        launcher.settings = launcher.settings._replace(api_url=None)
        launcher.launch(number=3)
        assert "Api" not in launcher.tags("instance")

    def test_the_guest_is_given_its_deadline(self, launcher: Launcher) -> None:
        launcher.launch()
        assert b"2026-03-01T19:00:00Z" in base64.b64decode(launcher.request()["UserData"])

    def test_a_guest_without_a_guard_is_given_nothing(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(guest=Guest.OFF)
        launcher.launch()
        assert "UserData" not in launcher.request()

    def test_a_key_is_named_only_where_one_is_set(self, launcher: Launcher) -> None:
        launcher.launch()
        assert "KeyName" not in launcher.request()
        launcher.account.client("ec2").create_key_pair(KeyName="ops")
        launcher.settings = launcher.settings._replace(key_name="ops")
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
        launcher.settings = launcher.settings._replace(iam_profile=profile)
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
                {"DeviceName": "xvdb", "Ebs": {"VolumeSize": 10, "DeleteOnTermination": True}},
                {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 100}},
                {"DeviceName": "xvdc", "Ebs": {"VolumeSize": 500, "DeleteOnTermination": True}},
            ]
        )
        launcher.launch()
        assert launcher.volume()["VolumeSize"] == 100

    @pytest.mark.parametrize("size", [60, 100])
    def test_is_not_asked_for_where_the_images_own_will_do_so_that_fast_launch_works(
        self, launcher: Launcher, size: int
    ) -> None:
        launcher.image_is(BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": SOUND | {"VolumeSize": size}}])
        launcher.launch()
        assert "BlockDeviceMappings" not in launcher.request()

    @pytest.mark.parametrize("lack", [{"VolumeSize": 59}, {"VolumeType": "gp2"}, {"DeleteOnTermination": False}])
    def test_is_asked_for_where_the_images_own_will_not_do(self, launcher: Launcher, lack: dict[str, Any]) -> None:
        launcher.image_is(BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": SOUND | lack}])
        launcher.launch()
        assert launcher.volume() == {
            "DeviceName": "/dev/sda1",
            "VolumeSize": 60,
            "VolumeType": "gp3",
            "DeleteOnTermination": True,
        }

    def test_is_encrypted_with_the_operators_key_where_the_image_is_not(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(kms_key=KEY)
        launcher.image_is(BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": SOUND}])
        launcher.launch()
        assert launcher.volume() == {
            "DeviceName": "/dev/sda1",
            "VolumeSize": 60,
            "VolumeType": "gp3",
            "DeleteOnTermination": True,
            "Encrypted": True,
            "KmsKeyId": KEY,
        }

    def test_that_is_encrypted_keeps_the_key_that_it_has(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(kms_key=KEY)
        root = {"DeviceName": "/dev/sda1", "Ebs": SOUND | {"Encrypted": True}}
        launcher.image_is(BlockDeviceMappings=[root])
        launcher.launch()
        assert "BlockDeviceMappings" not in launcher.request()


class TestOtherVolumes:
    """Those of the image beside the root: unless the request says so, they may outlive their instance."""

    OTHER: ClassVar[dict[str, Any]] = {"SnapshotId": "snap-1", "VolumeSize": 10, "VolumeType": "gp2", "Encrypted": True}

    def asked(self, launcher: Launcher, **other: Any) -> list[dict[str, Any]]:
        launcher.image_is(
            BlockDeviceMappings=[
                {"DeviceName": "/dev/sda1", "Ebs": SOUND},
                {"DeviceName": "xvdb", "Ebs": self.OTHER | other},
                {"DeviceName": "xvdca", "VirtualName": "ephemeral0"},
            ]
        )
        answer = {"Instances": [{"InstanceId": "i-1", "State": {"Name": "pending"}}]}
        launcher.account.instead["RunInstances"] = answer  # moto knows no such snapshot
        launcher.launch()
        asked: list[dict[str, Any]] = launcher.request().get("BlockDeviceMappings", [])
        return asked

    def test_one_that_would_outlive_its_instance_is_asked_for_again_so_that_it_does_not(
        self, launcher: Launcher
    ) -> None:
        asked = self.asked(launcher, DeleteOnTermination=False)
        ends = {"SnapshotId": "snap-1", "VolumeSize": 10, "VolumeType": "gp2", "DeleteOnTermination": True}
        assert asked == [{"DeviceName": "xvdb", "Ebs": ends}]

    def test_one_that_goes_with_its_instance_is_left_alone(self, launcher: Launcher) -> None:
        assert self.asked(launcher, DeleteOnTermination=True) == []

    def test_one_that_is_not_encrypted_is_where_the_operator_names_a_key(self, launcher: Launcher) -> None:
        launcher.settings = launcher.settings._replace(kms_key=KEY)
        [_, other] = self.asked(launcher, DeleteOnTermination=True, Encrypted=False)
        assert (other["DeviceName"], other["Ebs"]["Encrypted"], other["Ebs"]["KmsKeyId"]) == ("xvdb", True, KEY)


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

    def test_one_that_may_not_be_described_is_launched_all_the_same_and_as_it_is(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeImages"] = ("UnauthorizedOperation", 403)
        launcher.launch()
        assert launcher.request()["ImageId"] == launcher.settings.ami_id
        assert "BlockDeviceMappings" not in launcher.request(), "a wrong device name would add a second volume"


class TestImageByParameter:
    """AMI_ID may name an SSM parameter that holds the image's id, in EC2's own spelling."""

    NAME = "/elephant/image"

    @pytest.fixture
    def held(self, launcher: Launcher) -> Callable[[str], None]:
        """Let AMI_ID name the parameter; return what sets its value."""
        launcher.settings = launcher.settings._replace(ami_id=f"resolve:ssm:{self.NAME}")
        ssm = launcher.account.client("ssm")
        return lambda value: ssm.put_parameter(Name=self.NAME, Value=value, Type="String", Overwrite=True)

    def images(self, launcher: Launcher) -> tuple[str, str]:
        """Let the account hold two images, and return their ids."""
        register = launcher.account.client("ec2").register_image
        first, second = (register(Name=name, RootDeviceName="/dev/sda1")["ImageId"] for name in ("first", "second"))
        return first, second

    def test_launches_the_image_that_the_parameter_names(self, launcher: Launcher, held: Callable[[str], None]) -> None:
        image, _ = self.images(launcher)
        held(image)
        launcher.launch()
        assert launcher.request()["ImageId"] == image
        assert launcher.account.requests.to("GetParameters") == [{"Names": [self.NAME]}]

    def test_another_image_is_launched_soon_after_the_parameter_changed(
        self, launcher: Launcher, held: Callable[[str], None]
    ) -> None:
        first, second = self.images(launcher)
        held(first)
        launcher.launch()
        held(second)
        launcher.launch("m2")
        assert launcher.request()["ImageId"] == first, "it is not asked for each launch"
        launcher.clock.run(launcher.clock.now() + PARAMETER_LASTS)
        launcher.launch("m3")
        assert launcher.request()["ImageId"] == second

    @pytest.mark.parametrize("value", ["", "none yet", "ami-xyz", "i-0123456789abcdef0"])
    def test_one_that_names_no_image_is_refused_by_its_name(
        self, launcher: Launcher, held: Callable[[str], None], value: str
    ) -> None:
        if value:
            held(value)
        with pytest.raises(LaunchRefused, match=f"AMI_ID.*{self.NAME}") as refusal:
            launcher.launch()
        assert refusal.value.code == ("InvalidAMIID" if value else "ParameterNotFound")
        assert launcher.account.requests.to("RunInstances") == []

    def test_one_that_may_not_be_read_is_refused_under_aws_own_code(
        self, launcher: Launcher, held: Callable[[str], None]
    ) -> None:
        launcher.account.instead["GetParameters"] = ("AccessDeniedException", 400)
        with pytest.raises(LaunchRefused, match=self.NAME) as refusal:
            launcher.launch()
        assert refusal.value.code == "AccessDeniedException"

    def test_one_that_cannot_be_read_now_is_no_refusal(self, launcher: Launcher, held: Callable[[str], None]) -> None:
        launcher.account.instead["GetParameters"] = ("ThrottlingException", 400)
        with pytest.raises(Unavailable, match=self.NAME):
            launcher.launch()

    def test_the_app_itself_asks_ssm(
        self, launcher: Launcher, held: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        image, _ = self.images(launcher)
        held(image)
        environ = {"AWS_ENDPOINT_URL": launcher.account.url, "AWS_DEFAULT_REGION": "us-west-2"}
        for name, value in (environ | {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        settings = launcher.settings
        groups = ",".join(settings.security_group_ids)
        own = {"AMI_ID": settings.ami_id, "IAM_PROFILE": settings.iam_profile, "SECURITY_GROUP_IDS": groups}
        attempt = Attempt(Role.TEACHER, 1, launcher.subnet, Cause.DUE)
        launched = Runtime(launcher.clock.now, own).desktops.launch("m1", attempt, DEADLINE)
        found = launcher.account.client("ec2").describe_instances(InstanceIds=[launched.id])["Reservations"]
        assert found[0]["Instances"][0]["ImageId"] == image
