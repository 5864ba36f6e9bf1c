"""A desktop of Linux with systemd."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path

from desktop.machine.programs import Output

_STATES = ("active", "reloading", "inactive", "failed", "activating", "deactivating", "maintenance")
_RESTART_MARKS = ("run/reboot-required", "run/systemd/shutdown/scheduled")
_DCV = "dcv"
_POLICIES = ("etc/chromium", "etc/opt/chrome", "etc/opt/edge")


class Linux:
    """One machine. `root` is where its file system begins."""

    def __init__(self, output: Output, root: Path) -> None:
        """Take what runs programs."""
        self._output = output
        self._root = root

    def dcv_runs(self) -> bool:
        """Return whether the DCV server's service runs."""
        _, said = self._output(["systemctl", "is-active", "dcvserver"])
        if said.strip() not in _STATES:
            raise OSError(f"systemctl says {said.strip()!r:.80} of dcvserver")
        return said.strip() == "active"

    def is_logged_on(self, user: str) -> bool:
        """Return whether this user has a session at one of the machine's own seats, and not by ssh."""
        code, said = self._output(["loginctl", "list-sessions", "--no-legend"])
        if code:
            raise OSError(f"loginctl fails with {code}")
        sessions = [line.split() for line in said.splitlines()]
        return any(len(each) > 3 and each[2] == user and each[3].startswith("seat") for each in sessions)

    def awaits_restart(self) -> bool:
        """Return whether a restart is scheduled, or an installation asks for one."""
        return any((self._root / mark).exists() for mark in _RESTART_MARKS)

    def allow_capture(self, origin: str) -> None:
        """Let Chromium, Chrome and Edge use camera and microphone at this origin without asking, and at no other."""
        policy = json.dumps({"AudioCaptureAllowedUrls": [origin], "VideoCaptureAllowedUrls": [origin]})
        for browser in _POLICIES:
            folder = self._root / browser / "policies" / "managed"
            folder.mkdir(parents=True, exist_ok=True)
            file = folder / "elephant.json"
            beside = file.with_suffix(".new")
            beside.write_text(policy, encoding="utf-8")
            beside.replace(file)

    def make_private(self, folder: Path) -> None:
        """Make a folder that only root may look into."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def make_drop(self, folder: Path, user: str) -> None:
        """Make a folder into which this user may put files: root's, sticky, and not to be listed by their group."""
        import pwd

        folder.mkdir(parents=True, exist_ok=True)
        try:
            group = pwd.getpwnam(user).pw_gid
        except KeyError:  # no user of that name: an image before its first boot
            group = os.getegid()
        os.chown(folder, os.geteuid(), group)
        folder.chmod(0o1730)

    def own(self, file: Path) -> None:
        """Make a file root's alone, and never what a link leads to."""
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            os.fchown(opened, os.geteuid(), os.getegid())
            os.fchmod(opened, 0o600)
        finally:
            os.close(opened)

    def give_to_dcv(self, file: Path) -> None:
        """Let the user `dcv`, whom DCV's server runs as, read this file alone; where there is none, its owner."""
        file.chmod(0o600)
        with suppress(LookupError):
            shutil.chown(file, _DCV, _DCV)

    def shut_down(self) -> None:
        """Begin to shut the machine down."""
        code, _ = self._output(["shutdown", "-h", "now"])
        if code:
            raise OSError(f"shutdown fails with {code}")
