"""The order of a rehearsal: the stand-ins, the changes, everything that is looked at, and all put back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desktop.alone import only_one
from desktop.config import ConfigError
from desktop.hooks import Runner
from desktop.machine.system import System
from desktop.rehearsal import looks, session
from desktop.rehearsal.app import App
from desktop.rehearsal.certificate import Issued, issue
from desktop.rehearsal.changes import Changes
from desktop.rehearsal.findings import Finding, well, wrong
from desktop.rehearsal.hosts import Host
from desktop.rehearsal.metadata import Metadata
from desktop.rehearsal.prepare import forget, refuse_desktop, tags, who

DEADLINE = timedelta(hours=1)
"""How long the machine lives should all else fail, as its stand-in metadata say."""

_PARTS = 5
"""Each of what is waited for (to be ready, the commands, something that records, the recording) has this part of the
whole time; the fifth is for the rest."""

_RECORDED_S = 20
_LOOK_S = 0.2
_LOG_LINES = 30

Say = Callable[[str], None]


class Stopped(Exception):
    """It was told to stop before it was through."""


class Rehearsal:
    """One rehearsal, once its changes are made. `minutes` is what it may take as a whole."""

    def __init__(
        self,
        changes: Changes,
        host: Host,
        app: App,
        minutes: float,
        stop: threading.Event,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is tried, what stands in for the app, and what says that it is to stop."""
        self._changes = changes
        self._config = changes.config
        self._host = host
        self._app = app
        self._minutes = minutes / _PARTS
        self._patience_s = 60 * minutes / _PARTS
        self._stop = stop
        self._elapsed = elapsed
        self._begun = datetime.now(UTC)

    def logged(self, runner: Runner) -> str:
        """Return what a process has logged since this began; a sentence where that cannot be read."""
        process = "service" if runner is Runner.SERVICE else "helper"
        try:
            return self._host.log(process, self._config, self._begun)
        except OSError as error:
            return f"The log of the {process} cannot be read ({error})."

    def find(self, issued: Issued, instance_id: str, metadata: str, deadline: datetime) -> Iterator[Finding]:
        """Look at everything, and yield what is found as it is.

        Raises:
            Stopped: it was told to.
        """
        until_s = self._elapsed() + self._patience_s
        self._until(lambda: self._app.heard.has_asked, until_s)
        yield looks.agent(self._app, self.logged(Runner.SERVICE), self._minutes)
        if self._app.heard.has_asked:
            self._until(lambda: self._app.heard.missing == [], until_s)
            yield from looks.ready(self._app, self._config, issued.host_name, self._minutes)
        yield from looks.verifier(self._app, self._config)
        yield looks.setting(self._host, self._config)
        yield looks.guard(self._config, instance_id, metadata, deadline)
        if self._app.heard.has_asked:
            yield from self._visit()
        else:
            yield wrong("Commands, room and recording were not looked at, since the agent's service does not come up.")

    def _visit(self) -> Iterator[Finding]:
        """Have somebody come, and see what the two processes make of it."""
        self._changes.visit()
        lives = self._until(lambda: session.helper(self._config), self._elapsed() + min(60, self._patience_s))
        waited_for = [Runner.SERVICE, *([Runner.SESSION] if lives else [])]
        self._until(lambda: all(map(self._probed, waited_for)), self._elapsed() + self._patience_s)
        service, person = self._probed(Runner.SERVICE), self._probed(Runner.SESSION)
        yield session.ran(self._config, Runner.SERVICE, service)
        if not lives:
            yield wrong(
                "The session helper is not heard of: session commands, room and recording were not tried.",
                f"Is {self._config.user} logged on, and is the helper begun at the logon?",
            )
            return
        yield session.ran(self._config, Runner.SESSION, person)
        if found := session.metadata(self._config, service, person):
            yield found
        self._until(self._room_is_told, self._elapsed() + min(60, self._patience_s))
        yield session.room(session.helper(self._config))
        yield self._record()
        yield from session.failing(self._config, {runner: self.logged(runner) for runner in Runner})

    def _record(self) -> Finding:
        """Have the person stay for a while once something records, and leave."""
        self._until(lambda: self._is_recording() or self._recorder_fault(), self._elapsed() + self._patience_s)
        is_recording = self._is_recording()
        if is_recording:
            self._until(self._recorder_fault, self._elapsed() + min(_RECORDED_S, self._patience_s / 4))
        fault = self._recorder_fault()
        self._changes.leave()
        if is_recording and not fault:
            self._until(self._has_arrived, self._elapsed() + self._patience_s + self._config.away.total_seconds())
        return session.recording(self._app, fault, self._minutes)

    def _probed(self, runner: Runner) -> session.Probed | None:
        return session.probed(self._changes.result(runner))

    def _room_is_told(self) -> bool:
        told = session.helper(self._config)
        return told is not None and (told.room_opened or told.fault is not None)

    def _is_recording(self) -> bool:
        told = session.helper(self._config)
        return told is not None and told.recording

    def _recorder_fault(self) -> str | None:
        return session.recorder_fault(session.helper(self._config))

    def _has_arrived(self) -> bool:
        return bool(self._app.heard.pieces or self._app.heard.lost or self._app.recordings.empty)

    def _until(self, holds: Callable[[], object], until_s: float) -> bool:
        """Wait until this is so, and return whether it is."""
        while not (found := bool(holds())) and self._elapsed() < until_s:
            self._pause(_LOOK_S)
        return found

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped


def main(file: Path, minutes: float, stop: threading.Event, host: Host, machine: System, say: Say) -> int:
    """Rehearse on this machine, whose agent.toml this is; return 0 where all is well, else 1.

    Whatever is changed is put back, also what an earlier rehearsal has changed that was killed.
    """
    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        say(str(finding))

    try:
        with ExitStack() as stack:
            changes = _alone(file, host, machine, stack)
            if changes.was_cut_off:
                changes.put_back()
                tell(well("What an earlier rehearsal had changed, and not put back, is put back."))
            _rehearse(changes, minutes, stop, host, say, tell)
            forget(changes.image)
    except Stopped:
        tell(wrong("It was told to stop before it was through.", "Run it again."))
    except (OSError, ConfigError) as error:
        tell(
            wrong(
                f"It cannot go on: {str(error).rstrip('.')}.", "It runs as root or SYSTEM, on a machine of the image."
            )
        )
    return 0 if all(each.is_ok for each in found) else 1


def _alone(file: Path, host: Host, machine: System, stack: ExitStack) -> Changes:
    """Return what is to be changed on a machine that is nobody's desktop, and that no other rehearsal is about.

    Raises:
        ConfigError: its settings cannot be read.
        OSError: it is somebody's, or another rehearsal goes on.
    """
    changes = Changes(file, host, machine)
    machine.make_private(changes.image.state)
    alone = only_one(changes.image.state / "rehearsal.lock")
    if alone is None:
        raise OSError("another rehearsal goes on here")
    stack.enter_context(alone)
    refuse_desktop(changes.image)
    return changes


def _rehearse(
    changes: Changes, minutes: float, stop: threading.Event, host: Host, say: Say, tell: Callable[[Finding], None]
) -> None:
    instance_id, region = who(changes.image)
    issued = issue(f"{instance_id}.rehearsal.invalid")
    deadline = datetime.now(UTC).replace(microsecond=0) + max(DEADLINE, timedelta(minutes=minutes))
    with ExitStack() as stack:
        app = App(instance_id, issued, deadline)
        stack.callback(app.stop)
        metadata = Metadata(instance_id, region, tags(app.url, deadline))
        stack.callback(metadata.stop)
        stack.callback(changes.put_back)
        changes.make(metadata.url)
        rehearsal = Rehearsal(changes, host, app, minutes, stop)
        host.restart_service()
        has_failed = False
        for finding in rehearsal.find(issued, instance_id, metadata.url, deadline):
            tell(finding)
            has_failed = has_failed or not finding.is_ok
        for runner in Runner if has_failed else ():
            for line in rehearsal.logged(runner).splitlines()[-_LOG_LINES:]:
                say(f"rehearsal: log of {session.WHO[runner]}: {line}")
