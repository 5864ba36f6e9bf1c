"""The check of the prices: what is missing, has no date or is old is told; nothing is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.checks.sound import Account
from tools.findings import Level

SET = {
    "PRICE_DESKTOP_HOUR": "0.1108",
    "PRICE_VOLUME_GIB_MONTH": "0.08",
    "PRICE_ADDRESS_HOUR": "0.005",
    "PRICE_BURST_VCPU_HOUR": "0.096",
}
TODAY = datetime.now(UTC).date()


def look(account: Account, **said: str) -> list[tuple[Level, str]]:
    return account.look("prices", environment=dict(account.stage.environment) | said)


@pytest.mark.parametrize("days", [0, 90])
def test_prices_of_the_last_days_are_fine(account: Account, days: int) -> None:
    [(level, told)] = look(account, **SET, PRICES_AS_OF=f"{TODAY - timedelta(days=days)}")
    assert level is Level.OK
    assert "0.1608 US dollars an hour" in told


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "prices.desktop_hour, prices.volume_gib_month, prices.address_hour are not set"),
        ({**SET, "PRICE_ADDRESS_HOUR": ""}, "no cost is told: prices.address_hour is not set"),
        (SET, "prices.as_of is not set"),
        ({**SET, "PRICES_AS_OF": f"{TODAY - timedelta(days=91)}"}, "91 days old"),
        ({**SET, "PRICES_AS_OF": f"{TODAY + timedelta(days=2)}"}, "yet to come"),
        ({**SET, "PRICE_BURST_VCPU_HOUR": "", "PRICES_AS_OF": f"{TODAY}"}, "t3.large bursts for money"),
    ],
)
def test_what_is_missing_or_old_is_warned_of_with_what_prints_it(
    account: Account, said: dict[str, str], why: str
) -> None:
    level, told = look(account, **said)[0]
    assert level is Level.WARN
    assert why in told
    assert "make prices STAGE=dev" in told


def test_a_limit_without_prices_limits_nothing_and_that_is_a_failure(account: Account) -> None:
    [(level, told)] = look(account, MONTHLY_LIMIT="200")
    assert level is Level.FAIL
    assert "meetings.monthly_limit limits nothing: prices.desktop_hour, " in told
