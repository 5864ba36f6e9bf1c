"""What an hour of a desktop costs: by what an operator has set, and by nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chalicelib.domain.errors import ConfigError
from chalicelib.domain.prices import burst_of
from chalicelib.environment import Settings

SET = {"PRICE_DESKTOP_HOUR": "0.11", "PRICE_VOLUME_GIB_MONTH": "0.073", "PRICE_ADDRESS_HOUR": "0.005"}


def hourly(**said: str) -> Decimal | None:
    prices = Settings(SET | said).prices()
    return prices.hourly if prices else None


def test_where_a_price_is_missing_that_every_desktop_is_paid_by_there_is_none() -> None:
    assert Settings({}).prices() is None
    for name in SET:
        assert hourly(**{name: ""}) is None


def test_machine_volume_address_and_what_bursts_are_added_exactly() -> None:
    assert hourly() == Decimal("0.121")
    assert hourly(VOLUME_GIB="100") == Decimal("0.125")
    assert hourly(PRICE_BURST_VCPU_HOUR="0.1") == Decimal("0.161")
    assert hourly(PRICE_DESKTOP_HOUR="0", PRICE_VOLUME_GIB_MONTH="0", PRICE_ADDRESS_HOUR="0") == 0


@pytest.mark.parametrize(
    ("instance_type", "busy", "vcpus"),
    [
        ("t3.large", "30", "0"),
        ("t3.large", "31", "0.02"),
        ("t3.large", "0", "0"),
        ("t3a.xlarge", "100", "2.4"),
        ("t3.2xlarge", "50", "0.8"),
        ("t2.large", "100", "0"),
        ("m6i.large", "100", "0"),
        ("t3.metal", "100", "0"),
    ],
)
def test_only_what_is_above_the_baseline_of_a_type_that_bursts_for_money_is_paid(
    instance_type: str, busy: str, vcpus: str
) -> None:
    nothing = dict.fromkeys(SET, "0") | {"PRICE_BURST_VCPU_HOUR": "1"}
    assert hourly(**nothing, INSTANCE_TYPE=instance_type, BUSY_PERCENT=busy) == Decimal(vcpus)
    assert burst_of("") is None


def test_a_price_that_is_no_amount_is_refused_by_its_name() -> None:
    with pytest.raises(ConfigError, match="PRICE_ADDRESS_HOUR is '-1'"):
        hourly(PRICE_ADDRESS_HOUR="-1")
