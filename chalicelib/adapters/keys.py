"""The app's own keys, kept in the table that no desktop can reach, or given by the environment of a run at home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.domain.errors import ConfigError, Unavailable
from chalicelib.domain.keys import Keys, Purpose

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = timedelta(minutes=1)
ALL_SIGNED = "all_signed"
"""The attribute of an item that says so of its keys (domain/keys.py)."""

ISSUER_ROOT = "issuer_root"
"""The attribute of the item of tokens' keys that holds the roots of desktops' certificates, as PEM.

A desktop asks for both at once, so the root costs no read of its own.
"""


def item_id(purpose: Purpose) -> str:
    """Return the id of the item that holds the keys of a purpose."""
    return f"key/{purpose}"


def parse(item: Mapping[str, Mapping[str, Any]]) -> Keys | None:
    """Return the keys that an item holds, in DynamoDB JSON; None where it is not as a deploy writes it."""
    present = item.get("present", {}).get("S", "")
    earlier = [key.get("S", "") for key in item.get("earlier", {"L": []}).get("L", [{}])]
    all_signed = item.get(ALL_SIGNED, {}).get("BOOL", False)
    return Keys(present, tuple(earlier), all_signed) if present and all(earlier) else None


@dataclass(frozen=True, slots=True)
class _Item:
    """What the state table holds of a purpose."""

    keys: Keys | None = None
    issuer_root: str | None = None


class TableKeys:
    """The port `KeyStore` on the state table; what was read is kept for a minute."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        """Take the client that the meetings have anyway, so that a cold join makes one only, and a clock (UTC)."""
        self._client = client
        self._table = table
        self._clock = clock
        self._kept: dict[Purpose, tuple[datetime, _Item]] = {}

    def of(self, purpose: Purpose) -> Keys | None:
        """Return the keys of a purpose, strongly consistent, at most a minute old; None where none was made.

        Where the table cannot be read, what was read last still counts, and is asked for again a minute later: links
        that were sent must open while DynamoDB has its moments. A key that was taken back counts so much longer.

        Raises:
            ConfigError: the item holds no key.
            Unavailable: the table cannot be read, and never could.
        """
        return self._item(purpose).keys

    def issuer_root(self) -> str | None:
        """Return the roots that desktops' certificates must be issued by; it is read, and fails, with tokens' keys."""
        return self._item(Purpose.TOKENS).issuer_root

    def _item(self, purpose: Purpose) -> _Item:
        now, known = self._clock(), self._kept.get(purpose)
        if known and now - known[0] < KEPT:
            return known[1]
        try:
            item = self._read(purpose)
        except Unavailable as error:
            if not known:
                raise
            item = known[1]
            log.warn(log.Warn.OLD_KEYS, why=str(error))
        self._kept[purpose] = now, item
        return item

    def _read(self, purpose: Purpose) -> _Item:
        key = {"id": {"S": item_id(purpose)}}
        try:
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The keys for {purpose} could not be read from {self._table}: {error}") from error
        if "Item" not in found:
            return _Item()
        keys = parse(found["Item"])
        if keys is None:
            raise ConfigError(
                f"The item {item_id(purpose)} of the table {self._table} is not as a deploy writes it: `present` is a "
                "key, as text, and `earlier` a list of such. Correct it in the table."
            )
        return _Item(keys, found["Item"].get(ISSUER_ROOT, {}).get("S") or None)


class GivenKeys:
    """The port `KeyStore` for a run that is not deployed: the keys that its environment gives."""

    def __init__(self, keys: Mapping[Purpose, str | None]) -> None:
        self._keys = keys

    def of(self, purpose: Purpose) -> Keys | None:
        """Return the key of a purpose, None where none was given."""
        key = self._keys.get(purpose)
        return Keys(key, all_signed=True) if key else None

    def issuer_root(self) -> str | None:
        """Return None: a run at home names no root."""
        return None
