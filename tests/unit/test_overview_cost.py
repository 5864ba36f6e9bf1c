"""What an operator is told of a meeting's cost, and that nobody else is told anything of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from chalicelib.domain.prices import Prices
from chalicelib.people.overview import behind
from tests.builders import at, meeting
from tests.unit.rules.test_cost import LESSON, PRICES, TOLD


def told(prices: Prices | None) -> dict[str, Any]:
    return behind(meeting(LESSON, duration_minutes=60), at(50), TOLD, prices)


def test_an_operator_is_told_what_it_has_cost_will_cost_and_what_that_bought() -> None:
    assert told(replace(PRICES, as_of=date(2026, 2, 1)))["cost"] == {
        "amount": 0.31,
        "estimate": 0.4133,
        "currency": "USD",
        "paid_minutes": 120.0,
        "used_minutes": 85.0,
        "is_estimate": True,
        "prices_as_of": "2026-02-01",
    }


def test_where_there_are_no_prices_nothing_is_told_of_it() -> None:
    assert "cost" not in told(None)
    assert told(PRICES).keys() - {"cost"} == told(None).keys()
