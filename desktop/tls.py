"""Whether DCV's port answers with a certificate that is good for this desktop's name today.

People's browsers never see it where Cloudflare stands in between. Cloudflare does, and lets nobody through to one that
it does not know. So it is checked against the root that the app hands over, as Cloudflare would.
"""

from __future__ import annotations

import socket
import ssl

_PATIENCE_S = 5


def find_fault(port: int, host_name: str, roots: str | None, host: str = "127.0.0.1") -> str | None:
    """Return what is wrong with the port's TLS as a sentence, None for nothing.

    `host_name` is the name that people's links bear, `roots` the issuer's root certificates as PEM; None for those that
    the system trusts.
    """
    try:
        context = ssl.create_default_context() if roots is None else _trusting(roots)
    except (ssl.SSLError, ValueError):
        return "The root certificate that the app has handed over is none."
    try:
        with (
            socket.create_connection((host, port), timeout=_PATIENCE_S) as connection,
            context.wrap_socket(connection, server_hostname=host_name) as channel,
        ):
            channel.sendall(f"HEAD / HTTP/1.0\r\nHost: {host_name}\r\n\r\n".encode())
            if not channel.recv(1):
                return f"DCV closes the connection on port {port} without an answer."
    except ssl.SSLCertVerificationError as error:
        return f"The certificate on port {port} is not good for {host_name}: {error.verify_message}."
    except ConnectionRefusedError:
        return f"Nothing listens on port {port}."
    except OSError as error:
        return f"Port {port} does not answer as TLS does: {error.strerror or error}."
    return None


def _trusting(roots: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=roots)
    return context
