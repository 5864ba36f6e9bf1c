"""The operator's own commands: what lies in a folder, each run in turn. They may hang, fail, or print megabytes."""

from __future__ import annotations

import logging
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from desktop.processes import begin

_PRINTED = 2_000  # bytes of the end of what a command prints
_POWERSHELL = ("powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File")
_RUN_BY: dict[str, tuple[str, ...]] = {".ps1": _POWERSHELL, ".cmd": ("cmd.exe", "/c"), ".bat": ("cmd.exe", "/c")}
_IGNORED = (".md", ".txt")

log = logging.getLogger("elephant.desktop")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its file's name, and what went wrong as a sentence, None for nothing."""

    name: str
    failure: str | None = None


def run_all(
    folder: Path, patience_s: float, environ: Mapping[str, str] | None = None, windows: bool = os.name == "nt"
) -> list[Outcome]:
    """Run each command of a folder, by name, one after the other; each has this many seconds.

    One that fails or hangs stops none after it. A folder that is not there holds none. `environ` is added to the
    environment. What each prints, its end at most, goes to the log.
    """
    return [_run(file, patience_s, environ or {}, windows) for file in _commands(folder, windows)]


def run_one(
    command: Sequence[str], patience_s: float, environ: Mapping[str, str], name: str = ""
) -> tuple[str | None, str]:
    """Run one command; return what went wrong as a sentence, None for nothing, and the end of what it printed.

    `name` is what the sentence calls it, its program's name unless told.
    """
    with tempfile.TemporaryFile() as printed:
        failure = _run_to(printed, command, patience_s, environ)
        size = printed.seek(0, os.SEEK_END)
        printed.seek(max(0, size - _PRINTED))
        said = printed.read().decode("utf-8", "replace").strip()
    return f"{name or Path(command[0]).name} {failure}" if failure else None, said


def _commands(folder: Path, windows: bool) -> list[Path]:
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file())
    except FileNotFoundError:
        return []
    except OSError as error:
        log.error("The commands in %s cannot be listed: %s", folder, error)
        return []
    shown = [file for file in files if not file.name.startswith(".") and file.suffix.lower() not in _IGNORED]
    return shown if windows else [file for file in shown if os.access(file, os.X_OK)]


def _run(file: Path, patience_s: float, environ: Mapping[str, str], windows: bool) -> Outcome:
    by = _RUN_BY.get(file.suffix.lower(), ()) if windows else ()
    failure, said = run_one([*by, str(file)], patience_s, environ, file.name)
    if failure:
        log.warning("%s%s", failure, f" It printed: {said}" if said else "")
        return Outcome(file.name, failure)
    log.info("%s has run.%s", file.name, f" It printed: {said}" if said else "")
    return Outcome(file.name)


def _run_to(printed: IO[bytes], command: Sequence[str], patience_s: float, environ: Mapping[str, str]) -> str | None:
    """Run a command and return what went wrong, None for nothing. Its children end with it."""
    try:
        process = begin(command, environ, output=printed)
    except OSError as error:
        return f"cannot be run: {error.strerror}."
    try:
        code = process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"has not ended after {patience_s:g} s and was stopped."
    return f"failed with {code}." if code else None
