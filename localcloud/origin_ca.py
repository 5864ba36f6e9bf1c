"""Cloudflare's Origin CA for one zone: signs requests really, for names of the zone alone, and remembers what."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chalicelib.names import one_form

VALIDITIES = (7, 30, 90, 365, 730, 1095, 5475)
_HOST_NAMES = 200
_YEARS_10 = timedelta(days=3650)


class BadRequest(Exception):
    """A request that Cloudflare refuses, with its code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class OriginCa:
    """The authority and its list. `issues_for` is what it writes into a certificate in place of what was asked for."""

    def __init__(self, domain: str, now: Callable[[], datetime]) -> None:
        """Take the zone's name, and a clock (UTC)."""
        self._domain = one_form(domain)
        self._now = now
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An origin certificate authority")])
        self.issued: dict[str, dict[str, Any]] = {}
        self.issues_for: list[str] | None = None
        self.lasts: timedelta | None = None

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def root(self) -> str:
        """The root, as PEM."""
        made = self._sign(self._name, self._key.public_key(), [], _YEARS_10)
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def issue(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Sign a request.

        Raises:
            BadRequest: it asks for what this authority does not sign.
        """
        names, days = asked.get("hostnames"), asked.get("requested_validity", VALIDITIES[-1])
        if not isinstance(names, list) or not names or len(names) > _HOST_NAMES:
            raise BadRequest(1004, f"hostnames must hold 1 to {_HOST_NAMES} names")
        if asked.get("request_type") != "origin-rsa":
            raise BadRequest(1007, "request_type must be origin-rsa here")
        if days not in VALIDITIES:
            raise BadRequest(1014, f"requested_validity must be one of {VALIDITIES}")
        for name in names:
            bare = str(name).removeprefix("*.")
            if "*" in bare or not (bare == self._domain or bare.endswith(f".{self._domain}")):
                raise BadRequest(
                    1010, f"Failed to validate requested hostname {name}: This zone is not part of your account."
                )
        try:
            request = x509.load_pem_x509_csr(str(asked.get("csr")).encode())
        except ValueError:
            raise BadRequest(1003, "Failed to parse the certificate signing request") from None
        key = request.public_key()
        if not request.is_signature_valid or not isinstance(key, rsa.RSAPublicKey):
            raise BadRequest(1003, "The certificate signing request is not signed by its own RSA key")
        valid = self.lasts or timedelta(days=days)
        made = self._sign(request.subject, key, self.issues_for or names, valid)
        entry = {
            "id": uuid.uuid4().hex,
            "certificate": made.public_bytes(serialization.Encoding.PEM).decode(),
            "csr": asked["csr"],
            "hostnames": names,
            "request_type": "origin-rsa",
            "requested_validity": days,
            "expires_on": f"{made.not_valid_after_utc:%Y-%m-%d %H:%M:%S} +0000 UTC",
        }
        self.issued[entry["id"]] = entry
        return entry

    def _sign(self, subject: x509.Name, key: rsa.RSAPublicKey, names: list[str], valid: timedelta) -> x509.Certificate:
        since = self._now() - timedelta(minutes=5)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(self._now() + valid)
            .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        )
        if names:
            uses = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
            made = made.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            made = made.add_extension(alternatives, critical=False)
        return made.sign(self._key, hashes.SHA256())
