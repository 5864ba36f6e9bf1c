"""What moto's EC2 lacks: launch tokens, states that take time, zones without room, a lag in what is shown.

It replaces the few methods of moto's backend, for one account and Region, that moto's request handlers call;
moto drops the replacements when its state is reset.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

from moto.ec2.exceptions import InvalidInstanceIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance, InstanceState, Reservation
from moto.ec2.responses._base_response import EC2BaseResponse
from werkzeug.exceptions import HTTPException

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.conditions import Conditions

_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
_GONE = ("shutting-down", "terminated")
_NO_TOKEN = "ABCDE"  # what moto writes where the request brought no token


@contextmanager
def states_told_as_they_are() -> Iterator[None]:
    """Let RunInstances answer with an instance's real state; moto's answer always says pending."""
    told = EC2BaseResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER
    with patch.dict(told):
        del told["RunInstances.Reservation.Instances.Instance.State"]
        yield


class Ec2Error(HTTPException):
    """An error as EC2 spells it."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(
            f"<Response><Errors><Error><Code>{error}</Code><Message>{escape(message)}</Message></Error></Errors>"
            "<RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
        )
        self.code = status

    def get_headers(self, *_: Any, **__: Any) -> list[tuple[str, str]]:
        """Return the headers of an error."""
        return [("Content-Type", "text/xml")]


@dataclass
class Life:
    """An instance, and when it entered each state."""

    instance: Instance
    since: dict[str, datetime] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the instance id."""
        return str(self.instance.id)

    @property
    def state(self) -> str:
        """Return the state as EC2 spells it."""
        return self.instance.state

    @property
    def alive(self) -> bool:
        """Whether it still costs money."""
        return self.state not in _GONE

    @property
    def tags(self) -> dict[str, str]:
        """Return its tags."""
        return {tag["key"]: tag["value"] for tag in self.instance.get_tags()}

    @property
    def meeting_id(self) -> str:
        """Return the meeting that it is tagged with, empty where there is none."""
        return self.tags.get("MeetingID", "")


class Ec2:
    """Every instance so far. `listeners` hear of each state that one enters."""

    def __init__(self, clock: Clock, conditions: Conditions) -> None:
        self.lives: dict[str, Life] = {}
        self.refused: list[str] = []
        """The zones that launches were refused in, in order."""
        self.listeners: list[Callable[[Life], object]] = []
        self._clock = clock
        self._conditions = conditions
        self._random = random.Random(conditions.seed)
        self._tokens: dict[tuple[str, str], tuple[str, Reservation]] = {}
        backend = self._backend = ec2_backends[ACCOUNT][REGION]
        self._moto_run = backend.run_instances
        self._moto_describe = backend.describe_instances
        self._moto_describe_ids = backend.get_reservations_by_instance_ids
        self._moto_associate = backend.associate_iam_instance_profile
        for name, method in {
            "run_instances": self._run_instances,
            "terminate_instances": self._terminate_instances,
            "describe_instances": self._describe_instances,
            "get_reservations_by_instance_ids": self._describe_by_ids,
            "associate_iam_instance_profile": self._associate_profile,
        }.items():
            setattr(backend, name, method)

    def forget(self) -> None:
        """Forget every instance and every launch token, as an account knows none that has just been made."""
        self.lives.clear()
        self._tokens.clear()

    def shut_down(self, instance_id: str) -> None:
        """Do what happens when somebody shuts the machine down from inside."""
        life = self.lives[instance_id]
        if life.state != "running":
            return
        if life.instance.instance_initiated_shutdown_behavior == "terminate":
            self._end(life)
        else:
            self._enter(life, "stopping")
            self._later(self._conditions.stopping_s, lambda: self._enter(life, "stopped", only_from="stopping"))

    def _run_instances(
        self, image_id: str, count: int, user_data: Any, security_group_names: list[str], **asked: Any
    ) -> Reservation:
        zone = self._zone(asked)
        token = (asked["client_token"], zone)
        parameters = json.dumps([image_id, count, user_data, security_group_names, asked], sort_keys=True, default=str)
        if token in self._tokens and token[0] != _NO_TOKEN:
            return self._holder(token, parameters)
        if zone in self._conditions.full_zones:
            self.refused.append(zone)
            raise Ec2Error(
                "InsufficientInstanceCapacity",
                f"We currently do not have sufficient {asked['instance_type']} capacity in the Availability Zone "
                f"you requested ({zone}).",
                status=500,
            )
        reservation = self._moto_run(image_id, count, user_data, security_group_names, **asked)
        self._tokens[token] = (parameters, reservation)
        for instance in reservation.instances:
            self._begin(instance)
        return reservation

    def _zone(self, asked: dict[str, Any]) -> str:
        subnets = [asked.get("subnet_id"), *(nic.get("SubnetId") for nic in asked.get("nics") or ())]
        for subnet in filter(None, subnets):
            return str(self._backend.get_subnet(subnet).availability_zone)
        return str(asked.get("placement") or "")

    def _holder(self, token: tuple[str, str], parameters: str) -> Reservation:
        """Return what this token launched before."""
        before, reservation = self._tokens[token]
        if parameters != before:
            raise Ec2Error(
                "IdempotentParameterMismatch",
                "The client token has been used with other parameters in an earlier request.",
            )
        if any(instance.state in _GONE for instance in reservation.instances):
            raise Ec2Error(
                "IdempotentInstanceTerminated",
                "The client token belongs to an instance that has been terminated.",
            )
        return reservation

    def _associate_profile(self, instance_id: str, **profile: Any) -> Any:
        """Associate a profile once; moto does it again when a repeated token returns the first launch."""
        known = self._backend.iam_instance_profile_associations.get(instance_id)
        return known or self._moto_associate(instance_id, **profile)

    def _begin(self, instance: Instance) -> None:
        life = self.lives[instance.id] = Life(instance)
        instance.launch_time = self._clock.now().astimezone(UTC).replace(tzinfo=None)
        for interface in instance.nics.values():
            interface.stop()  # the public address comes with `running`
        self._enter(life, "pending")
        self._later(self._conditions.starting_s, lambda: self._start(life))

    def _start(self, life: Life) -> None:
        if life.state == "pending":
            life.instance.start()
            self._enter(life, "running")

    def _terminate_instances(self, instance_ids: list[str]) -> list[tuple[Instance, InstanceState]]:
        instances = self._backend.get_multi_instances_by_id(instance_ids)
        before = [(instance, InstanceState(instance.state, instance.state_code)) for instance in instances]
        for instance in instances:
            self._end(self.lives[instance.id])
        return before

    def _end(self, life: Life) -> None:
        if not life.alive:
            return
        self._enter(life, "shutting-down")

        def finish() -> None:
            life.instance.terminate()
            self._enter(life, "terminated")
            self._clock.after(self._conditions.vanish_s, lambda: self._forget(life))

        self._later(self._conditions.stopping_s, finish)

    def _forget(self, life: Life) -> None:
        for reservation in list(self._backend.reservations.values()):
            if life.instance in reservation.instances:
                del self._backend.reservations[reservation.id]

    def _enter(self, life: Life, state: str, only_from: str | None = None) -> None:
        if only_from and life.state != only_from:
            return
        life.instance._state = InstanceState(state, _CODES[state])
        life.since[state] = self._clock.now()
        for listener in self.listeners:
            listener(life)

    def _later(self, seconds: tuple[float, float], callback: Callable[[], object]) -> None:
        self._clock.after(self._random.uniform(*seconds), callback)

    def _describe_instances(self, filters: Any = None) -> list[Reservation]:
        tokens, filters = _without_token(filters)
        return self._shown(self._moto_describe(filters), tokens)

    def _describe_by_ids(self, instance_ids: list[str], filters: Any = None) -> list[Reservation]:
        for instance_id in instance_ids:
            if instance_id in self.lives and not self._is_shown(self.lives[instance_id].instance):
                raise InvalidInstanceIdError(instance_id)
        tokens, filters = _without_token(filters)
        return self._shown(self._moto_describe_ids(instance_ids, filters), tokens)

    def _shown(self, reservations: list[Reservation], tokens: list[str] | None) -> list[Reservation]:
        for reservation in reservations:
            reservation.instances = [
                instance
                for instance in reservation.instances
                if self._is_shown(instance) and (tokens is None or instance.client_token in tokens)
            ]
        return [reservation for reservation in reservations if reservation.instances]

    def _is_shown(self, instance: Instance) -> bool:
        launched = self.lives[instance.id].since["pending"]
        return self._clock.now() >= launched + timedelta(seconds=self._conditions.blind_s)


def lead_out(ec2: Any) -> None:
    """Lead the default VPC out to the internet, as AWS makes it; moto forgets the gateway."""
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
    [table] = ec2.describe_route_tables(Filters=here)["RouteTables"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc["VpcId"])
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def _without_token(filters: dict[str, Any] | None) -> tuple[list[str] | None, dict[str, Any] | None]:
    """Take out the filter that moto does not know."""
    rest = dict(filters or {})
    return rest.pop("client-token", None), rest or None
