"""DCV's port is as good as its certificate: for this name, today, by the issuer that the app names."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from desktop.tls import find_fault

NAME = "i-0123456789abcdef0.example.com"
NOW = datetime.now(UTC)  # what TLS itself judges by
DAY = timedelta(days=1)


class Issuer:
    """Signs certificates, as Cloudflare's Origin CA does."""

    def __init__(self, name: str = "An issuer") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(self._name, self._key, None, -DAY, 90 * DAY)

    @property
    def root(self) -> str:
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, file: Path, host_name: str, since: timedelta = -DAY, until: timedelta = 7 * DAY) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_name)])
        certificate = self._sign(name, key, host_name, since, until)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
        return file

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, host: str | None, since: timedelta, until: timedelta
    ) -> x509.Certificate:
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + since)
            .not_valid_after(NOW + until)
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return made.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@contextmanager
def serving(certificate: Path | None, answer: bytes = b"HTTP/1.0 200 OK\r\n\r\n") -> Iterator[int]:
    """Serve one connection after the other on a free port, in the clear without a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate:
        context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with suppress(OSError), connection:
                        if not certificate:
                            connection.sendall(b"220 mail.example.com ready\r\n")
                            continue
                        with context.wrap_socket(connection, server_side=True) as channel:
                            channel.recv(1000)
                            channel.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def fault(certificate: Path | None, issuer: Issuer, name: str = NAME, **more: bytes) -> str | None:
    with serving(certificate, **more) as port:
        said = find_fault(port, name, issuer.root)
        return said and said.replace(f"port {port}", "port 8443").replace(f"Port {port}", "Port 8443")


@pytest.mark.parametrize("host_name", [NAME, "*.example.com"])
def test_a_certificate_for_this_name_by_this_issuer_is_good(issuer: Issuer, tmp_path: Path, host_name: str) -> None:
    assert fault(issuer.issue(tmp_path / "dcv.pem", host_name), issuer) is None


@pytest.mark.parametrize(
    ("host_name", "since", "until", "what"),
    [
        ("i-0fedcba9876543210.example.com", -DAY, DAY, "Hostname mismatch"),
        ("example.com", -DAY, DAY, "Hostname mismatch"),
        (NAME, -9 * DAY, -DAY, "certificate has expired"),
        (NAME, DAY, 9 * DAY, "certificate is not yet valid"),
    ],
)
def test_one_for_another_name_or_time_is_not(
    issuer: Issuer, tmp_path: Path, host_name: str, since: timedelta, until: timedelta, what: str
) -> None:
    said = fault(issuer.issue(tmp_path / "dcv.pem", host_name, since, until), issuer)
    assert said is not None
    assert said.startswith(f"The certificate on port 8443 is not good for {NAME}: {what}")


def test_nor_is_one_by_another_issuer(issuer: Issuer, tmp_path: Path) -> None:
    """As DCV's own, which it makes and signs itself where it has none."""
    said = fault(Issuer().issue(tmp_path / "dcv.pem", NAME), issuer)
    assert said is not None
    assert "The certificate on port 8443 is not good" in said


def test_what_is_not_tls_is_told_apart(issuer: Issuer) -> None:
    said = fault(None, issuer)
    assert said is not None
    assert said.startswith("Port 8443 does not answer as TLS does")


def test_a_server_that_says_nothing_is_not_ready(issuer: Issuer, tmp_path: Path) -> None:
    said = fault(issuer.issue(tmp_path / "dcv.pem", NAME), issuer, answer=b"")
    assert said == "DCV closes the connection on port 8443 without an answer."


def test_where_nobody_listens_it_says_so(issuer: Issuer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert find_fault(port, NAME, issuer.root) == f"Nothing listens on port {port}."


BROKEN = "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("roots", ["", "no certificate", BROKEN])
def test_a_root_that_is_none_is_the_app_s_fault(roots: str) -> None:
    assert find_fault(1, NAME, roots) == "The root certificate that the app has handed over is none."
