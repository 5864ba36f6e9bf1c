"""Observes the AWS calls of the whole session, so that the drift test can hold them against the policies."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tools.calls import Calls, observing

SEEN: Calls = {}
_STACK = ExitStack()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the drift test last: what it judges is what all the others called."""
    items.sort(key=lambda item: item.path.name == "test_policies.py")


def pytest_collection_finish() -> None:
    _STACK.enter_context(observing(SEEN))


def pytest_sessionfinish() -> None:
    _STACK.close()


@pytest.fixture(scope="session")
def seen() -> Calls:
    """What the app's functions have called so far in this session."""
    return SEEN
