"""Which cases of a test only `make test-long` plays: those that say at length what the others of it say in short."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import pytest


def split(cases: Iterable[Any], is_short: Callable[[Any], bool]) -> list[Any]:
    """Return the cases for `parametrize`; those that are not short are played by `make test-long` alone."""
    return [case if is_short(case) else _long(case) for case in cases]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)


def named(cases: Mapping[str, Any], short: Collection[str]) -> list[Any]:
    """Return cases that have names, by which pytest shows them; those not in `short` are played at length alone."""
    return [
        pytest.param(case, id=name, marks=() if name in short else pytest.mark.long) for name, case in cases.items()
    ]
