"""What holds of every test: nothing goes through a proxy to this machine's own ports, and the app calls nothing of AWS
but what its functions are granted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from localcloud import loopback
from tools.calls import Calls, known_calls, observing

os.environ.update(loopback.exempt(os.environ))


@pytest.fixture(scope="session")
def _calls() -> Iterator[Calls]:
    calls: Calls = {}
    with observing(calls):
        yield calls


@pytest.fixture(scope="session")
def _granted() -> Calls:
    return known_calls()


@pytest.fixture(autouse=True)
def _calls_only_what_is_granted(_calls: Calls, _granted: Calls) -> Iterator[None]:
    """Fail the test in which a function of the app makes a call that its policy lacks."""
    yield
    lacking = {function: calls - _granted[function] for function, calls in _calls.items()}
    _calls.clear()
    for function, calls in lacking.items():
        assert not calls, (
            f"{function} calls what its policy lacks: {', '.join(sorted(calls))}. Let a drill of tools/drills.py "
            "make that call, run `make policies` and review the difference."
        )
