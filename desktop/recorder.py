"""The agent's own recorder: the screen and what the person hears, by ffmpeg, in pieces that are finished one by one.

It runs in the person's session, begun by the helper, and writes into the folder `ELEPHANT_RECORDING`: what is being
written lies in `running`, what is finished in `finished`. The end of its standard input, or SIGTERM, ends it in order;
where that input has ended with the helper itself, it goes on, and the next helper ends it by SIGTERM. Pieces are
Matroska, which can be played up to where a crash has cut it. Where ffmpeg ends by itself (the screen's size has
changed, a device has gone, the disk was full) a new piece is begun.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from desktop.config import WINDOWS, Config
from desktop.handover import FINISHED
from desktop.processes import born

RUNNING = "running"
FRAMES = 10
"""How many pictures a second are recorded."""

QUIT_S = 12.0
"""How long ffmpeg has to close its file when it is told to quit."""

_TERMINATE_S = 4.0
_LOOK_S = 1.0
_SHORTEST_S, _LONGEST_S = 1.0, 30.0
_WELL_S = 60.0
_PROBE_S = 15
_DYING_S = 0.3
"""How long it takes a helper that is killed to be gone, after its end of the standard input is."""

_TAIL = 1000  # bytes
_DEVICE = re.compile(r'"([^"]+)" \(audio\)')
_LOOPBACKS = ("virtual-audio-capturer", "stereo mix", "cable output", "what u hear")

log = logging.getLogger("elephant.desktop")


def find(config: Config, file: Path) -> list[str]:
    """Return the command that begins this recorder with these settings, which stand in `file`; empty without ffmpeg."""
    if not shutil.which(config.ffmpeg):
        return []
    return [_python(Path(sys.executable)), "-m", "desktop", "record", "--config", str(file)]


def _python(running: Path) -> str:
    """Return the Python with a console, which Ctrl+Break reaches; the helper's own has none on Windows."""
    beside = running.with_name("python.exe")
    return str(beside) if running.name.lower() == "pythonw.exe" and beside.exists() else str(running)


def command(config: Config, folder: Path, first: int, sound: Sequence[str], display: str) -> list[str]:
    """Return ffmpeg's command line: pieces into `folder`, numbered from `first` on, with this sound's input, if any."""
    seconds = f"{config.piece_minutes * 60:g}"
    return [
        config.ffmpeg,
        *("-hide_banner", "-loglevel", "warning", "-nostats", "-y"),
        *("-thread_queue_size", "512", *picture(config, display)),
        *(("-thread_queue_size", "512", *sound) if sound else ()),
        *("-map", "0:v", *(("-map", "1:a") if sound else ())),
        *("-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-pix_fmt", "yuv420p", "-r", str(FRAMES)),
        *("-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-crf", "28", "-g", str(10 * FRAMES)),
        *("-force_key_frames", f"expr:gte(t,n_forced*{seconds})"),
        *(("-c:a", "aac", "-b:a", "96k", "-af", "aresample=async=1") if sound else ()),
        *("-f", "segment", "-segment_format", "matroska", "-segment_time", seconds, "-reset_timestamps", "1"),
        *("-segment_format_options", "cluster_time_limit=1000:flush_packets=1", "-segment_start_number", str(first)),
        str(folder / "%04d.mkv"),
    ]


def picture(config: Config, display: str, windows: bool = WINDOWS) -> list[str]:
    """Return ffmpeg's input for the picture: the whole screen, with the pointer."""
    if config.picture:
        return list(config.picture)
    if windows:
        return ["-f", "gdigrab", "-framerate", str(FRAMES), "-draw_mouse", "1", "-i", "desktop"]
    return ["-f", "x11grab", "-framerate", str(FRAMES), "-draw_mouse", "1", "-i", display]


def find_sound(config: Config, windows: bool = WINDOWS) -> list[str]:
    """Return ffmpeg's input for what the person hears; empty where the session has no device that gives it."""
    if config.sound:
        candidate = list(config.sound)
    elif windows:
        listed = _run([config.ffmpeg, "-hide_banner", "-f", "dshow", "-list_devices", "true", "-i", "dummy"])[1]
        device = loopback(listed)
        candidate = ["-f", "dshow", "-i", f"audio={device}"] if device else []
    else:
        candidate = ["-f", "pulse", "-i", "@DEFAULT_MONITOR@"]
    if not candidate:
        log.warning("The picture is recorded without sound: no device here gives back what is heard.")
        return []
    code, said = _run([config.ffmpeg, "-hide_banner", "-nostdin", *candidate, "-t", "0.2", "-f", "null", "-"])
    if code:
        log.warning("The picture is recorded without sound. ffmpeg says: %s", said.strip()[-300:])
        return []
    return candidate


def loopback(listed: str) -> str | None:
    """Return the device, of those that ffmpeg lists on Windows, that gives back what is heard."""
    devices = _DEVICE.findall(listed)
    return next((device for known in _LOOPBACKS for device in devices if known in device.lower()), None)


class Recorder:
    """Keeps ffmpeg at work until it is told to stop."""

    def __init__(
        self, config: Config, folder: Path, sound: Callable[[Config], list[str]] = find_sound, display: str = ""
    ) -> None:
        """Take the settings, the folder to record into, and what finds the sound's input."""
        self._config = config
        self._running = folder / RUNNING
        self._finished = folder / FINISHED
        self._sound = sound
        self._display = display or os.environ.get("DISPLAY", ":0")
        self._first = 1

    def run(self, stop: threading.Event) -> int:
        """Record until `stop` is set; return 0, or 1 where the folder cannot be made."""
        try:
            for each in (self._running, self._finished):
                each.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.error("Nothing can be recorded: %s.", error)
            return 1
        pause_s = _SHORTEST_S
        while not stop.is_set():
            began_s = time.monotonic()
            self._record_once(stop)
            pause_s = _SHORTEST_S if time.monotonic() - began_s >= _WELL_S else min(2 * pause_s, _LONGEST_S)
            stop.wait(pause_s)
        return 0

    def _record_once(self, stop: threading.Event) -> None:
        """Run ffmpeg until it ends, or is to; what it has written is finished then."""
        words = command(self._config, self._running, self._first, self._sound(self._config), self._display)
        with tempfile.TemporaryFile() as printed:
            try:  # in this process's own group: what ends that ends ffmpeg too
                process = subprocess.Popen(  # noqa: S603  a list of words, no shell
                    words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=printed
                )
            except OSError as error:
                log.error("%s cannot be run: %s.", words[0], error.strerror or error)
                return
            while process.poll() is None and not stop.is_set():
                self._collect(is_running=True)
                stop.wait(_LOOK_S)
            if process.poll() is None:
                _quit(process)
            else:
                log.warning("ffmpeg has ended by itself with %s, and is begun again: %s", process.poll(), _end(printed))
        self._collect(is_running=False)

    def _collect(self, *, is_running: bool) -> None:
        """Move what is finished: all but the newest, which is being written while ffmpeg runs."""
        pieces = sorted(self._running.glob("*.mkv"))
        for piece in pieces[:-1] if is_running else pieces:
            try:
                piece.rename(self._finished / piece.name)
            except OSError as error:  # tried again; at the latest the helper hands it over from where it is
                log.warning("%s cannot be moved: %s.", piece.name, error)
        if pieces:
            self._first = int(pieces[-1].stem) + 1


def _quit(process: subprocess.Popen[bytes]) -> None:
    """End ffmpeg in order: by `q`, then by a signal, then at once."""
    try:
        process.communicate(b"q", timeout=QUIT_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(_TERMINATE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end(printed: IO[bytes]) -> str:
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(0, size - _TAIL))
    return printed.read().decode("utf-8", "replace").strip() or "it says nothing."


def _run(words: Sequence[str]) -> tuple[int, str]:
    """Return ffmpeg's exit code and what it prints of itself."""
    try:
        done = subprocess.run(  # noqa: S603
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def main(config: Config, stop: threading.Event) -> int:
    """Record until the helper ends the standard input, or `stop` is set; return the exit code."""
    where = os.environ.get("ELEPHANT_RECORDING")
    if not where:
        log.error("ELEPHANT_RECORDING names no folder to record into; the helper sets it.")
        return 2

    helper = os.getppid()
    mark = born(helper)

    def listen() -> None:
        with suppress(OSError):  # none at all: then a signal ends it
            while os.read(0, 1024):  # without Python's buffer, which the end of the process would wait for
                continue
            stop.wait(_DYING_S)
            if born(helper) == mark:
                stop.set()
            else:
                log.warning("The helper has ended. What it began to record goes on: the next one takes it over.")

    threading.Thread(target=listen, name="input", daemon=True).start()
    return Recorder(config, Path(where)).run(stop)
