"""What the EC2 adapter makes of each answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.ec2 import Ec2Desktops
from chalicelib.adapters.ec2.refusals import Kind, kind_of
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.errors import AttemptSpent, LaunchRefused, NoCapacity, Unavailable
from chalicelib.domain.seat import Role
from chalicelib.runtime import Runtime
from localcloud.clock import VirtualClock
from localcloud.server import Server
from tests.contract.conftest import NO_NETWORK
from tests.contract.ec2.launcher import DEADLINE, Launcher


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

    @pytest.mark.parametrize(
        "code", ["InvalidSubnetID.NotFound", "InvalidSubnet.Conflict", "InvalidAMIID.NotFound", "InvalidParameterValue"]
    )
    def test_subnets_and_image_are_looked_up_anew(
        self, launcher: Launcher, looked_up: Callable[[], list[str]], code: str
    ) -> None:
        launcher.account.instead["RunInstances"] = (code, 400)
        with pytest.raises((LaunchRefused, NoCapacity)):
            launcher.launch()
        assert looked_up() == ["DescribeVpcs", "DescribeSubnets", "DescribeRouteTables", "DescribeImages"]

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
            "InsufficientHostCapacity",
            "InsufficientVolumeCapacity",
            "InsufficientCapacity",
            "InsufficientAnythingElseThatMayCome",
            "ReservationCapacityExceeded",
            "UnfulfillableCapacity",
            "Unsupported",
            "UnsupportedOperation",
            "VolumeTypeNotAvailableInZone",
            "InvalidSubnetID.NotFound",
            "InvalidAvailabilityZone",
        ],
    )
    def test_not_in_this_zone(self, launcher: Launcher, code: str, status: int) -> None:
        launcher.account.instead["RunInstances"] = (code, status)
        with pytest.raises(NoCapacity, match=f"teacher.*{launcher.subnet}.*{code}") as refusal:
            launcher.launch()
        assert refusal.value.code == code

    def test_not_in_this_zone_is_told_by_the_words_where_the_code_says_nothing_of_it(self, launcher: Launcher) -> None:
        words = "The requested Availability Zone is no longer supported. Please retry choosing us-west-2b."
        answer = {"Error": {"Code": "InvalidParameterValue", "Message": words}}
        error = ClientError(answer | {"ResponseMetadata": {"HTTPStatusCode": 400}}, "RunInstances")  # type: ignore[arg-type]
        assert kind_of(error) is Kind.ELSEWHERE

    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("RequestLimitExceeded", 503),
            ("RequestLimitExceeded", 400),
            ("Throttling", 400),
            ("EC2ThrottledException", 400),
            ("TooManyRequestsException", 400),
            ("SomethingNobodyHasSeenYet", 429),
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
            "VolumeLimitExceeded",
            "MaxSpotInstanceCountExceeded",
            "UnauthorizedOperation",
            "InvalidParameterValue",
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

    def test_no_answer_at_all(self, launcher: Launcher) -> None:
        launcher.account.instead["RunInstances"] = NO_NETWORK
        with pytest.raises(Unavailable, match="did not answer the launch for the teacher"):
            launcher.launch()

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
