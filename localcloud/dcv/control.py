"""How the command line reaches the server of a home: a loopback port and a key, both in the file `control`.

Only who may read that file is served, as only root sees every session of DCV. One line of JSON each way.
"""

from __future__ import annotations

import json
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from localcloud.dcv.states import write_whole

_FILE = "control"
_PATIENCE_S = 10
_MAX_BYTES = 1 << 20
_Reply = Mapping[str, Any]


class Unreachable(Exception):
    """No server of this home answers."""


class Control:
    """Serves the command line of one home until it is stopped."""

    def __init__(self, home: Path, answer: Callable[[Mapping[str, Any]], _Reply]) -> None:
        self._file = home / _FILE
        key = secrets.token_hex(32)

        class Handler(socketserver.StreamRequestHandler):
            timeout = _PATIENCE_S

            def handle(self) -> None:
                try:
                    asked = json.loads(self.rfile.readline(_MAX_BYTES))
                except (OSError, ValueError):
                    return
                if isinstance(asked, dict) and secrets.compare_digest(str(asked.pop("key", "")).encode(), key.encode()):
                    self.wfile.write(json.dumps(answer(asked)).encode() + b"\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        write_whole(self._file, json.dumps({"port": self._server.server_address[1], "key": key}), 0o600)

    def stop(self) -> None:
        """Serve no longer, and leave no trace in the home."""
        self._file.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


def ask(home: Path, **question: Any) -> dict[str, Any]:
    """Ask the server of a home.

    Raises:
        Unreachable: it does not run, or does not answer.
    """
    try:
        found = json.loads((home / _FILE).read_text(encoding="utf-8"))
        with socket.create_connection(("127.0.0.1", found["port"]), _PATIENCE_S) as connection:
            connection.sendall(json.dumps({"key": found["key"], **question}).encode() + b"\n")
            reply = json.loads(connection.makefile("rb").readline())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"The DCV server of {home} does not answer ({error}): start it.") from error
    if not isinstance(reply, dict):
        raise Unreachable(f"What answers for the DCV server of {home} is another program: start the server again.")
    return reply
