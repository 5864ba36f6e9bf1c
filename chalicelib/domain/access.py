"""Who may what: the keys that an operator gives out, each with a name and a scope, and known by its hash alone."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

DAILY = 500
"""What a key may be used for on a day (UTC) where its maker says nothing else: to schedule, and to change meetings."""


class Scope(StrEnum):
    """What a key is good for."""

    SCHEDULE = "schedule"
    """To schedule meetings, and to be told what one would cost."""
    READ = "read"
    """To see meetings and figures, without the links that open them."""
    OPERATE = "operate"
    """Both of these, to change meetings, and to see links and recordings."""

    def covers(self, other: Scope) -> bool:
        """Return whether a key of this scope is good for what takes the other one."""
        return self in (other, Scope.OPERATE)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that an operator has given out: whose it is, and what for.

    `digest` is its SHA-256 in hex: a key is 256 random bits, so nothing slower protects it better. `daily` is how often
    it may be used on a day to schedule or change something. `expires_at` (UTC) is when it ends, None for never.
    """

    name: str
    scope: Scope
    digest: str = field(repr=False)
    daily: int = DAILY
    expires_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Return whether the key has not ended by now (UTC)."""
        return self.expires_at is None or now < self.expires_at


Access = Mapping[str, AccessKey]
"""The keys that were given out and not revoked, by their names."""


def digest_of(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def find(given: str, access: Access, now: datetime) -> AccessKey | None:
    """Return the key that was brought, None where it is none, or has ended by now (UTC).

    It is compared with every key there is, in constant time: how long it takes tells nothing of any.
    """
    brought = digest_of(given).encode()
    found = [key for key in access.values() if hmac.compare_digest(key.digest.encode(), brought)]
    return next((key for key in found if key.lives(now)), None)


def by_key(name: str) -> str:
    """Return what a row's history and the log call whoever brought the key of this name."""
    return f"the key {name}"
