"""A desktop of Windows. Nothing is read of what Windows says in the language of its image."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from desktop.machine.programs import Output

_RESTART_KEYS = (
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)
_BROWSERS = (r"SOFTWARE\Policies\Microsoft\Edge", r"SOFTWARE\Policies\Google\Chrome")
_SYSTEM, _ADMINISTRATORS, _USERS = "*S-1-5-18", "*S-1-5-32-544", "*S-1-5-32-545"
_ADD_FILES = "(X,RA,WD,S)"
"""To go through a folder and to add files to it, and not to list, change or rename it: it is inherited by nothing."""


class Registry(Protocol):
    """The part of HKEY_LOCAL_MACHINE that is needed. Everything raises OSError where it cannot be told or done."""

    def has_key(self, path: str) -> bool:
        """Return whether there is such a key."""

    def set_only(self, path: str, name: str, value: str) -> None:
        """Have the key hold this text and no other value."""


class Windows:
    """One machine."""

    def __init__(self, output: Output, registry: Registry) -> None:
        """Take what runs programs, and the registry."""
        self._output = output
        self._registry = registry

    def dcv_runs(self) -> bool:
        """Return whether the DCV server's service runs: whether it has a process."""
        return bool(self._tasks("/SVC", "/FI", "SERVICES eq dcvserver"))

    def is_logged_on(self, user: str) -> bool:
        """Return whether this user has a desktop: whether Explorer runs for them."""
        return bool(self._tasks("/FI", "IMAGENAME eq explorer.exe", "/FI", f"USERNAME eq {user}"))

    def awaits_restart(self) -> bool:
        """Return whether an installation asks for a restart.

        Files that are to be renamed at the next start ask for none: browsers' updates leave some all the time.
        """
        return any(self._registry.has_key(path) for path in _RESTART_KEYS)

    def allow_capture(self, origin: str) -> None:
        """Let Edge and Chrome use camera and microphone at this origin without asking, and at no other."""
        for browser in _BROWSERS:
            for device in ("Audio", "Video"):
                self._registry.set_only(rf"{browser}\{device}CaptureAllowedUrls", "1", origin)

    def make_private(self, folder: Path) -> None:
        """Make a folder that only SYSTEM and administrators may look into: by default every user may."""
        folder.mkdir(parents=True, exist_ok=True)
        rights = [f"{who}:(OI)(CI)F" for who in (_SYSTEM, _ADMINISTRATORS)]
        self._run("icacls", str(folder), "/inheritance:r", "/grant:r", *rights)

    def make_drop(self, folder: Path, user: str) -> None:  # noqa: ARG002  all who may log on here are users
        """Make a folder into which users may put files, and where they can neither look around nor change it."""
        folder.mkdir(parents=True, exist_ok=True)
        rights = [f"{who}:(OI)(CI)F" for who in (_SYSTEM, _ADMINISTRATORS)]
        self._run("icacls", str(folder), "/inheritance:r", "/grant:r", *rights, f"{_USERS}:{_ADD_FILES}")

    def own(self, file: Path) -> None:
        """Make a file SYSTEM's alone.

        Moved, it keeps the rights that it had, and its owner may change them: users pass any folder whose file they may
        open. So the owner goes first, and then all rights but those that the folder passes on.
        """
        self._run("icacls", str(file), "/setowner", _SYSTEM, "/L")
        self._run("icacls", str(file), "/reset", "/L")

    def give_to_dcv(self, file: Path) -> None:
        """Let SYSTEM, whom DCV's server runs as, and administrators read this file, and nobody else."""
        rights = [f"{who}:F" for who in (_SYSTEM, _ADMINISTRATORS)]
        self._run("icacls", str(file), "/inheritance:r", "/grant:r", *rights)

    def shut_down(self) -> None:
        """Begin to shut the machine down."""
        self._run("shutdown", "/s", "/f", "/t", "0")

    def _tasks(self, *which: str) -> list[str]:
        """Return the lines of the processes: each is in quotes, and the sentence that there is none is not."""
        said = self._run("tasklist", *which, "/FO", "CSV", "/NH")
        return [line for line in said.splitlines() if line.startswith('"')]

    def _run(self, *command: str) -> str:
        code, said = self._output(command)
        if code:
            raise OSError(f"{command[0]} fails with {code}")
        return said


if sys.platform == "win32":
    import winreg

    class _LocalMachine:
        def has_key(self, path: str) -> bool:
            try:
                winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path).Close()
            except FileNotFoundError:
                return False
            return True

        def set_only(self, path: str, name: str, value: str) -> None:
            with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, path, 0, winreg.KEY_READ | winreg.KEY_SET_VALUE) as key:
                values = [winreg.EnumValue(key, each)[0] for each in range(winreg.QueryInfoKey(key)[1])]
                for other in set(values) - {name}:
                    winreg.DeleteValue(key, other)
                winreg.SetValueEx(key, name, 0, winreg.REG_SZ, value)

    REGISTRY: Registry = _LocalMachine()
else:

    class _NoRegistry:
        def has_key(self, path: str) -> bool:
            raise OSError(f"there is no registry to look for {path} in")

        def set_only(self, path: str, name: str, value: str) -> None:
            raise OSError(f"there is no registry to set {path}\\{name} to {value} in")

    REGISTRY: Registry = _NoRegistry()
