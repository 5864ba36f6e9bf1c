"""A certificate for a name of the rehearsal's own, by an authority that signs one and is thrown away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_SINCE = timedelta(hours=1)
_LIFE = timedelta(days=1)
_BITS = 2048


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key for one name, and the root that it comes from; all PEM."""

    host_name: str
    certificate: str
    key: str = field(repr=False)
    root: str

    @property
    def id(self) -> str:
        """What the app tells it by: SHA-256 of the certificate's PEM, in hex."""
        return hashlib.sha256(self.certificate.encode()).hexdigest()

    def as_told(self) -> dict[str, str]:
        """Return it as the app hands it over."""
        return {
            "message": "This is your certificate.",
            "certificate": self.certificate,
            "key": self.key,
            "issuer_root": self.root,
            "certificate_id": self.id,
        }


def issue(host_name: str, now: datetime | None = None) -> Issued:
    """Return a certificate that is good for this name for a day from now (UTC)."""
    moment = now or datetime.now(UTC)
    root_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=_BITS) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The rehearsal's own authority")])
    owner = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host_name[:64])])
    names = x509.SubjectAlternativeName([x509.DNSName(host_name)])
    own_root = x509.BasicConstraints(ca=True, path_length=0)
    root = _begin(authority, authority, root_key.public_key(), moment).add_extension(own_root, critical=True)
    leaf = _begin(authority, owner, key.public_key(), moment).add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    leaf = leaf.add_extension(names, critical=False).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
    )
    return Issued(
        host_name=host_name,
        certificate=_as_pem(leaf.sign(root_key, hashes.SHA256())),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        root=_as_pem(root.sign(root_key, hashes.SHA256())),
    )


def _begin(issuer: x509.Name, subject: x509.Name, key: rsa.RSAPublicKey, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SINCE)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
