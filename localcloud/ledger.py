"""Who called which API, and because of which trigger.

The servers write it, so it holds what went over the wire, retries included. A call does not say which trigger
caused it, so whoever invokes the app says so first (`under`).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

APP, DESKTOP, OPERATOR = "ELEPHANT", "DESKTOP", "OPERATOR"
"""The callers, by the access key they sign with: the app, the desktops, and whoever set the stage."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to AWS or Cloudflare. `trigger` is empty for callers other than the app."""

    at: datetime
    caller: str
    service: str
    operation: str
    trigger: str
    status: int


class Ledger:
    """Every call, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.trigger = ""
        self._invocation = threading.RLock()

    @contextmanager
    def under(self, trigger: str) -> Iterator[None]:
        """Say why the app runs, while it does. Invocations wait for one another, or the ledger would mix them up."""
        with self._invocation:
            before, self.trigger = self.trigger, trigger
            try:
                yield
            finally:
                self.trigger = before

    def record(self, at: datetime, caller: str, service: str, operation: str, status: int) -> None:
        """Note one call."""
        trigger = self.trigger if caller == APP else ""
        self.calls.append(Call(at, caller, service, operation, trigger, status))

    def of(self, caller: str) -> list[Call]:
        """Return one caller's calls."""
        return [call for call in self.calls if call.caller == caller]

    def by_service_and_trigger(self) -> Counter[tuple[str, str]]:
        """Count the app's own calls."""
        return Counter((call.service, call.trigger) for call in self.of(APP))
