"""What the tools ask of a DNS provider: the stack that is made for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tools import providers
from tools.account import Clients
from tools.providers import PROVIDERS
from tools.site import Provider
from tools.stack import TEMPLATE, Stack, parameters
from tools.stage import Stage, StageError, load

CLOUDFLARE = PROVIDERS["cloudflare"]


@pytest.fixture
def stage() -> Stage:
    return load("dev")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Iterator[Clients]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    session = boto3.Session("test", "test", region_name=stage.region)
    with mock_aws():
        yield session.client  # type: ignore[misc]  # one of its overloads


class Plain:
    """A provider without proxies and without a token."""

    name = "Plain"
    services = frozenset({"route53"})

    def __init__(self, *networks: str) -> None:
        self.networks = tuple(map(IPv4Network, networks))

    def parameters(self, _: Stage) -> dict[str, str]:
        return {"SecretName": "", "SecretKey": "-", "NetworksAre": "the office"}


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template with nothing in it but what depends on the provider: moto does not understand all the rest."""
    text = TEMPLATE.read_text(encoding="utf-8")
    top, rest = text.split("\nResources:\n")
    resources, outputs = rest.split("\nOutputs:\n")

    def only(part: str, *names: str) -> str:
        return "".join(re.findall(rf"^  (?:{'|'.join(names)}):.*\n(?:    .*\n)*", part + "\n", re.M))

    path = tmp_path / "template.yaml"
    path.write_text(
        f"{top}\nResources:\n{only(resources, 'DnsSecret', 'DesktopGroup')}"
        f"Outputs:\n{only(outputs, 'DnsSecretName', 'FillDnsSecret', 'SecurityGroup')}",
        encoding="utf-8",
    )
    return path


def bring_up(stage: Stage, client: Clients, provider: Provider, template: Path) -> dict[str, str]:
    """Make the stage's stack for the provider; return its outputs."""
    stack = Stack(client, stage.stack, sleep=lambda _: None, template=template)
    stack.up(parameters(stage) | providers.parameters(provider, stage), {})
    return stack.outputs()


def group(client: Clients, outputs: dict[str, str]) -> Any:
    [found] = client("ec2").describe_security_groups(GroupIds=[outputs["SecurityGroup"]])["SecurityGroups"]
    return found


def admitted(found: Any) -> set[tuple[int, str]]:
    return {(rule["FromPort"], whom["CidrIp"]) for rule in found["IpPermissions"] for whom in rule["IpRanges"]}


def test_the_stack_admits_cloudflare_s_proxies_and_makes_the_secret(
    stage: Stage, client: Clients, template: Path
) -> None:
    outputs = bring_up(stage, client, CLOUDFLARE, template)
    found = group(client, outputs)
    assert admitted(found) == {(8443, str(network)) for network in CLOUDFLARE.networks}
    # A live stage's group keeps these words: another description would make another group.
    assert found["Description"] == (
        "Amazon DCV on 8443, from the proxies of Cloudflare only (www.cloudflare.com/ips-v4)"
    )
    assert outputs["DnsSecretName"] == "dev/elephant/cloudflare"
    assert outputs["FillDnsSecret"].strip().endswith(r"""--secret-string '{"CLOUDFLARE_API_TOKEN": "..."}'""")


def test_the_stack_is_as_another_provider_wants_it(stage: Stage, client: Clients, template: Path) -> None:
    # As many as the template has rules for: moto leaves those that are not needed in the list.
    plain: Any = Plain(*(f"198.51.{n}.0/24" for n in range(15)))
    outputs = bring_up(stage, client, plain, template)
    found = group(client, outputs)
    assert admitted(found) == {(8443, f"198.51.{n}.0/24") for n in range(15)}
    assert found["Description"] == "Amazon DCV on 8443, from the office"
    assert "DnsSecretName" not in outputs
    assert "FillDnsSecret" not in outputs


def test_more_ranges_than_the_template_has_rules_for_are_refused(stage: Stage) -> None:
    many: Any = Plain(*(f"10.{n}.0.0/16" for n in range(16)))
    with pytest.raises(StageError, match=r"Plain.*16 ranges.*15 rules"):
        providers.parameters(many, stage)


def test_ranges_that_are_not_there_are_dashes(stage: Stage) -> None:
    few: Any = Plain("198.51.100.0/24", "203.0.113.0/24")
    assert providers.parameters(few, stage)["Networks"] == "198.51.100.0/24,203.0.113.0/24" + ",-" * 13
