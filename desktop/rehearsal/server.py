"""A small HTTP server on loopback, for what stands in for others here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_LONGEST_BODY = 1 << 28  # bytes: more than a part of a recording of some seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; the names of headers are in lower case, the path is as it was sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def text(status: int, words: str) -> Answer:
    """Return an answer in plain text."""
    return Answer(status, words.encode(), {"Content-Type": "text/plain"})


def as_json(status: int, told: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(told).encode(), {"Content-Type": "application/json", **headers})


class Server:
    """Serves on a port of its own until it is stopped."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        """Take what answers, which is asked from several threads.

        Raises:
            OSError: there is no port to be had.
        """

        class Handler(_Handler):
            answer_to = staticmethod(answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, args=(0.05,), name="stand-in", daemon=True).start()

    def stop(self) -> None:
        """Stop serving and release the port."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    answer_to: Callable[[Asked], Answer]
    timeout = 60

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            told = text(413, "The body is too long, or does not tell how long it is.")
        else:
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = self.answer_to(Asked(self.command, self.path, headers, self.rfile.read(int(length))))
        self.send_response(told.status)  # with the time, which the agent goes by
        for name, value in {**told.headers, "Content-Length": str(len(told.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told.body)

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815  as http.server names them

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's own name
        """Keep the server's own lines out of what the rehearsal prints."""
