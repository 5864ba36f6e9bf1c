"""What stands in for the bucket of recordings: links to itself, and parts that must be what their SHA-256 says."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from desktop.rehearsal.server import Answer, Asked, text

PATH = "/bucket/"
CHECKSUM = "x-amz-checksum-sha256"
_PIECE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", re.ASCII)
_MOST_LINKS = 20


class Refused(Exception):
    """What was asked is not done; `status` is HTTP's, the text says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class _Upload:
    """One piece on its way: of each part its SHA-256 (base64) and its size."""

    piece: str
    size: int
    parts: dict[int, tuple[str, int]] = field(default_factory=dict)


class Recordings:
    """Nothing of what arrives is kept but its size; asked from several threads."""

    def __init__(self) -> None:
        self.safe: dict[str, int] = {}
        """The pieces that are whole, and the bytes of each."""
        self.empty: list[str] = []
        """The pieces that were offered and hold nothing."""
        self._uploads: dict[str, _Upload] = {}
        self._lock = threading.Lock()

    def offer(self, told: Mapping[str, Any], origin: str) -> dict[str, Any]:
        """Answer what a desktop asks before it sends parts: which are there, and links for those that it names.

        Raises:
            Refused: it is nothing that the app would take.
        """
        piece, size = self._piece(told)
        parts = told.get("parts")
        if not isinstance(parts, list) or len(parts) > _MOST_LINKS:
            raise Refused(400, f"parts is a list of at most {_MOST_LINKS}.")
        with self._lock:
            if self.safe.get(piece) == size:
                return {"upload": "", "there": [], "links": [], "safe": True, "message": "It is safe."}
            upload_id, upload = self._find(told.get("upload"), piece, size)
            there = [{"number": n, "sha256": sha, "bytes": b} for n, (sha, b) in sorted(upload.parts.items())]
        links = [_link(origin, upload_id, part) for part in parts]
        return {"upload": upload_id, "there": there, "links": links, "message": "Send the parts."}

    def finish(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Make a piece whole of the parts that are there.

        Raises:
            Refused: they are not, or not all of them.
        """
        piece, size = self._piece(told)
        with self._lock:
            if self.safe.get(piece) != size:
                _, upload = self._find(told.get("upload"), piece, size, may_begin=False)
                listed = told.get("parts")
                named = [(each.get("number"), each.get("sha256")) for each in listed or () if isinstance(each, dict)]
                there = [(number, sha) for number, (sha, _) in sorted(upload.parts.items())]
                if named != there or sum(length for _, length in upload.parts.values()) != size:
                    raise Refused(409, f"Of {piece} other parts are there than those that make it whole.")
                self.safe[piece] = size
        return {"safe": True, "message": "It is safe."}

    def put(self, asked: Asked) -> Answer:
        """Take a part, as S3 does by a link that the app has signed."""
        link = parse_qs(urlsplit(asked.path).query)
        upload_id, number, sha = (link.get(name, [""])[0] for name in ("upload", "part", "sha256"))
        found = base64.b64encode(hashlib.sha256(asked.body).digest()).decode()
        if asked.method != "PUT" or asked.headers.get(CHECKSUM) != sha or found != sha:
            return _error(400, "BadDigest")
        with self._lock:
            upload = self._uploads.get(upload_id)
            if upload is None:
                return _error(404, "NoSuchUpload")
            upload.parts[int(number)] = sha, len(asked.body)
        return Answer(200, b"", {"ETag": f'"{secrets.token_hex(16)}"', CHECKSUM: sha})

    def _piece(self, told: Mapping[str, Any]) -> tuple[str, int]:
        piece, size = told.get("piece"), told.get("bytes")
        if not isinstance(piece, str) or not _PIECE.fullmatch(piece):
            raise Refused(400, "piece is a name of letters, digits, dots, dashes and underscores.")
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise Refused(400, "bytes is the size of the piece.")
        if size == 0:
            self.empty.append(piece)
            raise Refused(400, f"The piece {piece} holds nothing.")
        return piece, size

    def _find(self, upload_id: object, piece: str, size: int, may_begin: bool = True) -> tuple[str, _Upload]:
        mine = {name: each for name, each in self._uploads.items() if (each.piece, each.size) == (piece, size)}
        if isinstance(upload_id, str) and upload_id in mine:
            return upload_id, mine[upload_id]
        if upload_id or not may_begin:
            raise Refused(409, "There is no such upload any more: begin it anew.")
        if mine:
            newest = list(mine)[-1]
            return newest, mine[newest]
        begun = secrets.token_urlsafe(16)
        self._uploads[begun] = _Upload(piece, size)
        return begun, self._uploads[begun]


def _error(status: int, code: str) -> Answer:
    return text(status, f"<Error><Code>{code}</Code></Error>")


def _link(origin: str, upload_id: str, part: object) -> dict[str, Any]:
    number, sha = (part.get("number"), part.get("sha256")) if isinstance(part, dict) else (None, None)
    if not isinstance(number, int) or number < 1 or not isinstance(sha, str):
        raise Refused(400, "Each part has a number from 1 on and its SHA-256 in base64.")
    query = urlencode({"upload": upload_id, "part": number, "sha256": sha})
    return {"number": number, "url": f"{origin}{PATH}part?{query}", "headers": {CHECKSUM: sha}}
