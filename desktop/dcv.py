"""What the DCV server of this machine says of itself, asked with its own command line.

Its exit codes are not documented and its output differs between versions (docs/desktop.md), so three things are unknown
and never taken for an answer: a command that fails, an output that is no JSON, and a key that is not there.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desktop.machine import programs

SESSION = "console"
"""The id of the one session that a desktop has."""

_PATIENCE_S = 20
_LONGEST = 64_000  # characters: a session is told in a few hundred


class DcvUnknown(Exception):
    """DCV could not be asked, or its answer is not to be understood."""


@dataclass(frozen=True, slots=True)
class Session:
    """The desktop's session, as DCV tells it; times are UTC.

    `last_left_at` is when somebody was last disconnected, None for never. `licence` is None where DCV licenses it, and
    otherwise what DCV says instead.
    """

    owner: str
    connections: int
    last_left_at: datetime | None
    licence: str | None


Run = Callable[[Sequence[str]], str]
"""Runs a command to its end and returns what it prints; raises DcvUnknown where it fails."""


def run(command: Sequence[str]) -> str:
    """Run one of DCV's commands and return what it prints.

    Raises:
        DcvUnknown: it is not there, fails, or does not end.
    """
    shown = " ".join(command[1:])
    try:
        done = programs.run(command, _PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise DcvUnknown(f"`dcv {shown}` has not ended after {_PATIENCE_S} s.") from None
    except OSError as error:
        raise DcvUnknown(f"{command[0]} cannot be run ({error.strerror}); is DCV installed?") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "and says nothing").splitlines()[0]
        raise DcvUnknown(f"`dcv {shown}` fails with {done.returncode}: {said:.200}")
    return done.stdout


class Dcv:
    """DCV's command line, with which SYSTEM or root sees every session."""

    def __init__(self, program: str = "dcv", run: Run = run) -> None:
        """Take the program, which is on the PATH on Linux alone, and what runs commands."""
        self._program = program
        self._run = run

    def session(self) -> Session | None:
        """Return the desktop's session, None where DCV has none.

        Raises:
            DcvUnknown: DCV could not be asked.
        """
        try:
            told = self._ask("describe-session", SESSION)
        except DcvUnknown:
            if self._has_session():  # it fails where there is none, and also where it cannot be asked
                raise
            return None
        if not isinstance(told, dict):
            raise DcvUnknown(f"`dcv describe-session` prints {type(told).__name__} and no object.")
        return _understand(told)

    def _has_session(self) -> bool:
        told = self._ask("list-sessions")
        if not isinstance(told, list):
            raise DcvUnknown(f"`dcv list-sessions` prints {type(told).__name__} and no array.")
        return any(isinstance(each, dict) and each.get("id") == SESSION for each in told)

    def disconnect(self) -> None:
        """End the session, its programs and all connections; DCV knows no other way to send everybody out.

        Raises:
            DcvUnknown: it cannot be told whether it has ended.
        """
        self._run([self._program, "close-session", SESSION])
        if self._has_session():  # DCV has been seen to say 0 and do nothing
            raise DcvUnknown("DCV says that it has closed the session, and still lists it.")

    def _ask(self, *words: str) -> Any:
        printed = self._run([self._program, *words, "--json"])[:_LONGEST].strip()
        if not printed and words[0] == "list-sessions":
            return []
        try:
            return json.loads(printed)
        except (ValueError, RecursionError):
            raise DcvUnknown(f"`dcv {' '.join(words)} --json` prints no JSON but {printed!r:.80}.") from None


def _understand(told: dict[str, Any]) -> Session:
    connections, left = told.get("num-of-connections"), told.get("last-disconnection-time")
    if not isinstance(connections, int) or isinstance(connections, bool) or connections < 0:
        raise DcvUnknown(f"DCV tells {connections!r:.40} for the number of connections.")
    if not isinstance(left, str):
        raise DcvUnknown(f"DCV tells {left!r:.40} for when somebody was last disconnected.")
    try:
        last_left_at = datetime.fromisoformat(left).astimezone(UTC) if left else None
    except ValueError:
        raise DcvUnknown(f"DCV tells {left!r:.40} for when somebody was last disconnected.") from None
    owner = told.get("owner")
    return Session(owner if isinstance(owner, str) else "", connections, last_left_at, _lacks(told.get("licenses")))


def _lacks(licences: Any) -> str | None:
    """Return what is wrong with the licence, None for nothing. DCV spells the same word in both cases."""
    listed = licences if isinstance(licences, list) else []
    of_dcv = [each for each in listed if isinstance(each, dict) and each.get("product") == "dcv"]
    said = [str(each.get("status")) for each in of_dcv]
    if any(status.lower() == "licensed" for status in said):
        return None
    return f"DCV says {', '.join(said)}" if said else "DCV lists no licence"
