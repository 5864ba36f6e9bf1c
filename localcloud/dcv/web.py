"""What a browser gets: the page, the live connection, the four buttons.

Where this differs from DCV: DCV's web client holds a WebSocket and authenticates over it; here the page holds one long
request, `POST connect`, whose answer is a stream of lines of JSON that lasts as long as the connection does. What is
alike is what the verifier, the command line and the person see of it: fetching the page asks the verifier nothing, each
connecting asks it once, the server notices at once when the browser lets go, and three refusals on one connection
(`authentication-threshold`) close it.

Lines: admitted (whose desktop, the room), room (it changed), beat, and over with the reason, after which the page does
not come back. A stream that ends without `over` is lost, and the page connects again with the same token.
"""

from __future__ import annotations

import html
import json
import logging
import re
import select
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from localcloud.dcv.certificate import Certificate
from localcloud.dcv.server import Dcv, Refused, crash
from localcloud.dcv.session import Connection
from localcloud.dcv.states import read_room

_LOG = logging.getLogger("web")
_PAGE = Path(__file__).with_name("page.html")
_FORM_MAX_BYTES = 64 * 1024
_IDLE_S = 30
_LOOK_EVERY_S = 0.25
_FINAL = {"closed", "evicted", "left"}
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'"
)


class Web:
    """The TLS port of one desktop, served until it is stopped."""

    def __init__(self, dcv: Dcv, host_name: str, port: int, reconnect_s: float) -> None:
        path = dcv.settings.text("connectivity", "web-url-path").rstrip("/") + "/"
        page = _PAGE.read_text(encoding="utf-8")
        for name, value in {"PATH": path, "HOST": host_name, "RECONNECT_MS": str(round(reconnect_s * 1000))}.items():
            page = page.replace(f"{{{{{name}}}}}", html.escape(value))
        certificate = Certificate(dcv.home, host_name)

        class Handler(_Handler):
            pass

        Handler.dcv, Handler.path_here, Handler.page = dcv, path, page.encode()
        self._server = _Server(("127.0.0.1", port), Handler, certificate)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[_Handler], certificate: Certificate) -> None:
        self._certificate = certificate
        super().__init__(address, handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that one who does not speak keeps nobody waiting."""
        request.settimeout(_IDLE_S)
        with self._certificate.context().wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  as socketserver calls it
        """Note in the log what went wrong with a client."""
        _LOG.info("A connection from %s ended.", client_address[0], exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    dcv: Dcv
    path_here: str
    page: bytes
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "dcv", ""
    timeout = _IDLE_S

    def setup(self) -> None:
        """Count the refusals on this connection."""
        super().setup()
        self._refusals = 0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  as http.server names it
        """Write nothing: a request's line holds the token."""

    def do_GET(self) -> None:
        """Give the page; nothing is asked of the verifier."""
        if not self._is_allowed("Host", "allowed-http-host-regex"):
            return self._json(403, {"message": "This host is not allowed."})
        if urlsplit(self.path).path != self.path_here:
            return self._json(404, {"message": "There is nothing here."})
        return self._send(200, "text/html; charset=utf-8", self.page)

    do_HEAD = do_GET  # noqa: N815  as http.server names it

    def do_POST(self) -> None:
        """Connect, or do what a button says."""
        form = self._form()
        if form is None:
            return None
        if not self._is_allowed("Host", "allowed-http-host-regex") or not self._is_allowed(
            "Origin", "allowed-ws-origin-regex"
        ):
            return self._json(403, {"message": "This host or origin is not allowed."})
        deed = urlsplit(self.path).path.removeprefix(self.path_here)
        if deed == "connect":
            return self._connect(form)
        connection = self.dcv.connection(form.get("key", ""))
        if connection is None:
            return self._json(404, {"message": "This connection is over."})
        if deed == "work":
            self.dcv.worked(connection)
        elif deed == "leave":
            connection.end("left")
        elif deed == "crash":
            crash()
        else:
            return self._json(404, {"message": "There is nothing here."})
        return self._json(200, {})

    def _connect(self, form: dict[str, str]) -> None:
        try:
            connection = self.dcv.admit(
                form.get("sessionId", ""), form.get("authToken", ""), str(self.client_address[0])
            )
        except Refused as refusal:
            self._refusals += 1
            if self._refusals >= self.dcv.settings.number("security", "authentication-threshold"):
                self.close_connection = True
            return self._json(403, {"message": str(refusal)})
        self.close_connection = True
        try:
            self._stream(connection)
        except (OSError, ValueError):
            pass  # the browser let go
        finally:
            self.dcv.left(connection)
        return None

    def _stream(self, connection: Connection) -> None:
        self.send_response(200)
        for name, value in (("Content-Type", "application/x-ndjson"), ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        keepalive_s = self.dcv.settings.number("connectivity", "ws-keepalive-interval")
        room = read_room(self.dcv.home)
        self._line(event="admitted", key=connection.key, user=connection.user, room=room, keepalive_s=keepalive_s)
        beat_at = time.monotonic() + keepalive_s
        while not connection.ended:
            ready, _, _ = select.select([self.connection, connection.wakes], [], [], _LOOK_EVERY_S)
            if self.connection in ready and self._has_let_go():
                return
            seen = read_room(self.dcv.home)
            if seen != room:
                room = seen
                self._line(event="room", room=room)
            if time.monotonic() >= beat_at:
                beat_at = time.monotonic() + keepalive_s
                self._line(event="beat")
        if connection.ended in _FINAL:
            self._line(event="over", reason=connection.ended)
        self.wfile.write(b"0\r\n\r\n")

    def _has_let_go(self) -> bool:
        """Return whether the browser has closed; what else it sends on this connection counts as that too."""
        connection: socket.socket = self.connection
        connection.setblocking(False)
        try:
            connection.recv(1)
        except BlockingIOError:
            return False
        except OSError as error:
            return type(error).__name__ not in {"SSLWantReadError", "SSLWantWriteError"}
        finally:
            connection.settimeout(_IDLE_S)
        return True

    def _line(self, **event: Any) -> None:
        data = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _form(self) -> dict[str, str] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _FORM_MAX_BYTES:
            self.close_connection = True
            self._json(400, {"message": "Send a form with its length, of 64 KiB at most."})
            return None
        try:
            told = parse_qs(self.rfile.read(int(length)).decode(), keep_blank_values=True)
        except ValueError:
            self._json(400, {"message": "The form cannot be read."})
            return None
        return {name: values[0] for name, values in told.items()}

    def _is_allowed(self, header: str, setting: str) -> bool:
        value = self.headers.get(header)
        return value is None or bool(re.search(self.dcv.settings.text("security", setting), value))

    def _json(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
