"""What stands behind the pages in these tests: a server that gives the pages, and whatever answers a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from chalicelib.environment import OperatorSettings
from chalicelib.people.pages import language_for, page

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""What time it is in the app; a visitor's clock says what it likes."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question is answered with. `ours`: by the app itself, which marks its answers."""

    status: int
    body: Mapping[str, Any] | str = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True
    time: datetime = NOON

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)

    @property
    def all_headers(self) -> dict[str, str]:
        kind = "text/html" if isinstance(self.body, str) else "application/json"
        marks = {"Elephant": "1", "Elephant-Time": self.time.strftime("%Y-%m-%dT%H:%M:%SZ")} if self.ours else {}
        return {"Content-Type": kind, **marks, **self.headers}


@dataclass(frozen=True, slots=True)
class Question:
    """What a page asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


SILENCE = Answer(0)
"""The connection is closed without an answer."""


class Stand:
    """Serves below `/api/`, pages for an `operator` and at a `time`; the last of `answers` is given again and again.

    `logo` is what is answered to who asks for the operator's.
    """

    def __init__(self) -> None:
        self.time = NOON
        self.operator = OperatorSettings()
        self.logo = Answer(404)
        self.answers: list[Answer] = []
        self.questions: list[Question] = []
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                """Write nothing."""

            def do_GET(self) -> None:
                stand.serve(self)

            do_HEAD = do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815  the names that http.server calls

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request: with a page at the pages' addresses, else with what the test has said."""
        path = urlsplit(request.path).path
        pages = {
            "/api": "schedule",
            "/api/meeting": "meeting",
            "/api/manage": "manage",
            "/api/ops": "ops",
            "/api/days": "days",
        }
        if path.rstrip("/") in pages and request.command in ("GET", "HEAD"):
            asked = dict(parse_qsl(urlsplit(request.path).query)).get("lang", "")
            language = language_for(asked, request.headers.get("Accept-Language", ""))
            answer = Answer(200, page(pages[path.rstrip("/")], self.operator, language), time=self.time)
        elif path == "/api/logo":
            answer = self.logo
        else:
            body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
            self.questions.append(Question(request.command, request.path, dict(request.headers), body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is SILENCE:
            request.close_connection = True
            return
        request.send_response(answer.status)
        content = answer.text.encode()
        for name, value in {**answer.all_headers, "Content-Length": str(len(content))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)


# --- answers of the app to somebody at the door

DESKTOP = "https://i-0a0a0a0a0a0a0a0a0.example.com:8443"
READY = Answer(200, {"message": "Your desktop is ready.", "dcv_url": DESKTOP, "status": "IN_PROGRESS"})


def waiting(step: str, time: datetime = NOON, **progress: object) -> Answer:
    """Return the answer to who waits at this step; `since` and `launch_at` as the app tells them."""
    body = {"message": "Your desktop is being prepared.", "status": "LAUNCHED", "progress": {"step": step, **progress}}
    return Answer(202, body, {"Retry-After": "5"}, time=time)


def refused(status: int, message: str = "The app's own sentence.", **more: object) -> Answer:
    """Return a refusal of the app."""
    return Answer(status, {"message": message, **more})
