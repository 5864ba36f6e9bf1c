"""Certificates and keys as PEM: made for a request, and judged before desktops are told them."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LONGEST = 16_384
"""The most characters that a chain, a key or a file of roots may have: all cross the wire to every desktop."""

BITS = 2048
_LONGEST_COMMON_NAME = 64
CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
"""One certificate in a text."""
_PEM = serialization.Encoding.PEM
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Unfit(Exception):
    """What was given cannot be a desktop's certificate; the message says all that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate that is good, with what belongs to it; all texts are PEM."""

    chain: str
    key: str = field(repr=False)
    root: str
    ends_at: datetime
    """The first moment (UTC) at which the certificate, or one above it, is good no more."""

    @property
    def id(self) -> str:
        """SHA-256 of the chain in UTF-8, as hex."""
        return hashlib.sha256(self.chain.encode()).hexdigest()


def make_key() -> str:
    """Return a new RSA key."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return made.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def make_request(key: str, name: str) -> str:
    """Return the request for a certificate of this key for this name, which is ASCII and may begin with a wildcard."""
    fits = len(name) <= _LONGEST_COMMON_NAME
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if fits else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(_key(key), hashes.SHA256()).public_bytes(_PEM).decode()


def key_id(of: str) -> str:
    """Return what tells a key from others, from the key itself or a certificate of it: SHA-256 of its public half.

    Raises:
        Unfit: it is neither.
    """
    public: PublicKeyTypes = _key(of).public_key() if "PRIVATE KEY" in of else _certificates(of)[0].public_key()
    return _fingerprint(public)


def judge(chain: str, key: str, roots: str, name: str, now: datetime) -> Pair:
    """Return the certificate with its key and its root, if it is good for desktops at this moment (UTC).

    `chain` is the certificate and then those that issued it, `roots` those that may have issued the last; empty for
    those that browsers trust. `name` is what it must be for, ASCII, with its wildcard.

    Raises:
        Unfit: with everything that is wrong.
    """
    certificates, private = _certificates(chain), _key(key)
    trusted = _certificates(roots) if roots else browsers_roots()
    root = _root_of(certificates[-1], trusted)
    wrong = [
        *_of_key(certificates, private),
        *_of_names(certificates[0], name),
        *_of_order(certificates),
        *([] if root else [_unknown_issuer(certificates[-1], by_browsers=not roots)]),
        *_of_dates([*certificates, *([root] if root else [])], now),
    ]
    if wrong or root is None:
        raise Unfit("; ".join(wrong))
    return Pair(
        chain="".join(_text(each) for each in certificates),
        key=private.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
        root=_text(root),
        ends_at=min(each.not_valid_after_utc for each in (*certificates, root)),
    )


def names_in(chain: str) -> list[str]:
    """Return the names that a certificate is for.

    Raises:
        Unfit: it is none.
    """
    return _names(_certificates(chain)[0])


def browsers_roots() -> list[x509.Certificate]:
    """Return the roots that browsers trust, as Mozilla has them; of a few old ones the form is not to be read."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for each in CERTIFICATE.findall(Path(certifi.where()).read_text(encoding="utf-8")):
            with suppress(ValueError, UnsupportedAlgorithm):
                found.append(x509.load_pem_x509_certificate(each.encode()))
    return found


# --- what is wrong


def _of_key(certificates: Sequence[x509.Certificate], private: Key) -> Iterator[str]:
    own = _fingerprint(private.public_key())
    fitting = [number for number, each in enumerate(certificates, 1) if _fingerprint(each.public_key()) == own]
    if not fitting:
        yield "the key does not belong to the certificate"
    elif fitting[0] > 1:
        yield (
            f"the key belongs to the certificate number {fitting[0]}; the desktops' own must come first, and after "
            "each the one that issued it"
        )
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < BITS:
        yield f"its RSA key has {private.key_size} bits, and needs {BITS}"


def _of_names(certificate: x509.Certificate, name: str) -> Iterator[str]:
    names = _names(certificate)
    if name.lower() not in (each.lower() for each in names):
        yield f"it is for {', '.join(names) or 'no name'}, and desktops need {name}"
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in uses:
        yield "it may not be used by servers"


def _of_order(certificates: Sequence[x509.Certificate]) -> Iterator[str]:
    for number, (child, parent) in enumerate(pairwise(certificates), 1):
        if not _has_issued(parent, child):
            yield (
                f"the certificate number {number} was not issued by the one that follows it, {_subject(parent)}; after "
                "each must come the one that issued it"
            )


def _of_dates(certificates: Sequence[x509.Certificate], now: datetime) -> Iterator[str]:
    for each in certificates:
        if each.not_valid_after_utc <= now:
            yield f"the certificate of {_subject(each)} has ended on {each.not_valid_after_utc:%Y-%m-%d}"
        elif each.not_valid_before_utc > now:
            yield f"the certificate of {_subject(each)} begins only at {each.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"


def _unknown_issuer(certificate: x509.Certificate, *, by_browsers: bool) -> str:
    issuer = _named(certificate.issuer)
    if by_browsers:
        return (
            f"no root that browsers trust has issued the last certificate, but {issuer}: add those in between, each "
            "after the one that it issued, or name the issuer's own root with ROOT=root.pem"
        )
    return f"it was issued by {issuer}, and by none of the roots that were named"


# --- what PEM holds


def _certificates(text: str) -> list[x509.Certificate]:
    found = CERTIFICATE.findall(text.replace("\r\n", "\n"))
    if not found:
        raise Unfit("it holds no PEM certificate")
    if sum(map(len, found)) > LONGEST:
        raise Unfit(f"it holds more than {LONGEST} characters of certificates")
    certificates = []
    for number, each in enumerate(found, 1):
        try:
            certificates.append(x509.load_pem_x509_certificate(each.encode()))
        except (ValueError, UnsupportedAlgorithm):
            raise Unfit(f"the certificate number {number} in it is none") from None
    return certificates


def _key(text: str) -> Key:
    try:
        found = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        raise Unfit(
            "the key has a password, and DCV cannot be told one; write it without: openssl pkey -in key.pem -out "
            "new.pem"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit("the key is no private key as PEM") from None
    if not isinstance(found, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Unfit("the key is neither RSA nor ECDSA, which are all that DCV takes")
    return found


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(_PEM).decode()


def _fingerprint(key: PublicKeyTypes) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return list(found.get_values_for_type(x509.DNSName))


def _root_of(certificate: x509.Certificate, roots: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Return the root that has issued a chain's last certificate, or that it is itself."""
    return next((root for root in roots if root == certificate or _has_issued(root, certificate)), None)


def _has_issued(parent: x509.Certificate, child: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _subject(certificate: x509.Certificate) -> str:
    return _named(certificate.subject)


def _named(name: x509.Name) -> str:
    return ", ".join(str(each.value) for each in name) or "nobody"
