"""A WSGI application on a loopback port, in a thread of its own."""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

_POLL_S = 0.05


class PortTaken(Exception):
    """Another program listens on the port."""


class _Quiet(WSGIRequestHandler):
    _is_dated = False

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing: the ledger holds the calls."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin the answer; its date is the application's where that gives one, for it may keep another time."""
        self._is_dated = False
        self.send_response_only(code, message)
        self.send_header("Server", self.version_string())

    def send_header(self, keyword: str, value: str) -> None:
        """Send a header, and note whether it was the date."""
        self._is_dated |= keyword.lower() == "date"
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        """End the headers, and date the answer that has no date yet."""
        if not self._is_dated:
            self.send_header("Date", self.date_time_string())
        super().end_headers()


class Server:
    """Serves until it is stopped."""

    def __init__(self, application: Any, port: int = 0, host: str = "127.0.0.1") -> None:
        """Take the port, 0 for any that is free.

        Raises:
            PortTaken: another program has it.
        """
        # werkzeug answers a taken port with sys.exit; a socket that is bound already leaves it no occasion.
        with _bind(host, port) as bound:
            port = bound.getsockname()[1]
            self._server = make_server(
                host, port, application, threaded=True, request_handler=_Quiet, fd=bound.fileno()
            )
        self.url = f"http://{host}:{port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and release the port."""
        self._server.shutdown()
        self._thread.join()


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Return whether nobody listens on the port now."""
    try:
        _bind(host, port).close()
    except PortTaken:
        return False
    return True


def _bind(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise PortTaken(f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}).") from error
