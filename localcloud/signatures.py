"""API Gateway's IAM authorization: who signed a request, or why it is refused.

The signature is worked out anew by botocore's own signer, over what has arrived, and compared.

AWS's knowledge center, its IAM guide, or answers quoted in public issues confirm the spelling of: a missing
signature, an unknown key, another signature, "Signature expired", a foreign scope (both sentences, each with its
blank) and the policy's refusal. Not confirmed for API Gateway: "Signature not yet current" and the sentence of an
expired session (other services say so), an incomplete or malformed Authorization header or date (Chalice's local mode
says so of some), the types that no source gives with their sentence, and the order of the checks.
`message` is spelled as the gateway responses of a deployed stage spell it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from http.client import HTTPMessage
from typing import Any
from urllib.parse import unquote

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from werkzeug.wrappers import Request

from localcloud.aws import REGION
from localcloud.clock import Clock
from localcloud.identity import Issuer, Session

SERVICE = "execute-api"
API = "localcloud"
STAGE = "api"
SKEW = timedelta(minutes=5)
"""How far a signature's time may be from the gateway's, either way."""

MayInvoke = Callable[[str, str, str], bool]
"""Whether a role's policy lets it invoke this method of this path."""

_ALGORITHM = "AWS4-HMAC-SHA256"
_PARTS = ("Credential", "Signature", "SignedHeaders")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


class Refused(Exception):
    """The request is not let through; `kind` is what x-amzn-ErrorType says."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Signatures:
    """Judges signed requests by the sessions that were issued and by one clock."""

    def __init__(self, issuer: Issuer, clock: Clock, may_invoke: MayInvoke | None = None) -> None:
        self.may_invoke: MayInvoke = may_invoke or (lambda *_: True)
        """The profiles' policy; without one, whoever was issued credentials may invoke everything."""
        self._issuer = issuer
        self._clock = clock

    def signer(self, request: Request) -> Session:
        """Return whose valid signature the request bears.

        Raises:
            Refused: there is none, or whoever signed may not ask this.
        """
        parts = _parse(request)
        access_key, day, region, service = _scope(parts["Credential"])
        session = self._issuer.known(access_key)
        if session is None or not _same(session.token, request.headers.get("X-Amz-Security-Token", "")):
            raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
        if self._clock.now() >= session.expires:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        signed_at = _time(request)
        _check_scope(day, region, service, signed_at)
        self._check_time(signed_at)
        names = parts["SignedHeaders"].split(";")
        if "host" not in names or not _same(_signature(request, session, signed_at, names), parts["Signature"]):
            raise Refused("InvalidSignatureException", _MISMATCH)
        if not self.may_invoke(session.role, request.method, request.path):
            resource = f"arn:aws:{SERVICE}:{REGION}:{session.account}:{API}/{STAGE}/{request.method}{request.path}"
            raise Refused(
                "AccessDeniedException",
                f"User: {session.user_arn} is not authorized to perform: execute-api:Invoke on resource: {resource} "
                "because no identity-based policy allows the execute-api:Invoke action",
            )
        return session

    def _check_time(self, signed_at: datetime) -> None:
        now, signed = self._clock.now(), signed_at.strftime(SIGV4_TIMESTAMP)
        if signed_at < now - SKEW:
            limit, sign, words = now - SKEW, "-", "Signature expired: {} is now earlier than"
        elif signed_at > now + SKEW:
            limit, sign, words = now + SKEW, "+", "Signature not yet current: {} is still later than"
        else:
            return
        span = f"({now.strftime(SIGV4_TIMESTAMP)} {sign} 5 min.)"
        raise Refused("InvalidSignatureException", f"{words.format(signed)} {limit.strftime(SIGV4_TIMESTAMP)} {span}")


class _Recalculated(SigV4Auth):
    """Signs the headers that the sender has named, all of them and no others."""

    def __init__(self, session: Session, names: list[str]) -> None:
        super().__init__(Credentials(session.access_key, session.secret_key, session.token), SERVICE, REGION)
        self._names = names

    def headers_to_sign(self, request: Any) -> HTTPMessage:
        """Return the named headers; one that is not there counts as empty."""
        headers: HTTPMessage = HTTPHeaders()
        for name in self._names:
            headers[name] = request.headers.get(name, "")
        return headers


def _parse(request: Request) -> dict[str, str]:
    header = request.headers.get("Authorization", "")
    if not header:
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    algorithm, _, rest = header.partition(" ")
    parts = dict(re.findall(r"(\w+)=([^,\s]+)", rest)) if algorithm == _ALGORITHM else {}
    lacks = [f"Authorization header requires '{part}' parameter." for part in _PARTS if part not in parts]
    if "X-Amz-Date" not in request.headers and "Date" not in request.headers:
        lacks.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if lacks:
        shown = f"(Hashed with SHA-256 and encoded with Base16) Authorization={sha256(header.encode()).hexdigest()}"
        raise Refused("IncompleteSignatureException", " ".join([*lacks, shown]))
    return parts


def _scope(credential: str) -> tuple[str, str, str, str]:
    match credential.split("/"):
        case [access_key, day, region, service, "aws4_request"]:
            return access_key, day, region, service
    raise Refused(
        "IncompleteSignatureException",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        f"got '{credential}'",
    )


def _time(request: Request) -> datetime:
    """Return when the sender says to have signed."""
    said = request.headers.get("X-Amz-Date")
    try:
        if said:
            return datetime.strptime(said, SIGV4_TIMESTAMP).replace(tzinfo=UTC)
        said = request.headers["Date"]
        return parsedate_to_datetime(said).astimezone(UTC)
    except ValueError:
        raise Refused(
            "IncompleteSignatureException",
            f"Date must be in ISO-8601 'basic format'. Got '{said}'. See http://en.wikipedia.org/wiki/ISO_8601",
        ) from None


def _check_scope(day: str, region: str, service: str, signed_at: datetime) -> None:
    wrong = ""
    if region != REGION:
        wrong += f"Credential should be scoped to a valid region, not '{region}'. "
    if service != SERVICE:
        wrong += f"Credential should be scoped to correct service: '{SERVICE}'. "
    if day != f"{signed_at:%Y%m%d}":
        wrong += (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{day}' != '{signed_at:%Y%m%d}', from '{signed_at.strftime(SIGV4_TIMESTAMP)}'. "
        )
    if wrong:
        raise Refused("InvalidSignatureException", wrong)


def _signature(request: Request, session: Session, signed_at: datetime, names: list[str]) -> str:
    """Work out what the signature of what has arrived would be."""
    path = str(request.environ.get("RAW_URI", request.path)).partition("?")[0]
    query = request.query_string.decode("latin-1")
    # Pairs, since a key may come twice; the stubs know mappings only.
    pairs: Any = [
        (unquote(key), unquote(value)) for key, _, value in (p.partition("=") for p in query.split("&")) if key
    ]
    # Only what is signed counts as a header, and never a hash of the body that the sender has worked out.
    headers = {name: request.headers.get(name, "") for name in names if name != "x-amz-content-sha256"}
    body = request.get_data()
    if "x-amz-content-sha256" in names:
        headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest()
    asked = AWSRequest(request.method, f"http://{request.host}{path}", headers=headers, data=body, params=pairs)
    asked.context["timestamp"] = signed_at.strftime(SIGV4_TIMESTAMP)
    again = _Recalculated(session, names)
    return str(again.signature(again.string_to_sign(asked, again.canonical_request(asked)), asked))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
