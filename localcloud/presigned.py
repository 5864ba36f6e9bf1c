"""Links that were signed beforehand, judged as S3 does: by signature, time, Region, and who has signed.

The signature is worked out anew, by hand and not by the signer's own code, over what has arrived: version 4 in the
query, the body left out. The codes and sentences are those of S3's documentation and of answers quoted in public
issues; the order of the checks is not documented.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = timedelta(minutes=15)
"""How far in its future S3 takes a signature's time."""

LONGEST = timedelta(days=7)
_TIME = "%Y%m%dT%H%M%SZ"


class Refused(Exception):
    """The request is not let through; `code` is S3's, `status` that of HTTP."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it has arrived: the path as it was written, the query as pairs, headers in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def parameter(self, name: str) -> str:
        """Return a parameter of the query, empty where it is not there."""
        return next((value for key, value in self.query if key == name), "")

    def has(self, name: str) -> bool:
        """Return whether the query has this parameter, be it empty."""
        return any(key == name for key, _ in self.query)


def query_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return a query as pairs."""
    return tuple(parse_qsl(text, keep_blank_values=True))


def judge(asked: Asked, region: str, now: datetime, secret_of: Callable[[str, datetime], str | None]) -> None:
    """Let a link pass that is good now for a bucket of this Region.

    `secret_of` returns the secret of an access key of which something was signed at a moment (UTC), None for a key
    that nobody knows; it raises Refused where its session has ended.

    Raises:
        Refused: the link is not good.
    """
    if asked.parameter("X-Amz-Algorithm") != ALGORITHM:
        raise Refused(400, "InvalidRequest", "The authorization mechanism you have provided is not supported.")
    scope = asked.parameter("X-Amz-Credential").split("/")
    if len(scope) != 5 or scope[3:] != ["s3", "aws4_request"]:
        raise _malformed("Error parsing the X-Amz-Credential parameter; the Credential is mal-formed.")
    access_key, day, of = scope[:3]
    if of != region:
        raise _malformed(
            f"Error parsing the X-Amz-Credential parameter; the region '{of}' is wrong; expecting '{region}'"
        )
    signed_at, lasts = _times(asked)
    if not f"{signed_at:%Y%m%d}" == day:
        raise _malformed("Invalid credential date. This date is not the same as X-Amz-Date.")
    if now > signed_at + lasts:
        raise Refused(403, "AccessDenied", "Request has expired")
    if now < signed_at - SKEW:
        raise Refused(403, "AccessDenied", "Request is not yet valid")
    secret = secret_of(access_key, signed_at)
    if secret is None:
        known = "The AWS Access Key Id you provided does not exist in our records."
        raise Refused(403, "InvalidAccessKeyId", known)
    names = asked.parameter("X-Amz-SignedHeaders").split(";")
    unsigned = [name for name in asked.headers if name.startswith("x-amz-") and name not in names]
    if unsigned or "host" not in names:
        unsigned_told = f"There were headers present in the request which were not signed: {', '.join(unsigned)}"
        raise Refused(403, "AccessDenied", unsigned_told)
    again = _signature(asked, names, signed_at, "/".join(scope[1:]), _key(secret, scope))
    if not hmac.compare_digest(again, asked.parameter("X-Amz-Signature")):
        different = (
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method."
        )
        raise Refused(403, "SignatureDoesNotMatch", different)


def _times(asked: Asked) -> tuple[datetime, timedelta]:
    try:
        signed_at = datetime.strptime(asked.parameter("X-Amz-Date"), _TIME).replace(tzinfo=UTC)
        lasts = timedelta(seconds=int(asked.parameter("X-Amz-Expires")))
    except ValueError:
        raise _malformed("X-Amz-Date must be in the ISO8601 Long Format, and X-Amz-Expires a number") from None
    if not timedelta(0) <= lasts <= LONGEST:
        raise _malformed("X-Amz-Expires must be less than a week (in seconds)")
    return signed_at, lasts


def _malformed(message: str) -> Refused:
    return Refused(400, "AuthorizationQueryParametersError", message)


def _signature(asked: Asked, names: list[str], signed_at: datetime, scope: str, key: bytes) -> str:
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in asked.query if k != "X-Amz-Signature")
    canonical = "\n".join(
        [
            asked.method,
            asked.path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            "UNSIGNED-PAYLOAD",
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([ALGORITHM, signed_at.strftime(_TIME), scope, digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _key(secret: str, scope: list[str]) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope[1:]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
