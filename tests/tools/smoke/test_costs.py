"""What a trial has cost: minutes times prices, and the minutes alone where there is no price."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.tools.smoke.price_list import USUAL, PriceList
from tests.tools.smoke.story import NOW
from tools.trial.costs import NoPrice, Paid, Prices, Volume, bill

WINDOWS = "RunInstances:0002"


def paid(minutes: float, **more: Any) -> Paid:
    usual: dict[str, Any] = {"volumes": (Volume("vol-1", 60, "gp3"),), "has_address": True}
    return Paid("t3.large", WINDOWS, NOW, NOW + timedelta(minutes=minutes), **(usual | more))


def prices(*products: Any) -> Prices:
    return Prices("us-west-2", lambda: PriceList(*products))


def test_the_price_is_that_of_the_system_the_kind_of_volume_and_the_address() -> None:
    assert prices().desktop("t3.large", WINDOWS) == Decimal("0.1108")
    assert prices().desktop("t3.large", "") == Decimal("0.0832")
    assert prices().volume("gp3") == Decimal("0.08") / 730
    assert prices().address() == Decimal("0.005")
    assert prices().burst("t3", "Windows") == Decimal("0.096")


def test_half_an_hour_of_two_desktops() -> None:
    assert bill([paid(30), paid(30)], prices(), NOW) == [
        "2 desktops, 60.0 minutes together",
        "machines: 0.1108 USD",
        "volumes: 0.0066 USD",
        "public addresses: 0.0050 USD",
        "together: 0.1224 USD, taxes, traffic and what AWS bills for requests left out",
    ]


def test_one_that_still_lives_is_paid_until_now_and_a_minute_at_least() -> None:
    living = Paid("t3.large", WINDOWS, NOW)
    assert living.minutes(NOW + timedelta(minutes=5)) == 5
    assert living.minutes(NOW + timedelta(seconds=5)) == 1
    assert bill([], prices(), NOW) == ["no desktop was launched, so nothing was paid"]


@pytest.mark.parametrize(
    ("client", "why"),
    [
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetProducts"), "was not read"),
        (EndpointConnectionError(endpoint_url="https://api.pricing"), "was not read"),
    ],
)
def test_a_price_list_that_does_not_answer_leaves_the_minutes(client: Exception, why: str) -> None:
    def refuse() -> Any:
        raise client

    lines = bill([paid(30)], Prices("us-west-2", refuse), NOW)
    assert lines[0] == "1 desktop, 30.0 minutes together"
    assert len([line for line in lines if why in line and "the minutes are above" in line]) == 3
    assert not [line for line in lines if "together:" in line]


def test_no_price_and_several_are_no_price() -> None:
    with pytest.raises(NoPrice, match="has no price for"):
        prices(*USUAL[1:]).desktop("t3.large", WINDOWS)
    twice = ("AmazonEC2", USUAL[0][1], "0.2")
    with pytest.raises(NoPrice, match=r"has 2 prices for t3\.large"):
        prices(*USUAL, twice).desktop("t3.large", WINDOWS)
