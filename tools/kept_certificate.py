"""The desktops' certificate in the stage's state table, where of the functions the API's alone may read its key.

Three items tell of it: the secret one, what is no secret of it, and beside the keys for desktops' doors which one it
is. They are written together. A key is kept before a certificate is asked for, so that none is ever issued in vain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.adapters.keys import (
    CERTIFICATE,
    CERTIFICATE_FACTS,
    CERTIFICATE_ID,
    CERTIFICATE_ROOT,
    item_id,
)
from chalicelib.domain import rows
from chalicelib.domain.keys import Purpose
from tools.account import Clients
from tools.pem import Pair

_BEGUN = "key/certificate-begun"
_TOKENS = item_id(Purpose.TOKENS)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is no secret of the kept certificate. Moments are UTC."""

    id: str
    name: str
    ends_at: datetime
    kept_at: datetime
    issued_as: str = ""
    """The id by which Cloudflare knows it; empty for an operator's own."""
    earlier: tuple[str, ...] = ()
    """The ids of those that Cloudflare issued before it and that were not revoked."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A key for which a certificate was to be asked for, or was."""

    key: str
    name: str


def facts(table: str, client: Clients) -> Facts | None:
    """Return what is no secret of the kept certificate, None where none is kept.

    Raises:
        ValueError: the item is not as it is written here.
    """
    item = _get(CERTIFICATE_FACTS, table, client)
    if not item:
        return None
    try:
        return Facts(
            id=item["certificate_id"],
            name=item["name"],
            ends_at=rows.parse_time(item["ends_at"]),
            kept_at=rows.parse_time(item["kept_at"]),
            issued_as=item.get("issued_as", ""),
            earlier=tuple(item.get("earlier", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the item {CERTIFICATE_FACTS} of {table} is not as make certificate writes it") from error


def texts(table: str, client: Clients) -> dict[str, str]:
    """Return the kept certificate itself, its key and its root; empty where none is kept."""
    return {name: text for name, text in _get(CERTIFICATE, table, client).items() if isinstance(text, str)}


def told(table: str, client: Clients) -> tuple[str, str]:
    """Return which certificate desktops are told of, and its root; empty for none."""
    item = _get(_TOKENS, table, client)
    return str(item.get(CERTIFICATE_ID, "")), str(item.get(CERTIFICATE_ROOT, ""))


def begin(key: str, name: str, table: str, client: Clients, now: datetime) -> None:
    """Keep a key before a certificate is asked for with it (`now` is UTC)."""
    item = {"id": _BEGUN, "key": key, "name": name, "begun_at": rows.timestamp(now)}
    client("dynamodb").put_item(TableName=table, Item=rows_as_items(item))


def begun(table: str, client: Clients) -> Begun | None:
    """Return the key that was kept so and did not come to its certificate, None for none."""
    item = _get(_BEGUN, table, client)
    key, name = item.get("key"), item.get("name")
    return Begun(key, name) if isinstance(key, str) and isinstance(name, str) else None


def keep(pair: Pair, of: Facts, table: str, client: Clients) -> None:
    """Put a certificate in the place of the one before, for the app and for desktops at once."""
    secret = {
        "id": CERTIFICATE,
        "certificate": pair.chain,
        "key": pair.key,
        "issuer_root": pair.root,
        "certificate_id": pair.id,
    }
    writes: list[dict[str, Any]] = [
        {"Put": {"TableName": table, "Item": rows_as_items(secret)}},
        {"Put": {"TableName": table, "Item": _item_of(of)}},
        {"Update": _telling(pair.id, pair.root, table)},
        {"Delete": {"TableName": table, "Key": {"id": {"S": _BEGUN}}}},
    ]
    client("dynamodb").transact_write_items(TransactItems=writes)


def tell_again(table: str, client: Clients) -> list[str]:
    """Tell desktops of the kept certificate where a hand, or a new key, has taken that away; return what was done."""
    found = texts(table, client)
    kept = found.get("certificate_id", ""), found.get("issuer_root", "")
    if not all(kept) or told(table, client) == kept:
        return []
    client("dynamodb").update_item(**_telling(*kept, table))
    return ["desktops are told again of the certificate that is kept"]


def keep_facts(of: Facts, table: str, client: Clients) -> None:
    """Write what is no secret of the kept certificate anew."""
    client("dynamodb").put_item(TableName=table, Item=_item_of(of))


def rows_as_items(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as DynamoDB has it."""
    return {name: rows.encode(value) for name, value in item.items()}


def _telling(which: str, root: str, table: str) -> dict[str, Any]:
    return {
        "TableName": table,
        "Key": {"id": {"S": _TOKENS}},
        "UpdateExpression": f"SET {CERTIFICATE_ID} = :id, {CERTIFICATE_ROOT} = :root",
        "ConditionExpression": "attribute_exists(id)",
        "ExpressionAttributeValues": {":id": {"S": which}, ":root": {"S": root}},
    }


def _item_of(of: Facts) -> dict[str, Any]:
    item = {
        "id": CERTIFICATE_FACTS,
        "certificate_id": of.id,
        "name": of.name,
        "ends_at": rows.timestamp(of.ends_at),
        "kept_at": rows.timestamp(of.kept_at),
        "issued_as": of.issued_as,
        "earlier": list(of.earlier),
    }
    return rows_as_items(item)


def _get(item: str, table: str, client: Clients) -> dict[str, Any]:
    found = client("dynamodb").get_item(TableName=table, Key={"id": {"S": item}}, ConsistentRead=True)
    return rows.decode(found.get("Item", {}))
