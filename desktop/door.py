"""The door of a desktop: whether a token that DCV brings opens it. Nobody is asked: all that counts is on the machine.

A token is `<issued>.<nonce>.<signature>`: when the app made it, in milliseconds since 1970 UTC, 128 random bits in hex,
and HMAC-SHA256 over `<instance id>/<role>/<issued>.<nonce>` in hex. The key is this desktop's own, so a token of
another desktop, or of one that this one has replaced, is signed by none that is known here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from desktop.state import State

FRESH = timedelta(minutes=2)
"""How long after it was made a token may be used for the first time."""

RETURNING = timedelta(minutes=2)
"""How long after the end of its connection a token still opens: DCV brings it again to reconnect, and a reload does."""

AHEAD = timedelta(seconds=30)
"""How far a token's time may lie ahead: `Date` tells whole seconds, and answers take a while."""

_TOKEN = re.compile(r"([0-9]{13})\.([0-9a-f]{32})\.([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Presence:
    """What DCV tells of connections: how many there are, and when somebody was last known to be connected (UTC).

    `connections` is None where DCV cannot be asked: that is unknown, and not nobody.
    """

    connections: int | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """What the app tells of the place that this desktop has: its keys, the present one first, and whose it is."""

    instance_id: str
    role: str
    keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the door opens, and why; the reason is a sentence."""

    opens: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Used:
    """The newest token that has opened the door."""

    issued_ms: int
    nonce: str
    used_at: datetime

    def as_json(self) -> dict[str, Any]:
        return {"issued_ms": self.issued_ms, "nonce": self.nonce, "used_at": self.used_at.isoformat()}

    @classmethod
    def read(cls, kept: Any) -> _Used | None:
        try:
            used_at = datetime.fromisoformat(kept["used_at"]).astimezone(UTC)
            return cls(int(kept["issued_ms"]), str(kept["nonce"]), used_at)
        except (KeyError, TypeError, ValueError):
            return None


class Door:
    """Judges tokens; of those that were used it remembers the newest alone, since it shuts out all before it."""

    def __init__(
        self,
        seat: Callable[[], Seat | None],
        presence: Callable[[], Presence],
        now: Callable[[], datetime],
        state: State,
    ) -> None:
        """Take what the app has told (None: nothing yet), what DCV tells, the app's time (UTC), and what is kept."""
        self._seat = seat
        self._presence = presence
        self._now = now
        self._state = state
        self._used = _Used.read(state.get("door"))
        self._lock = threading.Lock()

    def judge(self, token: str) -> Verdict:
        """Return whether this token opens the desktop now; one that does counts as used from then on."""
        with self._lock:
            return self._judge(token)

    def _judge(self, token: str) -> Verdict:
        seat = self._seat()
        if seat is None or not seat.keys:
            return Verdict(False, "The app has not told yet whose desktop this is.")
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            return Verdict(False, "This is no token that the app makes.")
        issued_ms, nonce = int(parts[1]), parts[2]
        said = f"{seat.instance_id}/{seat.role}/{parts[1]}.{nonce}"
        if not any(hmac.compare_digest(_sign(key, said), parts[3]) for key in seat.keys):
            return Verdict(False, f"The token was not made for this desktop of the {seat.role}.")
        used, now = self._used, self._now()
        if used and (issued_ms, nonce) == (used.issued_ms, used.nonce):
            return self._judge_again(used, now)
        if used and issued_ms <= used.issued_ms:
            return Verdict(False, "A newer token has been used since this one was made.")
        issued = datetime.fromtimestamp(issued_ms / 1000, UTC)
        if now - issued > FRESH:
            return Verdict(
                False, f"The token was made {_minutes(now - issued)} ago, and is good for {_minutes(FRESH)}."
            )
        if issued - now > AHEAD:
            return Verdict(False, f"The token was made {_minutes(issued - now)} from now by the app's time.")
        self._used = _Used(issued_ms, nonce, now)
        self._state.keep("door", self._used.as_json())
        return Verdict(True, f"A fresh token of the {seat.role}.")

    def _judge_again(self, used: _Used, now: datetime) -> Verdict:
        presence = self._presence()
        if presence.connections:
            return Verdict(True, "The token of the connection that lives.")
        away = now - max(presence.last_seen_at or used.used_at, used.used_at)
        if away > RETURNING:
            how = "cannot be asked" if presence.connections is None else "has no connection"
            return Verdict(False, f"The token was used before, and DCV {how} for {_minutes(away)}.")
        return Verdict(True, "The token of the connection that ended a moment ago.")


def _sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.1f} minutes"
