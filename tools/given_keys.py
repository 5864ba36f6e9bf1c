"""The keys that an operator gives out, in the stage's state table: hashes alone, by their names.

A key that is made, or revoked, is so within a minute, without a deploy.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.adapters.keys import ACCESS, access_entry
from chalicelib.adapters.uses import item_id as uses_id
from chalicelib.domain.access import DAILY, AccessKey, Scope, digest_of
from tools.account import Clients
from tools.errors import code_of
from tools.keys import given_out
from tools.stack import Stack
from tools.stage import Stage, StageError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_BYTES = 32
_KEPT = 200
"""How many keys the table's item holds at the most: it is read whole."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Keys:
    """The keys that were given out of a stage, in its state table. `now` is UTC."""

    table: str
    client: Clients
    now: Callable[[], datetime] = _now

    def make(self, name: str, scope: Scope, daily: int = DAILY, lasts: timedelta | None = None) -> str:
        """Make a key and return it; nobody can be shown it again. `lasts` is for how long, None for ever.

        Raises:
            StageError: the name is taken, or cannot be one.
        """
        if not _NAME.fullmatch(name):
            raise StageError(
                f"{name!r} cannot be a key's name: write up to 40 small letters, digits, points, hyphens and "
                "underscores, like office."
            )
        self._let_go()
        key, now = secrets.token_hex(_BYTES), self.now()
        entry = access_entry(AccessKey(name, scope, digest_of(key), daily, now + lasts if lasts else None))
        taken = f"There is a key {name} already; give another name, or revoke it first: NAME={name} REVOKE=1."
        self._change(
            "SET #keys.#name = :entry",
            "attribute_exists(id) AND attribute_not_exists(#keys.#name)",
            name,
            taken,
            {":entry": entry},
        )
        return key

    def revoke(self, name: str) -> None:
        """Let a key open nothing any more, within a minute.

        Raises:
            StageError: there is none of this name.
        """
        known = ", ".join(sorted(given_out(self.table, self.client))) or "none"
        gone = f"There is no key {name!r} to revoke; there are: {known}."
        self._change("REMOVE #keys.#name", "attribute_exists(#keys.#name)", name, gone)

    def lines(self) -> list[str]:
        """Return a line about each key."""
        now, keys = self.now(), sorted(given_out(self.table, self.client).values(), key=lambda key: key.name)
        return [f"{key.name:20} {key.scope:9} {self._used(key, now):>22}  {_ends(key, now)}".rstrip() for key in keys]

    def _used(self, key: AccessKey, now: datetime) -> str:
        asked: Any = {"id": {"S": uses_id(key.name, f"{now:%Y-%m-%d}")}}
        found: dict[str, Any] = self.client("dynamodb").get_item(TableName=self.table, Key=asked)
        return f"{found.get('Item', {}).get('used', {}).get('N', '0')} of {key.daily} today"

    def _let_go(self) -> None:
        """Forget the keys that have ended, and refuse one more where there are too many.

        Raises:
            StageError: there are too many.
        """
        keys = given_out(self.table, self.client)
        ended = [name for name, key in keys.items() if not key.lives(self.now())]
        for name in ended:
            self.revoke(name)
        if len(keys) - len(ended) >= _KEPT:
            raise StageError(f"The stage has {_KEPT} keys, which is as many as it can have; revoke one first.")

    def _change(
        self, update: str, condition: str, name: str, refusal: str, values: dict[str, Any] | None = None
    ) -> None:
        try:
            self.client("dynamodb").update_item(
                TableName=self.table,
                Key={"id": {"S": ACCESS}},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#keys": "keys", "#name": name},
                **({"ExpressionAttributeValues": values} if values else {}),
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise StageError(refusal) from None


def _ends(key: AccessKey, now: datetime) -> str:
    if key.expires_at is None:
        return ""
    return f"{'until' if key.lives(now) else 'ended'} {key.expires_at:%Y-%m-%d %H:%M} UTC"


def lent(stage: Stage, client: Clients, what: str, scope: Scope, lasts: timedelta) -> str:
    """Make a key that ends by itself, for what a command does in the operator's name, and return it.

    Raises:
        StageError: the stage can have none.
    """
    name = f"{what}-{_now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return of_stage(stage, client).make(name, scope, lasts=lasts)


def of_stage(stage: Stage, client: Clients) -> Keys:
    """Return the keys of a deployed stage.

    Raises:
        StageError: it has no place for keys, since it was deployed by a version before them, or never.
    """
    table = Stack(client, stage.stack).outputs().get("StateTable", "")
    found = client("dynamodb").get_item(TableName=table, Key={"id": {"S": ACCESS}}) if table else {}
    if "Item" not in found:
        raise StageError(f"Stage {stage.name} has no keys yet; make deploy STAGE={stage.name} prepares them.")
    return Keys(table, client)
