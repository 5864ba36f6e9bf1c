"""What holds of every test: nothing goes through a proxy to this machine's own ports, and the app calls nothing of AWS
but what its functions are granted.

And what none of them needs twice is done once a process: to read how AWS's services are called, and to look through
all that lives as long as the process for garbage.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader

from localcloud import loopback
from localcloud.quick import quicken
from tools.calls import Calls, known_calls, observing

os.environ.update(loopback.exempt(os.environ))
gc.set_threshold(10_000, 10, 10)  # a tenth as often as usual: one client of AWS is thousands of objects


def pytest_collection_finish() -> None:
    """Leave what the tests are made of out of every search for garbage."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _models_are_read_once() -> Iterator[None]:
    """Let sessions share the models of services, as clients of one session do: they are only read."""
    read, models = JSONFileLoader.load_file, dict[str, Any]()

    def load_file(loader: JSONFileLoader, path: str) -> Any:
        found = models.get(path) or read(loader, path)
        if found is not None:
            models[path] = found
        return found

    quicken()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", load_file)
        yield


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
