"""A program that is kept running in the person's session: opened again when it ends, and never twice.

It is told to end by the end of its standard input, and a little later by SIGTERM (Windows: Ctrl+Break, and its windows
are closed); only after that it is killed. A helper that was killed leaves a mark of what it has opened: the next one
takes that over, so that nobody is thrown out of a room and no recording is cut.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from desktop import processes

SHORTEST_S, LONGEST_S = 2.0, 60.0
"""How long it is waited before a program that has ended is opened again; each time that it fails at once, twice as
long."""

WELL_S = 60.0
"""One that has lived for so long counts as well: its next end is the person's own doing."""

LISTENS_S = 5.0
"""How long a program has to notice the end of its input."""

GENTLE_S = 20.0
"""How long a program that is told to end has for it from then on."""


class Process(Protocol):
    """A process, as far as it matters here."""

    pid: int
    stdin: IO[bytes] | None

    def poll(self) -> int | None:
        """Return what it has exited with, None while it runs."""

    def terminate(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it at once, and what it has begun and left behind."""

    def lingers(self) -> bool:
        """Return whether something that it has begun outlives it: a script may end before what it has started."""


Spawn = Callable[[Sequence[str], Mapping[str, str]], Process]
"""Starts a program with this added to its environment; OSError where it cannot."""


def spawn(command: Sequence[str], environ: Mapping[str, str]) -> Process:
    """Start a program in a group of its own, silent, with a standard input that ends with this process.

    Raises:
        OSError: it cannot be run.
    """
    processes.refuse_shell(command)
    return processes.begin(command, environ, stdin=subprocess.PIPE)


class Kept:
    """One program; stepped every few seconds by who wants it to run, or to have ended."""

    def __init__(self, name: str, elapsed: Callable[[], float], start: Spawn, file: Path) -> None:
        """Take what it is called in sentences, what counts seconds, what starts it, and where its mark is kept."""
        self._file = file
        self._name = name
        self._elapsed = elapsed
        self._spawn = start
        self._process, self._command = _left_running(file)
        self._begun_s = elapsed() - WELL_S
        self._told_to_end_s: float | None = None
        self._was_terminated = False
        self._pause_s = SHORTEST_S
        self._not_before_s = elapsed()
        self.fault: str | None = None
        """What is wrong with it, as a sentence; None for nothing."""

    @property
    def is_running(self) -> bool:
        """Whether it runs, told to end or not."""
        self._look()
        return self._process is not None

    def keep(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Have just this run: it is started where it does not run, and another in its place is ended first."""
        self._look()
        if self._process:
            if tuple(command) != self._command or self._told_to_end_s is not None:
                self.end()
            return
        if self._elapsed() < self._not_before_s:
            return
        self._command = tuple(command)
        try:
            self._process = self._spawn(command, environ)
        except (OSError, ValueError) as error:
            self._ended(f"{self._name} cannot be opened: {getattr(error, 'strerror', None) or error}.")
            return
        self._begun_s = self._elapsed()
        self._told_to_end_s, self._was_terminated = None, False
        mark = {"pid": self._process.pid, "born": processes.born(self._process.pid), "command": self._command}
        with suppress(OSError):  # a full disk: should this helper be killed, the next one would not know of it
            self._file.write_text(json.dumps(mark), encoding="utf-8")

    def end(self) -> None:
        """Have it end, gently at first; stepped until it has."""
        self._look()
        if self._process is None:
            return
        if self._told_to_end_s is None:
            self._told_to_end_s = self._elapsed()
            self._close_input()
        if self._patience_s() <= 0:
            self._process.kill()
        elif (self._patience_s() <= GENTLE_S or self._process.stdin is None) and not self._was_terminated:
            self._was_terminated = True
            self._process.terminate()

    def _patience_s(self) -> float:
        """Return how long it still has to end by itself."""
        told_to_end_s = self._elapsed() if self._told_to_end_s is None else self._told_to_end_s
        return told_to_end_s + LISTENS_S + GENTLE_S - self._elapsed()

    def _close_input(self) -> None:
        if self._process and self._process.stdin:
            with suppress(OSError):  # it has ended by itself meanwhile
                self._process.stdin.close()

    def _look(self) -> None:
        if self._process is None or (code := self._process.poll()) is None:
            return
        self._close_input()
        if self._told_to_end_s is not None and self._process.lingers() and self._patience_s() > 0:
            return  # a recorder that a script has begun may be closing its file
        self._process.kill()
        self._process = None
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
        if self._told_to_end_s is not None or self._elapsed() - self._begun_s >= WELL_S:
            self._pause_s, self.fault = SHORTEST_S, None
            self._not_before_s = self._elapsed() + (0 if self._told_to_end_s is not None else SHORTEST_S)
            self._told_to_end_s = None
        else:
            self._ended(f"{self._name} has ended at once with {code}." if code else None)

    def _ended(self, fault: str | None) -> None:
        self.fault = fault
        self._not_before_s = self._elapsed() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_S)


def _left_running(file: Path) -> tuple[Process | None, tuple[str, ...]]:
    """Return what an earlier helper has opened, where it still runs; whoever has its number now is let be."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        pid, mark, command = int(told["pid"]), told["born"], tuple(str(word) for word in told["command"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None, ()
    if mark is None or processes.born(pid) != mark:
        return None, ()
    return processes.Found(pid, mark), command
