"""What a rehearsal needs of Windows and Linux beyond what the agent's service does."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from desktop.config import Config
from desktop.machine.programs import Output, output

_HERE = Path(__file__).resolve().parent
_SCRIPTS = _HERE.parent
_LOG_BYTES = 64_000


class Host(Protocol):
    """One of the two systems. Everything raises OSError where it cannot."""

    restart_code: int
    """What tells Image Builder to restart the machine, and to run the same step again."""
    script: str
    """How a script's file name ends."""
    begins: str
    """How a script begins."""

    def restart_service(self) -> None:
        """Have the agent's service begin anew, by whatever begins it at boot."""

    def log(self, process: str, config: Config, since: datetime) -> str:
        """Return what one of the agent's processes has logged since then (UTC), the end of it at most."""

    def boot(self, config: Config, metadata: str) -> Sequence[str]:
        """Return the command that makes the machine a desktop and leaves the restart to others."""

    def verifier(self, config: Config) -> str | None:
        """Return the address at which DCV asks about tokens, as its settings say; None where they say none."""

    def words(self, command: Sequence[str]) -> str:
        """Return a command as a script has it."""

    def passes_on(self, command: Sequence[str]) -> str:
        """Return the line of a script that runs a command with whatever the script was given."""


class Linux:
    """A machine with systemd."""

    restart_code = 194
    script = ""
    begins = "#!/bin/sh"

    def __init__(self, root: Path, output: Output = output) -> None:
        """Take where its file system begins, and what runs programs."""
        self._root = root
        self._output = output

    def restart_service(self) -> None:
        """Restart the unit."""
        code, _ = self._output(["systemctl", "restart", "elephant-agent.service"])
        if code:
            raise OSError(f"`systemctl restart elephant-agent.service` fails with {code}")

    def log(self, process: str, config: Config, since: datetime) -> str:  # noqa: ARG002  Windows needs the settings
        """Return the unit's journal."""
        units = {
            "service": "_SYSTEMD_UNIT=elephant-agent.service",
            "helper": "_SYSTEMD_USER_UNIT=elephant-helper.service",
        }
        command = ["journalctl", "--no-pager", "--quiet", "--output=cat", f"--since=@{since.timestamp():.0f}"]
        _, said = self._output([*command, units[process]])
        return said[-_LOG_BYTES:]

    def boot(self, config: Config, metadata: str) -> Sequence[str]:
        """Return boot.sh's command."""
        options = ["--user", config.user, "--verifier-port", str(config.verifier_port)]
        return ["bash", str(_SCRIPTS / "linux" / "boot.sh"), *options, "--metadata", metadata, "--no-restart"]

    def verifier(self, config: Config) -> str | None:  # noqa: ARG002  one file says it, whatever the agent's say
        """Return what dcv.conf says."""
        found = configparser.ConfigParser(interpolation=None, strict=False)
        file = self._root / "etc" / "dcv" / "dcv.conf"
        try:
            found.read_string(file.read_text(encoding="utf-8", errors="replace"))
        except configparser.Error as error:
            raise OSError(f"{file} is not to be understood: {error.message}") from error
        return found.get("security", "auth-token-verifier", fallback="").strip("\"'") or None

    def words(self, command: Sequence[str]) -> str:
        """Return a command as a shell reads it."""
        return shlex.join(command)

    def passes_on(self, command: Sequence[str]) -> str:
        """Return a line of a shell's."""
        return f'exec {shlex.join(command)} "$@"'


class Windows:
    """A machine of Windows: the agent's processes are scheduled tasks (install.ps1)."""

    restart_code = 3010
    script = ".cmd"
    begins = "@echo off"

    def __init__(self, output: Output = output) -> None:
        """Take what runs programs."""
        self._output = output

    def restart_service(self) -> None:
        """End the task, and begin it; should it not have ended by then, Windows begins it within a minute."""
        self._output(["schtasks", "/End", "/TN", "ElephantService"])
        code, _ = self._output(["schtasks", "/Run", "/TN", "ElephantService"])
        if code:
            raise OSError(f"`schtasks /Run /TN ElephantService` fails with {code}")

    def log(self, process: str, config: Config, since: datetime) -> str:
        """Return the end of the file that the process writes, from the first line of that time on."""
        file = (config.state if process == "service" else config.session) / f"{process}.log"
        with file.open("rb") as source:
            source.seek(max(0, file.stat().st_size - _LOG_BYTES))
            said = source.read().decode("utf-8", "replace")
        first = f"{since.astimezone():%Y-%m-%d %H:%M:%S}"
        lines = said.splitlines()
        begins = next((at for at, line in enumerate(lines) if re.match(r"\d{4}-", line) and line >= first), len(lines))
        return "\n".join(lines[begins:])

    def boot(self, config: Config, metadata: str) -> Sequence[str]:
        """Return boot.ps1's command."""
        shell = ["powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File"]
        options = ["-User", config.user, "-VerifierPort", str(config.verifier_port)]
        return [*shell, str(_SCRIPTS / "windows" / "boot.ps1"), *options, "-Metadata", metadata, "-NoRestart"]

    def verifier(self, config: Config) -> str | None:  # noqa: ARG002  see Linux
        """Return what the registry says: the line of a value is its name, its type, and what it holds."""
        key = r"HKU\S-1-5-18\Software\GSettings\com\nicesoftware\dcv\security"
        _, said = self._output(["reg", "query", key, "/v", "auth-token-verifier"])
        found = re.search(r"^\s*auth-token-verifier\s+REG_SZ\s+(\S+)\s*$", said, re.MULTILINE)
        return found[1] if found else None

    def words(self, command: Sequence[str]) -> str:
        """Return a command as cmd.exe reads it."""
        return " ".join(f'"{word}"' for word in command)

    def passes_on(self, command: Sequence[str]) -> str:
        """Return a line of cmd.exe's."""
        return f"{self.words(command)} %*"


def this_host(root: Path) -> Host:
    """Return the system that this runs on; `root` is where its own files are."""
    return Windows() if os.name == "nt" else Linux(root)


def python(script: str, *words: str) -> list[str]:
    """Return the command of one of the files beside this one, whatever folder it is run in."""
    return [sys.executable, "-I", str(_HERE / script), *words]
