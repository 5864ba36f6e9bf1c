"""The port `Ledger`: the fake, and DynamoDB's API. No month is let cost more than it may, by however many at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.costs import DynamoLedger
from chalicelib.control.ports import Ledger
from chalicelib.domain import rows
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.spending import Spending
from tests.contract.conftest import Account
from tests.fake_ledger import FakeLedger

STATE = "elephant-state"
MONTH = "2026-03"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = Decimal("1.00")


@pytest.fixture
def items(account: Account) -> Any:
    """Return the client of a state table that is empty."""
    client = account.client("dynamodb")
    client.create_table(
        TableName=STATE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    return client


@pytest.fixture(params=["fake", "real"])
def ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "fake":
        return FakeLedger(lambda: NOW)
    client = request.getfixturevalue("items")
    assert client
    account: Account = request.getfixturevalue("account")
    return DynamoLedger(account.watched_client("dynamodb"), STATE, lambda: NOW)


def stands(ledger: Ledger, month: str = MONTH) -> Spending:
    return ledger.read([month])[month]


def test_a_month_that_was_never_written_costs_nothing(ledger: Ledger) -> None:
    assert ledger.read([MONTH, "2026-12"]) == {MONTH: Spending(MONTH), "2026-12": Spending("2026-12")}
    assert ledger.read([]) == {}


def test_what_is_added_is_added_exactly_and_each_write_counts(ledger: Ledger) -> None:
    for _ in range(3):
        assert ledger.add(MONTH, Decimal("0.1"), None)
    assert ledger.add(MONTH, Decimal("-0.05"), None)
    assert stands(ledger) == Spending(MONTH, Decimal("0.25"), 4, NOW)


def test_the_last_dollar_is_taken_once_and_what_is_refused_changes_nothing(ledger: Ledger) -> None:
    assert ledger.add(MONTH, Decimal("0.60"), LIMIT)
    assert ledger.add(MONTH, Decimal("0.40"), LIMIT), "the limit itself may be reached"
    before = stands(ledger)
    assert not ledger.add(MONTH, Decimal("0.0001"), LIMIT)
    assert stands(ledger) == before
    assert ledger.add("2026-04", Decimal("0.40"), LIMIT), "another month has its own"


def test_more_than_the_limit_is_refused_also_where_nothing_was_spent(ledger: Ledger) -> None:
    assert not ledger.add(MONTH, Decimal("1.01"), LIMIT)
    assert stands(ledger) == Spending(MONTH)


def test_a_correction_holds_unless_somebody_wrote_since(ledger: Ledger) -> None:
    unwritten = stands(ledger)
    ledger.correct(replace(unwritten, amount=Decimal("0.7")))
    assert stands(ledger) == Spending(MONTH, Decimal("0.7"), 1, NOW)
    with pytest.raises(Conflict):
        ledger.correct(replace(unwritten, amount=Decimal("0.9")))
    read = stands(ledger)
    ledger.add(MONTH, Decimal("0.1"), LIMIT)
    with pytest.raises(Conflict):
        ledger.correct(replace(read, amount=Decimal(0)))
    assert stands(ledger).amount == Decimal("0.8")


def test_an_item_is_named_after_its_month_and_expires_after_it(items: Any) -> None:
    DynamoLedger(items, STATE, lambda: NOW).add("2026-12", Decimal("0.5"), LIMIT)
    [item] = [rows.decode(found) for found in items.scan(TableName=STATE)["Items"]]
    assert (item["id"], item["amount"], item["revision"]) == ("cost/2026-12", Decimal("0.5"), 1)
    assert datetime.fromtimestamp(item["expires"], UTC) > datetime(2027, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize("spoilt", [{}, {"amount": "x", "revision": 1, "written_at": "2026-03-01T00:00:00Z"}])
def test_an_item_that_cannot_be_understood_is_named_with_its_remedy(items: Any, spoilt: dict[str, Any]) -> None:
    item = {"id": f"cost/{MONTH}", **spoilt}
    items.put_item(TableName=STATE, Item={name: rows.encode(value) for name, value in item.items()})
    with pytest.raises(Unavailable, match=r"cost/2026-03 .* Delete it"):
        DynamoLedger(items, STATE, lambda: NOW).read([MONTH])


def test_what_dynamodb_does_not_do_is_unavailable_and_never_a_refusal() -> None:
    client = Mock()
    error = ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")
    client.update_item.side_effect = client.put_item.side_effect = client.batch_get_item.side_effect = error
    ledger = DynamoLedger(client, STATE, lambda: NOW)
    for call in (
        lambda: ledger.add(MONTH, Decimal(1), LIMIT),
        lambda: ledger.correct(Spending(MONTH)),
        lambda: ledger.read([MONTH]),
    ):
        with pytest.raises(Unavailable, match="elephant-state could not be"):
            call()
    client.batch_get_item.side_effect = None
    client.batch_get_item.return_value = {"Responses": {}, "UnprocessedKeys": {STATE: {}}}
    with pytest.raises(Unavailable, match="only a part"):
        ledger.read([MONTH])
