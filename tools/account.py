"""The AWS account that a stage is deployed to: its clients, and the names of things in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from tools.stage import Stage, StageError

Clients = Callable[[str], Any]
"""Returns the client of a service; tests pass their own."""

_SIGNATURES_LIVE = timedelta(minutes=5)  # AWS refuses a request that was signed longer ago, or in its future


class NoEntry(StageError):
    """The account cannot be entered: what is wrong, and its remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what[0].upper()}{what[1:]}. To repair it: {remedy}.")
        self.what, self.remedy = what, remedy


@dataclass(frozen=True, slots=True)
class Account:
    """Where the credentials lead."""

    id: str
    region: str
    partition: str = "aws"
    caller: str = ""
    """Whose they are, as an ARN."""

    @property
    def installation(self) -> str:
        """What tells the Elephants of this account and Region from all others, in few characters."""
        return hashlib.sha256(f"{self.id}/{self.region}".encode()).hexdigest()[:10]

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


def enter(stage: Stage, client: Clients, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Account:
    """Return the account of the credentials at hand. `now` is this machine's time, UTC.

    Raises:
        NoEntry: there are none, they are for another account than the stage names, or AWS was not reached.
    """
    file = f"stages/{stage.name}.toml"
    try:
        caller = client("sts").get_caller_identity()
    except ClientError as error:
        if (off := skew(error.response, now())) and abs(off) > _SIGNATURES_LIVE:
            raise NoEntry(
                f"this machine's clock is {off.total_seconds():+.0f} s off AWS's, which refuses its signatures",
                "turn on time synchronisation (Linux: sudo timedatectl set-ntp true)",
            ) from error
        raise NoEntry(f"AWS does not accept the credentials: {error}", "aws configure, or set AWS_PROFILE") from error
    except (NotConnected, HTTPClientError) as error:
        raise NoEntry(
            f"nothing answers in the Region {stage.region}: {error}",
            f"correct region in {file}, or see that this machine reaches the internet",
        ) from error
    except BotoCoreError as error:
        raise NoEntry(f"there are no credentials to use: {error}", "aws configure, or set AWS_PROFILE") from error
    found = Account(caller["Account"], stage.region, caller["Arn"].split(":")[1], caller["Arn"])
    if stage.account and found.id != stage.account:
        raise NoEntry(
            f"the credentials are for account {found.id}, and {file} names {stage.account}",
            "set AWS_PROFILE to that account's profile",
        )
    return found


def skew(reply: Mapping[str, Any], now: datetime) -> timedelta | None:
    """Return how far `now` is ahead of AWS's clock; None where the reply bears no date."""
    told = reply.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return now - parsedate_to_datetime(told) if told else None
