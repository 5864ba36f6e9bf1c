"""Settings that AWS holds, compared with those that are wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def hold(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether every wanted setting stands; AWS adds empty ones of its own to the nested ones."""
    for key, value in wanted.items():
        held = current.get(key)
        if isinstance(value, Mapping):
            if not isinstance(held, Mapping) or not hold(held, value):
                return False
        elif held != value:
            return False
    return True
