"""The system's own programs, asked what they know."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence

_PATIENCE_S = 20

Output = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program to its end and returns its exit code and what it printed; OSError where it cannot, or hangs."""


def run(command: Sequence[str], patience_s: float) -> subprocess.CompletedProcess[str]:
    """Run a program of the PATH, or of a path of its own, to its end, with nothing to read.

    Raises:
        OSError: it is not there.
        subprocess.TimeoutExpired: it has not ended in so many seconds.
    """
    return subprocess.run(  # noqa: S603  a list of words, no shell
        [shutil.which(command[0]) or command[0], *command[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=patience_s,
        check=False,
    )


def output(command: Sequence[str]) -> tuple[int, str]:
    """Run a program and return its exit code and what it printed.

    Raises:
        OSError: it is not there, or has not ended in time.
    """
    try:
        done = run(command, _PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"{command[0]} has not ended after {_PATIENCE_S} s") from None
    return done.returncode, done.stdout
