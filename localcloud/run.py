"""`make run`: the local cloud and the app, kept up with fast desktops, until Ctrl-C.

Desktops are real processes of the agent, and a browser gets to them: what they keep is in `build/laptop-<port>`.
DESKTOPS=model has them modelled instead, and so does a clock that is faster than yours. The app is at
http://localhost:8000 or the next port that is free, or where PORT says. SPEED is how fast its clock
runs. Another process, `chalice local` say, reaches the same cloud with the environment in the file
`build/localcloud-<port>.env`, which is this run's own: several may be up at once.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

if __name__ == "__main__":  # what is imported next takes a second or two, and Ctrl-C is to end that too, in silence
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from chalice.app import Chalice

from chalicelib.settings import Client
from localcloud import display
from localcloud.clock import RealClock
from localcloud.cloud import OWN_SETTINGS, Cloud
from localcloud.cloudflare import DOMAIN
from localcloud.conditions import Conditions
from localcloud.doors import DOMAIN as LAPTOP
from localcloud.doors import DoorsTaken
from localcloud.server import PortTaken, is_free

FAST = Conditions(starting_s=(3, 3), stopping_s=(3, 3), boot_s=(5, 5))
AGENTS = replace(FAST, client=Client.KIT, guests=False)
BUILD = Path("build")
WORK_S = 60
_WATCH_S = 2
_PORTS = {"port": (8000, "the app"), "aws-port": (4566, "AWS's API"), "cloudflare-port": (4567, "Cloudflare's API")}
_NEXT_PORTS = 100
_TRIES = 3
_SPEEDS = (0.1, 60)  # faster still, and a minute is too short for what the sweep does in it
_OTHER_PORTS = "make run PORT=9000 AWS_PORT=9001 CLOUDFLARE_PORT=9002"
_LAST_PORT = 65535
DESKTOPS_PORT = 8443
"""Where desktops' links lead; it is no choice of this run's."""
# Whatever AWS knows besides: a profile, a session, an endpoint of one service would each lead elsewhere.
_UNSET = r"unset $(env | sed -n 's/^\(AWS_[^=]*\)=.*/\1/p')"


class Lesson:
    """Stands in for the people's work: both desktops upload a while after both people have joined."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._begun: set[str] = set()
        self._watch()

    def _watch(self) -> None:
        self._cloud.clock.after(_WATCH_S, self._watch)
        for row in self._cloud.rows():
            both = row.get("teacher_joined_at") and row.get("student_joined_at")
            if both and row["id"] not in self._begun:
                self._begun.add(row["id"])
                done = f"both are in; they will be done in {WORK_S} s"
                self._cloud.timeline.add("people", done, meeting=str(row["id"]))
                self._cloud.clock.after(WORK_S, partial(self._finish, row))

    def _finish(self, meeting: dict[str, Any]) -> None:
        for role in ("teacher", "student"):
            if desktop := self._cloud.desktops.all.get(str(meeting.get(f"{role}_ec2_id"))):
                desktop.upload()


def main(arguments: Sequence[str]) -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code: 0, or 1 where a port is taken."""
    options = _options(arguments)
    proxied = any(name.lower() in {"http_proxy", "all_proxy"} for name in os.environ)
    from app import app  # only now: --help needs no app

    clock = RealClock(options.speed)
    try:
        with ExitStack() as stack:
            cloud = _start(app, clock, options, stack)
            if options.desktops == "agent":
                _start_laptop(cloud, stack)
            _serve(cloud, clock, proxied=proxied)
    except DoorsTaken as problem:
        display.console(sys.stderr).print(f"{problem} Free it, or have desktops modelled: make run DESKTOPS=model.")
        return 1
    except PortTaken as problem:
        display.console(sys.stderr).print(f"{problem} Free it, or choose others: {_OTHER_PORTS}.")
        return 1
    return 0


def _start_laptop(cloud: Cloud, stack: ExitStack) -> None:
    from localcloud.laptop import Laptop  # only now: modelled desktops need none of it

    folder = BUILD / f"laptop-{_port_of(cloud)}"  # nobody else has this port now
    shutil.rmtree(folder, ignore_errors=True)
    laptop = Laptop(cloud, folder.resolve(), DESKTOPS_PORT)
    stack.callback(laptop.stop)


def _start(app: Chalice, clock: RealClock, options: argparse.Namespace, stack: ExitStack) -> Cloud:
    """Start the cloud; where another run has just taken a port that was free, choose again.

    Raises:
        PortTaken: another program has a port that was chosen, or all that could be.
    """
    for _ in range(_TRIES - 1):
        with suppress(PortTaken):
            return _enter(app, clock, options, stack)
    return _enter(app, clock, options, stack)


def _enter(app: Chalice, clock: RealClock, options: argparse.Namespace, stack: ExitStack) -> Cloud:
    http, aws, cloudflare = _ports(options)
    conditions, domain = (AGENTS, LAPTOP) if options.desktops == "agent" else (FAST, DOMAIN)
    cloud = Cloud(app, clock, conditions, http_port=http, aws_port=aws, cloudflare_port=cloudflare, domain=domain)
    return stack.enter_context(cloud)


def _ports(options: argparse.Namespace) -> list[int]:
    """Return the ports that were chosen; where none was, the usual one or the next that is free.

    Raises:
        PortTaken: there is none.
    """
    ports: list[int] = []
    for name, (usual, what) in _PORTS.items():
        port = getattr(options, name.replace("-", "_"))
        if port is None:
            port = _next_free(usual, ports)
            if port != usual:
                display.console().print(f"Port {usual}, which {what} has usually, is taken; {port} is free.")
        ports.append(port)
    return ports


def _next_free(first: int, others: Collection[int]) -> int:
    for port in range(first, first + _NEXT_PORTS):
        if port not in others and is_free(port):
            return port
    raise PortTaken(f"None of the ports {first} to {first + _NEXT_PORTS - 1} on 127.0.0.1 is free.")


def _serve(cloud: Cloud, clock: RealClock, *, proxied: bool) -> None:
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    out = display.console()
    cloud.timeline.listeners.append(display.line_printer(out))
    file = BUILD / f"localcloud-{_port_of(cloud)}.env"  # nobody else has this port now
    BUILD.mkdir(exist_ok=True)
    file.write_text(as_shell(cloud.environ), encoding="utf-8")
    try:
        out.print(_welcome(cloud, clock, file, curl="curl --noproxy '*'" if proxied else "curl"), soft_wrap=True)
        clock.start()
        if cloud.conditions.guests:
            Lesson(cloud)
        stop.wait()
        out.print("\nStopping.")
        clock.stop()
    finally:
        file.unlink(missing_ok=True)


def _port_of(cloud: Cloud) -> int:
    return urlsplit(cloud.url).port or 0


def as_shell(environ: Mapping[str, str]) -> str:
    """Return what a shell sources to reach the cloud: first it drops all that would lead elsewhere."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environ.items()]
    return "\n".join([f"{_UNSET} {' '.join(OWN_SETTINGS)}", *exports, ""])


def _welcome(cloud: Cloud, clock: RealClock, file: Path, *, curl: str) -> str:
    url = cloud.address
    soon = clock.now() + timedelta(seconds=max(120, 90 * clock.speed))
    pace = f"runs {clock.speed:g} times as fast" if clock.speed != 1 else "runs as yours does"
    return f"""\
[bold]The app is at {url}[/]
AWS is at {cloud.aws.url}, Cloudflare at {cloud.cloudflare.url}.
The app's clock says {clock.now():%H:%M:%S} UTC and {pace}.

Open {url}/ in a browser, or schedule a meeting for {soon:%H:%M}:

  {curl} -s {url}/schedule -d '
    {{"teacher_name": "Ada", "student_name": "Boonki",
     "meet_time": "{soon:%Y-%m-%dT%H:%M:%SZ}",
     "frontend_base_url": "{url}/meeting"}}'

and join it as each of the two, with the id from the answer, until it says 200:

  {curl} -si {url}/join/<id>/teacher
  {curl} -si {url}/join/<id>/student

{_how_it_goes_on(cloud)} The same cloud from another shell:

  source {file} &&
  .venv/bin/chalice local --stage local --port {_port_of(cloud) + 1}

Ctrl-C stops it all. What the lines below tell:

[dim]{display.LEGEND}[/]"""


def _how_it_goes_on(cloud: Cloud) -> str:
    if cloud.conditions.guests:
        return f"""\
The desktops upload {WORK_S} s after both have joined. A quarter of an hour after
its time the meeting then ends, and a line says so; make run SPEED=20 makes
three seconds of each minute."""
    return f"""\
*Open my desktop* leads to a stand-in for Amazon DCV; its certificate is this
run's own, so a browser asks once. Desktops upload half a minute after their
people have left. What they keep and log is in {BUILD}/laptop-{_port_of(cloud)}."""


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud.run", description=__doc__)
    for name, (usual, what) in _PORTS.items():
        variable = name.upper().replace("-", "_")
        told = f"of {what}; also {variable} ({usual}, or the next that is free)"
        parser.add_argument(f"--{name}", type=_port, default=os.environ.get(variable) or None, help=told)
    told = "how many seconds of the app's clock pass in one of yours; also SPEED (%(default)s)"
    parser.add_argument("--speed", type=_speed, default=os.environ.get("SPEED") or "1", help=told)
    told = "agent: real processes, which keep your time; model: as the demo has them; also DESKTOPS (agent at SPEED=1)"
    parser.add_argument("--desktops", type=_desktops, default=os.environ.get("DESKTOPS") or None, help=told)
    options = parser.parse_args(arguments)
    options.desktops = options.desktops or ("agent" if options.speed == 1 else "model")
    if options.desktops == "agent" and options.speed != 1:
        parser.error("the agent keeps your own time: leave SPEED out, or have desktops modelled (DESKTOPS=model)")
    return options


def _desktops(text: str) -> str:
    if text not in ("agent", "model"):
        raise argparse.ArgumentTypeError(f"{text!r} is no kind of desktops: write agent or model")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number up to {_LAST_PORT}, 0 for any free one")
    return int(text)


def _speed(text: str) -> float:
    slowest, fastest = _SPEEDS
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not slowest <= speed <= fastest:  # nan is neither
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: write a number from {slowest} to {fastest}")
    return speed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
