"""The app's own keys, kept in the table that no desktop can reach, or given by the environment of a run at home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import log
from chalicelib.domain import rows
from chalicelib.domain.access import Access, AccessKey, Scope, digest_of
from chalicelib.domain.errors import ConfigError, Unavailable
from chalicelib.domain.keys import Keys, Purpose

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.domain.certificate import Certificate

KEPT = timedelta(minutes=1)
_AT_HOME = "SCHEDULE_KEY"
ALL_SIGNED = "all_signed"
"""The attribute of an item that says so of its keys (domain/keys.py)."""

REPLACED_AT = "replaced_at"
"""The attribute of an item that says when its earlier keys were replaced, by the keys themselves.

It stands beside them, so that whoever does not know of it still reads the keys.
"""

ISSUER_ROOT = "issuer_root"
"""The attribute of the item of tokens' keys that holds the roots of desktops' certificates, as PEM.

A desktop asks for both at once, so the root costs no read of its own.
"""

CERTIFICATE = "key/certificate"
"""The item that holds the desktops' certificate with its key, and that no function but the API's may read."""

CERTIFICATE_FACTS = "certificate"
"""The item that holds what is no secret of it: when it ends, whom it is for, where it came from."""

CERTIFICATE_ID, CERTIFICATE_ROOT = "certificate_id", "certificate_root"
"""The attributes of the item of tokens' keys that tell which certificate is kept, and its root, for the same reason.

The certificate's root counts more than the one that the stage's file names.
"""


ACCESS = "key/access"
"""The item that holds the keys that the operator has given out: `keys`, by their names, hashes alone."""


def item_id(purpose: Purpose) -> str:
    """Return the id of the item that holds the keys of a purpose."""
    return f"key/{purpose}"


def parse(item: Mapping[str, Mapping[str, Any]]) -> Keys | None:
    """Return the keys that an item holds, in DynamoDB JSON; None where it is not as a deploy writes it."""
    present = item.get("present", {}).get("S", "")
    earlier = [key.get("S", "") for key in item.get("earlier", {"L": []}).get("L", [{}])]
    all_signed = item.get(ALL_SIGNED, {}).get("BOOL", False)
    try:
        moments = item.get(REPLACED_AT, {"M": {}})["M"]
        replaced_at = {key: rows.parse_time(moment["S"]) for key, moment in moments.items()}
    except (KeyError, ValueError):
        return None
    return Keys(present, tuple(earlier), all_signed, replaced_at) if present and all(earlier) else None


def access_in(item: Mapping[str, Mapping[str, Any]]) -> Access:
    """Return the keys that were given out, as an item in DynamoDB JSON holds them; one that is spoilt opens nothing."""
    stored = item.get("keys", {}).get("M", {})
    found = {name: _access_key(name, each.get("M", {})) for name, each in stored.items()}
    return {name: key for name, key in found.items() if key}


def access_entry(key: AccessKey) -> dict[str, Any]:
    """Return what the item holds of a key, in DynamoDB JSON."""
    entry = {"scope": key.scope.value, "digest": key.digest, "daily": key.daily, "expires_at": key.expires_at}
    return rows.encode({name: value for name, value in entry.items() if value is not None})


def access_item(access: Access) -> dict[str, Any]:
    """Return the item that holds these keys, in DynamoDB JSON."""
    return {"id": {"S": ACCESS}, "keys": {"M": {name: access_entry(key) for name, key in access.items()}}}


def _access_key(name: str, stored: Mapping[str, Mapping[str, Any]]) -> AccessKey | None:
    ends = stored.get("expires_at", {}).get("S")
    try:
        scope, daily = Scope(stored["scope"]["S"]), int(stored["daily"]["N"])
        return AccessKey(name, scope, stored["digest"]["S"], daily, rows.parse_time(ends) if ends else None)
    except (KeyError, ValueError, TypeError):
        return None


class _Item(NamedTuple):
    """What the state table holds of a purpose."""

    keys: Keys | None = None
    issuer_root: str | None = None
    certificate_id: str | None = None


class TableKeys:
    """The port `KeyStore` on the state table; what was read is kept for a minute."""

    def __init__(self, client: DynamoDBClient, table: str, clock: Callable[[], datetime]) -> None:
        """Take the client that the meetings have anyway, so that a cold join makes one only, and a clock (UTC)."""
        self._client = client
        self._table = table
        self._clock = clock
        self._kept: dict[Purpose, tuple[datetime, _Item]] = {}
        self._certificate: tuple[datetime, Certificate | None] | None = None
        self._access: tuple[datetime, Access] | None = None

    def of(self, purpose: Purpose, *, kept: timedelta = KEPT) -> Keys | None:
        """Return the keys of a purpose, strongly consistent, `kept` for a minute; None where none was made.

        That none was made is kept for a minute at the most.

        Where the table cannot be read, what was read last still counts, and is asked for again a minute later: links
        that were sent must open while DynamoDB has its moments. A key that was taken back counts so much longer.

        Raises:
            ConfigError: the item holds no key.
            Unavailable: the table cannot be read, and never could.
        """
        return self._item(purpose, kept).keys

    @property
    def table(self) -> str:
        """The table's name."""
        return self._table

    def too_old(self, purposes: Iterable[Purpose]) -> list[Purpose]:
        """Return those of these purposes whose keys were not read within the last minute."""
        now = self._clock()
        return [p for p in purposes if (known := self._kept.get(p)) is None or now - known[0] >= KEPT]

    def take(self, items: Mapping[Purpose, Mapping[str, Mapping[str, Any]]]) -> None:
        """Keep what was read now of these purposes' items, strongly consistent; one that is spoilt is read again."""
        for purpose, item in items.items():
            with suppress(ConfigError):
                self._kept[purpose] = self._clock(), self._understood(purpose, item)

    def issuer_root(self) -> str | None:
        """Return the roots that desktops' certificates must be issued by; it is read, and fails, with tokens' keys."""
        return self._item(Purpose.TOKENS).issuer_root

    def certificate_id(self) -> str | None:
        """Return which certificate is kept for desktops, None for none; it is read with tokens' keys as well."""
        return self._item(Purpose.TOKENS).certificate_id

    def certificate(self) -> Certificate | None:
        """Return the desktops' certificate, at most a minute old, and not older than what `certificate_id` tells.

        Raises:
            ConfigError: the item is not as make certificate writes it.
            Unavailable: the table cannot be read. An earlier one does not count then: the desktop asks again.
        """
        now, known, current = self._clock(), self._certificate, self.certificate_id()
        if known and now - known[0] < KEPT and (known[1].id if known[1] else None) == current:
            return known[1]
        item = self._get(CERTIFICATE, "The desktops' certificate")
        found = _certificate_in(item, self._table) if item else None
        self._certificate = now, found
        return found

    def certificate_ends_at(self) -> datetime | None:
        """Return until when the desktops' certificate is good (UTC), None where none is kept.

        Raises:
            ConfigError: the item is not as make certificate writes it.
            Unavailable: the table cannot be read.
        """
        item = self._get(CERTIFICATE_FACTS, "When the desktops' certificate ends")
        if not item:
            return None
        try:
            return rows.parse_time(item.get("ends_at", {}).get("S", ""))
        except ValueError:
            raise _spoilt(CERTIFICATE_FACTS, self._table) from None

    def access(self, kept: timedelta = KEPT) -> Access:
        """Return the keys that the operator has given out, strongly consistent, `kept` for a minute at the most.

        Raises:
            ConfigError: the item is not as make key writes it.
            Unavailable: the table cannot be read. What was read before does not count then: a key may be revoked.
        """
        now, known = self._clock(), self._access
        if known and now - known[0] < kept:
            return known[1]
        item = self._get(ACCESS, "The keys that were given out")
        if not isinstance(item.get("keys", {"M": {}}).get("M"), Mapping):
            raise ConfigError(
                f"The item {ACCESS} of the table {self._table} is not as make key writes it: `keys` is a map. "
                "Delete the item, and make the keys anew."
            )
        found = access_in(item)
        self._access = now, found
        return found

    def _item(self, purpose: Purpose, kept: timedelta = KEPT) -> _Item:
        now, known = self._clock(), self._kept.get(purpose)
        if known and now - known[0] < (kept if known[1].keys else KEPT):
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
        return self._understood(purpose, self._get(item_id(purpose), f"The keys for {purpose}"))

    def _understood(self, purpose: Purpose, item: Mapping[str, Mapping[str, Any]]) -> _Item:
        """Return what an item tells.

        Raises:
            ConfigError: it is not as a deploy writes it.
        """
        if not item:
            return _Item()
        keys = parse(item)
        if keys is None:
            raise ConfigError(
                f"The item {item_id(purpose)} of the table {self._table} is not as a deploy writes it: `present` is a "
                "key, as text, and `earlier` a list of such. Correct it in the table."
            )
        root, certificate_root, certificate_id = (
            item.get(name, {}).get("S") or None for name in (ISSUER_ROOT, CERTIFICATE_ROOT, CERTIFICATE_ID)
        )
        return _Item(keys, certificate_root or root, certificate_id)

    def _get(self, item: str, what: str) -> Mapping[str, Mapping[str, Any]]:
        """Return an item of the table, strongly consistent, empty for none; `what` it holds begins a sentence."""
        try:
            found = self._client.get_item(TableName=self._table, Key={"id": {"S": item}}, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(f"{what} could not be read from {self._table}: {error}") from error
        return cast("Mapping[str, Mapping[str, Any]]", found.get("Item", {}))


def _certificate_in(item: Mapping[str, Mapping[str, Any]], table: str) -> Certificate:
    """Return the certificate that an item holds.

    Raises:
        ConfigError: it holds none; the message repeats nothing of it.
    """
    from chalicelib.domain.certificate import Certificate

    texts = [item.get(name, {}).get("S") for name in ("certificate", "key", "issuer_root", "certificate_id")]
    if not all(isinstance(text, str) and text for text in texts):
        raise _spoilt(CERTIFICATE, table)
    return Certificate(*map(str, texts))


def _spoilt(item: str, table: str) -> ConfigError:
    return ConfigError(
        f"The item {item} of the table {table} is not as make certificate writes it; run that again with FORCE=1."
    )


class GivenKeys:
    """The port `KeyStore` for a run that is not deployed: the keys that its environment gives."""

    def __init__(self, keys: Mapping[Purpose, str | None], scheduling: str | None = None) -> None:
        """Take the keys by their purposes, and the one that unlocks scheduling."""
        self._keys = keys
        self._scheduling = scheduling

    def of(self, purpose: Purpose, *, kept: timedelta = KEPT) -> Keys | None:  # noqa: ARG002  it never changes
        """Return the key of a purpose, None where none was given."""
        key = self._keys.get(purpose)
        return Keys(key, all_signed=True) if key else None

    def access(self, kept: timedelta = KEPT) -> Access:  # noqa: ARG002  it never changes
        """Return the key that the environment gives, good for everything: whoever set it runs the app."""
        key = self._scheduling
        return {_AT_HOME: AccessKey(_AT_HOME, Scope.OPERATE, digest_of(key))} if key else {}

    def issuer_root(self) -> str | None:
        """Return None: a run at home names no root."""
        return None

    def certificate_id(self) -> str | None:
        """Return None: a run at home keeps no certificate."""
        return None

    def certificate(self) -> Certificate | None:
        """Return None: a run at home keeps no certificate."""
        return None

    def certificate_ends_at(self) -> datetime | None:
        """Return None: a run at home keeps no certificate."""
        return None
