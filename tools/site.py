"""What the tools examine: a stage as it stands in its account, with the DNS provider of its zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Protocol

import requests

from chalicelib.control.ports import Dns
from chalicelib.settings import RESOLVE, Client
from tools import images, inventory, limits
from tools.account import Account, Clients, enter
from tools.errors import ignore_not_found
from tools.findings import Finding
from tools.stack import desktop_client
from tools.stage import ROOT, Stage


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate as its authority lists it: the id by which it revokes it, itself as PEM, its end (UTC) if told."""

    id: str
    certificate: str
    ends_at: datetime | None


class Authority(Protocol):
    """What issues certificates that a provider's proxies trust. Every method raises StageError where it is refused."""

    @property
    def name(self) -> str:
        """Its name as people write it."""

    @property
    def root(self) -> str:
        """The root that issues its certificates, as PEM."""

    @property
    def validities(self) -> tuple[int, ...]:
        """The days for which it issues."""

    def issue(self, request: str, name: str, days: int) -> Issued:
        """Have a certificate issued for this request and this one name, valid for so many days."""

    def issued(self) -> list[Issued]:
        """Return the certificates that are issued for names of the zone and not revoked."""

    def revoke(self, issued_as: str) -> bool:
        """Revoke a certificate; return False where there is none of this id any more."""

    def mode(self) -> str:
        """Return whether the proxies judge what they connect to: `strict` where they do."""

    def make_strict(self) -> None:
        """Let the proxies connect only to what shows a certificate that they trust."""


@dataclass(frozen=True)
class Census:
    """How many records a zone holds, and how many it may (`quota`), None where that is not told.

    `by_mark` counts those that an installation of the app has marked; `own_marks` are what the stage may have set.
    """

    records: int
    quota: int | None
    by_mark: Mapping[str, int]
    own_marks: tuple[str, ...]

    @property
    def unmarked(self) -> int:
        """How many records are no installation's."""
        return self.records - sum(self.by_mark.values())


class Provider(Protocol):
    """What the tools need of a DNS provider. What the app needs of it is the port `Dns`."""

    @property
    def name(self) -> str:
        """The provider's name as people write it."""

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        """The ranges that desktops are reached from when their names are opened: those of the provider's proxies."""

    @property
    def services(self) -> frozenset[str]:
        """The AWS services that only the provider's adapter calls, as boto3 names them."""

    def parameters(self, stage: Stage) -> dict[str, str]:
        """Return what the stack's template must know of the provider, by its parameters' names."""

    def examine(self, site: Site) -> Iterator[Finding]:
        """Yield whether the app can publish the desktops' names, and whether browsers will trust them."""

    def statement(self, call: str, stage: Stage, account: Account) -> dict[str, Any]:
        """Return the IAM statement that allows a call like `secretsmanager:GetSecretValue`, for this stage alone."""

    def zone(self, stage: Stage, client: Clients, account: Account) -> Dns | None:
        """Return the stage's part of the zone, None where nothing was ever published."""

    def census(self, site: Site) -> Census:
        """Return how many records the zone holds, and by whose mark.

        Raises:
            StageError: there is no token to ask with.
            Unavailable: the provider does not tell.
        """

    def authority(self, site: Site, token: str) -> Authority | None:
        """Return what issues certificates for the zone, asked with a token of one run; None where nothing proxies."""

    def served(self, site: Site) -> list[str] | None:
        """Return the names that the proxies serve and that are no desktops of the stage; None where nobody may tell."""

    def how_to_regain_access(self, stage: Stage) -> str:
        """Return how an operator makes it possible again to withdraw the stage's records."""

    def records_left(self, stage: Stage, account: Account) -> str:
        """Return a sentence on where the stage's records may be left, and how to tell them."""

    def remove(self, stage: Stage, client: Clients) -> None:
        """Remove for good what the stage kept for the provider; what is gone already is fine."""


@dataclass(frozen=True)
class Site:
    """A stage, its account through the account's clients, and its DNS provider.

    `now` is UTC; `folder` holds the stage's file, and what that names.
    """

    stage: Stage
    client: Clients
    provider: Provider
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    http: requests.Session = field(default_factory=requests.Session)
    folder: Path = ROOT / "stages"

    @cached_property
    def account(self) -> Account:
        """Where the credentials lead."""
        return enter(self.stage, self.client, self.now)

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs, empty before the first deploy."""
        stacks: list[dict[str, Any]] = []
        with ignore_not_found():
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stage.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for stack in stacks for output in stack.get("Outputs", ())}

    @cached_property
    def desktop_client(self) -> Client:
        """What runs on the stage's desktops."""
        return desktop_client(self.stage, self.outputs)

    @cached_property
    def ami_id(self) -> str:
        """What names the desktops' image: the file, else the functions as they are deployed, else what was built."""
        deployed = inventory.environment(self.stage, self.client).get("AMI_ID", "")
        return self.stage.ami_id or deployed or RESOLVE + images.parameter(self.stage)

    @cached_property
    def stream(self) -> str:
        """The ARN of the table's present stream, empty where it never had one."""
        found = self.client("dynamodb").describe_table(TableName=self.outputs["TableName"])["Table"]
        return str(found.get("LatestStreamArn", ""))

    @cached_property
    def profile(self) -> str:
        """The name of the desktops' instance profile, empty where it is still to be made."""
        return self.stage.instance_profile or self.outputs.get("InstanceProfile", "")

    @cached_property
    def roles(self) -> list[dict[str, Any]]:
        """The role that the profile holds, as IAM describes it; none where there is no such profile."""
        profile: dict[str, Any] = {}
        with ignore_not_found():
            profile = self.client("iam").get_instance_profile(InstanceProfileName=self.profile)["InstanceProfile"]
        return list(profile.get("Roles", []))

    @cached_property
    def api(self) -> str:
        """The id of the stage's API: the one that desktops are told of, or the oldest; empty where there is none."""
        found = list(limits.apis(self.stage, self.client("apigateway")))
        told = inventory.environment(self.stage, self.client).get("API_URL", "").rstrip("/")
        addresses = {inventory.address(self.stage, api).rstrip("/"): api for api in found}
        return addresses.get(told) or next(iter(found), "")

    @cached_property
    def default_vpc(self) -> str:
        """The id of the Region's default VPC, empty where it has none."""
        found = self.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
        return str(found[0]["VpcId"]) if found else ""

    @cached_property
    def vpc(self) -> str:
        """The id of the VPC that desktops are launched in: the file's, its subnets', else the default one; or empty."""
        if self.stage.vpc or not self.stage.subnets:
            return self.stage.vpc or self.default_vpc
        named = [{"Name": "subnet-id", "Values": list(self.stage.subnets)}]
        found = self.client("ec2").describe_subnets(Filters=named)["Subnets"]
        return str(found[0]["VpcId"]) if found else ""

    @property
    def own_vpc(self) -> str:
        """The id of the VPC that desktops are launched in, empty where that is the default one."""
        chosen = self.stage.vpc or self.stage.subnets
        return self.vpc if chosen and self.vpc != self.default_vpc else ""

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The ids of the desktops' security groups, empty where one is still to be made."""
        made = self.outputs.get("SecurityGroup")
        return self.stage.security_groups or ((made,) if made else ())

    def aws(self, command: str) -> str:
        """Return a command of AWS's own command line for the stage's Region."""
        return f"aws --region {self.stage.region} {command}"

    def make(self, target: str) -> str:
        """Return a command of the Makefile for the stage."""
        return f"make {target} STAGE={self.stage.name}"

    @property
    def file(self) -> str:
        """The file an operator edits."""
        return f"stages/{self.stage.name}.toml"
