"""`python -m desktop service` and `helper`: the two processes of a desktop; `record`: what records its session.

`rehearse` tries all of it on a machine of a new image, before any meeting (desktop/rehearsal).
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from desktop import config

_LOG_BYTES = 1_000_000
_LONGEST_MIN = 1440

log = logging.getLogger("elephant.desktop")


def main(arguments: Sequence[str]) -> int:
    """Run one of them until it is told to stop, or a rehearsal; return the exit code.

    Of the others that is 0, or 2 where its file cannot be used.
    """
    parser = argparse.ArgumentParser(prog="python -m desktop", description=__doc__)
    parser.add_argument("process", choices=("service", "helper", "record", "rehearse"))
    parser.add_argument("--config", type=Path, default=config.FILE, help="the image's settings (%(default)s)")
    parser.add_argument("--prepare", action="store_true", help="rehearse: make the machine a desktop, and no more")
    parser.add_argument("--minutes", type=_minutes, default=60.0, help="rehearse: how long it may take (%(default)s)")
    told = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if told.process == "rehearse":
        return _rehearse(told, stop)
    settings, problem = config.Config(), ""
    try:
        settings = config.load(told.config)
    except config.ConfigError as error:
        problem = str(error)
    logging.basicConfig(
        handlers=_log_handlers(settings, told.process),
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    if problem:
        log.error("%s", problem)
        return 2
    if told.process == "helper":
        from desktop import helper

        return helper.main(settings, stop, told.config)
    if told.process == "record":
        from desktop import recorder

        return recorder.main(settings, stop)
    from desktop import service
    from desktop.machine import this_machine

    return service.main(settings, this_machine(settings.root), stop)


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= _LONGEST_MIN:  # nan is neither
        raise argparse.ArgumentTypeError(f"minutes are a number from 0 to {_LONGEST_MIN}, and not {text}")
    return minutes


def _rehearse(told: argparse.Namespace, stop: threading.Event) -> int:
    def say(line: str) -> None:
        print(line, flush=True)

    try:
        from desktop.rehearsal import hosts, prepare, rehearse
    except ImportError as error:
        say(f"rehearsal: FAILED This Python lacks {error.name}: install what desktop/requirements.txt names.")
        return 1
    from desktop.machine import this_machine

    log.addHandler(logging.NullHandler())  # what the agent's own parts log here is no finding
    try:
        root = config.load(told.config).root
    except config.ConfigError as error:
        say(f"rehearsal: FAILED {error}")
        return 1
    host, machine = hosts.this_host(root), this_machine(root)
    if told.prepare:
        return prepare.main(told.config, host, machine, say)
    return rehearse.main(told.config, told.minutes, stop, host, machine, say)


def _log_handlers(settings: config.Config, process: str, windows: bool = config.WINDOWS) -> list[logging.Handler]:
    """Return where the log goes: the journal keeps what is printed, and Windows throws it away.

    What the recorder prints is nobody's: the helper starts it silent.
    """
    printed: list[logging.Handler] = [logging.StreamHandler()] if sys.stderr else []
    if not windows and process != "record":
        return printed
    folder = settings.state if process == "service" else settings.session
    kept = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    return [*printed, kept]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
