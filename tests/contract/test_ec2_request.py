"""What the EC2 adapter asks for, and what it makes of each answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest

from chalicelib import ec2
from chalicelib.ec2 import Ec2Desktops
from chalicelib.errors import AttemptSpent, ConfigError, LaunchRefused, NoCapacity, Unavailable
from chalicelib.model import Attempt, Cause, Desktop, Role
from chalicelib.runtime import Runtime
from chalicelib.settings import DesktopSettings, Guest
from localcloud.clock import VirtualClock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2
from localcloud.server import Server

from .conftest import NOW, Account, desktop_settings, ec2_desktops

DEADLINE = NOW + timedelta(hours=4)
IMAGE: dict[str, Any] = {"ImageId": "ami-1", "RootDeviceName": "/dev/sda1"}


@dataclass
class Launcher:
    """The adapter in one container, and what it is set to launch."""

    account: Account
    clock: VirtualClock
    settings: DesktopSettings
    desktops: Ec2Desktops
    subnet: str

    def container(self, stage: str = "dev") -> Ec2Desktops:
        """Return the adapter as another container has it."""
        return ec2_desktops(self.account, lambda: self.settings, self.clock, stage)

    def launch(self, meeting_id: str = "m1", role: Role = Role.TEACHER, number: int = 1) -> Desktop:
        return self.desktops.launch(meeting_id, Attempt(role, number, self.subnet, Cause.DUE), DEADLINE)

    def request(self) -> dict[str, Any]:
        """Return the last request for an instance."""
        return self.account.requests.to("RunInstances")[-1]

    def volume(self) -> dict[str, Any]:
        """Return the only volume that the last request asks for, with its device's name."""
        [mapping] = self.request()["BlockDeviceMappings"]
        return {"DeviceName": mapping["DeviceName"], **mapping["Ebs"]}

    def tags(self, kind: str) -> dict[str, str]:
        """Return the tags that the last request puts on a kind of resource."""
        [listed] = [s["Tags"] for s in self.request()["TagSpecifications"] if s["ResourceType"] == kind]
        return {tag["Key"]: tag["Value"] for tag in listed}

    def image_is(self, **image: Any) -> None:
        """Let EC2 describe the image like this."""
        self.account.instead["DescribeImages"] = {"Images": [IMAGE | image]}


@pytest.fixture
def launcher(account: Account, clock: VirtualClock) -> Launcher:
    Ec2(clock, Conditions())
    settings = desktop_settings(account)
    launcher = Launcher(account, clock, settings, None, "")  # type: ignore[arg-type]  # it reads its settings from here
    launcher.desktops = launcher.container()
    launcher.subnet = launcher.desktops.subnets()[0]
    account.requests.clear()
    return launcher


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


class TestToken:
    def test_is_one_that_ec2_takes_whatever_the_meetings_id(self, launcher: Launcher) -> None:
        for meeting_id in ("m1", "x" * 200, "Ünïcode-©"):
            launcher.launch(meeting_id)
            token = launcher.request()["ClientToken"]
            assert 0 < len(token) <= 64
            assert token.isascii()

    def test_is_the_same_for_the_same_attempt_in_every_container(self, launcher: Launcher) -> None:
        launcher.launch()
        token = launcher.request()["ClientToken"]
        launcher.desktops = launcher.container()
        launcher.launch()
        assert launcher.request()["ClientToken"] == token

    def test_is_another_for_another_stage(self, launcher: Launcher) -> None:
        launcher.launch()
        token = launcher.request()["ClientToken"]
        launcher.desktops = launcher.container("prod")
        launcher.launch()
        assert launcher.request()["ClientToken"] != token

    def test_is_another_for_another_subnet_where_the_same_one_would_launch_again(self, launcher: Launcher) -> None:
        tokens = set()
        for subnet in launcher.desktops.subnets()[:2]:
            attempt = Attempt(Role.TEACHER, 1, subnet, Cause.DUE)
            launcher.desktops.launch("m1", attempt, DEADLINE)
            tokens.add(launcher.request()["ClientToken"])
        assert len(tokens) == 2

    def test_does_not_run_an_id_into_what_follows_it(self, launcher: Launcher) -> None:
        tokens = set()
        for meeting_id, number in (("m1", 11), ("m11", 1), ("m1/teacher", 1)):
            launcher.launch(meeting_id, number=number)
            tokens.add(launcher.request()["ClientToken"])
        assert len(tokens) == 3


class TestMismatch:
    """A token that was used with other settings: the operator changed them between a crash and the next look."""

    @pytest.mark.parametrize(
        "changed",
        [{"instance_type": "t3.xlarge"}, {"volume_gib": 80}],
        ids=lambda changed: next(iter(changed)),
    )
    def test_returns_the_desktop_that_the_attempt_has_launched(
        self, launcher: Launcher, changed: dict[str, Any]
    ) -> None:
        first = launcher.launch()
        launcher.settings = replace(launcher.settings, **changed)
        assert launcher.launch().id == first.id

    def test_finds_it_by_the_token(self, launcher: Launcher) -> None:
        launcher.launch()
        launcher.settings = replace(launcher.settings, volume_gib=80)
        launcher.launch("m2")
        launcher.launch()
        [asked] = launcher.account.requests.to("DescribeInstances")
        assert asked["Filters"] == [{"Name": "client-token", "Values": [launcher.request()["ClientToken"]]}]

    def test_of_a_desktop_that_is_gone_means_that_the_attempt_is_spent(self, launcher: Launcher) -> None:
        launcher.desktops.terminate([launcher.launch().id])
        launcher.settings = replace(launcher.settings, volume_gib=80)
        with pytest.raises(AttemptSpent) as refusal:
            launcher.launch()
        assert refusal.value.code == "IdempotentParameterMismatch"

    def test_concludes_nothing_where_the_holder_cannot_be_looked_up(self, launcher: Launcher) -> None:
        launcher.launch()
        launcher.settings = replace(launcher.settings, volume_gib=80)
        launcher.account.instead["DescribeInstances"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable):
            launcher.launch()


class TestAfterARefusal:
    """What a container remembers of the account may be what was refused: a subnet that is gone, an image exchanged."""

    @pytest.fixture
    def looked_up(self, launcher: Launcher) -> Callable[[], list[str]]:
        """Let the container launch once, and so remember; return what its next launch asks for all the same."""
        launcher.launch()
        launcher.desktops.subnets()

        def next_launch() -> list[str]:
            del launcher.account.instead["RunInstances"]
            launcher.account.requests.clear()
            launcher.subnet = launcher.desktops.subnets()[0]
            launcher.launch("m2")
            return [name for name, _ in launcher.account.requests if name.startswith("Describe")]

        return next_launch

    @pytest.mark.parametrize("code", ["InvalidSubnetID.NotFound", "InvalidAMIID.NotFound", "InvalidParameterValue"])
    def test_subnets_and_image_are_looked_up_anew(
        self, launcher: Launcher, looked_up: Callable[[], list[str]], code: str
    ) -> None:
        launcher.account.instead["RunInstances"] = (code, 400)
        with pytest.raises(LaunchRefused):
            launcher.launch()
        assert looked_up() == ["DescribeVpcs", "DescribeSubnets", "DescribeImages"]

    @pytest.mark.parametrize(("code", "status"), [("InsufficientInstanceCapacity", 500), ("RequestLimitExceeded", 503)])
    def test_what_refuses_nothing_of_them_leaves_them_remembered(
        self, launcher: Launcher, looked_up: Callable[[], list[str]], code: str, status: int
    ) -> None:
        launcher.account.instead["RunInstances"] = (code, status)
        with pytest.raises((NoCapacity, Unavailable)):
            launcher.launch()
        assert looked_up() == []


class TestRetries:
    """EC2 says that a zone is full with a status that the SDK takes for a failure to try again, a pause later."""

    IMAGE = """<DescribeImagesResponse><imagesSet><item><imageId>ami-1</imageId></item></imagesSet>
        </DescribeImagesResponse>"""
    ERROR = "<Response><Errors><Error><Code>{}</Code><Message>No.</Message></Error></Errors></Response>"

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
        """Let the app's own clients meet an EC2 that has no room and does not list instances; return what they ask."""
        asked: list[str] = []

        def ec2(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
            [action] = parse_qs(body)["Action"]
            asked.append(action)
            if action == "DescribeImages":
                start_response("200 OK", [])
                return [self.IMAGE.encode()]
            start_response("503 Service Unavailable", [])
            code = "InsufficientInstanceCapacity" if action == "RunInstances" else "RequestLimitExceeded"
            return [self.ERROR.format(code).encode()]

        server = Server(ec2)
        monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", server.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        monkeypatch.setattr("time.sleep", lambda seconds: asked.append("pause"))
        yield asked
        server.stop()

    def desktops(self, clock: VirtualClock) -> Ec2Desktops:
        environ = {"AMI_ID": "ami-1", "IAM_PROFILE": "p", "SECURITY_GROUP_IDS": "sg-1"}
        return Runtime(clock.now, environ).desktops

    def test_a_full_zone_is_told_at_once(self, asked: list[str], clock: VirtualClock) -> None:
        with pytest.raises(NoCapacity):
            self.desktops(clock).launch("m1", Attempt(Role.TEACHER, 1, "subnet-1", Cause.DUE), DEADLINE)
        assert asked == ["DescribeImages", "RunInstances"]

    def test_a_question_is_asked_again(self, asked: list[str], clock: VirtualClock) -> None:
        with pytest.raises(Unavailable):
            self.desktops(clock).find("i-1")
        assert asked == ["DescribeInstances", "pause", "DescribeInstances", "pause", "DescribeInstances"]


class TestErrorCodes:
    @pytest.mark.parametrize("status", [400, 500])
    @pytest.mark.parametrize(
        "code",
        [
            "InsufficientInstanceCapacity",
            "InsufficientFreeAddressesInSubnet",
            "UnfulfillableCapacity",
            "Unsupported",
        ],
    )
    def test_no_room_here(self, launcher: Launcher, code: str, status: int) -> None:
        launcher.account.instead["RunInstances"] = (code, status)
        with pytest.raises(NoCapacity, match=f"teacher.*{launcher.subnet}.*{code}"):
            launcher.launch()

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("RequestLimitExceeded", 503),
            ("RequestLimitExceeded", 400),
            ("Throttling", 400),
            ("InternalError", 500),
            ("ServiceUnavailable", 503),
            ("Unavailable", 503),
            ("SomethingNobodyHasSeenYet", 500),
        ],
    )
    def test_not_now(self, launcher: Launcher, code: str, status: int) -> None:
        launcher.account.instead["RunInstances"] = (code, status)
        with pytest.raises(Unavailable, match=code):
            launcher.launch()

    @pytest.mark.parametrize(
        "code",
        [
            "VcpuLimitExceeded",
            "InstanceLimitExceeded",
            "UnauthorizedOperation",
            "InvalidParameterValue",
            "InvalidSubnetID.NotFound",
            "InvalidGroup.NotFound",
            "InvalidKeyPair.NotFound",
            "InvalidBlockDeviceMapping",
            "OptInRequired",
        ],
    )
    def test_not_anywhere(self, launcher: Launcher, code: str) -> None:
        launcher.account.instead["RunInstances"] = (code, 400)
        with pytest.raises(LaunchRefused, match=f"teacher.*{launcher.subnet}.*{code}") as refusal:
            launcher.launch()
        assert refusal.value.code == code
        assert not isinstance(refusal.value, AttemptSpent)

    def test_never_again_with_this_token(self, launcher: Launcher) -> None:
        launcher.account.instead["RunInstances"] = ("IdempotentInstanceTerminated", 400)
        with pytest.raises(AttemptSpent) as refusal:
            launcher.launch()
        assert refusal.value.code == "IdempotentInstanceTerminated"

    def test_a_termination_that_is_refused_is_not_taken_for_done(self, launcher: Launcher) -> None:
        desktop = launcher.launch()
        launcher.account.instead["TerminateInstances"] = ("UnauthorizedOperation", 403)
        with pytest.raises(Unavailable, match=desktop.id):
            launcher.desktops.terminate([desktop.id])

    def test_one_termination_that_is_refused_does_not_keep_the_others(self, launcher: Launcher) -> None:
        ids = [launcher.launch(meeting_id).id for meeting_id in ("m1", "m2")]
        launcher.account.instead["TerminateInstances"] = ("InvalidInstanceID.NotFound", 400)
        launcher.desktops.terminate([*ids, "i-1"])
        asked = [request["InstanceIds"] for request in launcher.account.requests.to("TerminateInstances")]
        assert asked == [[*ids, "i-1"], [ids[0]], [ids[1]], ["i-1"]]

    def test_a_deadline_of_an_instance_that_is_not_there_is_not_taken_for_changed(self, launcher: Launcher) -> None:
        launcher.account.instead["CreateTags"] = ("InvalidInstanceID.NotFound", 400)
        with pytest.raises(Unavailable, match="i-1"):
            launcher.desktops.rearm(["i-1"], DEADLINE)


class TestListing:
    def test_goes_on_to_the_next_page(self, launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ec2, "_PAGE", 5)
        launched = {launcher.launch(f"m{number}").id for number in range(12)}
        pages = list(launcher.desktops.fleet())
        assert [len(page) for page in pages] == [5, 5, 2]
        assert {desktop.id for page in pages for desktop in page} == launched
        asked = launcher.account.requests.to("DescribeInstances")
        assert [request["MaxResults"] for request in asked] == [5, 5, 5]
        assert ["NextToken" in request for request in asked] == [False, True, True]

    def test_asks_for_pages_as_large_as_ec2_gives(self, launcher: Launcher) -> None:
        list(launcher.desktops.fleet())
        assert launcher.account.requests.to("DescribeInstances")[0]["MaxResults"] == 1000

    def test_asks_by_filter_since_an_unknown_id_would_fail_the_whole_request(self, launcher: Launcher) -> None:
        launcher.desktops.find("i-1")
        launcher.desktops.of_meeting("m1", ["i-1", "i-2"])
        list(launcher.desktops.fleet())
        asked = [
            {f["Name"]: f["Values"] for f in r["Filters"]} for r in launcher.account.requests.to("DescribeInstances")
        ]
        assert asked == [
            {"instance-id": ["i-1"]},
            {"tag:Project": ["Elephant"], "tag:MeetingID": ["m1"]},
            {"instance-id": ["i-1", "i-2"]},
            {"tag:Project": ["Elephant"]},
        ]

    def test_a_name_on_the_row_is_not_sent_as_a_pattern(self, launcher: Launcher) -> None:
        launcher.desktops.find("*")
        launcher.desktops.of_meeting("m1", ["i-*", "i-?"])
        asked = [
            value
            for request in launcher.account.requests.to("DescribeInstances")
            for listed in request["Filters"]
            if listed["Name"] == "instance-id"
            for value in listed["Values"]
        ]
        assert not set(asked) & {"*", "i-*", "i-?"}  # not sent at all, or escaped: EC2 takes these as patterns

    def test_a_failure_on_a_later_page_is_no_end_of_the_list(
        self, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ec2, "_PAGE", 5)
        for number in range(6):
            launcher.launch(f"m{number}")
        pages = launcher.desktops.fleet()
        assert len(next(pages)) == 5
        launcher.account.instead["DescribeInstances"] = ("RequestLimitExceeded", 503)
        with pytest.raises(Unavailable):
            next(pages)

    def test_needs_no_launch_settings(self, launcher: Launcher) -> None:
        desktop = launcher.launch()

        def missing() -> DesktopSettings:
            raise ConfigError("AMI_ID is not set")

        desktops = ec2_desktops(launcher.account, missing, launcher.clock)
        assert desktops.find(desktop.id)
        assert desktops.of_meeting("m1", [])
        assert list(desktops.fleet())
        with pytest.raises(ConfigError):
            desktops.launch("m1", Attempt(Role.TEACHER, 1, launcher.subnet, Cause.DUE), DEADLINE)
        desktops.terminate([desktop.id])


class TestSubnets:
    def zones(self, launcher: Launcher) -> list[str]:
        found = launcher.account.client("ec2").describe_subnets()["Subnets"]
        zone_of = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
        return [zone_of[subnet] for subnet in launcher.desktops.subnets()]

    def later(self, launcher: Launcher) -> None:
        launcher.clock.run(launcher.clock.now() + ec2.LAYOUT_LASTS)

    def test_are_those_of_all_zones_where_none_is_set(self, launcher: Launcher) -> None:
        assert self.zones(launcher) == ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]

    def test_are_those_of_the_zones_that_are_set_in_their_order(self, launcher: Launcher) -> None:
        launcher.settings = replace(launcher.settings, supported_azs=("us-west-2c", "us-west-2x", "us-west-2a"))
        self.later(launcher)
        assert self.zones(launcher) == ["us-west-2c", "us-west-2a"]

    def test_are_those_of_the_default_vpc(self, launcher: Launcher) -> None:
        api = launcher.account.client("ec2")
        vpc = api.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        other = api.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.later(launcher)
        assert other not in launcher.desktops.subnets()

    def test_are_listed_once_in_ten_minutes(self, launcher: Launcher) -> None:
        self.later(launcher)
        for _ in range(5):
            launcher.desktops.subnets()
        assert len(launcher.account.requests.to("DescribeSubnets")) == 1
        self.later(launcher)
        launcher.desktops.subnets()
        assert len(launcher.account.requests.to("DescribeSubnets")) == 2

    def test_zones_without_any_are_named(self, launcher: Launcher) -> None:
        launcher.settings = replace(launcher.settings, supported_azs=("eu-west-1a",))
        self.later(launcher)
        with pytest.raises(LaunchRefused, match=r"SUPPORTED_AZS.*eu-west-1a"):
            launcher.desktops.subnets()

    def test_a_region_without_a_default_vpc_says_what_to_do(self, launcher: Launcher) -> None:
        launcher.account.instead["DescribeVpcs"] = {"Vpcs": []}
        self.later(launcher)
        with pytest.raises(LaunchRefused, match="create-default-vpc"):
            launcher.desktops.subnets()
