"""The port `Uses` on the state table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.uses import TableUses
from chalicelib.domain.access import AccessKey, Scope
from chalicelib.domain.errors import LimitReached, Unavailable
from localcloud.clock import VirtualClock
from localcloud.tables import STATE

from .conftest import Account

TABLE = "elephant-state-dev"
TWICE = AccessKey("office", Scope.SCHEDULE, "digest", daily=2)
MIDNIGHT = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def uses(account: Account, clock: VirtualClock) -> TableUses:
    account.client("dynamodb").create_table(TableName=TABLE, **STATE)
    clock.run(MIDNIGHT - timedelta(minutes=1))
    return TableUses(account.watched_client("dynamodb"), TABLE, clock.now)


def test_a_key_is_used_as_often_as_it_may_be_and_anew_the_next_day(
    uses: TableUses, account: Account, clock: VirtualClock
) -> None:
    uses.count(TWICE)
    uses.count(TWICE)
    with pytest.raises(LimitReached, match="The key office was used 2 times today") as refused:
        uses.count(TWICE)
    assert refused.value.again_in_s == 61
    uses.count(AccessKey("another", Scope.SCHEDULE, "digest", daily=1))
    clock.run(MIDNIGHT)
    uses.count(TWICE)
    assert len(account.requests.to("UpdateItem")) == 5  # one call each


def test_what_was_counted_goes_by_itself(uses: TableUses, account: Account) -> None:
    uses.count(TWICE)
    [item] = account.client("dynamodb").scan(TableName=TABLE)["Items"]
    assert item["id"] == {"S": "uses/2026-03-02/office"}
    assert datetime.fromtimestamp(int(item["expires"]["N"]), UTC) == MIDNIGHT + timedelta(days=90)


def test_where_it_cannot_be_counted_nothing_is_done(uses: TableUses, account: Account) -> None:
    account.client("dynamodb").delete_table(TableName=TABLE)
    with pytest.raises(Unavailable, match=f"could not be counted in {TABLE}"):
        uses.count(TWICE)
