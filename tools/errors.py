"""What AWS's errors mean: their codes, and which of them only say that something is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

_NOT_FOUND = frozenset({"ResourceNotFoundException", "NotFoundException", "NoSuchEntity"})
_DENIED = ("AccessDenied", "Unauthorized", "AuthorizationError", "NotAuthorized", "Forbidden", "403")
_BUSY = (
    "Throttl",
    "RequestLimitExceeded",
    "TooManyRequests",
    "RequestThrottled",
    "ServiceUnavailable",
    "InternalError",
    "CallRateLimitExceeded",
)


def code_of(error: BaseException | None) -> str:
    """Return the AWS error code of an exception, empty where it has none."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def is_not_found(error: BaseException) -> bool:
    """Return whether an error only says that the thing is not there; CloudFormation has no code for it."""
    code = code_of(error)
    return code in _NOT_FOUND or (code == "ValidationError" and "does not exist" in str(error))


def is_denied(error: BaseException) -> bool:
    """Return whether an error only says that these credentials may not ask; the services spell it differently."""
    return code_of(error).startswith(_DENIED)


def passes(error: BaseException) -> bool:
    """Return whether an error is AWS's own trouble, which says nothing of what was asked about."""
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error).startswith(_BUSY) or status >= 500 or status == 429


@contextmanager
def ignore_not_found() -> Iterator[None]:
    """Leave the block without an error where it asks for something that is not there."""
    try:
        yield
    except ClientError as error:
        if not is_not_found(error):
            raise
