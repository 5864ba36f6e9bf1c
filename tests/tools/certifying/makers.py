"""Certificates of every kind for these tests, each with its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_PEM = serialization.Encoding.PEM
_PKCS8 = serialization.PrivateFormat.PKCS8


class Maker:
    """A certificate, by another one or by itself; valid from and to these times from now."""

    def __init__(
        self,
        name: str,
        by: Maker | None = None,
        names: list[str] | None = None,
        *,
        since: timedelta = -timedelta(days=1),
        until: timedelta = timedelta(days=90),
        may_issue: bool = True,
        for_servers: bool = True,
        bits: int = 0,
    ) -> None:
        now = datetime.now(UTC)
        self.key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        self.key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        use = ExtendedKeyUsageOID.SERVER_AUTH if for_servers else ExtendedKeyUsageOID.CLIENT_AUTH
        made = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(by.name if by else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + since)
            .not_valid_after(now + until)
            .add_extension(x509.BasicConstraints(ca=may_issue, path_length=None), critical=True)
        )
        if not may_issue:
            made = made.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), False)
        self.certificate = made.sign(by.key if by else self.key, hashes.SHA256())


def pem_of(*made: Maker) -> str:
    """Return certificates as PEM, one after the other."""
    return "".join(each.certificate.public_bytes(_PEM).decode() for each in made)


def key_of(made: Maker) -> str:
    """Return the key of a certificate."""
    return made.key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption()).decode()


def encrypted(made: Maker) -> str:
    """Return the key of a certificate behind a password."""
    return made.key.private_bytes(_PEM, _PKCS8, serialization.BestAvailableEncryption(b"secret")).decode()
