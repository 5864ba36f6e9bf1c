"""The checks of the account and this machine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, site_of
from tools.checks.account import clock, runtime
from tools.findings import Level

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _new_account(account: Account, unreserved: int) -> None:
    account.reserved, account.unreserved = 0, unreserved


WRONG: dict[str, Wrong] = {
    "no concurrency to set aside": (
        "concurrency",
        {},
        lambda account: _new_account(account, 100),
        Level.WARN,
        "L-B99A9384 --desired-value 1000 (Lambda's quota Concurrent executions)",
    ),
    "a new account's ten executions": (
        "concurrency",
        {},
        lambda account: _new_account(account, 10),
        Level.WARN,
        "none of Lambda's 10 unreserved executions",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


def test_one_execution_can_be_set_aside_where_more_than_a_hundred_are_free(account: Account) -> None:
    _new_account(account, 101)
    assert [level for level, _ in account.look("concurrency")] == [Level.OK]


@pytest.mark.parametrize(("year", "level"), [(2020, Level.OK), (2040, Level.WARN)])
def test_the_runtime_s_end_is_seen_coming(account: Account, year: int, level: Level) -> None:
    site = replace(account.site(), now=lambda: datetime(year, 1, 1, tzinfo=UTC))
    assert [finding.level for finding in runtime(site)] == [level]


@pytest.mark.parametrize(("minutes", "level"), [(0, Level.OK), (-3, Level.WARN)])
def test_a_clock_that_is_off_is_seen(account: Account, minutes: int, level: Level) -> None:
    told = {"ResponseMetadata": {"HTTPHeaders": {"date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")}}}
    sts = SimpleNamespace(get_caller_identity=lambda: told)
    site = site_of(account.stage, lambda _: sts, now=lambda: NOW + timedelta(minutes=minutes))
    assert [finding.level for finding in clock(site)] == [level]
