"""The check of the table of meetings."""

from __future__ import annotations

import pytest

from chalicelib.adapters.dynamodb import OPEN_INDEX
from tests.tools.checks.sound import TABLE, Account, Wrong, assert_found
from tools.findings import Level


def _no_recovery(account: Account) -> None:
    account.client("dynamodb").update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


def _no_index(account: Account) -> None:
    account.client("dynamodb").update_table(
        TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": OPEN_INDEX}}]
    )


def _no_stream(account: Account) -> None:
    account.client("dynamodb").update_table(TableName=TABLE, StreamSpecification={"StreamEnabled": False})


def _by_another_attribute(account: Account) -> None:
    account.expire_rows(Enabled=False, AttributeName="expires")
    account.expire_rows(Enabled=True, AttributeName="ttl")


WRONG: dict[str, Wrong] = {
    "no table": (
        "table",
        {},
        lambda account: account.client("dynamodb").delete_table(TableName=TABLE),
        Level.FAIL,
        "docs/deploy.md#the-table",
    ),
    "rows stay": (
        "table",
        {},
        lambda account: account.expire_rows(Enabled=False, AttributeName="expires"),
        Level.WARN,
        "update-time-to-live --table-name elephant-meetings-dev --time-to-live-specification Enabled=true,",
    ),
    "rows expire by another attribute": (
        "table",
        {},
        _by_another_attribute,
        Level.WARN,
        "as meetings.keep_days has it, but by ttl → ",
    ),
    "no index": ("table", {}, _no_index, Level.FAIL, "--global-secondary-index-updates '[{"),
    "no stream": (
        "table",
        {},
        _no_stream,
        Level.FAIL,
        "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES",
    ),
    "no recovery": (
        "table",
        {},
        _no_recovery,
        Level.WARN,
        "dynamodb update-continuous-backups --table-name elephant-meetings-dev",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])
