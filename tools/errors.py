"""What AWS's errors mean: their codes, and which of them only say that something is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

_NOT_FOUND = frozenset({"ResourceNotFoundException", "NotFoundException", "NoSuchEntity"})


def code_of(error: BaseException | None) -> str:
    """Return the AWS error code of an exception, empty where it has none."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def is_not_found(error: BaseException) -> bool:
    """Return whether an error only says that the thing is not there; CloudFormation has no code for it."""
    code = code_of(error)
    return code in _NOT_FOUND or (code == "ValidationError" and "does not exist" in str(error))


@contextmanager
def ignore_not_found() -> Iterator[None]:
    """Leave the block without an error where it asks for something that is not there."""
    try:
        yield
    except ClientError as error:
        if not is_not_found(error):
            raise
