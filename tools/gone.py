"""What AWS says of something that is not there, in the words of each service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from tools.account import code_of

_CODES = frozenset({"ResourceNotFoundException", "NotFoundException", "NoSuchEntity"})


def is_gone(error: BaseException) -> bool:
    """Return whether an error says no more than that the thing is not there."""
    return code_of(error) in _CODES


@contextmanager
def if_there() -> Iterator[None]:
    """Do what is inside the block to something that may not be there; the block ends where it is not."""
    try:
        yield
    except ClientError as error:
        if not is_gone(error):
            raise
