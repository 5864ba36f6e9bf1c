"""The app's tables as a deploy makes them, as far as that matters to who reads and writes them."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters.dynamodb import INDEXES


def _key(attribute: str) -> list[dict[str, str]]:
    return [{"AttributeName": attribute, "KeyType": "HASH"}]


def _made(*attributes: str) -> dict[str, Any]:
    defined = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", *attributes)]
    return {"BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": defined, "KeySchema": _key("id")}


STATE: dict[str, Any] = _made()
"""What makes the table of what the app keeps for itself."""

MEETINGS: dict[str, Any] = _made(*INDEXES.values()) | {
    "GlobalSecondaryIndexes": [
        {"IndexName": name, "KeySchema": _key(attribute), "Projection": {"ProjectionType": "KEYS_ONLY"}}
        for name, attribute in INDEXES.items()
    ]
}
"""What makes the table of meetings, without its stream."""

WITH_STREAM: dict[str, Any] = {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}}
"""What gives a table its stream."""
