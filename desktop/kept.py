"""A program that is kept running in the person's session: opened again when it ends, and never twice.

It is told to end by the end of its standard input; a helper that is killed ends it so as well. One that does not
listen there, as browsers do not, is found again by its number and ended before another is opened.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

SHORTEST_S, LONGEST_S = 2.0, 60.0
"""How long it is waited before a program that has ended is opened again; each time that it fails at once, twice as
long."""

WELL_S = 60.0
"""One that has lived for so long counts as well: its next end is the person's own doing."""

GENTLE_S = 20.0
"""How long a program that is told to end has for it."""


class Process(Protocol):
    """A process, as far as it matters here."""

    pid: int
    stdin: IO[bytes] | None

    def poll(self) -> int | None:
        """Return what it has exited with, None while it runs."""

    def terminate(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it at once."""


Spawn = Callable[[Sequence[str], Mapping[str, str]], Process]
"""Starts a program with this added to its environment; OSError where it cannot."""


def spawn(command: Sequence[str], environ: Mapping[str, str]) -> Process:
    """Start a program in a group of its own, silent, with a standard input that ends with this process.

    Raises:
        OSError: it cannot be run.
    """
    apart = 0
    if sys.platform == "win32":
        apart = subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(  # noqa: S603  a list of words, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environ},
        start_new_session=sys.platform != "win32",
        creationflags=apart,
    )


def end_leftover(file: Path) -> None:
    """End what an earlier helper has left running, as the file tells; whatever else has its number now is let be."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        pid, command = int(told["pid"]), [str(word) for word in told["command"]]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if sys.platform == "win32":
        program = f"IMAGENAME eq {Path(command[0]).name}"
        with suppress(OSError):
            killer = ["taskkill.exe", "/F", "/T", "/PID", str(pid), "/FI", program]
            subprocess.run(killer, capture_output=True, check=False)  # noqa: S603
    elif _is(pid, command):
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):
        file.unlink()


def _is(pid: int, command: Sequence[str]) -> bool:
    """Return whether this process was begun so: a program may be a script that hands on to another."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
    except OSError:
        return False
    return Path(words[0]).name == Path(command[0]).name or any(word in words for word in command[1:])


class Kept:
    """One program; stepped every few seconds by who wants it to run, or to have ended."""

    def __init__(self, name: str, elapsed: Callable[[], float], start: Spawn, file: Path) -> None:
        """Take what it is called in sentences, what counts seconds, what starts it, and where its number is kept."""
        end_leftover(file)
        self._file = file
        self._name = name
        self._elapsed = elapsed
        self._spawn = start
        self._process: Process | None = None
        self._command: tuple[str, ...] = ()
        self._begun_s = 0.0
        self._told_to_end_s: float | None = None
        self._was_terminated = False
        self._pause_s = SHORTEST_S
        self._not_before_s = elapsed()
        self.fault: str | None = None
        """What is wrong with it, as a sentence; None for nothing."""

    @property
    def is_running(self) -> bool:
        """Whether it runs, told to end or not."""
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
        with suppress(OSError):  # a full disk: should this helper be killed, this one would be left
            self._file.write_text(json.dumps({"pid": self._process.pid, "command": self._command}), encoding="utf-8")

    def end(self) -> None:
        """Have it end, gently at first; stepped until it has."""
        self._look()
        if self._process is None:
            return
        now = self._elapsed()
        if self._told_to_end_s is None:
            self._told_to_end_s = now
            self._close_input()
        elif now - self._told_to_end_s >= 2 * GENTLE_S:
            self._process.kill()
        elif now - self._told_to_end_s >= GENTLE_S and not self._was_terminated:
            self._was_terminated = True
            self._process.terminate()

    def end_now(self) -> None:
        """End it without waiting, as the helper itself ends."""
        if self._process:
            self._close_input()
            self._process.terminate()
            self._process = None

    def _close_input(self) -> None:
        if self._process and self._process.stdin:
            try:
                self._process.stdin.close()
            except OSError:  # it has ended by itself meanwhile
                return

    def _look(self) -> None:
        if self._process is None or (code := self._process.poll()) is None:
            return
        self._close_input()
        self._process = None
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
