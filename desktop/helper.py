"""The session helper: what the person sees of the agent. The automatic logon starts it in the person's own session.

It knows what the service's notice tells and nothing else: no key, no state of the service's, no metadata.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop import hooks, notice, recorder, room
from desktop.alone import only_one
from desktop.background import Background, Line
from desktop.config import FILE, Config
from desktop.handover import Handover
from desktop.hooks import Moment, Runner
from desktop.kept import GENTLE_S, LISTENS_S, Kept, Spawn, spawn
from desktop.notice import Notice, Phase, Told
from desktop.processes import share_hidden_console
from desktop.screen import show_on_screen
from desktop.state import State
from desktop.warnings import Warnings

STEP_S = 2
_TELL_S = 10

log = logging.getLogger("elephant.desktop")

Show = Callable[[str], None]
"""Shows the person a sentence without waiting for them; OSError where it cannot."""


class Helper:
    """Stepped every two seconds; nothing in it waits for long."""

    def __init__(
        self,
        config: Config,
        show: Show,
        hook_line: Line,
        start: Spawn = spawn,
        elapsed: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        find_browser: Callable[[], str | None] | None = None,
        find_recorder: Callable[[], list[str]] = list,
    ) -> None:
        """Take the image's settings, what shows a sentence, the line for the operator's commands, and what starts.

        `find_recorder` returns the command of the agent's own recorder, empty where it cannot run here.
        """
        self._config = config
        self._show = show
        self._hooks = hook_line
        self._elapsed = elapsed
        self._wall = wall
        self._find_browser = find_browser
        self._room = Kept("The room", elapsed, start, config.session / "room.pid")
        self._recorder = Kept("The recorder", elapsed, start, config.session / "recorder.pid")
        self._find_recorder = find_recorder
        self._recorder_fault: str | None = None
        self._handover = Handover(config.drop)
        self._kept = State(config.session / "helper.json", "session")
        self._warnings = Warnings(self._kept)
        self._folder = str(self._kept.get("recording") or "") if self._recorder.is_running else ""
        # What an earlier helper has left recording goes on for as long as after anybody's leaving.
        self._away_since_s = elapsed() if self._recorder.is_running else None
        self._connected = False
        self._room_fault: str | None = None
        self._screen_fault: str | None = None
        self._opened = False
        self._told: Told | None = None
        self._told_s = 0.0
        self._logged: dict[str, str | None] = {}

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set; what was opened ends with it."""
        while not stop.is_set():
            self.step()
            stop.wait(STEP_S)
        self._end_all()

    def _end_all(self) -> None:
        """End what was opened, gently; a recorder closes its file meanwhile."""
        latest_s = self._elapsed() + LISTENS_S + GENTLE_S + STEP_S
        pause = threading.Event()
        while (self._room.is_running or self._recorder.is_running) and self._elapsed() < latest_s:
            self._room.end()
            self._recorder.end()
            pause.wait(0.1)

    def step(self) -> None:
        """Do what is due; without a notice nothing changes."""
        told = notice.read_notice(self._config.shared)
        if told:
            self._follow(told)
        self._tell()

    def _follow(self, told: Notice) -> None:
        if told.phase is Phase.WAITING:
            return
        self._follow_people(told)
        self._follow_room(told)
        self._follow_recorder(told)
        self._hand_over(told)
        self._follow_time(told)

    # --- what is open

    def _follow_room(self, told: Notice) -> None:
        if told.phase is not Phase.MEETING:
            self._room.end()
            return
        try:
            command = self._open_with(told)
        except room.NoRoom as error:
            self._room_fault = str(error)
            return
        if command:
            self._room.keep(command, hooks.environ(told))
            self._opened = self._opened or self._room.is_running
        else:
            self._room.end()
        self._room_fault = self._room.fault

    def _open_with(self, told: Notice) -> list[str] | None:
        if self._config.program:
            return list(self._config.program)
        if told.room is None:
            return None
        where = room.address(told.room, told.name)
        return [*room.browser(self._config.browser, self._config.session / "browser", self._find_browser), where]

    def _follow_recorder(self, told: Notice) -> None:
        """Record from the person's coming until they have been away for a while, or the meeting is at its end."""
        is_away = self._away_since_s is None or (
            not told.connected and self._elapsed() - self._away_since_s >= self._config.away.total_seconds()
        )
        if not (told.record and told.phase is Phase.MEETING and (told.connected or not is_away)):
            self._recorder.end()
            self._recorder_fault = None
            return
        command = list(self._config.recorder) or self._find_recorder()
        if not command:
            self._recorder_fault = (
                f"Nothing records: {self._config.ffmpeg} is not found, and agent.toml names no recorder."
            )
            return
        if not self._recorder.is_running:
            self._folder = str(self._recordings(told) / f"{self._wall():%Y%m%dT%H%M%S.%fZ}")
            self._kept.keep("recording", self._folder)
        self._recorder.keep(command, {**hooks.environ(told), "ELEPHANT_RECORDING": self._folder})
        self._recorder_fault = self._recorder.fault

    def _hand_over(self, told: Notice) -> None:
        """Hand over what is finished; as long as it is not known where something still records, nothing."""
        running = self._recorder.is_running
        if told.hand_over and told.instance_id and (self._folder or not running):
            self._handover.look(self._recordings(told), Path(self._folder) if running else None)

    def _recordings(self, told: Notice) -> Path:
        """Return where this desktop's recordings are, apart from any that an image was made with."""
        return self._config.session / "recordings" / (told.instance_id or "")

    def _follow_people(self, told: Notice) -> None:
        if told.connected or self._connected:
            self._away_since_s = self._elapsed()
        if told.connected != self._connected:
            self._connected = told.connected
            self._run_hooks(Moment.CONNECT if told.connected else Moment.DISCONNECT, told)

    # --- time

    def _follow_time(self, told: Notice) -> None:
        if told.phase in (Phase.ENDING, Phase.OVER):
            self._run_once(Moment.END, told)
            return
        if told.minutes_left is not None:
            self._run_once(Moment.BEFORE_END, told)
        if told.connected:  # who is not there yet is told when they come
            self._say_when_it_ends(told)

    def _say_when_it_ends(self, told: Notice) -> None:
        sentence = self._warnings.news(told, self._wall() - timedelta(seconds=told.clock_ahead_s))
        if sentence is None:
            return
        try:
            self._show(sentence)
        except OSError as error:
            self._screen_fault = f"The person cannot be warned: {error}."

    def _run_once(self, moment: Moment, told: Notice) -> None:
        if self._kept.is_new(moment, told.ends_at):
            self._run_hooks(moment, told)

    def _run_hooks(self, moment: Moment, told: Notice) -> None:
        folder = self._config.hooks
        self._hooks.put(lambda: hooks.run(folder, Runner.SESSION, moment, told))

    # --- what the service is told

    def _tell(self) -> None:
        told = Told(
            recording=self._recorder.is_running,
            pieces_left=self._handover.left,
            room_opened=self._opened,
            fault=self._recorder_fault or self._handover.fault or self._room_fault or self._screen_fault,
        )
        if told == self._told and self._elapsed() - self._told_s < _TELL_S:
            return
        self._log_once("fault", told.fault)
        try:
            notice.write(
                notice.told_file(self._config.session),
                replace(told, at=self._wall()),
            )
        except OSError as error:  # on Windows also while the service reads; it is tried again at the next step
            self._log_once("untold", f"The service cannot be told how the session stands: {error}")
            return
        self._told, self._told_s = told, self._elapsed()
        self._log_once("untold", None)

    def _log_once(self, what: str, trouble: str | None) -> None:
        if trouble and trouble != self._logged.get(what):
            log.warning("%s", trouble)
        self._logged[what] = trouble


def main(config: Config, stop: threading.Event, file: Path = FILE, environ: Mapping[str, str] = os.environ) -> int:
    """Run the helper with the settings of `file` until it is told to stop; return 0, 1 where another one runs here."""
    config.session.mkdir(parents=True, exist_ok=True)
    alone = only_one(config.session / "helper.lock")
    if alone is None:
        log.warning("Another helper runs in %s already.", environ.get("USERNAME") or environ.get("USER") or "here")
        return 1
    with alone:
        share_hidden_console()
        screen = Background("screen")
        Helper(
            config,
            lambda text: show_on_screen(text, screen),
            Background("hooks"),
            find_recorder=lambda: recorder.find(config, file),
        ).run(stop)
    return 0
