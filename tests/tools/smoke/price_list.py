"""AWS's Price List as it answers: products as JSON texts, each with its terms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Product = tuple[str, dict[str, str], str]
"""The service, the product's attributes, and the price of one unit in USD."""


def _burst(family: str, system: str) -> dict[str, str]:
    return {"productFamily": "CPU Credits", "operatingSystem": system, "usagetype": f"USW2-CPUCredits:{family}"}


USUAL: tuple[Product, ...] = (
    ("AmazonEC2", {"instanceType": "t3.large", "operation": "RunInstances:0002"}, "0.1108"),
    ("AmazonEC2", {"instanceType": "t3.large", "operation": "RunInstances"}, "0.0832"),
    ("AmazonEC2", {"productFamily": "Storage", "volumeApiName": "gp3"}, "0.08"),
    ("AmazonEC2", {"productFamily": "Storage", "volumeApiName": "gp2"}, "0.10"),
    ("AmazonEC2", _burst("t3", "Windows"), "0.096"),
    ("AmazonEC2", _burst("t3", "Linux"), "0.05"),
    ("AmazonEC2", _burst("t3a", "Windows"), "0.0961"),
    ("AmazonVPC", {"usagetype": "USW2-PublicIPv4:InUseAddress"}, "0.005"),
    ("AmazonVPC", {"usagetype": "USW2-PublicIPv4:IdleAddress"}, "0.005"),
    ("AmazonVPC", {"usagetype": "USW2-VpcEndpoint-Hours"}, "0.01"),
)
_FILTERS = {"regionCode": "us-west-2", "locationType": "AWS Region", "tenancy": "Shared", "capacitystatus": "Used"}


class PriceList:
    """Answers GetProducts for us-west-2."""

    def __init__(self, *products: Product) -> None:
        self._products = products or USUAL

    def get_paginator(self, operation: str) -> PriceList:
        assert operation == "get_products"
        return self

    def paginate(self, ServiceCode: str, Filters: list[dict[str, str]]) -> Iterator[dict[str, Any]]:  # noqa: N803
        """Yield a page for each product that has every attribute that is filtered by."""
        wanted = {each["Field"]: each["Value"] for each in Filters}
        for service, attributes, price in self._products:
            has = _FILTERS | attributes
            if service == ServiceCode and all(has.get(name) == value for name, value in wanted.items()):
                yield {"PriceList": [json.dumps(_product(has, price))]}


def _product(attributes: dict[str, str], price: str) -> dict[str, Any]:
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": price}}
    nothing = {"unit": "Hrs", "pricePerUnit": {"USD": "0.0000000000"}}
    terms = {"OnDemand": {"A.B": {"priceDimensions": {"A.B.C": dimension, "A.B.D": nothing}}}, "Reserved": {}}
    return {"product": {"attributes": attributes}, "terms": terms}
