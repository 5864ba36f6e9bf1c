"""The way to a desktop as a person's browser goes it: its name, the certificate that is shown, and what answers."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tools.trial.steps import Failed

Address = tuple[str, int]

_TIMEOUT_S = 20
_OF_THE_PROXY = {
    520: "the desktop's DCV answers it with nothing that it understands",
    521: "nothing listens at the desktop's port",
    522: "the desktop does not answer it: its port is closed to it, or the machine hangs",
    523: "it finds no way to the desktop's address",
    524: "the desktop takes its connection and then says nothing",
    525: "the desktop's TLS does not come about",
    526: "the desktop's certificate is none that it trusts",
}
"""What Cloudflare's own statuses say of the desktop behind it."""


@dataclass(frozen=True, slots=True)
class Way:
    """What was seen on the way: where the name leads, and whose certificate was shown."""

    addresses: tuple[str, ...]
    issuer: str
    good_to: datetime

    def __str__(self) -> str:
        """Return it as a clause."""
        where = ", ".join(self.addresses)
        return f"leads to {where}, with a certificate of {self.issuer}, good to {self.good_to:%Y-%m-%d}"


def resolve(host: str, port: int) -> list[Address]:
    """Return where a name leads, as this machine's resolver says.

    Raises:
        OSError: it does not know the name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(address[0]), int(address[1])) for *_, address in found))


class Reach:
    """Goes the way to a desktop. `roots` are those that the stage's desktops' certificates are issued by, as PEM."""

    def __init__(
        self,
        proxy: str,
        roots: str,
        certificate: str,
        doctor: str,
        resolver: Callable[[str, int], list[Address]] = resolve,
    ) -> None:
        """Take the name of the DNS provider's proxy, the roots, two commands as remedies, and who resolves names."""
        self._proxy = proxy
        self._roots = roots
        self._certificate = certificate
        self._doctor = doctor
        self._resolve = resolver

    def go(self, url: str) -> Way:
        """Go the way to this address: resolve its name, judge its certificate as a browser does, and ask for its page.

        Raises:
            Failed: a browser would not get there; it says why.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        addresses = self._addresses(host, port)
        way = None
        last: OSError = OSError("no address was tried")
        for address in addresses:  # as browsers do: one that is not reached from here is followed by the next
            try:
                way = self._knock(host, port, address)
                break
            except ssl.SSLCertVerificationError as error:
                raise self._distrusted(host, address, error) from error
            except (OSError, http.client.HTTPException) as error:
                last = error if isinstance(error, OSError) else OSError(str(error))
        if way is None:
            where = ", ".join(f"{name}:{at}" for name, at in addresses)
            raise Failed(
                f"{host} leads to {where}, and no TLS connection comes about there: {last.strerror or last}",
                f"see that this machine may connect to port {port} outside; {self._doctor} looks at the security group",
            )
        issuer, good_to, status = way
        if status >= 400:
            raise self._turned_away(host, status)
        return Way(tuple(dict.fromkeys(name for name, _ in addresses)), issuer, good_to)

    def _addresses(self, host: str, port: int) -> list[Address]:
        try:
            return self._resolve(host, port)
        except OSError as error:
            raise Failed(
                f"{host} does not resolve here, though the app has published it: {error.strerror or error}",
                f"see that this machine's resolver answers for other names of the domain, then {self._doctor}; a "
                "resolver may keep for an hour that a name was not there",
            ) from error

    def _knock(self, host: str, port: int, address: Address) -> tuple[str, datetime, int]:
        """Return who issued the certificate, to when it is good, and the status with which the page is answered."""
        context = ssl.create_default_context()
        with (
            socket.create_connection(address, timeout=_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as channel,
        ):
            shown: Mapping[str, Any] = channel.getpeercert() or {}
            asked = f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: Elephant\r\nConnection: close\r\n\r\n"
            channel.sendall(asked.encode("ascii"))
            answer = http.client.HTTPResponse(channel)
            answer.begin()
            good_to = datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC)
            return _issuer(shown), good_to, answer.status

    def _distrusted(self, host: str, address: Address, error: ssl.SSLCertVerificationError) -> Failed:
        why = error.verify_message.rstrip(".")
        if self._roots and self._is_by_roots(host, address):
            return Failed(
                f"{host} leads straight to its desktop, whose certificate is good for {self._proxy} alone: no browser "
                f"trusts it ({why})",
                f"let {self._proxy} proxy the stage's records, or give desktops a certificate that browsers trust: "
                f"{self._certificate}",
            )
        return Failed(
            f"the certificate that is shown for {host} is none that a browser trusts: {why}",
            f"see that the domain has an edge certificate at {self._proxy} for *.{host.partition('.')[2]}; for the "
            f"desktops' own: {self._certificate}",
        )

    def _is_by_roots(self, host: str, address: Address) -> bool:
        context = ssl.create_default_context(cadata=self._roots)
        try:
            with (
                socket.create_connection(address, timeout=_TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname=host),
            ):
                return True
        except OSError:
            return False

    def _turned_away(self, host: str, status: int) -> Failed:
        if status in (525, 526):
            what = f"{self._proxy} does not connect to the desktop behind {host}: {_OF_THE_PROXY[status]} ({status})"
            return Failed(what, self._certificate)
        if why := _OF_THE_PROXY.get(status):
            what = f"{self._proxy} does not get to the desktop behind {host}: {why} ({status})"
            return Failed(what, f"{self._doctor} looks at the security group; see that DCV runs on the image")
        return Failed(
            f"{host} answers {status} in the place of DCV's page",
            f"see whether a rule of {self._proxy} turns browsers away from port 8443",
        )


def _issuer(shown: Mapping[str, Any]) -> str:
    parts = {name: value for part in shown.get("issuer", ()) for name, value in part}
    return str(parts.get("organizationName") or parts.get("commonName") or "an issuer without a name")
