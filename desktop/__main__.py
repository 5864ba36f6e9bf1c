"""`python -m desktop service` and `helper`: the two processes of a desktop; `record`: what records its session."""

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

log = logging.getLogger("elephant.desktop")


def main(arguments: Sequence[str]) -> int:
    """Run one of them until it is told to stop; return the exit code: 0, or 2 where its file cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m desktop", description=__doc__)
    parser.add_argument("process", choices=("service", "helper", "record"))
    parser.add_argument("--config", type=Path, default=config.FILE, help="the image's settings (%(default)s)")
    told = parser.parse_args(arguments)
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
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if told.process == "helper":
        from desktop import helper

        return helper.main(settings, stop, told.config)
    if told.process == "record":
        from desktop import recorder

        return recorder.main(settings, stop)
    from desktop import service
    from desktop.machine import this_machine

    return service.main(settings, this_machine(settings.root), stop)


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
