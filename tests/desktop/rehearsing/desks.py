"""A machine of a new image on which a rehearsal is run for real: DCV's stand-in, the helper in its session, the system.

What systemd does is done here: `systemctl restart` begins the agent's service anew, as its unit would.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop.config import as_toml
from localcloud import loopback
from localcloud.dcv.process import DcvProcess

ROOT = Path(__file__).resolve().parents[3]
USER = getpass.getuser()
NOBODY_THERE = "http://127.0.0.1:9"
PATIENCE_S = 120

_PROGRAMS = {
    "systemctl": """\
case "$1" in
is-active) kill -0 "$(cat {home}/dcv.pid)" 2>/dev/null && echo active || {{ echo inactive; exit 3; }} ;;
restart) rm -f {home}/restarted; touch {home}/restart; until test -e {home}/restarted; do sleep 0.02; done ;;
esac
""",
    "loginctl": f"test -e {{home}}/logged-on && echo 'c1 1000 {USER} seat0 tty2'; exit 0",
    "journalctl": 'case "$*" in *elephant-agent*) cat {home}/service.log ;; *) cat {home}/helper.log ;; esac',
    "shutdown": "touch {home}/shut-down",
}
_OF_THE_AGENT = ("told.json", "helper.json", "helper.lock", "rehearsal.lock")
_DCV_CONF = """\
[session-management]
create-session=true
[session-management/automatic-console-session]
owner="{owner}"
[security]
auth-token-verifier="http://127.0.0.1:{port}"
"""


@dataclass
class Desk:
    """One machine; `settings` are the image's own beside those that follow from where it is."""

    home: Path
    owner: str = USER
    has_service: bool = True
    """Whether the agent's service comes up when it is begun."""
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        self.dcv = DcvProcess(self.home / "dcv", "the image's own name")
        self.verifier_port = free_port()
        conf = _DCV_CONF.format(owner=self.owner, port=self.verifier_port)
        (self.dcv.home / "dcv.conf").write_text(conf)
        etc = self.home / "root" / "etc" / "dcv"
        etc.mkdir(parents=True)
        (etc / "dcv.conf").write_text(conf)
        for name, script in _PROGRAMS.items():
            program = self.dcv.shims / name
            program.write_text(f"#!/bin/sh\n{script.format(home=self.home)}\n")
            program.chmod(0o755)
        for name in ("service.log", "helper.log"):
            (self.home / name).touch()
        self.toml = self.home / "agent.toml"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._off = threading.Event()

    def start(self, *, logged_on: bool = True) -> None:
        """Boot: DCV, the agent's service, and the logon with the session helper."""
        self.dcv.start()
        (self.home / "dcv.pid").write_text(str(self.dcv.pid))
        python = [sys.executable, "-m", "localcloud.session"]
        values = {
            "user": USER,
            "dcv": str(self.dcv.program),
            "dcv_port": self.dcv.port,
            "dcv_certificates": str(self.dcv.home),
            "verifier_port": self.verifier_port,
            "metadata": NOBODY_THERE,
            "root": str(self.home / "root"),
            "browser": [*python, "room", "--home", str(self.dcv.home)],
            "recorder": [*python, "record"],
            "away_minutes": 0.02,
            **{name: str(self.home / name) for name in ("state", "shared", "session", "hooks", "drop")},
            **self.settings,
        }
        self.toml.write_text(as_toml(values))
        self.begin("service")
        threading.Thread(target=self._supervise, daemon=True).start()
        if logged_on:
            (self.home / "logged-on").touch()
            self.begin("helper")

    def _supervise(self) -> None:
        asked = self.home / "restart"
        while not self._off.wait(0.02):
            if asked.exists():
                asked.unlink()
                self.end("service")
                self.begin("service")
                (self.home / "restarted").touch()

    def begin(self, process: str) -> None:
        """Start one of the agent's processes, where the machine has it."""
        if process == "service" and not self.has_service:
            return
        with (self.home / f"{process}.log").open("ab") as log:
            self._processes[process] = self._popen([process], stdout=log, stderr=log)

    def end(self, process: str) -> None:
        """End one of the agent's processes, as systemd does."""
        if running := self._processes.get(process):
            running.terminate()
            running.wait(30)

    def rehearse(self, minutes: float, *words: str) -> subprocess.Popen[bytes]:
        """Begin a rehearsal."""
        return self._popen(
            ["rehearse", "--minutes", str(minutes), *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def _popen(self, words: list[str], **more: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "desktop", *words, "--config", str(self.toml)],
            env={
                **os.environ,
                **loopback.exempt(os.environ),
                "PYTHONPATH": str(ROOT),
                "PATH": f"{self.dcv.shims}{os.pathsep}{os.environ.get('PATH', '')}",
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **more,
        )

    def files(self) -> dict[str, bytes]:
        """Return what the image says and keeps, all that a rehearsal might leave anything in."""
        kept = [self.toml, *(self.dcv.home / name for name in ("dcv.pem", "dcv.key"))]
        below = [
            each for name in ("state", "shared", "session", "hooks", "drop") for each in (self.home / name).rglob("*")
        ]
        found = [file for file in [*kept, *below, *self.home.glob("*.before*")] if file.is_file()]
        return {str(file.relative_to(self.home)): file.read_bytes() for file in found if file.name not in _OF_THE_AGENT}

    def stop(self) -> None:
        """Power the machine off."""
        self._off.set()
        for process in list(self._processes):
            self.end(process)
        self.dcv.kill()


@dataclass(frozen=True)
class Told:
    """What a rehearsal has exited with and printed."""

    code: int
    printed: str

    @property
    def failed(self) -> list[str]:
        return re.findall(r"^rehearsal: FAILED (.*)$", self.printed, re.MULTILINE)

    @property
    def ok(self) -> list[str]:
        return re.findall(r"^rehearsal: ok (.*)$", self.printed, re.MULTILINE)


def end_of(process: subprocess.Popen[bytes]) -> Told:
    """Return what became of a rehearsal, once it has ended."""
    printed, _ = process.communicate(timeout=PATIENCE_S)
    return Told(process.returncode, printed.decode())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
