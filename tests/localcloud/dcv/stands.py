"""What stands around the stand-in for DCV in its tests: a verifier of their own, and a browser that is a TLS client."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from localcloud.dcv.process import DcvProcess
from tests import waiting

YES = (200, b'<auth result="yes"><username>lesson</username></auth>')
NO = (200, b'<auth result="no"><message>Used &lt;before&gt; &amp; over</message></auth>')
PATIENCE_S = 20


until = partial(waiting.until, patience_s=PATIENCE_S)


@dataclass(frozen=True)
class Asked:
    """One request to the verifier, as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


class Verifier:
    """Answers every question with `answer`; None: it hangs until it is closed."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] | None = YES
        self.asked: list[Asked] = []
        self._closed = threading.Event()
        stand = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: object) -> None:
                """Write nothing."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stand.asked.append(Asked(self.requestline, dict(self.headers), body))
                answer = stand.answer
                if answer is None:
                    stand._closed.wait(PATIENCE_S)
                    return
                self.send_response(answer[0])
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/verify/here"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()


class Live:
    """A browser's live connection, or the refusal of one."""

    def __init__(self, connection: http.client.HTTPSConnection, response: http.client.HTTPResponse) -> None:
        self._connection = connection
        self._response = response
        self.status = response.status
        self.first: dict[str, Any] = json.loads(response.readline() if self.is_in else response.read())

    @property
    def is_in(self) -> bool:
        return self.status == 200

    def next(self) -> dict[str, Any] | None:
        """Return the next line; None where the connection has ended."""
        try:
            line = self._response.readline()
        except (OSError, http.client.HTTPException):
            return None
        told: dict[str, Any] | None = json.loads(line) if line else None
        return told

    def drop(self) -> None:
        """Let go, as a browser whose page is reloaded."""
        self._response.close()
        self._connection.close()


class Desk(DcvProcess):
    """One desktop's server, and what a test does with it."""

    def settings(self, verifier: str, *, security: str = "", automatic: str = "", rest: str = "") -> None:
        (self.home / "dcv.conf").write_text(
            f"[session-management]\ncreate-session=true\n"
            f"[session-management/automatic-console-session]\nowner='lesson'\n{automatic}\n"
            f'[security]\nauth-token-verifier="{verifier}"\n{security}\n{rest}\n'
        )

    def browser(self) -> http.client.HTTPSConnection:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=context)

    def connect(self, token: str = "t-1", over: http.client.HTTPSConnection | None = None, **fields: str) -> Live:
        browser = over or self.browser()
        browser.request("POST", "/connect", urlencode({"authToken": token, "sessionId": "console", **fields}))
        return Live(browser, browser.getresponse())

    def press(self, button: str, live: Live) -> int:
        browser = self.browser()
        try:
            browser.request("POST", f"/{button}", urlencode({"key": live.first["key"]}))
            return browser.getresponse().status
        finally:
            browser.close()

    def told(self, *arguments: str) -> Any:
        """Return what the command line prints as JSON."""
        ran = self.dcv(*arguments, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    def connections(self) -> int:
        return int(self.told("describe-session", "console")["num-of-connections"])

    @property
    def log(self) -> str:
        return (self.home / "server.log").read_text()


def peer_certificate(port: int) -> bytes:
    """Return what a handshake shows, DER."""
    return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", port), timeout=PATIENCE_S))


def make_desk(home: Path, reconnect_s: float = 3) -> Desk:
    return Desk(home, "i-0abc.example.com", reconnect_s=reconnect_s)
