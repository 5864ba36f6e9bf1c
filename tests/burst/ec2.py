"""A Region, as EC2's API shows it: what the app launches are the world's desktops, within EC2's limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, ServiceModel, Shape, StructureShape

from chalicelib.domain import rows
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from tests.burst.buckets import Limits
from tests.burst.sdk import Answer, Request
from tests.fakes import FakeDesktops, Instance

if TYPE_CHECKING:
    from tests.simulation.world import World

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_VPC = "vpc-0123456789abcdef0"
_PAGE = 1000

Asked = Mapping[str, str]
Tags = dict[str, str]


class Refused(Exception):
    """What EC2 refuses, by its code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Region:
    """EC2 of one account in one Region."""

    def __init__(self, world: World, model: ServiceModel) -> None:
        """Take the world whose desktops it has, and the SDK's own model of EC2, by which answers are spelled."""
        self.limited_from: datetime | None = None
        """From when on the limits hold, UTC; None: always."""
        self.out = False
        """Whether it answers nothing but errors."""
        self.quota: int | None = None
        """How many instances there may be at once, None where nothing limits that."""
        self._world = world
        self._model = model
        self._limits = Limits()
        self._tags: dict[str, Tags] = {}
        self._launches: dict[tuple[str, str], tuple[str, list[Instance]]] = {}
        self._launch_index: dict[str, int] = {}
        self._answers: dict[str, Callable[[Asked], dict[str, Any]]] = {
            "RunInstances": self._run,
            "TerminateInstances": self._terminate,
            "CreateTags": self._tag,
            "DescribeInstances": self._describe,
            "DescribeImages": lambda asked: {"Images": [{"ImageId": asked["ImageId.1"]}]},
            "DescribeVpcs": lambda asked: {"Vpcs": [{"VpcId": _VPC}]},
            "DescribeSubnets": self._subnets,
            "DescribeRouteTables": _route_tables,
        }

    def __call__(self, request: Request) -> Answer:
        """Answer a request as EC2 does."""
        asked, operation = dict(parse_qsl(request.body)), request.operation
        try:
            if self.out:
                raise Refused("Unavailable", "The server is overloaded and can't handle the request.", 503)
            now = self._world.now
            is_limited = self.limited_from is None or now >= self.limited_from
            if is_limited and not self._limits.admit(operation, _instances_in(operation, asked), now):
                raise Refused("RequestLimitExceeded", "Request limit exceeded.", 503)
            told = self._answers[operation](asked)
        except Refused as refused:
            error = f"<Code>{refused.code}</Code><Message>{escape(str(refused))}</Message>"
            return Answer(refused.status, f"<Response><Errors><Error>{error}</Error></Errors></Response>")
        shape = self._model.operation_model(operation).output_shape
        return Answer(200, f"<{operation}Response>{_spell(told, shape) if shape else ''}</{operation}Response>")

    # --- launching and ending

    def _run(self, asked: Asked) -> dict[str, Any]:
        """Launch, once for each token in a zone; whoever asks again with it is told of the same instances."""
        desktops, subnet = self._world.desktops, asked["NetworkInterface.1.SubnetId"]
        token = (asked["ClientToken"], subnet)
        parameters = "&".join(f"{name}={asked[name]}" for name in sorted(asked))
        if token in self._launches:
            return self._launched_before(token, parameters)
        if desktops.refusal:
            raise Refused(desktops.refusal, "You have requested more than is allowed.")
        count = int(asked["MinCount"])
        if self.quota is not None and len(desktops.alive()) + count > self.quota:
            raise Refused("VcpuLimitExceeded", "You have requested more vCPU capacity than your limit allows.")
        if subnet in desktops.full:
            raise Refused(desktops.no_room_code, f"There is not enough capacity in {subnet}.", 500)
        tags = _tags(asked, "TagSpecification.1.Tag")
        launched = [self._begin(tags, subnet, token[0], index) for index in range(count)]
        self._launches[token] = (parameters, launched)
        return {"Instances": list(map(self._shown, launched))}

    def _launched_before(self, token: tuple[str, str], parameters: str) -> dict[str, Any]:
        before, launched = self._launches[token]
        if before != parameters:
            raise Refused("IdempotentParameterMismatch", "The token was used with other parameters.")
        if not all(instance.state(self._world.now).must_be_ended for instance in launched):
            raise Refused("IdempotentInstanceTerminated", "The token's instance has been terminated.")
        return {"Instances": list(map(self._shown, launched))}

    def _begin(self, tags: Tags, subnet: str, token: str, index: int) -> Instance:
        desktops = self._world.desktops
        instance = desktops.add(tags.get("MeetingID"), _role(tags), subnet=subnet, token=token)
        number = len(desktops.instances)
        instance.address = f"10.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"
        instance.deadline = instance.asked_for = rows.parse_time(tags["Deadline"])
        self._tags[instance.id] = dict(tags)
        self._launch_index[instance.id] = index
        desktops.on_launch(instance)
        return instance

    def _terminate(self, asked: Asked) -> dict[str, Any]:
        desktops = self._world.desktops
        ended = self._named(_numbered(asked, "InstanceId"))
        for instance in ended:
            desktops.on_terminate(instance)
            desktops.die(instance.id)
        return {"TerminatingInstances": [{"InstanceId": instance.id} for instance in ended]}

    def _tag(self, asked: Asked) -> dict[str, Any]:
        tags = _tags(asked, "Tag")
        for instance in self._named(_numbered(asked, "ResourceId")):
            self._tags[instance.id].update(tags)
            instance.role = _role(self._tags[instance.id])
            if "Deadline" in tags:
                instance.deadline = rows.parse_time(tags["Deadline"])
                self._world.desktops.on_rearm(instance)
        return {}

    def _named(self, ids: Iterable[str]) -> list[Instance]:
        known = self._world.desktops.instances
        if unknown := [i for i in ids if i not in known or not self._is_shown(known[i])]:
            raise Refused("InvalidInstanceID.NotFound", f"The instance IDs '{', '.join(unknown)}' do not exist")
        return [known[i] for i in ids]

    # --- looking

    def _describe(self, asked: Asked) -> dict[str, Any]:
        """Show a page of what its filters ask for; the page that follows is named by where it begins."""
        found = [instance for instance in self._candidates(_filters(asked)) if self._is_shown(instance)]
        begin, size = int(asked.get("NextToken", 0)), int(asked.get("MaxResults", _PAGE))
        page = [{"Instances": [self._shown(instance)]} for instance in found[begin : begin + size]]
        return {"Reservations": page} | ({"NextToken": str(begin + size)} if begin + size < len(found) else {})

    def _candidates(self, filters: Mapping[str, list[str]]) -> list[Instance]:
        desktops = self._world.desktops
        if "instance-id" in filters:
            return [desktops.instances[i] for i in filters["instance-id"] if i in desktops.instances]
        if "client-token" in filters:
            return [i for i in desktops.instances.values() if i.token in filters["client-token"]]
        if "tag:MeetingID" in filters:
            return [instance for meeting_id in filters["tag:MeetingID"] for instance in desktops.of(meeting_id)]
        return list(desktops.instances.values())

    def _is_shown(self, instance: Instance) -> bool:
        now = self._world.now
        forgotten = instance.dies_at is not None and instance.dies_at <= now - FakeDesktops.FORGOTTEN_AFTER
        return now >= instance.shown_at and not forgotten

    def _shown(self, instance: Instance) -> dict[str, Any]:
        now = self._world.now
        state = instance.state(now)
        told: dict[str, Any] = {
            "InstanceId": instance.id,
            "AmiLaunchIndex": self._launch_index.get(instance.id, 0),
            "State": {"Code": _CODES[state.value], "Name": state.value},
            "LaunchTime": instance.launched_at,
            "SubnetId": instance.subnet,
            "ClientToken": instance.token,
            "Tags": [{"Key": key, "Value": value} for key, value in self._tags.get(instance.id, {}).items()],
        }
        if state is State.RUNNING and now >= instance.has_address_at:
            told["PublicIpAddress"] = instance.address
        return told

    def _subnets(self, asked: Asked) -> dict[str, Any]:
        zones = self._world.desktops.zones
        return {
            "Subnets": [
                {"SubnetId": zone, "VpcId": _VPC, "AvailabilityZone": f"us-west-2{letter}", "DefaultForAz": True}
                for zone, letter in zip(zones, "abcdef", strict=False)
            ]
        }


def _route_tables(asked: Asked) -> dict[str, Any]:
    out = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-0123456789abcdef0", "State": "active"}
    return {"RouteTables": [{"VpcId": _VPC, "Associations": [{"Main": True}], "Routes": [out]}]}


def _role(tags: Tags) -> Role | None:
    return next((role for role in Role if role.value == tags.get("Role")), None)


# --- EC2's own spelling


def _instances_in(operation: str, asked: Asked) -> int:
    """Return how many instances a request is about."""
    if operation == "RunInstances":
        return int(asked["MaxCount"])
    return len(_numbered(asked, "InstanceId"))


def _numbered(asked: Asked, name: str) -> list[str]:
    return [asked[key] for key in asked if re.fullmatch(rf"{re.escape(name)}\.\d+", key)]


def _tags(asked: Asked, name: str) -> Tags:
    keys = [key for key in asked if re.fullmatch(rf"{re.escape(name)}\.\d+\.Key", key)]
    return {asked[key]: asked[key.removesuffix("Key") + "Value"] for key in keys}


def _filters(asked: Asked) -> dict[str, list[str]]:
    names = [key for key in asked if re.fullmatch(r"Filter\.\d+\.Name", key)]
    return {asked[key]: _numbered(asked, key.removesuffix("Name") + "Value") for key in names}


def _spell(value: Any, shape: Shape) -> str:
    """Return a value as EC2 spells what is of this shape."""
    if isinstance(shape, StructureShape):
        return "".join(_members(value, shape))
    if isinstance(shape, ListShape):
        return "".join(f"<item>{_spell(item, shape.member)}</item>" for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return str(value).lower() if isinstance(value, bool) else escape(str(value))


def _members(value: Mapping[str, Any], shape: StructureShape) -> Iterator[str]:
    for member, told in value.items():
        of = shape.members[member]
        name = of.serialization.get("name", member)
        yield f"<{name}>{_spell(told, of)}</{name}>"
