"""The app's routes for recordings and S3 behind them, on loopback and as strict as both: for what goes wrong there.

S3 takes a part only with just the headers that were signed, of just the bytes that they are for, and completes an
upload only with every part's SHA-256. What is to fail is set by a test: for each part that is sent it is asked how.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from desktop.api import AppRefused, AppUnreachable

_CHUNK = 64 * 1024


class Fault(StrEnum):
    """Where the connection is cut while a part is sent."""

    BEFORE = "before it"
    MIDWAY = "midway"
    AFTER = "after it, and before the answer"


@dataclass(frozen=True)
class Says:
    """S3 answers this instead of taking the part."""

    status: int
    code: str
    early: bool = False
    """Without reading what is sent."""


@dataclass
class Upload:
    piece: str
    parts: dict[int, tuple[str, int]] = field(default_factory=dict)


class Store:
    """Both of them. `path` is what the desktop asks below."""

    def __init__(self, path: str = "/desktop/m-1/recordings") -> None:
        self._path = path
        self._lock = Lock()
        self._count = 0
        self.fault: Callable[[int], Fault | Says | None] = lambda number: None
        self.app_fault: Exception | None = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.uploads: dict[str, Upload] = {}
        self.safe: dict[str, tuple[int, list[str]]] = {}
        self.links: dict[str, tuple[str, int, str]] = {}
        self.received = 0
        """Bytes of parts that have arrived here, taken or not."""
        self.begun = 0
        self.taken: list[int] = []
        store = self

        class Handler(_Handler):
            serve = staticmethod(store._put)
            told = staticmethod(store._ask_over_http)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget_links(self) -> None:
        """Have the session that signed the links end."""
        self.links.clear()

    def forget_uploads(self) -> None:
        """Have the bucket clear what is unfinished."""
        self.uploads.clear()

    # --- the app

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        assert method == "POST"
        assert body is not None
        if self.app_fault:
            raise self.app_fault
        what = path.removeprefix(self._path)
        self.asked.append((what, dict(body)))
        with self._lock:
            return self._complete(body) if what == "/safe" else self._sign(body)

    def _ask_over_http(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a process of its own, whose signature nobody checks here."""
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        told, status = {}, 200
        try:
            told = self.ask("POST", handler.path, body)
        except AppRefused as refused:
            told, status = {"message": str(refused)}, refused.status
        answer = json.dumps(told).encode()
        handler.send_response_only(status)
        handler.send_header("Elephant", "1")
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(answer)

    def _sign(self, body: Mapping[str, Any]) -> dict[str, Any]:
        assert set(body) == {"piece", "bytes", "upload", "parts"}
        assert len(body["parts"]) <= 20
        piece = body["piece"]
        if self.safe.get(piece, (None,))[0] == body["bytes"]:
            return {"upload": "", "there": [], "links": [], "safe": True}
        upload_id = body["upload"]
        if not upload_id:
            known = [each for each, upload in self.uploads.items() if upload.piece == piece]
            upload_id = known[-1] if known else self._name("upload")
            self.uploads.setdefault(upload_id, Upload(piece))
        if upload_id not in self.uploads:
            raise AppRefused(409, "S3 knows nothing of that upload; begin anew.")
        parts = self.uploads[upload_id].parts
        there = [{"number": n, "sha256": sha, "bytes": size} for n, (sha, size) in sorted(parts.items())]
        links = [self._link(upload_id, part["number"], part["sha256"]) for part in body["parts"]]
        return {"upload": upload_id, "there": there, "links": links, "safe": False}

    def _link(self, upload_id: str, number: int, sha256: str) -> dict[str, Any]:
        token = self._name("link")
        self.links[token] = upload_id, number, sha256
        url = f"{self.url}/{quote(self.uploads[upload_id].piece)}?partNumber={number}&token={token}"
        return {"number": number, "url": url, "headers": {"x-amz-checksum-sha256": sha256}}

    def _complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        assert set(body) == {"piece", "bytes", "upload", "parts"}
        piece, told = body["piece"], [(part["number"], part["sha256"]) for part in body["parts"]]
        if self.safe.get(piece, (None,))[0] == body["bytes"]:
            return {"safe": True, "message": "It is safe."}
        upload = self.uploads.get(body["upload"])
        if upload is None:
            raise AppRefused(409, "S3 knows nothing of that upload; look again.")
        there = [(number, upload.parts[number][0]) for number, _ in told if number in upload.parts]
        size = sum(upload.parts[number][1] for number, _ in there)
        if [number for number, _ in told] != list(range(1, len(told) + 1)) or there != told or size != body["bytes"]:
            raise AppRefused(409, "S3 refuses to complete it: a part is missing, or is another.")
        self.safe[piece] = size, [sha for _, sha in told]
        del self.uploads[body["upload"]]
        return {"safe": True, "message": "It is safe."}

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    # --- S3

    def _put(self, handler: BaseHTTPRequestHandler) -> None:
        asked = parse_qs(urlsplit(handler.path).query)
        number = int(asked["partNumber"][0])
        with self._lock:
            self.begun += 1
        fault = self.fault(number)
        if fault is Fault.BEFORE:
            return _cut(handler)
        if isinstance(fault, Says) and fault.early:
            return _answer(handler, fault.status, fault.code)
        length = int(handler.headers["Content-Length"])
        digest, left = hashlib.sha256(), length // 2 if fault is Fault.MIDWAY else length
        while left and (piece := handler.rfile.read(min(_CHUNK, left))):
            left -= len(piece)
            digest.update(piece)
            with self._lock:
                self.received += len(piece)
        if fault is Fault.MIDWAY:
            return _cut(handler)
        if isinstance(fault, Says):
            return _answer(handler, fault.status, fault.code)
        link = self.links.get(asked["token"][0])
        if link is None:
            return _answer(handler, 403, "AccessDenied")
        upload_id, signed, sha256 = link
        sent = {name.lower(): value for name, value in handler.headers.items()}
        if sent != {"host": sent["host"], "content-length": str(length), "x-amz-checksum-sha256": sha256}:
            return _answer(handler, 403, "SignatureDoesNotMatch")
        if upload_id not in self.uploads:
            return _answer(handler, 404, "NoSuchUpload")
        if signed != number or b64encode(digest.digest()).decode() != sha256:
            return _answer(handler, 400, "BadDigest")
        with self._lock:
            self.uploads[upload_id].parts[number] = sha256, length
            self.taken.append(number)
        return _cut(handler) if fault is Fault.AFTER else _answer(handler, 200, "")


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    reset = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    handler.connection.close()


def _answer(handler: BaseHTTPRequestHandler, status: int, code: str) -> None:
    body = f"<Error><Code>{code}</Code><Message>So it is.</Message></Error>".encode() if code else b""
    handler.send_response_only(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


class _Handler(BaseHTTPRequestHandler):
    serve: Callable[[BaseHTTPRequestHandler], None]
    told: Callable[[BaseHTTPRequestHandler], None]

    def do_PUT(self) -> None:
        try:
            self.serve(self)
        except (OSError, ValueError):
            self.close_connection = True

    def do_POST(self) -> None:
        self.told(self)

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # cut on purpose

    def log_message(self, *told: Any) -> None:
        return


UNREACHABLE = AppUnreachable("Nobody answers.")
