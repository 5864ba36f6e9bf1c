"""Who an instance is to AWS: the session of its role, as EC2 issues it through the metadata.

The metadata hand these credentials out and the gateway judges signatures by them, so both ask one issuer.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from localcloud.aws import ACCOUNT
from localcloud.clock import Clock

LASTING = timedelta(hours=6)
RENEWED_BEFORE = timedelta(hours=1)
"""How long before their end new credentials are there; the old ones stay good until then."""


@dataclass(frozen=True)
class Session:
    """Credentials of one instance; the session is named after it."""

    access_key: str
    secret_key: str
    token: str
    issued: datetime
    expires: datetime
    account: str
    role: str
    instance_id: str

    @property
    def user_arn(self) -> str:
        """Return who signs, as API Gateway tells the app. The path of a role is no part of it."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role}/{self.instance_id}"

    @property
    def user_id(self) -> str:
        """Return the role's own id and the session's name."""
        return f"AROA{_letters(hashlib.sha256(self.role.encode()).digest())}:{self.instance_id}"


class Issuer:
    """Issues sessions to instances, and knows each one again, also when it is over."""

    def __init__(self, clock: Clock, account: str = ACCOUNT) -> None:
        self._clock = clock
        self._account = account
        self._lock = threading.Lock()
        self._by_key: dict[str, Session] = {}
        self._present: dict[tuple[str, str], Session] = {}

    def session(self, role: str, instance_id: str) -> Session:
        """Return the credentials that this instance has now: the same until they near their end."""
        with self._lock:
            now, owner = self._clock.now(), (role, instance_id)
            present = self._present.get(owner)
            if present is None or now >= present.expires - RENEWED_BEFORE:
                present = self._present[owner] = self._issue(now, *owner)
                self._by_key[present.access_key] = present
            return present

    def known(self, access_key: str) -> Session | None:
        """Return the session with this access key, whether or not it has expired."""
        with self._lock:
            return self._by_key.get(access_key)

    def _issue(self, now: datetime, role: str, instance_id: str) -> Session:
        return Session(
            access_key=f"ASIA{_letters(secrets.token_bytes(10))}",
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(120),
            issued=now,
            expires=now + LASTING,
            account=self._account,
            role=role,
            instance_id=instance_id,
        )


def _letters(seed: bytes) -> str:
    return base64.b32encode(seed).decode()[:16]
