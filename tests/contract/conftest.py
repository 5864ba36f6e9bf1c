"""What the contract suites share: a clock that stands still, AWS and Cloudflare on loopback, and their recorders.

Each suite runs over two stages, the fake's and the real adapter's. A stage holds the port and what a
test does behind its back: what EC2, a person in the console or another program would do.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, EndpointConnectionError
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data

from chalicelib.adapters.ec2 import Ec2Desktops
from chalicelib.environment import DesktopSettings, Settings
from localcloud.aws import Aws
from localcloud.clock import VirtualClock
from localcloud.cloudflare import Cloudflare
from localcloud.ledger import APP, Ledger

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
Answer = tuple[str, int] | BotoCoreError | dict[str, Any]
NO_NETWORK = EndpointConnectionError(endpoint_url="http://127.0.0.1")


@pytest.fixture(scope="package", autouse=True)
def _apart_from_the_developer() -> Iterator[None]:
    """Keep a developer's own AWS settings out, and moto's hundreds of images unloaded."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        patch.setattr("localcloud.server._POLL_S", 0.01)  # a server notices that quickly that it is to stop
        yield


@pytest.fixture(autouse=True)
def _nothing_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that waits for real: an adapter's pauses go through the sleep it was given."""

    def refuse(seconds: float) -> None:
        raise AssertionError(f"Something slept for {seconds} s.")

    monkeypatch.setattr("time.sleep", refuse)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


class Requests(list[tuple[str, dict[str, Any]]]):
    """Every operation that a boto3 client was asked for, with its parameters, a page a request."""

    def to(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of each request for this operation."""
        return [parameters for name, parameters in self if name == operation]


class Account:
    """An AWS account that is empty when a test begins. Clients are slow to build, so there is one of each kind.

    `instead` holds what a watched client gets for an operation instead of moto's answer: an error's
    code and HTTP status, what boto3 itself raises, or another answer. `largest_page` is how many of
    what was asked for a watched client gets at once; None: as many as it asked for.
    """

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self.requests = Requests()
        self.instead: dict[str, Answer] = {}
        self.largest_page: int | None = None
        self.client = cache(self._client)
        self.watched_client = cache(self._watched_client)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._aws.url

    def empty(self) -> None:
        """Take everything out of the account, and forget what was asked."""
        BackendDict.reset()
        reset_model_data()
        self.requests.clear()
        self.instead.clear()
        self.largest_page = None

    def _client(self, service: str) -> Any:
        """Return a client whose requests nobody keeps: for what goes on behind the port's back."""
        return self._aws.client(service, APP)

    def _watched_client(self, service: str) -> Any:
        """Return a client whose requests are kept and whose answers may be set: for the adapter."""
        client = self._client(service)
        client.meta.events.register("before-parameter-build", self._keep)
        client.meta.events.register("before-call", self._answer)
        return client

    def _keep(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.requests.append((model.name, copy.deepcopy(params)))
        if self.largest_page and "MaxResults" in params:
            params["MaxResults"] = self.largest_page

    def _answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        match self.instead.get(model.name):
            case None:
                return None
            case BotoCoreError() as failure:
                raise failure
            case (code, status):
                answer = {"Error": {"Code": code, "Message": f"This is what {code} says."}}
            case answer:
                status = 200
        return SimpleNamespace(status_code=status), {**answer, "ResponseMetadata": {"HTTPStatusCode": status}}


@pytest.fixture(scope="package")
def _account(_apart_from_the_developer: None) -> Iterator[Account]:
    aws = Aws(VirtualClock(NOW), Ledger())
    yield Account(aws)
    aws.stop()


@pytest.fixture
def account(_account: Account) -> Account:
    _account.empty()
    return _account


def desktop_settings(account: Account) -> DesktopSettings:
    """Make what a launch needs in the account, and return the settings that name it."""
    account.client("iam").create_instance_profile(InstanceProfileName="elephant-desktop")
    ec2 = account.client("ec2")
    image = ec2.register_image(Name="elephant-desktop", RootDeviceName="/dev/sda1", Architecture="x86_64")
    group = ec2.create_security_group(GroupName="elephant-desktop", Description="Amazon DCV, 8443")
    environ = {
        "AMI_ID": image["ImageId"],
        "IAM_PROFILE": "elephant-desktop",
        "SECURITY_GROUP_IDS": group["GroupId"],
    }
    return Settings(environ).desktops()


def ec2_desktops(
    account: Account, settings: Callable[[], DesktopSettings], clock: VirtualClock, stage: str = "dev"
) -> Ec2Desktops:
    """Return the adapter as a container of the app has it that has just been started."""
    client = account.watched_client("ec2")
    parameters = lambda: account.watched_client("ssm")  # noqa: E731
    return Ec2Desktops(client, lambda: client, stage, settings, clock.now, parameters)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def cloudflare(clock: VirtualClock, ledger: Ledger) -> Iterator[Cloudflare]:
    cloudflare = Cloudflare(clock, ledger)
    yield cloudflare
    cloudflare.stop()
