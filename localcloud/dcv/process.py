"""One desktop's DCV server as a process that somebody else starts, stops and kills."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from localcloud import loopback
from localcloud.dcv import states
from localcloud.dcv.cli import write_shim

_ROOT = Path(__file__).resolve().parents[2]
_LOOK_EVERY_S = 0.02


class NotStarted(Exception):
    """The server has not come up."""


class DcvProcess:
    """A server for one desktop. Started again, it has the same home and the same port, as a machine after a reboot."""

    def __init__(
        self,
        home: Path,
        host_name: str = "localhost",
        port: int = 0,
        reconnect_s: float = 3,
        python: str = sys.executable,
    ) -> None:
        """Prepare the home and its `dcv`; `port` is 0 for any that is free, `reconnect_s` is a page's own pause."""
        self.home = home.resolve()
        self.home.mkdir(parents=True, exist_ok=True)
        self.shims = self.home / "bin"
        """The folder to put on the PATH of whoever runs `dcv`."""
        self.port = port
        self._host_name = host_name
        self._reconnect_s = reconnect_s
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self.program = write_shim(self.shims, self.home, python)
        """The `dcv` there: a script of the system's shell."""

    @property
    def pid(self) -> int | None:
        """The number of the process, None where it was never started."""
        return self._process.pid if self._process else None

    @property
    def url(self) -> str:
        """Where the desktop is, without the slash at the end."""
        return f"https://127.0.0.1:{self.port}"

    def desktop_url(self, token: str) -> str:
        """Return the address that opens the desktop in a browser."""
        return f"{self.url}/?authToken={quote(token, safe='')}#console"

    @property
    def exit_code(self) -> int | None:
        """What the server has exited with; None while it runs, or where it was never started."""
        return self._process.poll() if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self, patience_s: float = 30) -> None:
        """Start the server and wait until it listens.

        Raises:
            NotStarted: it has ended, or does not listen in time.
        """
        if self.is_running:
            return
        told = self.home / "port"
        told.unlink(missing_ok=True)
        options = ["--home", str(self.home), "--port", str(self.port), "--host-name", self._host_name]
        with (self.home / "stderr.log").open("ab") as complaints:
            self._process = subprocess.Popen(
                [self._python, "-m", "localcloud.dcv", *options, "--reconnect-s", str(self._reconnect_s)],
                env={**os.environ, **loopback.exempt(os.environ), "PYTHONPATH": str(_ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=complaints,
                stderr=complaints,
                start_new_session=True,
            )
        until = time.monotonic() + patience_s
        while not told.exists():
            if not self.is_running or time.monotonic() > until:
                self.kill()
                raise NotStarted(f"The DCV server has not come up: read {self.home / 'stderr.log'}.")
            time.sleep(_LOOK_EVERY_S)
        self.port = int(told.read_text())

    def stop(self, patience_s: float = 10) -> None:
        """Stop the server as its service is stopped, and by force where it does not end in time."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server at once, as a machine that loses its power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def dcv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line against this server."""
        command = [self._python, "-m", "localcloud.dcv.cli", "--home", str(self.home), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)

    def set_state(self, **wanted: Any) -> None:
        """Say how the server is to behave from now on; what is not named is well (see states)."""
        states.write_state(self.home, **wanted)
