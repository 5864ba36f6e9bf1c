"""Whether this desktop is ready for its person: every condition looked at, and each that is not met in a sentence.

*Ready* is more than that the agent runs: people were sent to desktops whose DCV was not there, had no licence, showed a
logon screen or was about to restart.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from desktop import commands
from desktop.dcv import Dcv, DcvUnknown
from desktop.machine.system import Observable

CHECK_PATIENCE_S = 20
"""How long one of the operator's own checks may take."""

log = logging.getLogger("elephant.desktop")


@dataclass(slots=True)
class Readiness:
    """The conditions. `tls` returns what is wrong with DCV's port, None for nothing; `checks` holds the operator's."""

    machine: Observable
    dcv: Dcv
    user: str
    tls: Callable[[], str | None]
    checks: Path
    certificate: Callable[[], str | None] = lambda: None
    """Returns why the certificate that the app keeps is not installed, None where nothing is wrong."""
    _was_ready: bool = field(default=False, init=False)

    def find_missing(self) -> tuple[str, ...]:
        """Return what is missing, a sentence each, the most basic first; nothing where the desktop is ready.

        What cannot be told is missing too: unknown is never ready. The operator's checks may rest on all the rest, so
        they run last, and only where nothing else is missing. A desktop that has been ready stays so when something
        asks for a restart: its person would be shut out of one that works. Once it restarts, all is looked at anew.
        """
        looks = [self._service, self._session, self._trust, self._logon, *([] if self._was_ready else [self._restart])]
        missing = [found for look in looks if (found := look())]
        if not missing:
            ran = commands.run_all(self.checks, CHECK_PATIENCE_S)
            missing = [f"A check of the operator's: {outcome.failure}" for outcome in ran if outcome.failure]
        self._was_ready = self._was_ready or not missing
        return tuple(missing)

    def _service(self) -> str | None:
        return self._ask(self.machine.dcv_runs, "The DCV service is not running.")

    def _session(self) -> str | None:
        try:
            session = self.dcv.session()
        except DcvUnknown as error:
            return f"DCV cannot be asked: {error}"
        if session is None:
            return "DCV has no session yet."
        if session.owner != self.user:
            return f"DCV's session is {session.owner or 'nobody'}'s and not {self.user}'s, so nobody would be let in."
        return f"DCV has no licence: {session.licence}." if session.licence else None

    def _trust(self) -> str | None:
        """Return what keeps people's way from being trusted: no certificate, or how the port answers.

        A desktop that has been ready has a certificate: while a newer one cannot be had, the port alone tells.
        """
        return (None if self._was_ready else self.certificate()) or self.tls()

    def _logon(self) -> str | None:
        return self._ask(lambda: self.machine.is_logged_on(self.user), f"{self.user} is not logged on yet.")

    def _restart(self) -> str | None:
        return self._ask(lambda: not self.machine.awaits_restart(), "The machine is about to restart.")

    @staticmethod
    def _ask(question: Callable[[], bool], otherwise: str) -> str | None:
        try:
            return None if question() else otherwise
        except OSError as error:
            return f"It cannot be told whether this holds: {otherwise} ({error.strerror or error})"
