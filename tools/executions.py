"""Lambda's executions: whether one can be set aside for the sweep, so that it never waits for people's requests."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tools.account import Clients
from tools.errors import ignore_not_found, is_denied
from tools.stage import Stage

NEVER_RESERVED = 100
"""The executions that Lambda leaves to the functions without a reservation. A new account may have ten in all."""


def is_reserved(stage: Stage, client: Clients) -> bool:
    """Return whether one is set aside for the sweep already."""
    with ignore_not_found():
        found = client("lambda").get_function_concurrency(FunctionName=stage.function("sweep"))
        return bool(found.get("ReservedConcurrentExecutions"))
    return False


def unreserved(client: Clients) -> tuple[int, int]:
    """Return how many executions of the account are not set aside, and how many there are."""
    limits = client("lambda").get_account_settings()["AccountLimit"]
    return limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]


def can_reserve(stage: Stage, client: Clients) -> bool:
    """Return whether one is set aside, or can be; where that may not be asked, Lambda itself will say."""
    try:
        return is_reserved(stage, client) or unreserved(client)[0] > NEVER_RESERVED
    except ClientError as error:
        if not is_denied(error):
            raise
        return True
