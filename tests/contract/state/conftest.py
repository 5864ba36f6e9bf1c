"""The table of what the app keeps for itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import Account

TABLE = "elephant-state-dev"


@pytest.fixture
def table(account: Account) -> Any:
    """Make the state table, and return the client for what happens to it behind the app's back."""
    client = account.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client
