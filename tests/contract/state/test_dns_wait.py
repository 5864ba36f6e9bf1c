"""Until when the DNS provider is asked nothing, by an item of the state table, and never in anybody's way."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dns.waiting import DNS_WAIT, LONGEST, TableWait, Wait
from localcloud.clock import VirtualClock
from tests.contract.conftest import NO_NETWORK, NOW, Account
from tests.contract.state.conftest import TABLE

MINUTE = timedelta(minutes=1)
WAIT = Wait(NOW + 5 * MINUTE, "too many were made")


@pytest.fixture
def shared(account: Account, table: Any, clock: VirtualClock) -> TableWait:
    return TableWait(account.watched_client("dynamodb"), TABLE, clock.now)


def test_without_the_item_nobody_waits(shared: TableWait) -> None:
    assert shared.standing() is None


def test_what_is_noted_stands_until_it_is_over(shared: TableWait, clock: VirtualClock) -> None:
    shared.note(WAIT)
    assert shared.standing() == WAIT
    clock.run(WAIT.until - timedelta(seconds=1))
    assert shared.standing() == WAIT
    clock.run(WAIT.until)
    assert shared.standing() is None


def test_the_longer_wait_counts_whichever_was_noted_first(shared: TableWait) -> None:
    shorter, longer = Wait(NOW + MINUTE, "soon"), Wait(NOW + 9 * MINUTE, "late")
    for first, then in ((shorter, longer), (longer, shorter)):
        shared.note(first)
        shared.note(then)
        assert shared.standing() == longer


def test_the_item_expires(shared: TableWait, table: Any) -> None:
    shared.note(WAIT)
    [item] = table.scan(TableName=TABLE)["Items"]
    assert item["id"] == {"S": DNS_WAIT}
    assert int(item["expires"]["N"]) > WAIT.until.timestamp()


@pytest.mark.parametrize(
    "until",
    [{"S": "soon"}, {"N": "1e30"}, {"N": str((NOW + LONGEST + MINUTE).timestamp())}, {"NULL": True}],
    ids=["a text", "never", "in more than an hour", "a null"],
)
def test_what_somebody_made_of_the_item_keeps_nobody_waiting(shared: TableWait, table: Any, until: Any) -> None:
    table.put_item(TableName=TABLE, Item={"id": {"S": DNS_WAIT}, "until": until})
    assert shared.standing() is None
    shared.note(WAIT)
    assert shared.standing() == WAIT


@pytest.mark.parametrize("answer", [("InternalServerError", 500), ("AccessDeniedException", 400), NO_NETWORK], ids=str)
def test_where_the_table_fails_it_is_logged_and_nobody_waits(
    shared: TableWait, account: Account, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    account.instead |= {"GetItem": answer, "PutItem": answer}
    with caplog.at_level(logging.WARNING):
        shared.note(WAIT)
        assert shared.standing() is None
    assert [record.getMessage() for record in caplog.records] == ["dns_wait_unknown"] * 2
