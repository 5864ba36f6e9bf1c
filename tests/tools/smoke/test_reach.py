"""The way to a desktop: what a browser would say of its name, its certificate, and of what answers there."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from localcloud.dcv.certificate import Authority, make_pair
from tools.trial.reach import Address, Reach, Way
from tools.trial.steps import Failed

HOST = "i-0a.example.com"
URL = f"https://{HOST}:8443"


@contextmanager
def desktop(pair: Path, status: int = 200) -> Iterator[Address]:
    """Serve what stands where a name leads, with the certificate in this folder."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair / "dcv.pem", pair / "dcv.key")
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who does not trust it lets go
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield ("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def issue(authority: Authority, folder: Path, name: str) -> None:
    """Put a certificate for this name where a desktop shows it from."""
    pair = authority.issue(name)
    (folder / "dcv.pem").write_text(pair.chain)
    (folder / "dcv.key").write_text(pair.key)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Return the issuer that this machine trusts, as browsers trust public ones."""
    authority = Authority()
    (tmp_path / "roots.pem").write_text(authority.root)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    return authority


def go(*addresses: Address, roots: str = "") -> Way:
    reach = Reach("Cloudflare", roots, "make certificate", "make doctor", lambda *_: list(addresses))
    return reach.go(URL)


def failed(*addresses: Address, roots: str = "") -> Failed:
    with pytest.raises(Failed) as caught:
        go(*addresses, roots=roots)
    return caught.value


def test_it_says_where_the_name_leads_and_whose_certificate_was_shown(trusted: Authority, tmp_path: Path) -> None:
    issue(trusted, tmp_path, HOST)
    with desktop(tmp_path) as address:
        way = go(("127.0.0.1", 1), address)  # as browsers do, it tries the next address
    assert way.issuer == "The laptop's own issuer"
    assert way.good_to - datetime.now(UTC) > timedelta(days=360)
    assert "leads to 127.0.0.1, with a certificate of The laptop's own issuer, good to" in str(way)


def test_a_name_that_does_not_resolve() -> None:
    def unknown(host: str, _port: int) -> list[Address]:
        raise OSError(-2, "Name or service not known")

    with pytest.raises(Failed) as caught:
        Reach("Cloudflare", "", "make certificate", "make doctor", unknown).go(URL)
    assert (
        f"{HOST} does not resolve here, though the app has published it: Name or service not known" in caught.value.what
    )
    assert "make doctor" in caught.value.remedy


def test_nothing_that_listens() -> None:
    problem = failed(("127.0.0.1", 1))
    assert f"{HOST} leads to 127.0.0.1:1, and no TLS connection comes about there" in problem.what
    assert "8443" in problem.remedy


def test_a_certificate_for_another_name(trusted: Authority, tmp_path: Path) -> None:
    issue(trusted, tmp_path, "i-0b.example.com")
    with desktop(tmp_path) as address:
        problem = failed(address)
    assert "Hostname mismatch" in problem.what
    assert "edge certificate at Cloudflare for *.example.com" in problem.remedy


def test_a_certificate_that_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Authority(datetime.now(UTC) - timedelta(days=400))
    (tmp_path / "roots.pem").write_text(old.root)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    issue(old, tmp_path, HOST)
    with desktop(tmp_path) as address:
        assert "is none that a browser trusts: certificate has expired" in failed(address).what


def test_a_certificate_that_nobody_issued(trusted: Authority, tmp_path: Path) -> None:
    make_pair(tmp_path, [HOST])
    with desktop(tmp_path) as address:
        problem = failed(address)
    assert "self-signed certificate" in problem.what
    assert "make certificate" in problem.remedy


def test_an_origin_s_certificate_is_good_for_the_proxy_alone(trusted: Authority, tmp_path: Path) -> None:
    origin = Authority()
    issue(origin, tmp_path, HOST)
    with desktop(tmp_path) as address:
        problem = failed(address, roots=origin.root)
    assert f"{HOST} leads straight to its desktop, whose certificate is good for Cloudflare alone" in problem.what
    assert "let Cloudflare proxy" in problem.remedy


@pytest.mark.parametrize(
    ("status", "what", "remedy"),
    [
        (
            526,
            "Cloudflare does not connect to the desktop behind i-0a.example.com: the desktop's certificate",
            "certificate",
        ),
        (525, "TLS does not come about (525)", "make certificate"),
        (521, "nothing listens at the desktop's port (521)", "make doctor"),
        (522, "the desktop does not answer it", "security group"),
        (403, "answers 403 in the place of DCV's page", "rule of Cloudflare"),
    ],
)
def test_what_the_proxy_says_of_the_desktop(
    trusted: Authority, tmp_path: Path, status: int, what: str, remedy: str
) -> None:
    issue(trusted, tmp_path, HOST)
    with desktop(tmp_path, status) as address:
        problem = failed(address)
    assert what in problem.what
    assert remedy in problem.remedy
