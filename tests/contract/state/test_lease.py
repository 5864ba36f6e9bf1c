"""One at a time by an item of the state table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.lease import Lease
from localcloud.clock import VirtualClock
from tests.contract.conftest import NO_NETWORK, Account
from tests.contract.state.conftest import TABLE

SOON = timedelta(seconds=50)


@pytest.fixture
def lease(account: Account, table: Any, clock: VirtualClock) -> Lease:
    return Lease(account.watched_client("dynamodb"), TABLE, "sweep", clock.now)


def test_while_one_is_at_work_no_other_is(lease: Lease, clock: VirtualClock) -> None:
    with lease.until(clock.now() + SOON) as first:
        with lease.until(clock.now() + SOON) as second:
            assert (first, second) == (True, False)
        with lease.until(clock.now() + SOON) as third:
            assert not third, "who did not get it has given it back"
    with lease.until(clock.now() + SOON) as after:
        assert after


def test_it_is_given_back_by_one_who_fails(lease: Lease, clock: VirtualClock) -> None:
    with pytest.raises(RuntimeError), lease.until(clock.now() + SOON):
        raise RuntimeError
    with lease.until(clock.now() + SOON) as after:
        assert after


def test_one_who_died_holds_it_until_its_end_and_takes_back_no_other_s(lease: Lease, clock: VirtualClock) -> None:
    dead = lease.until(clock.now() + SOON)
    assert dead.__enter__()
    clock.sleep((SOON - timedelta(seconds=1)).total_seconds())
    with lease.until(clock.now() + SOON) as early:
        assert not early
    clock.sleep((timedelta(seconds=1)).total_seconds())
    with lease.until(clock.now() + SOON) as after:
        assert after
        dead.__exit__(None, None, None)
        with lease.until(clock.now() + SOON) as other:
            assert not other


@pytest.mark.parametrize("answer", [("InternalServerError", 500), NO_NETWORK], ids=str)
def test_where_the_table_cannot_be_reached_the_work_is_done(
    lease: Lease, clock: VirtualClock, account: Account, answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    account.instead |= {"PutItem": answer, "DeleteItem": answer}
    with lease.until(clock.now() + SOON) as mine:
        assert mine
    assert [record.message for record in caplog.records if record.name == "elephant"] == ["no_lease", "no_lease"]
