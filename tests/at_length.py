"""Which cases of a test only `make test-long` plays: those that say at length what the others of it say in short."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest


def split(cases: Iterable[Any], is_short: Callable[[Any], bool]) -> list[Any]:
    """Return the cases for `parametrize`; those that are not short are played by `make test-long` alone."""
    return [case if is_short(case) else _long(case) for case in cases]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)
