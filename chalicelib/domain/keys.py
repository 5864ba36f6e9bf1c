"""The app's own keys: what each is for, and what is signed with one. Where they are kept is an adapter's to know."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

HEARD_WITHIN = timedelta(minutes=10)
"""How long after a key was replaced it may still sign: a minute until containers hear of the new one, five by which the
clock that said when may be off, since AWS refuses whose is off by more, and the time that a slow write takes.
"""


class Purpose(StrEnum):
    """What a key is for; a function reads only those that its work needs."""

    VOUCHING = "vouching"
    """Signs the ids of the desktops that the app has launched, beside them on the row."""
    LINKS = "links"
    """Signs the links that people are sent, each bound to its role."""
    IDS = "ids"
    """Makes a meeting's id of what a request calls itself, so that nobody can guess the one from the other."""
    TOKENS = "tokens"
    """Signs what lets a person into their desktop."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one purpose: the present one, which signs, and the earlier ones, which still count."""

    present: str = field(repr=False)
    earlier: tuple[str, ...] = field(default=(), repr=False)
    all_signed: bool = False
    """Of links: every link that people were sent is signed, so one without a signature opens nothing."""
    replaced_at: Mapping[str, datetime] = field(default_factory=dict, repr=False)
    """When an earlier key was replaced (UTC), by the key itself; of version 0.1.0's that is not known."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every key that counts, the present one first."""
        return (self.present, *self.earlier)

    def sign(self, text: str) -> str:
        """Return the signature of a text by the present key: HMAC-SHA256 as 64 hex digits."""
        return _sign(self.present, text)

    def has_signed(self, text: str, signature: str) -> bool:
        """Return whether one of the keys has signed this text so; its first digits will do, 32 or more."""
        return self.signer(text, signature) is not None

    def signer(self, text: str, signature: str) -> str | None:
        """Return the key that has signed this text so, None where none has."""
        given, at_least = signature.encode(), 32
        if len(given) < at_least:
            return None
        signed = {key: _sign(key, text).encode()[: len(given)] for key in self.all}
        return next((key for key, known in signed.items() if hmac.compare_digest(known, given)), None)

    def signs_until(self, key: str) -> datetime | None:
        """Return until when one of the keys may have signed (UTC), None where that is not known or not over."""
        replaced_at = self.replaced_at.get(key) if key != self.present else None
        return replaced_at + HEARD_WITHIN if replaced_at else None


def _sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


class Seal(NamedTuple):
    """How the app vouches for what it writes on a row that others may write too.

    `keys` is asked for when it is needed, and returns None where the app has no key of its own: then nothing on a
    row is vouched for, and what it says is looked at before it counts. `known` may return older ones, at less cost, and
    is asked first: what one of these has signed holds, and only other signatures may be of a key that is newer.
    """

    keys: Callable[[], Keys | None]
    known: Callable[[], Keys | None] | None = None

    def on(self, *parts: str) -> str | None:
        """Return what is written beside these, None where there is no key to vouch with."""
        keys = (self.known or self.keys)()
        return keys.sign("/".join(parts)) if keys else None

    def holds(self, signature: str | None, *parts: str) -> bool:
        """Return whether the app itself has written this beside these."""
        if not signature:
            return False
        readers = (self.known, self.keys) if self.known else (self.keys,)
        return any((keys := read()) is not None and keys.has_signed("/".join(parts), signature) for read in readers)


NO_SEAL = Seal(lambda: None)
"""Vouches for nothing."""
