"""What DCV asks whether a token opens the desktop (`auth-token-verifier`): HTTP on loopback, answered from the machine.

DCV posts the form `sessionId, authenticationToken, clientAddress` and wants a small XML document, with status 200 for
yes and no alike. Anybody on the machine can ask, so a question proves nothing, and every question gets an answer.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from desktop.dcv import SESSION
from desktop.door import Verdict

GO_BACK = "Go back to the meeting's page and open your desktop from there again."

_FIELDS = {"sessionId", "authenticationToken", "clientAddress"}
_LONGEST_BODY = 8192
_PATIENCE_S = 5
_POLL_S = 0.5

log = logging.getLogger("elephant.desktop")


class Verifier:
    """Serves until it is stopped."""

    def __init__(self, judge: Callable[[str], Verdict], user: str, port: int = 0) -> None:
        """Take who judges a token, the user whose session the door leads to, and a port, 0 for any that is free.

        Raises:
            OSError: the port is taken.
        """

        class Handler(_Handler):
            answer = staticmethod(lambda form: _answer(form, judge, user))

        self._server = _Server(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = Thread(target=self._server.serve_forever, args=(_POLL_S,), name="verifier", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and release the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _answer(body: bytes, judge: Callable[[str], Verdict], user: str) -> str:
    """Return the document for a posted form, whatever was posted."""
    try:
        form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=8, errors="strict")
    except ValueError:  # a UnicodeError is one
        return _refuse("This is no form that DCV sends.", "?")
    if set(form) != _FIELDS or any(len(values) != 1 for values in form.values()):
        return _refuse(f"DCV sends {', '.join(sorted(_FIELDS))}, each once; this holds {sorted(form)!r:.200}.", "?")
    peer = form["clientAddress"][0]
    if form["sessionId"] != [SESSION]:
        return _refuse(f"There is no session {form['sessionId'][0]!r:.60} here.", peer)
    verdict = judge(form["authenticationToken"][0])
    if not verdict.opens:
        return _refuse(verdict.why, peer)
    log.info("The door opens for %.60r. %s", peer, verdict.why)
    return f'<auth result="yes"><username>{escape(user)}</username></auth>'


def _refuse(why: str, peer: str) -> str:
    log.warning("The door stays closed for %.60r. %s", peer, why)
    return f'<auth result="no"><message>{escape(GO_BACK)}</message></auth>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # on Windows it would let another program share the port

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  socketserver's own signature
        """Log what broke a question off: who asked gets no answer, which DCV takes for no."""
        if isinstance(sys.exc_info()[1], OSError):
            log.warning("Who asked at the door has gone before the answer.")
        else:
            log.exception("A question at the door could not be answered.")


class _Handler(BaseHTTPRequestHandler):
    answer: Callable[[bytes], str]
    server_version = "elephant"
    sys_version = ""
    protocol_version = "HTTP/1.0"  # one question a connection: nobody holds a thread for longer than the patience
    timeout = _PATIENCE_S

    def do_POST(self) -> None:
        """Answer one question, wherever it is posted: DCV's setting may have a path."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self._reply(_refuse(f"A form of {length or 'no'} bytes is none that DCV sends.", self.client_address[0]))
            return
        body = self.rfile.read(int(length))
        self._reply(self.answer(body))

    def _reply(self, document: str) -> None:
        body = document.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base's own name
        """Keep the server's own lines out of the log: a token may stand in one."""
