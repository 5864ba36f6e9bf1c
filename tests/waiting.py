"""Waiting for another process, for those tests whose subject is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(holds: Callable[[], Any], what: str = "what was waited for", patience_s: float = 60) -> Any:
    """Wait until this is true, for so many seconds at most; return what it was."""
    deadline = time.monotonic() + patience_s
    while not (found := holds()):
        assert time.monotonic() < deadline, f"never true: {what}"
        time.sleep(0.02)
    return found
