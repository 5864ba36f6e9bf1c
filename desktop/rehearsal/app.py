"""What stands in for the app: it names this machine's seat, and remembers what the agent tells.

The answers are those of docs/desktop.md. Who asks must have signed with the stand-in metadata's credentials; whether
the signature is right is not looked at, since only the app's own gateway can tell.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from desktop.rehearsal.certificate import Issued
from desktop.rehearsal.metadata import ACCESS_KEY
from desktop.rehearsal.recordings import PATH, Recordings, Refused
from desktop.rehearsal.server import Answer, Asked, Server, as_json, text

MEETING = "rehearsal"
BASE = "/rehearsal"
"""What the app's address ends in, as the stage's name does."""

_ROLE = "teacher"
_ROOM = b"<!doctype html><title>Rehearsal</title><p>This is the room of a rehearsal. Nobody comes."


@dataclass(slots=True)
class Heard:
    """What the agent has said so far."""

    has_asked: bool = False
    missing: list[str] | None = None
    """What it lacks by its last word; None before the first."""
    connected: bool | None = None
    pieces: int = 0
    """How many pieces of a recording it says it has uploaded, once its person has been away for a while."""
    lost: list[str] = field(default_factory=list)
    """What it says of recordings that it could not save."""


class App:
    """One meeting's app, for one desktop."""

    def __init__(self, instance_id: str, issued: Issued, ends_at: datetime) -> None:
        """Take whose desktop it is, its certificate, and the meeting's end (UTC).

        Raises:
            OSError: there is no port to be had.
        """
        self._instance_id = instance_id
        self._issued = issued
        self._ends_at = ends_at
        self._door_key = secrets.token_hex(32)
        self.heard = Heard()
        self.recordings = Recordings()
        self._lock = threading.Lock()
        self._server = Server(self._answer)
        self.origin = self._server.url
        self.url = f"{self.origin}{BASE}"

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def token(self, now: datetime, key: str = "") -> str:
        """Return a token for the desktop's door, made now (UTC); with another key it is none that the door takes."""
        issued = f"{round(now.timestamp() * 1000):013d}.{secrets.token_hex(16)}"
        said = f"{self._instance_id}/{_ROLE}/{issued}"
        return f"{issued}.{hmac.new((key or self._door_key).encode(), said.encode(), hashlib.sha256).hexdigest()}"

    def _answer(self, asked: Asked) -> Answer:
        if asked.path.startswith(PATH):
            return self.recordings.put(asked)
        if asked.path == "/room":
            return Answer(200, _ROOM, {"Content-Type": "text/html; charset=utf-8"})
        if f"Credential={ACCESS_KEY}/" not in asked.headers.get("authorization", ""):
            return Answer(403, b"{}", {"x-amzn-ErrorType": "MissingAuthenticationTokenException"})
        desk = f"{BASE}/desktop/{MEETING}"
        try:
            body = json.loads(asked.body) if asked.body else {}
        except ValueError:
            body = None
        if not asked.path.startswith(desk) or not isinstance(body, dict):
            return text(404, "This is no route of the app.")
        try:
            with self._lock:
                told = self._tell(asked.method, asked.path.removeprefix(desk), body)
        except Refused as refusal:
            return as_json(refusal.status, {"message": str(refusal)}, {"Elephant": "1"})
        return as_json(200, told, {"Elephant": "1"})

    def _tell(self, method: str, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        heard = self.heard
        if (method, route) == ("GET", ""):
            heard.has_asked = True
            return self._place()
        if (method, route) == ("GET", "/certificate"):
            return self._issued.as_told()
        if (method, route) == ("POST", "/ready"):
            heard.missing = [str(each) for each in body.get("missing", ())]
            return {"message": "Noted."}
        if (method, route) == ("POST", "/presence"):
            heard.connected = body.get("connected") is True
            return self._place()
        if (method, route) == ("POST", "/recordings"):
            return self.recordings.offer(body, self.origin)
        if (method, route) == ("POST", "/recordings/safe"):
            return self.recordings.finish(body)
        if (method, route) == ("POST", "/uploaded"):
            pieces = body.get("pieces")
            heard.pieces = pieces if isinstance(pieces, int) else 0
            heard.lost = [str(each) for each in body.get("lost", ())]
            return {"message": "Noted."}
        raise Refused(404, "The app has no such route.")

    def _place(self) -> dict[str, Any]:
        return {
            "message": "This is your place.",
            "meeting_id": MEETING,
            "role": _ROLE,
            "name": "Rehearsal",
            "other_name": "Nobody",
            "jitsi_url": f"{self.origin}/room",
            "meet_time": None,
            "ends_at": self._ends_at.isoformat(),
            "host_name": self._issued.host_name,
            "issuer_root": self._issued.root,
            "certificate_id": self._issued.id,
            "door_keys": [self._door_key],
            "missing": self.heard.missing,
            "record": True,
            "uploads": True,
        }
