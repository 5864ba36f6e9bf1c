"""The app's own keys: in the state table where there is one, in the environment of a run that is not deployed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain import rows
from chalicelib.domain.errors import ConfigError, Unavailable
from chalicelib.domain.keys import Keys, Purpose

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_FOR = timedelta(minutes=1)
"""How long a key is used before it is read again: so long a key that was taken back still counts."""


def item_id(purpose: Purpose) -> str:
    """Return the id of the item of the state table that holds the keys of this purpose."""
    return f"key/{purpose}"


class DynamoKeys:
    """The port `KeyStore` on the state table, whose items hold `present` and the list `earlier`."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._clock = clock
        self._read: dict[Purpose, tuple[datetime, Keys | None]] = {}

    def of(self, purpose: Purpose) -> Keys | None:
        """Return the keys of this purpose as they were at most a minute ago, None where none were made."""
        now = self._clock()
        known = self._read.get(purpose)
        if known is None or now >= known[0] + KEPT_FOR:
            known = self._read[purpose] = (now, self._find(purpose))
        return known[1]

    def _find(self, purpose: Purpose) -> Keys | None:
        name = item_id(purpose)
        try:
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": name}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The table {self._table} could not be read: {error}") from error
        item = rows.decode(found.get("Item", {}))
        return _keys(item, f"the item {name} of the table {self._table}") if item else None


def _keys(item: Mapping[str, Any], where: str) -> Keys:
    present, earlier = item.get("present"), item.get("earlier", [])
    if not isinstance(present, str) or not present or not isinstance(earlier, list):
        raise ConfigError(f"There is no key in {where}; deploy again, which makes one.")
    return Keys(present, tuple(map(str, earlier)))


class GivenKeys:
    """The port `KeyStore` over keys that are given, as the environment of a local run holds them."""

    def __init__(self, keys: Mapping[Purpose, str | None]) -> None:
        self._keys = keys

    def of(self, purpose: Purpose) -> Keys | None:
        """Return the key of this purpose, None where none is given."""
        key = self._keys.get(purpose)
        return Keys(key) if key else None
