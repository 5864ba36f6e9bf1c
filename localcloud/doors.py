"""Port 8443 of the whole laptop: each connection goes on to the desktop that its name is for, TLS untouched.

In people's accounts each desktop has an address of its own; here all share one, and browsers take every name under
`localhost` for it.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress

from localcloud.server import PortTaken

DOMAIN = "elephant.localhost"
"""The zone of a laptop's desktops: browsers take every name in it for the laptop itself."""

_LONGEST_HELLO = 20_000
_PATIENCE_S = 10
_CHUNK = 65_536


class DoorsTaken(PortTaken):
    """Another program listens where desktops' links lead."""


class Doors:
    """Serves until it is stopped; `port_of` tells the port of the desktop of a name, None for none."""

    def __init__(self, port_of: Callable[[str], int | None], port: int = 0) -> None:
        """Take the port, 0 for any that is free.

        Raises:
            DoorsTaken: another program has it.
        """
        self._port_of = port_of
        try:
            self._server = socket.create_server(("127.0.0.1", port))
        except OSError as error:
            raise DoorsTaken(f"Port {port} on 127.0.0.1, where desktops' links lead, is taken.") from error
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, name="doors", daemon=True).start()

    def stop(self) -> None:
        """Stop taking connections; those that live end with their desktops."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._server.accept()
                threading.Thread(target=self._lead, args=(visitor,), daemon=True).start()

    def _lead(self, visitor: socket.socket) -> None:
        with suppress(OSError), visitor:
            visitor.settimeout(_PATIENCE_S)
            hello, name = _read_hello(visitor)
            port = self._port_of(name) if name else None
            if port is None:
                return
            with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as desktop:
                for each in (visitor, desktop):
                    each.settimeout(None)
                desktop.sendall(hello)
                back = threading.Thread(target=_pass_on, args=(desktop, visitor), daemon=True)
                back.start()
                _pass_on(visitor, desktop)
                back.join()


def _read_hello(visitor: socket.socket) -> tuple[bytes, str | None]:
    """Return what a visitor has sent until the name was known, and the name; OpenSSL itself reads it."""
    names: list[str] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def note(_channel: object, name: str | None, _context: object) -> int:
        names.extend([name] if name else [])
        return ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE  # it has no certificate, and needs none

    context.sni_callback = note
    incoming, hello = ssl.MemoryBIO(), b""
    channel = context.wrap_bio(incoming, ssl.MemoryBIO(), server_side=True)
    while len(hello) < _LONGEST_HELLO:
        some = visitor.recv(_CHUNK)
        if not some:
            break
        hello += some
        incoming.write(some)
        try:
            channel.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError:
            break
    return hello, names[0].lower() if names else None


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(_CHUNK):
            target.sendall(some)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
