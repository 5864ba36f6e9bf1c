"""`make run`: the local cloud and the app, kept up in real time with fast desktops, until Ctrl-C.

The app is at http://localhost:8000, or where PORT says. Another process, `chalice local` say,
reaches the same cloud with the environment in `build/localcloud.env`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

if __name__ == "__main__":  # what is imported next takes a second or two, and Ctrl-C is to end that too, in silence
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from localcloud import display
from localcloud.clock import RealClock
from localcloud.cloud import OWN_SETTINGS, Cloud
from localcloud.conditions import Conditions
from localcloud.server import PortTaken

FAST = Conditions(starting_s=(3, 3), stopping_s=(3, 3), boot_s=(5, 5))
ENVIRONMENT_FILE = Path("build/localcloud.env")
WORK_S = 60
_WATCH_S = 2
_PORTS = {"port": (8000, "the app"), "aws-port": (4566, "AWS's API"), "cloudflare-port": (4567, "Cloudflare's API")}
_OTHER_PORTS = "make run PORT=9000 AWS_PORT=9001 CLOUDFLARE_PORT=9002"
_LAST_PORT = 65535
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
    from app import app  # only now: --help needs no app

    clock = RealClock(options.speed)
    ports = {"http_port": options.port, "aws_port": options.aws_port, "cloudflare_port": options.cloudflare_port}
    try:
        with Cloud(app, clock, FAST, **ports) as cloud:
            _serve(cloud, clock)
    except PortTaken as problem:
        print(f"{problem} Free it, or choose others: {_OTHER_PORTS}.", file=sys.stderr)
        return 1
    return 0


def _serve(cloud: Cloud, clock: RealClock) -> None:
    stop = threading.Event()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask_to_stop)
    out = display.console()
    cloud.timeline.listeners.append(display.line_printer(out))
    ENVIRONMENT_FILE.parent.mkdir(exist_ok=True)
    ENVIRONMENT_FILE.write_text(as_shell(cloud.environ))
    try:
        out.print(_welcome(cloud, clock), soft_wrap=True)
        clock.start()
        Lesson(cloud)
        stop.wait()
        out.print("\nStopping.")
        clock.stop()
    finally:
        ENVIRONMENT_FILE.unlink(missing_ok=True)


def as_shell(environ: Mapping[str, str]) -> str:
    """Return what a shell sources to reach the cloud: first it drops all that would lead elsewhere."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environ.items()]
    return "\n".join([f"{_UNSET} {' '.join(OWN_SETTINGS)}", *exports, ""])


def _welcome(cloud: Cloud, clock: RealClock) -> str:
    url = cloud.url.replace("127.0.0.1", "localhost")
    soon = clock.now() + timedelta(minutes=2)
    return f"""\
[bold]The app is at {url}[/], AWS at {cloud.aws.url}, Cloudflare at {cloud.cloudflare.url}.

Open {url}/ in a browser, or schedule a meeting in two minutes:

  curl -s {url}/schedule -H 'Content-Type: application/json' -d '{{"teacher_name": "Ada", \
"student_name": "Boonki", "meet_time": "{soon:%Y-%m-%dT%H:%M:%SZ}", "frontend_base_url": "{url}/meeting"}}'

and join it as each of the two, with the id from the answer, until it says 200:

  curl -si {url}/join/<id>/teacher
  curl -si {url}/join/<id>/student

The desktops upload {WORK_S} s after both have joined. The same cloud from another shell:

  source {ENVIRONMENT_FILE} && .venv/bin/chalice local --stage local --port 8001

Ctrl-C stops it all.
"""


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localcloud.run", description=__doc__)
    for name, (default, what) in _PORTS.items():
        variable = name.upper().replace("-", "_")
        chosen = os.environ.get(variable) or default
        parser.add_argument(f"--{name}", type=_port, default=chosen, help=f"of {what}; also {variable} (%(default)s)")
    parser.add_argument("--speed", type=float, default=1, help="how many seconds pass in one (%(default)s)")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: write a number up to {_LAST_PORT}, 0 for any free one")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
