"""Who is connected, as DCV tells it at each look, and when somebody last was.

A look that fails tells nothing: what was known stays known, and is not counted as nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from desktop.dcv import Dcv, DcvUnknown
from desktop.door import Presence

_APART = timedelta(milliseconds=1)
"""How far apart two changes are at the least: the app's time may be put back a little whenever it is told."""

log = logging.getLogger("elephant.desktop")


class Watch:
    """Looks at DCV's connections, and keeps what the last looks told."""

    def __init__(self, dcv: Dcv, now: Callable[[], datetime]) -> None:
        """Take DCV, and the app's time (UTC)."""
        self._dcv = dcv
        self._now = now
        self._connected: bool | None = None
        self._since: datetime | None = None
        self._last_seen_at: datetime | None = None
        self._left_at: datetime | None = None
        self._fault = ""
        self._lock = threading.Lock()

    @property
    def connected(self) -> bool | None:
        """Whether somebody was connected at the last look that told; None as long as none has."""
        return self._connected

    @property
    def since(self) -> datetime | None:
        """Since when that is so (UTC), as looks have seen it; None where it was so at the first one."""
        return self._since

    def is_somebody_there(self) -> bool | None:
        """Look now, and return whether somebody is connected; where that look tells nothing, what the last one told."""
        self.look()
        return self._connected

    def look(self) -> Presence:
        """Look now, and return what is known; the door and the conversation both ask, each in a thread of its own.

        DCV's own time of the last disconnection counts beside the looks: who came and went between two of them was seen
        by it. That is told by the machine's clock, which may be off, so it counts once, and never for later than now.
        """
        with self._lock:
            return self._look()

    def _look(self) -> Presence:
        now = self._now()
        try:
            session = self._dcv.session()
        except DcvUnknown as error:
            if str(error) != self._fault:
                self._fault = str(error)
                log.warning("Who is connected cannot be told. %s", error)
            return Presence(None, self._last_seen_at)
        self._fault = ""
        connections = session.connections if session else 0
        if self._connected not in (None, connections > 0):
            self._since = max(now, self._since + _APART) if self._since else now
        self._connected = connections > 0
        left_at = session.last_left_at if session else None
        if connections:
            self._last_seen_at = now
        elif left_at and left_at != self._left_at:
            seen_at = min(left_at, now)
            self._last_seen_at = max(seen_at, self._last_seen_at or seen_at)
        self._left_at = left_at
        return Presence(connections, self._last_seen_at)
