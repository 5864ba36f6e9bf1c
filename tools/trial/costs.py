"""What a trial has cost: the minutes that were paid, times the prices of AWS's Price List.

The Price List is asked in the one Region that answers for all. Where it does not answer, or names no price or several,
the minutes stand for themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.prices import HOURS_A_MONTH

PRICES_AT = "us-east-1"
_MINUTES = 60
_ADDRESS = "PublicIPv4:InUseAddress"


class NoPrice(Exception):
    """The price cannot be had; the text says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A desktop's volume."""

    id: str
    gib: int
    kind: str


@dataclass(slots=True)
class Paid:
    """What one desktop is paid by. `operation` is EC2's word for its system; times are UTC."""

    instance_type: str
    operation: str
    launched_at: datetime
    ended_at: datetime | None = None
    volumes: tuple[Volume, ...] = ()
    has_address: bool = False

    def minutes(self, now: datetime) -> Decimal:
        """Return how long it was paid for, until now where it still is: a minute at least."""
        seconds = ((self.ended_at or now) - self.launched_at).total_seconds()
        return max(Decimal(seconds), Decimal(_MINUTES)) / _MINUTES


class Prices:
    """AWS's Price List for one Region. `client` returns its client; it is asked for each price once."""

    def __init__(self, region: str, client: Callable[[], Any]) -> None:
        self._region = region
        self._client = client

    def desktop(self, instance_type: str, operation: str) -> Decimal:
        """Return the price of an hour of a desktop, in USD.

        Raises:
            NoPrice: it cannot be had.
        """
        return self._one(
            "AmazonEC2",
            instanceType=instance_type,
            operation=operation or "RunInstances",
            tenancy="Shared",
            capacitystatus="Used",
        )

    def volume(self, kind: str) -> Decimal:
        """Return the price of a GiB for an hour, in USD.

        Raises:
            NoPrice: it cannot be had.
        """
        return self._one("AmazonEC2", productFamily="Storage", volumeApiName=kind) / HOURS_A_MONTH

    def address(self) -> Decimal:
        """Return the price of an hour of a public address, in USD.

        Raises:
            NoPrice: it cannot be had.
        """
        return self._one("AmazonVPC", _ADDRESS)

    def burst(self, family: str, system: str) -> Decimal:
        """Return the price of an hour of a vCPU above the baseline, of a family like t3 and a system like Windows.

        Raises:
            NoPrice: it cannot be had.
        """
        usage = f"CPUCredits:{family}"
        return self._one("AmazonEC2", usage, productFamily="CPU Credits", operatingSystem=system)

    def _one(self, service: str, usage: str = "", /, **wanted: str) -> Decimal:
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {"regionCode": self._region, "locationType": "AWS Region", **wanted}.items()
        ]
        try:
            pages = self._client().get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
            products = [json.loads(product) for page in pages for product in page["PriceList"]]
        except (ClientError, BotoCoreError) as error:
            raise NoPrice(f"AWS's Price List was not read: {error}") from error
        except ValueError as error:
            raise NoPrice("AWS's Price List answers with what is no JSON") from error
        found = {price for product in products if _is_of(product, usage) for price in _on_demand(product)}
        if len(found) != 1:
            many = f"{len(found)} prices" if found else "no price"
            raise NoPrice(
                f"AWS's Price List has {many} for {' '.join([*wanted.values(), usage]).rstrip()} in {self._region}"
            )
        return found.pop()


def _is_of(product: Mapping[str, Any], usage: str) -> bool:
    return str(product.get("product", {}).get("attributes", {}).get("usagetype", "")).endswith(usage)


def _on_demand(product: Mapping[str, Any]) -> Iterable[Decimal]:
    """Yield the prices of a product that are not nothing, as the Price List's terms nest them."""
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            price = Decimal(dimension.get("pricePerUnit", {}).get("USD", "0"))
            if price:
                yield price


def bill(paid: Iterable[Paid], prices: Prices, now: datetime) -> list[str]:
    """Return what was paid as lines: the minutes, and the price where it can be had (`now` is UTC)."""
    desktops = list(paid)
    if not desktops:
        return ["no desktop was launched, so nothing was paid"]
    minutes = sum(desktop.minutes(now) for desktop in desktops)
    lines = [f"{len(desktops)} desktop{'s' if len(desktops) > 1 else ''}, {minutes:.1f} minutes together"]
    total: Decimal | None = Decimal(0)
    items: tuple[tuple[str, Callable[[Paid], Decimal]], ...] = (
        ("machines", lambda one: prices.desktop(one.instance_type, one.operation)),
        ("volumes", lambda one: sum((prices.volume(each.kind) * each.gib for each in one.volumes), Decimal(0))),
        ("public addresses", lambda one: prices.address() if one.has_address else Decimal(0)),
    )
    for what, hourly in items:
        try:
            cost = sum((hourly(one) * one.minutes(now) / _MINUTES for one in desktops), Decimal(0))
        except NoPrice as none:
            lines.append(f"{what}: {none}; the minutes are above")
            total = None
            continue
        lines.append(f"{what}: {cost:.4f} USD")
        total = None if total is None else total + cost
    if total is not None:
        lines.append(f"together: {total:.4f} USD, taxes, traffic and what AWS bills for requests left out")
    return lines
