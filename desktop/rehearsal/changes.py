"""What a rehearsal changes on the machine, and how that is put back: by itself, or by the next one if it was killed.

    agent.toml       for its time the agent's settings lead to the stand-ins; the image's own stand beside it, in
                     agent.toml.before-rehearsal, and are what tells that a rehearsal goes on or was cut off
    DCV's pair       dcv.pem and dcv.key as they were, kept in the rehearsal's folder: the agent installs others
    hooks/…/connect  one command of the rehearsal's own beside the operator's, for the service and for the session
    state/rehearsal  all that the service keeps meanwhile, and the program in `dcv`'s place

The helper is left alone: the folders that it knows are the same, and so is everything else in its settings.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import tomllib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from desktop import notice
from desktop.config import Config, as_toml, load
from desktop.hooks import Moment, Runner
from desktop.machine.system import System
from desktop.notice import Notice, Phase
from desktop.rehearsal.hosts import Host, python

_PAIR = ("dcv.key", "dcv.pem")
_HOOK = "zz-rehearsal"
_BESIDE = ".before-rehearsal"
_WERE = "were.json"
_CALM_S = 30
_AGAIN_S = 0.2


class Changes:
    """The changes of one machine. `image` are its own settings."""

    def __init__(self, file: Path, host: Host, machine: System) -> None:
        """Take agent.toml's place, and the machine in both its faces."""
        self._file = file
        self._host = host
        self._machine = machine
        self._kept = file.with_name(file.name + _BESIDE)
        self.image = load(self._kept if self._kept.exists() else file)
        self.folder = self.image.state / "rehearsal"
        self.was_cut_off = self._kept.exists() or self.folder.exists()
        """Whether an earlier rehearsal has not put back what it had changed; the boot script puts the settings back."""
        self._visiting = self.folder / "visiting"
        self._session_result = self.image.session / "rehearsal.json"

    @property
    def config(self) -> Config:
        """The agent's settings for the time of the rehearsal, as far as the rehearsal needs them."""
        return replace(self.image, state=self.folder / "state", dcv=str(self.folder / f"dcv{self._host.script}"))

    def result(self, runner: Runner) -> Path:
        """Return where the rehearsal's command leaves what it has found."""
        return self._session_result if runner is Runner.SESSION else self.folder / "service.json"

    def make(self, metadata: str) -> None:
        """Change what is to be changed, so that the service begins by these metadata.

        Raises:
            OSError: it cannot be; what has been changed by then is still to be put back.
        """
        self._machine.make_private(self.image.state)
        self._machine.make_private(self.folder)
        self._keep_pair()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._keep_settings()
        (self.folder / "state").mkdir(exist_ok=True)
        command = python("visit.py", str(self._visiting), self.image.dcv)
        self._write_script(Path(self.config.dcv), self._host.passes_on(command), private=True)
        for runner in Runner:
            command = python("probe.py", self.image.metadata, str(self.result(runner)))
            self._write_script(self._hook(runner), self._host.words(command))
        told = tomllib.loads(self._kept.read_text(encoding="utf-8"))
        for name in ("api", "upload"):  # the tag says where the app is; the operator's own upload leads elsewhere
            told.pop(name, None)
        told |= {"metadata": metadata, "state": str(self.config.state), "dcv": self.config.dcv}
        beside = self._file.with_name(f"{self._file.name}.new")
        beside.write_text(as_toml(told), encoding="utf-8")
        beside.chmod(0o644)  # the helper reads it too
        beside.replace(self._file)

    def visit(self) -> None:
        """Have DCV tell of a connection from now on."""
        self._visiting.touch()

    def leave(self) -> None:
        """Have DCV tell of its own connections alone."""
        self._visiting.unlink(missing_ok=True)

    def put_back(self) -> None:
        """Put back what this rehearsal, or one that was cut off, has changed; the service begins anew.

        Raises:
            OSError: something cannot be; all else is put back, and the next rehearsal tries it again.
        """
        troubles: list[str] = []
        for step in (
            self._put_settings_back,
            self._host.restart_service,
            self._take_hooks,
            self._put_pair_back,
            self._calm,
        ):
            try:
                step()
            except OSError as error:
                troubles.append(str(error))
        if troubles:
            raise OSError(f"what the rehearsal has changed cannot be put back: {'; '.join(troubles)}")
        self._remove_folder()
        self._kept.unlink(missing_ok=True)

    def _put_settings_back(self) -> None:
        if not self._kept.exists():
            return
        if not self._kept.stat().st_size:
            self._file.unlink(missing_ok=True)
            return
        beside = self._file.with_name(f"{self._file.name}.new")
        shutil.copy2(self._kept, beside)
        beside.replace(self._file)

    def _take_hooks(self) -> None:
        for runner in Runner:
            hook = self._hook(runner)
            hook.unlink(missing_ok=True)
            for folder in (hook.parent, hook.parent.parent):
                with suppress(OSError):  # the operator's own commands are there, or it is not there
                    folder.rmdir()
        self._session_result.unlink(missing_ok=True)

    def _remove_folder(self) -> None:
        """Remove what the service has kept; on Windows it may still be closing its log."""
        until = time.monotonic() + _CALM_S
        while self.folder.exists():
            try:
                shutil.rmtree(self.folder)
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(_AGAIN_S)

    def _calm(self) -> None:
        """Have the helper close the rehearsal's room: the service, without a meeting, says nothing more to it."""
        shared = self.image.shared
        if notice.read_notice(shared) is None:
            return
        notice.write(notice.notice_file(shared), Notice(phase=Phase.MEETING))
        room, until = self.image.session / "room.pid", time.monotonic() + _CALM_S
        while room.exists() and not self.image.program and time.monotonic() < until:
            time.sleep(_AGAIN_S)
        notice.notice_file(shared).unlink(missing_ok=True)

    def _hook(self, runner: Runner) -> Path:
        return self.image.hooks / runner / Moment.CONNECT / f"{_HOOK}{self._host.script}"

    def _write_script(self, file: Path, line: str, private: bool = False) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{self._host.begins}\n{line}\n", encoding="utf-8")
        file.chmod(0o700 if private else 0o755)

    def _keep_settings(self) -> None:
        """Keep the image's own settings, whole or not at all; nothing, where it has none."""
        beside = self._kept.with_name(f"{self._kept.name}.new")
        if self._file.exists():
            shutil.copy2(self._file, beside)
        else:
            beside.write_bytes(b"")
        beside.replace(self._kept)

    def _keep_pair(self) -> None:
        there = [name for name in _PAIR if (self.image.dcv_certificates / name).exists()]
        for name in there:
            shutil.copy2(self.image.dcv_certificates / name, self.folder / name)
            _own_as(self.folder / name, self.image.dcv_certificates / name)
        (self.folder / _WERE).write_text(json.dumps(there), encoding="utf-8")

    def _put_pair_back(self) -> None:
        try:
            were = json.loads((self.folder / _WERE).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # it was cut off before anything of DCV's was changed
            return
        for name in _PAIR:
            file = self.image.dcv_certificates / name
            if name not in were:
                file.unlink(missing_ok=True)
                continue
            beside = file.with_name(f".{name}.rehearsal")
            shutil.copy2(self.folder / name, beside)
            _own_as(beside, self.folder / name)
            beside.replace(file)


def _own_as(file: Path, other: Path) -> None:
    """Give a file the owner of another, where a system has such."""
    if os.name == "posix":
        told = other.stat()
        os.chown(file, told.st_uid, told.st_gid)
