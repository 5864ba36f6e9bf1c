"""What EC2's refusals mean, by their kind: each kind has many spellings, and EC2 finds new ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Unavailable


class Kind(Enum):
    """What a refusal means for whoever asked."""

    ELSEWHERE = auto()  # not in this zone, maybe in another; nothing was launched
    NOT_NOW = auto()  # throttled, broken or not reached: whether anything was done is not known
    QUOTA = auto()  # the account may not have more of it, wherever
    DENIED = auto()  # whoever asks may not
    NO = auto()  # anything else: asked in the same way, it will be refused again


_SPELLINGS = {
    Kind.NOT_NOW: (
        "Throttl|TooManyRequests|SlowDown|PriorRequestNotComplete|InternalError|InternalFailure|RequestTimeout"
        "|^(Request|Bandwidth)LimitExceeded$|^(Service)?Unavailable$"
    ),
    Kind.QUOTA: "LimitExceeded|CountExceeded|Quota",
    Kind.ELSEWHERE: "^Insufficient|^Unfulfillable|^Unsupported|^InvalidSubnet|Capacity|InZone$|AvailabilityZone",
    Kind.DENIED: "^Unauthorized|^AccessDenied|^AuthFailure|^NotAuthorized",
}
"""How EC2's codes tell of each kind; the first that fits counts."""


def code_of(error: BaseException | None) -> str:
    """Return EC2's own code, empty where there is none: no answer came."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else ""


def kind_of(error: BaseException | None) -> Kind:
    """Return what a failed call means; one without an answer tells nothing."""
    if not isinstance(error, ClientError):
        return Kind.NOT_NOW
    code, words = code_of(error), error.response["Error"].get("Message") or ""
    kind = next((kind for kind, spelling in _SPELLINGS.items() if re.search(spelling, code)), None)
    if kind is None and "availability zone" in words.lower():
        return Kind.ELSEWHERE  # "… or choosing us-east-1a, us-east-1b", under a code that says nothing of it
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return kind or (Kind.NOT_NOW if status >= 500 or status == 429 else Kind.NO)


@contextmanager
def reporting(what: str) -> Iterator[None]:
    """Turn what boto3 raises inside into `Unavailable`, with the thing it was about."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable(f"{what}: {error}") from error
