"""The AWS account that a stage is deployed to: its clients, and the names of things in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tools.stage import Stage, StageError

Clients = Callable[[str], Any]
"""Returns the client of a service; tests pass their own."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the credentials lead."""

    id: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Return the ARN of a resource of this account; IAM's have no Region."""
        return f"arn:{self.partition}:{service}:{self.region if regional else ''}:{self.id}:{resource}"


def clients(region: str) -> Clients:
    """Return a factory of clients for a Region, each built once."""
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})

    @cache
    def client(service: str) -> Any:
        return boto3.client(service, region_name=region, config=config)  # type: ignore[call-overload]

    return client


def enter(stage: Stage, client: Clients) -> Account:
    """Return the account of the credentials at hand.

    Raises:
        StageError: there are none, or they are for another account than the stage names.
    """
    try:
        caller = client("sts").get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        raise StageError(
            f"AWS does not accept the credentials at hand: {error}. Run `aws configure`, or set AWS_PROFILE."
        ) from error
    found = Account(caller["Account"], stage.region, caller["Arn"].split(":")[1])
    if stage.account and found.id != stage.account:
        raise StageError(
            f"The credentials are for account {found.id}, and stages/{stage.name}.toml names {stage.account}; "
            "set AWS_PROFILE to that account's profile."
        )
    return found


def code_of(error: BaseException | None) -> str:
    """Return the AWS error code of an exception, empty where it has none."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
