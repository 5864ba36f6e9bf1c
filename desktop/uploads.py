"""What was recorded goes to where the operator keeps it by a command of the image's own, once its person is away.

A connection that drops is not an end: it is waited whether the person comes back. What could not be uploaded is tried
again, after a restart too, for as long as the desktop lives.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from desktop import commands
from desktop.background import Line
from desktop.state import State

PATIENCE_S = 3600
"""How long an upload may take, in seconds; the desktop's own end may come before."""

AGAIN_S = 60
"""How long after a failure it is tried again."""

log = logging.getLogger("elephant.desktop")


class Uploads:
    """Remembers what there is to upload, and hands over the address of what was."""

    def __init__(
        self,
        command: tuple[str, ...],
        recordings: Path,
        state: State,
        line: Line,
        elapsed: Callable[[], float],
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Take the command, where the recordings are, what is kept, the line to work in, and what counts seconds."""
        self._command = command
        self._recordings = recordings
        self._state = state
        self._line = line
        self._elapsed = elapsed
        self._patience_s = patience_s
        self._is_at_work = False
        self._not_before_s = elapsed()

    @property
    def address(self) -> str | None:
        """Where the newest upload is, as long as the app has not taken it; None for nothing to tell."""
        kept = self._state.get("uploaded")
        return kept if isinstance(kept, str) else None

    @property
    def is_named(self) -> bool:
        """Whether the operator has named a command."""
        return bool(self._command)

    @property
    def visits(self) -> int:
        """How often somebody has come to the desktop."""
        return _count(self._state.get("visits"))

    @property
    def is_needed(self) -> bool:
        """Whether somebody has been at the desktop since what was uploaded last."""
        return bool(self._command) and self.visits > self._saved()

    def visited(self) -> None:
        """Note that somebody has come to the desktop: what they do is to be uploaded."""
        self._state.keep("visits", self.visits + 1)

    def told(self, address: str) -> None:
        """Note that the app has taken this address."""
        if self.address == address:
            self._state.keep("uploaded", None)

    def begin(self, environ: Mapping[str, str]) -> None:
        """Upload what there is, unless that is being done, or has just failed."""
        if not self.is_needed or self._is_at_work or self._elapsed() < self._not_before_s:
            return
        self._is_at_work = True
        visits = self.visits
        self._line.put(lambda: self._upload(visits, environ))

    def _upload(self, visits: int, environ: Mapping[str, str]) -> None:
        try:
            told = {**environ, "ELEPHANT_RECORDINGS": str(self._recordings)}
            failure, said = commands.run_one(self._command, self._patience_s, told)
            address = said.splitlines()[-1].strip() if said else ""
            if not failure and not _is_address(address):
                failure = f"The upload's last line is no address that begins with https:// but {address!r:.200}."
            if failure:
                log.warning("%s It is tried again in %d s. It printed: %s", failure, AGAIN_S, said or "nothing")
                self._not_before_s = self._elapsed() + AGAIN_S
                return
            log.info("The recording is at %s.", address)
            self._state.keep("uploaded", address)
            self._state.keep("saved", visits)
        finally:
            self._is_at_work = False

    def _saved(self) -> int:
        return _count(self._state.get("saved"))


def _count(kept: object) -> int:
    return kept if isinstance(kept, int) else 0


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and text.isprintable() and " " not in text
