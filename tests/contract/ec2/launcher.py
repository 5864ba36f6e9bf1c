"""What the tests of the EC2 adapter's requests have in hand: the adapter and what it is set to launch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from chalicelib.adapters.ec2 import Ec2Desktops
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.model import Desktop
from chalicelib.domain.seat import Role
from chalicelib.environment import DesktopSettings
from localcloud.clock import VirtualClock
from tests.contract.conftest import NOW, Account, ec2_desktops

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
