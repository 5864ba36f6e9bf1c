"""Desktops as real processes: the agent itself, unchanged, with stand-ins for all that is not there on a laptop.

Each has metadata of its own, a DCV server of its own (localcloud/dcv), and a folder of its own for everything that a
desktop keeps. What the agent asks the system with (`systemctl`, `loginctl`, `shutdown`; on Windows `tasklist`) are
programs that stand on its PATH. The agent's service begins as the machine runs, its session helper when the automatic
logon would have happened.
"""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from desktop.config import as_toml
from localcloud import loopback
from localcloud.cloud import STATE_TABLE, Cloud
from localcloud.dcv.certificate import Authority
from localcloud.dcv.process import DcvProcess, NotStarted
from localcloud.doors import Doors
from localcloud.ec2 import Life
from localcloud.metadata import Metadata
from tools import kept_certificate
from tools.kept_certificate import Facts

USER = "lesson"
AWAY_MINUTES = 0.5
_ROOT = Path(__file__).resolve().parents[1]
_LOOK_S = 0.5

_PROGRAMS_OF_WINDOWS = {
    "tasklist": """\
echo %* | findstr /C:"dcvserver" >nul && goto dcv
if exist "{home}\\logged-on" echo "explorer.exe","1","Console","1","1 K"
exit /b 0
:dcv
set /p PID=<"{home}\\dcv.pid"
%SystemRoot%\\System32\\tasklist.exe /FI "PID eq %PID%" /FO CSV /NH
""",
    "shutdown": 'type nul > "{home}\\shut-down"',
}
_PROGRAMS = {
    "systemctl": 'kill -0 "$(cat {home}/dcv.pid)" 2>/dev/null && echo active || {{ echo inactive; exit 3; }}',
    "loginctl": f"test -e {{home}}/logged-on && echo 'c1 1000 {USER} seat0 tty2'; exit 0",
    "shutdown": "touch {home}/shut-down",
}
_DCV_CONF = """\
[session-management]
create-session=true
[session-management/automatic-console-session]
owner='{user}'
max-concurrent-clients=1
client-eviction-policy='same-user-oldest-connection'
[security]
auth-token-verifier="http://127.0.0.1:{port}"
"""


@dataclass
class Machine:
    """One desktop's processes. Started again, it has the same folder, as after a reboot."""

    home: Path
    name: str
    metadata: Metadata
    settings: Mapping[str, object]
    agent: Sequence[str]
    dcv: DcvProcess = field(init=False)
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare the folder: the image's settings, DCV's, and the system's programs."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.dcv = DcvProcess(self.home / "dcv", self.name)
        self._verifier_port = _free_port()
        conf = _DCV_CONF.format(user=USER, port=self._verifier_port)
        (self.dcv.home / "dcv.conf").write_text(conf, encoding="utf-8")
        windows = os.name == "nt"
        for name, script in (_PROGRAMS_OF_WINDOWS if windows else _PROGRAMS).items():
            program = self.dcv.shims / (f"{name}.cmd" if windows else name)
            begin = "@echo off" if windows else "#!/bin/sh"
            program.write_text(f"{begin}\n{script.format(home=self.home)}\n", encoding="utf-8")
            program.chmod(0o755)

    @property
    def instance_id(self) -> str:
        """The instance's id."""
        return str(self.metadata.instance["InstanceId"])

    @property
    def has_shut_down(self) -> bool:
        """Whether the agent has ended the machine."""
        return (self.home / "shut-down").exists()

    def start(self) -> None:
        """Boot: DCV, the agent's service, and the logon with the session helper.

        Raises:
            NotStarted: DCV has not come up.
        """
        self.dcv.start()
        (self.home / "dcv.pid").write_text(str(self.dcv.pid))
        self._write_settings()
        self.begin("service")
        self.log_on()

    def log_on(self) -> None:
        """Log the person's user on, as Windows does by itself."""
        (self.home / "logged-on").touch()
        self.begin("helper")

    def begin(self, process: str) -> None:
        """Start one of the agent's two processes, where it does not run."""
        running = self._processes.get(process)
        if running and running.poll() is None:
            return
        with (self.home / f"{process}.log").open("ab") as log:
            self._processes[process] = subprocess.Popen(
                [sys.executable, *self.agent, process, "--config", str(self.home / "agent.toml")],
                env={
                    **os.environ,
                    **loopback.exempt(os.environ),
                    "PYTHONPATH": str(_ROOT),
                    "PATH": f"{self.dcv.shims}{os.pathsep}{os.environ.get('PATH', '')}",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def process(self, name: str) -> subprocess.Popen[bytes]:
        """Return one of the agent's processes."""
        return self._processes[name]

    def kill(self, process: str) -> None:
        """End one of the agent's processes at once."""
        running = self._processes[process]
        running.kill()
        running.wait()

    def stop(self) -> None:
        """Power the machine off: everything on it ends at once."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.dcv.kill()
        (self.home / "logged-on").unlink(missing_ok=True)

    def log(self, process: str) -> str:
        """Return what one of the agent's processes has logged."""
        return (self.home / f"{process}.log").read_text(encoding="utf-8", errors="replace")

    def _write_settings(self) -> None:
        python = [sys.executable, "-m", "localcloud.session"]
        values = {
            "user": USER,
            "dcv": str(self.dcv.program),
            "dcv_port": self.dcv.port,
            "verifier_port": self._verifier_port,
            "metadata": self.metadata.url,
            "root": str(self.home / "root"),
            "dcv_certificates": str(self.dcv.home),
            "browser": [*python, "room", "--home", str(self.dcv.home)],
            "recorder": [*python, "record"],
            "away_minutes": AWAY_MINUTES,
            **{name: str(self.home / name) for name in ("state", "shared", "session", "hooks", "drop")},
            **self.settings,
        }
        (self.home / "agent.toml").write_text(as_toml(values), encoding="utf-8")


class Laptop:
    """Every desktop of a cloud as real processes, up while its instance runs."""

    def __init__(
        self,
        cloud: Cloud,
        folder: Path,
        doors_port: int = 0,
        agent: Sequence[str] = ("-m", "desktop"),
        **settings: object,
    ) -> None:
        """Take the cloud, where desktops keep what they have, and the port that their links lead to, 0 for any.

        `agent` is what Python runs on a desktop. `settings` are the image's own, beside those that follow from where
        it is.

        Raises:
            DoorsTaken: another program has the port.
        """
        self._cloud = cloud
        self._folder = folder
        self._agent = agent
        self._settings = settings
        self.machines: dict[str, Machine] = {}
        self._work: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self.doors = Doors(self._port_of, doors_port)
        self.renew_certificate()
        cloud.ec2.listeners.append(self._state_changed)
        self._thread = threading.Thread(target=self._serve, name="laptop", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Power everything off."""
        self._work.put(None)
        self._thread.join()
        self.doors.stop()
        for machine in list(self.machines.values()):
            self._power_off(machine.instance_id)

    def renew_certificate(self) -> str:
        """Give the app a certificate for every desktop, as `make certificate` does; return which it is.

        Each issuer issues one: desktops that show an earlier one are not trusted by its root.
        """
        name, now = f"*.{self._cloud.environ['DOMAIN_ROOT']}", self._cloud.clock.now()
        pair = Authority().issue(name)
        of = Facts(id=pair.id, name=name, ends_at=pair.ends_at, kept_at=now)
        kept_certificate.keep(pair, of, STATE_TABLE, self._cloud.operator)
        return pair.id

    def _port_of(self, name: str) -> int | None:
        machine = self.machines.get(name.partition(".")[0])
        return machine.dcv.port if machine else None

    def _state_changed(self, life: Life) -> None:
        if life.instance.image_id != self._cloud.environ["AMI_ID"]:
            return
        if life.state == "running":
            self._work.put(partial(self._boot, life.id))
        else:
            self._work.put(partial(self._power_off, life.id))

    def _serve(self) -> None:
        while True:
            try:
                work = self._work.get(timeout=_LOOK_S)
            except queue.Empty:
                self._end_those_that_shut_down()
                continue
            if work is None:
                return
            work()

    def _boot(self, instance_id: str) -> None:
        found = self._cloud.operator("ec2").describe_instances(InstanceIds=[instance_id])["Reservations"]
        [instance] = [instance for each in found for instance in each["Instances"]]
        metadata = Metadata(instance, self._cloud.issuer, self._cloud.clock)
        name = f"{instance_id}.{self._cloud.environ['DOMAIN_ROOT']}"
        machine = Machine(self._folder / instance_id, name, metadata, self._settings, self._agent)
        try:
            machine.start()
            self.machines[instance_id] = machine
        except NotStarted as error:
            metadata.stop()
            self._cloud.timeline.add("laptop", "a desktop has not come up", str(error), bad=True)

    def _power_off(self, instance_id: str) -> None:
        if machine := self.machines.pop(instance_id, None):
            machine.stop()
            machine.metadata.stop()

    def _end_those_that_shut_down(self) -> None:
        for machine in list(self.machines.values()):
            if machine.has_shut_down:
                self._cloud.operator("ec2").terminate_instances(InstanceIds=[machine.instance_id])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
