"""A function's new role is not known everywhere at once, and Lambda refuses what it may not do yet."""

from __future__ import annotations

import time
from collections.abc import Callable

from botocore.exceptions import ClientError

_POLL_S = 1.0
_POLLS = 120
_ROLE_LAGS = ("execution role", "The destination ARN", "Please ensure the role can perform")
"""In the words with which Lambda refuses a queue or a stream that a new role may not use yet."""


def once_role_holds(change: Callable[[], object], sleep: Callable[[float], None] = time.sleep) -> None:
    """Make a change that Lambda refuses while IAM has not spread a function's policy yet."""
    for _ in range(_POLLS):
        try:
            change()
        except ClientError as error:
            if not any(words in str(error) for words in _ROLE_LAGS):
                raise
            sleep(_POLL_S)
        else:
            return
    change()
