"""The console session, who is connected to it, and what the command line tells of both.

Assumed: the limit of clients counts the live ones, and `client-eviction-policy` says what happens to one too many: it
is refused, or the oldest connection *of the same user* ends for it. Without a limit nobody is evicted.
"""

from __future__ import annotations

import itertools
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from localcloud.dcv.permissions import may_connect
from localcloud.dcv.states import State

_LICENCE_DAYS = 30


class Full(Exception):
    """No further connection is taken; its text is for the person who is refused."""


class Connection:
    """One live connection; its page proves with `key` that it speaks for it."""

    def __init__(self, number: int, user: str, address: str) -> None:
        self.number = number
        self.user = user
        self.address = address
        self.key = secrets.token_hex(16)
        self.ended = ""  # why it was ended from here; empty while nobody ended it
        self.wakes, self._wake = socket.socketpair()

    def end(self, why: str) -> None:
        """Have whoever serves it say why, and close it."""
        self.ended = self.ended or why
        self._wake.send(b"!")

    def close(self) -> None:
        """Release what wakes it."""
        self.wakes.close()
        self._wake.close()


@dataclass(slots=True)
class Session:
    """One session. Times are UTC."""

    id: str
    owner: str
    permissions: str
    now: Callable[[], datetime]
    name: str = ""
    storage_root: str = ""
    max_clients: int = -1
    max_per_user: int = 10
    evicts: bool = False
    connections: dict[int, Connection] = field(default_factory=dict)
    created: datetime = field(init=False)
    last_left: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        """Note when it was made."""
        self.created = self.now()

    def admits(self, user: str) -> bool:
        """Return whether the user may connect at all."""
        return may_connect(user, self.owner, self.permissions)

    def connect(self, user: str, address: str) -> Connection:
        """Take a connection in, for another of the same user where the policy says so.

        Raises:
            Full: there is no place.
        """
        with self._lock:
            mine = [each for each in self.connections.values() if each.user == user]
            full = len(self.connections) >= self.max_clients >= 0
            if full and self.evicts and mine:
                self._gone(mine[0])
                mine[0].end("evicted")
            elif full:
                raise Full("Somebody else is connected to this desktop, and it takes no more at a time.")
            elif len(mine) >= self.max_per_user:
                raise Full(f"{user} has {len(mine)} connections to this desktop already, and may not have more.")
            connection = Connection(next(self._numbers), user, address)
            self.connections[connection.number] = connection
            return connection

    def disconnect(self, connection: Connection) -> None:
        """Note that a connection is over."""
        with self._lock:
            self._gone(connection)

    def by_key(self, key: str) -> Connection | None:
        """Return the live connection whose page holds this key."""
        with self._lock:
            live = list(self.connections.values())
        return next((each for each in live if secrets.compare_digest(each.key.encode(), key.encode())), None)

    def end_all(self, why: str) -> None:
        """End every connection."""
        with self._lock:
            live = list(self.connections.values())
            for connection in live:
                self._gone(connection)
                connection.end(why)

    def _gone(self, connection: Connection) -> None:
        if self.connections.get(connection.number) is connection:
            del self.connections[connection.number]
            self.last_left = self.now()

    def described(self, state: State) -> dict[str, Any]:
        """Return it as `describe-session --json` prints it on Linux."""
        told: dict[str, Any] = {
            "id": self.id,
            "owner": self.owner,
            "name": self.name,
            "num-of-connections": len(self.connections),
            "creation-time": stamp(self.created, state),
            "last-disconnection-time": stamp(self.last_left, state) if self.last_left else "",
            "licenses": licences(self.created, state),
        }
        if state.licensing_mode is not None:
            told["licensing-mode"] = state.licensing_mode
        return told | {
            "storage-root": self.storage_root,
            "type": "console",
            "x11-display": ":0",
            "x11-authority": "/run/user/1000/gdm/Xauthority",
            "display-layout": [{"width": 1920, "height": 1080, "x": 0, "y": 0}],
        }

    def listed(self) -> list[dict[str, Any]]:
        """Return the connections as `list-connections --json` prints them: `id` is all that is known of an element."""
        with self._lock:
            return [{"id": number} for number in self.connections]


def licences(checked: datetime, state: State) -> list[dict[str, str]]:
    """Return the licences that the state asks for, else a good one."""
    if state.licenses is not None:
        return state.licenses
    until = stamp(checked + timedelta(days=_LICENCE_DAYS), state)
    return [
        {"product": "dcv", "status": "LICENSED", "check-timestamp": stamp(checked, state), "expiration-date": until}
    ]


def is_licensed(state: State) -> bool:
    """Return whether the server serves: DCV itself is licensed, in whatever case the guide prints that."""
    told = state.licenses
    return told is None or any(
        each.get("product") == "dcv" and each.get("status", "").casefold() == "licensed" for each in told
    )


def stamp(moment: datetime, state: State) -> str:
    """Return a time as DCV writes it: UTC ISO with Z, with or without microseconds."""
    precision = "microseconds" if state.microseconds else "seconds"
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precision) + "Z"
