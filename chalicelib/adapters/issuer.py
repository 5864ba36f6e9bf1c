"""The root that desktops' certificates come from, kept in the state table by a deploy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ITEM = "issuer_root"
"""The id of its item; the PEM text is the attribute `pem`."""

KEPT = timedelta(hours=1)


class IssuerRoot:
    """Read when a desktop asks for it; what was read is kept for an hour."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        """Take the client that the meetings have anyway, the state table, and a clock (UTC)."""
        self._client = client
        self._table = table
        self._clock = clock
        self._kept: tuple[datetime, str | None] | None = None

    def pem(self) -> str | None:
        """Return the root as PEM text, at most an hour old; None where desktops' certificates need none.

        Raises:
            Unavailable: the table cannot be read now.
        """
        now = self._clock()
        if self._kept and now - self._kept[0] < KEPT:
            return self._kept[1]
        try:
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": ITEM}})
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"The issuer's root could not be read from {self._table}: {error}") from error
        pem = found.get("Item", {}).get("pem", {}).get("S") or None
        self._kept = now, pem
        return pem
