"""Defects of the adapters, which the fakes stand in for in the simulation: the contract suites hunt them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters import scheduler
from chalicelib.adapters.dns import cloudflare_api
from chalicelib.adapters.dns.cloudflare import CloudflareDns
from chalicelib.adapters.dns.cloudflare_api import ZoneApi
from chalicelib.adapters.dns.waiting import TableWait
from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.adapters.ec2 import Ec2Desktops, subnets
from chalicelib.adapters.ec2.refusals import Kind, code_of, kind_of
from chalicelib.adapters.scheduler import SchedulerTimers
from chalicelib.adapters.secrets import SecretToken
from chalicelib.domain.actions import Attempt
from chalicelib.domain.errors import LaunchRefused, NoCapacity
from chalicelib.domain.model import Desktop, Meeting
from chalicelib.domain.update import Update
from tests.simulation.mutants.changes import Stubbed, alters, always, does_nothing, given, raises, with_attribute
from tests.simulation.mutants.mutant import Mutant

CLOUDFLARE = "tests/contract -k cloudflare"
EC2 = "tests/contract -k ec2 or desktops"
DYNAMODB = "tests/contract -k meetings"
SCHEDULER = "tests/contract -k timers"


class _Refused(LaunchRefused):
    def __init__(self, message: str) -> None:
        super().__init__(message, "InsufficientInstanceCapacity")


def _believes_any_success(original: Callable[..., dict[str, Any]]) -> Callable[..., Any]:
    def read(answer: Any) -> dict[str, Any]:
        return original(answer) | ({"success": True} if answer.ok else {})

    return read


def _refuses_for_good(original: Callable[..., Any]) -> Callable[..., Any]:
    def refused(self: Ec2Desktops, error: ClientError, attempt: Attempt, token: str) -> Desktop:
        if kind_of(error) is Kind.NOT_NOW:
            raise LaunchRefused(str(error), code_of(error))
        desktop: Desktop = original(self, error, attempt, token)
        return desktop

    return refused


def _takes_any_stage(self: Ec2Desktops, instance: Any) -> tuple[Any, ...]:
    tags = [tag if tag["Key"] != "Stage" else {**tag, "Value": self._stage} for tag in instance.get("Tags", [])]
    return self, {**instance, "Tags": tags}


def _creates_only(original: Callable[..., None]) -> Callable[..., None]:
    def store(self: SchedulerTimers, schedule: Any) -> None:
        with scheduler._ignored("ConflictException"):
            self._client.create_schedule(**schedule)

    return store


def _creates_first(original: Callable[..., None]) -> Callable[..., None]:
    def update(self: DynamoMeetings, meeting_id: str, change: Update) -> None:
        self.create({"id": meeting_id})
        original(self, meeting_id, change)

    return update


def _reads_eventually(original: Callable[..., Meeting]) -> Callable[..., Meeting]:
    def get(self: DynamoMeetings, meeting_id: str) -> Meeting:
        strong = self._client.get_item
        client = Stubbed(self._client, get_item=lambda **request: strong(**{**request, "ConsistentRead": False}))
        return original(with_attribute(self, _client=client), meeting_id)

    return get


MUTANTS = (
    Mutant("trusts a 200 that says it failed", cloudflare_api._json, _believes_any_success, CLOUDFLARE),
    Mutant("takes a foreign record for its own", CloudflareDns._is_ours, always, CLOUDFLARE),
    Mutant("ignores that Cloudflare has had enough", ZoneApi._respect_wait, does_nothing, CLOUDFLARE),
    Mutant("asks on until Cloudflare blocks", ZoneApi._heed_allowance, does_nothing, CLOUDFLARE),
    Mutant("tells no other container to wait", TableWait.note, does_nothing, CLOUDFLARE),
    Mutant("keeps a token that was changed", SecretToken.renew, does_nothing, CLOUDFLARE),
    Mutant("reads the secret at every refusal", SecretToken._may_read_again, always, CLOUDFLARE),
    Mutant("leaves an old mark on the record", CloudflareDns._is_as_wanted, always, CLOUDFLARE),
    Mutant(
        "reads the first page of records only",
        ZoneApi.call,
        alters(lambda reply: {**reply, "result_info": {"total_pages": 1}}),
        CLOUDFLARE,
    ),
    Mutant(
        "makes the token from the attempt alone",
        Ec2Desktops._token,
        given(lambda self, meeting_id, attempt: (self, meeting_id, replace(attempt, subnet=None))),
        EC2,
    ),
    Mutant("takes a full zone for a refusal", Ec2Desktops._refused, raises(_Refused, instead_of=NoCapacity), EC2),
    Mutant("takes a throttle for a refusal", Ec2Desktops._refused, _refuses_for_good, EC2),
    Mutant("launches where nobody gets in", subnets._leads_out, always, EC2),
    Mutant("stops at an unknown id among those to end", Ec2Desktops._terminate_each, does_nothing, EC2),
    Mutant("collects other stages' desktops", Ec2Desktops._understand, given(_takes_any_stage), EC2),
    Mutant(
        "writes whatever has changed",
        DynamoMeetings.update,
        given(lambda self, meeting_id, change: (self, meeting_id, replace(change, expect={}))),
        DYNAMODB,
    ),
    Mutant("makes rows by accident", DynamoMeetings.update, _creates_first, DYNAMODB),
    Mutant("reads what may be old", DynamoMeetings.get, _reads_eventually, DYNAMODB),
    Mutant("leaves a timer that is armed already where it was", SchedulerTimers._store, _creates_only, SCHEDULER),
    Mutant("takes no error of Scheduler's for harmless", scheduler._ignored, lambda original: nullcontext, SCHEDULER),
)
