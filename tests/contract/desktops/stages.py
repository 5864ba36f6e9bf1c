"""The port `Desktops` over two stages: the fake, and EC2's API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from chalicelib.control.ports import Desktops
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.model import Desktop, Owner
from chalicelib.domain.seat import Role
from localcloud.clock import VirtualClock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2
from tests.contract.conftest import NOW, Account, desktop_settings, ec2_desktops
from tests.fakes import FakeDesktops

STAGE = "dev"
DEADLINE = NOW + timedelta(hours=4)
NOWHERE = "i-0123456789abcdef0"


class Stage(Protocol):
    """A Region with desktops, its weather, and other people who start instances in it."""

    desktops: Desktops
    clock: VirtualClock

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        """Start an instance as somebody else does, and return its id.

        `kind` is whose it is: ours, by hand, other stage, other project, untagged.
        """

    def shut_down(self, desktop_id: str) -> None:
        """Let the instance end itself, from inside."""

    def living(self) -> set[str]:
        """Return the ids of all instances that cost."""

    def fill(self, *subnets: str) -> None:
        """Let these subnets, and only these, have no room."""

    def refuse(self, code: str) -> None:
        """Let EC2 refuse launches with this code."""

    def hide_launches(self, seconds: float) -> None:
        """Let EC2 show an instance only so long after its launch."""

    def remove_subnets(self) -> None:
        """Take all subnets away."""


class FakeStage:
    OWNERS: ClassVar[dict[str, Owner]] = {"ours": Owner.OURS, "by hand": Owner.BY_HAND}

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._fake = FakeDesktops(clock.now)
        self.desktops: Desktops = self._fake

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        if kind == "untagged":
            return self._fake.add(None, None, Owner.FOREIGN).id
        return self._fake.add(meeting_id, role, self.OWNERS.get(kind, Owner.FOREIGN)).id

    def shut_down(self, desktop_id: str) -> None:
        self._fake.die(desktop_id)

    def living(self) -> set[str]:
        return {instance.id for instance in self._fake.alive()}

    def fill(self, *subnets: str) -> None:
        self._fake.full = set(subnets)

    def refuse(self, code: str) -> None:
        self._fake.refusal = code

    def hide_launches(self, seconds: float) -> None:
        self._fake.unseen_for = timedelta(seconds=seconds)

    def remove_subnets(self) -> None:
        self._fake.zones = []


class RealStage:
    def __init__(self, account: Account, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self.ec2 = Ec2(clock, Conditions())
        self.api = account.client("ec2")
        self.settings = desktop_settings(account)
        self.desktops: Desktops = ec2_desktops(account, lambda: self.settings, clock, STAGE)

    def start(self, kind: str, meeting_id: str = "m1", role: Role = Role.TEACHER) -> str:
        named = {"MeetingID": meeting_id, "Role": role.value}
        tags = {
            "ours": named | {"Project": "Elephant", "Stage": STAGE},
            "by hand": named | {"Project": "Elephant"},
            "other stage": named | {"Project": "Elephant", "Stage": "prod"},
            "other project": named | {"Project": "Giraffe", "Stage": STAGE},
            "untagged": {},
        }[kind]
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        reply = self.api.run_instances(
            ImageId=self.settings.ami_id,
            MinCount=1,
            MaxCount=1,
            InstanceInitiatedShutdownBehavior="terminate",
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}] if listed else [],
        )
        return str(reply["Instances"][0]["InstanceId"])

    def shut_down(self, desktop_id: str) -> None:
        self.ec2.shut_down(desktop_id)

    def living(self) -> set[str]:
        return {life.id for life in self.ec2.lives.values() if life.alive}

    def fill(self, *subnets: str) -> None:
        found = self.api.describe_subnets(SubnetIds=list(subnets))["Subnets"] if subnets else []
        self._change(full_zones=frozenset(subnet["AvailabilityZone"] for subnet in found))

    def refuse(self, code: str) -> None:
        self.account.instead["RunInstances"] = (code, 400)

    def hide_launches(self, seconds: float) -> None:
        self._change(blind_s=seconds)

    def remove_subnets(self) -> None:
        for subnet in self.api.describe_subnets()["Subnets"]:
            self.api.delete_subnet(SubnetId=subnet["SubnetId"])

    def _change(self, **conditions: Any) -> None:
        self.ec2._conditions = replace(self.ec2._conditions, **conditions)


def attempt(stage: Stage, role: Role = Role.TEACHER, number: int = 1, subnet: int = 0) -> Attempt:
    return Attempt(role, number, stage.desktops.subnets()[subnet], Cause.DUE)


def launch(stage: Stage, meeting_id: str = "m1", role: Role = Role.TEACHER) -> Desktop:
    return stage.desktops.launch(meeting_id, attempt(stage, role), DEADLINE)


def wait(stage: Stage, **time: float) -> None:
    stage.clock.run(stage.clock.now() + timedelta(**time))


def ours(desktops: list[Desktop]) -> list[str]:
    """Return the ids of those that serve the project; what else EC2 shows bears another owner."""
    return [desktop.id for desktop in desktops if desktop.owner is not Owner.FOREIGN]


def fleet(stage: Stage) -> list[Desktop]:
    return [desktop for page in stage.desktops.fleet() for desktop in page]
