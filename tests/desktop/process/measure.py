"""`python -m tests.desktop.process.measure [minutes]`: what the agent takes of a desktop, and how soon it is ready.

Two desktops of real processes, with their people connected, are watched for so many minutes (5); what they took is told
for an hour. The modelled guests boot in no time here too, so that both can be compared.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from app import app
from chalicelib.settings import Client
from localcloud.clock import RealClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.doors import DOMAIN
from localcloud.gateway import Gateway
from localcloud.laptop import Laptop
from localcloud.people import schedule
from tests.desktop.process.laptops import Meeting
from tests.waiting import until

_HOUR = timedelta(hours=1)


class Sent:
    """Counts what desktops send to the gateway, in bytes, and how often."""

    def __init__(self) -> None:
        self.bytes = self.requests = 0
        self._lock = threading.Lock()

    def note(self, environ: dict[str, Any]) -> None:
        if not environ["PATH_INFO"].startswith("/desktop/"):
            return
        headers = sum(len(name) + len(str(value)) + 4 for name, value in environ.items() if name.startswith("HTTP_"))
        with self._lock:
            self.bytes += headers + int(environ.get("CONTENT_LENGTH") or 0) + len(environ["PATH_INFO"]) + 20
            self.requests += 1


def main(minutes: float) -> int:
    """Measure and tell."""
    sent, ask = Sent(), Gateway.__call__

    def counted(self: Gateway, environ: dict[str, Any], start_response: Any) -> Any:
        sent.note(environ)
        return ask(self, environ, start_response)

    at_once = Conditions(starting_s=(0.2, 0.2), stopping_s=(0.2, 0.2), client=Client.KIT, guests=False)
    clock = RealClock(1)
    with (
        patch.object(Gateway, "__call__", counted),
        tempfile.TemporaryDirectory() as folder,
        Cloud(app, clock, at_once, domain=DOMAIN) as cloud,
    ):
        laptop = Laptop(cloud, Path(folder))
        clock.start()
        began = time.monotonic()
        meeting = Meeting(cloud, laptop)
        for role in ("teacher", "student"):
            meeting.wait_until_ready(role)
        print(f"from scheduling to two ready desktops: {time.monotonic() - began:.1f} s (the agent)")
        people = [meeting.open(role) for role in ("teacher", "student")]
        services = [machine.process("service").pid for machine in laptop.machines.values()]
        helpers = [machine.process("helper").pid for machine in laptop.machines.values()]
        before, sent.bytes, sent.requests = {pid: _cpu_s(pid) for pid in services + helpers}, 0, 0
        time.sleep(minutes * 60)
        factor = _HOUR / timedelta(minutes=minutes) / 2
        for name, pids in (("service", services), ("helper", helpers)):
            used = sum(_cpu_s(pid) - before[pid] for pid in pids) * factor
            memory = max(_memory_mib(pid) for pid in pids)
            print(f"the {name}: {memory:.0f} MiB, {used:.0f} s of one core an hour, its DCV commands counted in")
        print(f"a desktop sends {sent.bytes * factor / 1000:.0f} kB in {sent.requests * factor:.0f} requests an hour")
        for person in people:
            person.drop()
        clock.stop()
        laptop.stop()
    _measure_modelled()
    return 0


def _measure_modelled() -> None:
    at_once = Conditions(starting_s=(0.2, 0.2), boot_s=(0, 0), client=Client.KIT)
    clock = RealClock(1)
    with Cloud(app, clock, at_once) as cloud:
        clock.start()
        began = time.monotonic()
        invitation = schedule(cloud.url, cloud.timeline, clock.now() + timedelta(minutes=3))
        ready = {"teacher_healthy_at", "student_healthy_at"}
        until(lambda: ready <= set(cloud.row(invitation.meeting_id)), "both are ready")
        print(f"from scheduling to two ready desktops: {time.monotonic() - began:.1f} s (the modelled guests)")
        clock.stop()


def _cpu_s(pid: int) -> float:
    """Return what a process and its children that have ended have used, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5))
