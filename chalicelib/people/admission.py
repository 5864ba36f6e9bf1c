"""Who brings a key: which it is, and whether it is good for what is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.control.ports import KeyStore
from chalicelib.domain.access import AccessKey, Scope, find
from chalicelib.domain.errors import Forbidden, KeyMissing

_NEW = timedelta(seconds=1)
"""A key that is not known is looked for again where those that are were read longer ago: it may just have been made."""

HOW = "send it as Authorization: Bearer, or as X-Schedule-Key"


def admit(given: str, keys: KeyStore, scope: Scope, now: datetime) -> AccessKey:
    """Return the key that was brought (`given`, empty for none), which is good for this scope now (UTC).

    Raises:
        KeyMissing: there is none.
        Forbidden: it is none that holds here, or it is not for this.
        Unavailable: nobody can tell now.
    """
    if not given:
        raise KeyMissing(f"This takes a key of the scope {scope}; {HOW}.")
    key = recognised(given, keys, now)
    if key is None:
        raise Forbidden("This key is not valid here, or not any more; ask whoever gave it to you for another one.")
    if not key.scope.covers(scope):
        raise Forbidden(
            f"The key {key.name} is for the scope {key.scope}, and this takes one of the scope {scope}; "
            "ask whoever gave it to you for such a one."
        )
    return key


def recognised(given: str, keys: KeyStore, now: datetime) -> AccessKey | None:
    """Return the key that was brought, None where it is none that holds now (UTC)."""
    return find(given, keys.access(), now) or find(given, keys.access(kept=_NEW), now)
