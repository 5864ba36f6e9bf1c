"""dcv.pem and dcv.key of one desktop: self-signed when absent, read anew when the files are replaced.

As DCV does since 2022.0. A pair that does not load (one of the two is replaced, the other not yet; garbage) is logged,
and the last good pair goes on serving.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import ssl
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localcloud.dcv.states import write_whole
from tools.pem import Pair

_LOG = logging.getLogger("certificate")
_VALID_DAYS = 365
_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """What the server shows at a handshake."""

    def __init__(self, home: Path, host_name: str) -> None:
        self._files = (home / "dcv.pem", home / "dcv.key")
        self._lock = threading.Lock()
        if not all(path.exists() for path in self._files):
            make_pair(home, [host_name])
            _LOG.info("A self-signed certificate was made for %s.", host_name)
        self._seen = self._stamp()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        """Return what a handshake that begins now uses."""
        with self._lock:
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen = stamp
                try:
                    self._context = self._load()
                    _LOG.info("The certificate was replaced.")
                except (OSError, ValueError) as error:
                    _LOG.warning("dcv.pem and dcv.key cannot be used (%s): the last good pair stays.", error)
            return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._files, password=_no_password)
        return context

    def _stamp(self) -> _Stamp:
        try:
            looks = [os.stat(path) for path in self._files]
        except OSError:
            return ()
        return tuple((look.st_ino, look.st_mtime_ns, look.st_size) for look in looks)


class Authority:
    """Issues desktops' certificates, as Cloudflare's Origin CA does; its root is what the app hands to desktops."""

    def __init__(self, now: datetime | None = None) -> None:
        """Make a root, valid for a year from now (UTC)."""
        self._since = (now or datetime.now(UTC)) - timedelta(minutes=5)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("The laptop's own issuer")
        self._root = self._sign(self._name, self._key.public_key(), ())

    @property
    def root(self) -> str:
        """The root, as PEM."""
        return self._root.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, name: str) -> Pair:
        """Return a certificate with its key for this name, which may begin with a wildcard."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(_name(name), key.public_key(), [x509.DNSName(name)])
        chain, private = _texts(key, made)
        return Pair(chain, private, self.root, made.not_valid_after_utc)

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, names: Sequence[x509.GeneralName]
    ) -> x509.Certificate:
        constraints = x509.BasicConstraints(ca=not names, path_length=None)
        return _signed(self._name, self._key, subject, key, self._since, constraints, names)


def make_pair(home: Path, names: list[str], now: datetime | None = None) -> None:
    """Write a self-signed dcv.pem and dcv.key for these names and this machine, valid a year from `now` (UTC)."""
    since = (now or datetime.now(UTC)) - timedelta(minutes=5)
    key, name = ec.generate_private_key(ec.SECP256R1()), _name(names[0])
    every = dict.fromkeys([*names, "localhost"])
    alternatives = [*map(x509.DNSName, every), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    _write_pair(home, key, _signed(name, key, name, key.public_key(), since, constraints, alternatives))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _signed(
    issuer: x509.Name,
    signing: ec.EllipticCurvePrivateKey,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    since: datetime,
    constraints: x509.BasicConstraints,
    names: Sequence[x509.GeneralName],
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=_VALID_DAYS))
        .add_extension(constraints, critical=True)
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signing, hashes.SHA256())


def _write_pair(home: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    chain, private = _texts(key, certificate)
    write_whole(home / "dcv.key", private, 0o600)
    write_whole(home / "dcv.pem", chain, 0o600)


def _texts(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> tuple[str, str]:
    """Return a certificate and its key as PEM."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def _no_password() -> str:
    raise ValueError("the key has a password")
