"""Processes that are ended together with all that they have begun, and found again by who has lost sight of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

_THROUGH_A_SHELL = (".bat", ".cmd")


class Group(subprocess.Popen[bytes]):
    """A process in a group of its own: what ends it ends what it has begun, too."""

    def terminate(self) -> None:
        """Tell the group to end."""
        terminate_group(self.pid)

    def kill(self) -> None:
        """End the group at once."""
        if sys.platform != "win32" or self.returncode is None:  # Windows gives numbers out again soon
            kill_group(self.pid)

    def lingers(self) -> bool:
        """Return whether something that it has begun outlives it."""
        return group_lives(self.pid)


def begin(
    command: Sequence[str],
    environ: Mapping[str, str],
    *,
    stdin: int = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
) -> Group:
    """Start a program, with this added to its environment; what it prints goes to `output`.

    Raises:
        OSError: it cannot be run.
    """
    apart = 0
    if sys.platform == "win32":
        apart = subprocess.CREATE_NEW_PROCESS_GROUP
    return Group(
        command,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environ},
        start_new_session=sys.platform != "win32",
        creationflags=apart,
    )


def refuse_shell(command: Sequence[str], windows: bool = os.name == "nt") -> None:
    """Refuse a program to which Windows would give its arguments by way of a shell, which reads & and % in them.

    Raises:
        OSError: it is a batch file.
    """
    if windows and Path(command[0]).suffix.lower() in _THROUGH_A_SHELL:
        raise OSError(f"{command[0]} is a batch file, and a shell would read what it is given; name a program")


def share_hidden_console() -> None:
    """Have a console of no window on Windows, which all that is begun from now on shares.

    Without it each console program would show a window of its own, and none could be told to end by Ctrl+Break.
    """
    if sys.platform != "win32":
        return
    import ctypes

    kernel, hide = ctypes.WinDLL("kernel32"), 0
    kernel.GetConsoleWindow.restype = ctypes.c_void_p
    if kernel.AllocConsole():  # it has none yet
        ctypes.WinDLL("user32").ShowWindow(ctypes.c_void_p(kernel.GetConsoleWindow()), hide)


def born(pid: int) -> str | None:
    """Return a mark of the process that has this number now, which no other ever has; None where none has it."""
    return _born_on_windows(pid) if sys.platform == "win32" else _born_on_linux(pid)


def _born_on_linux(pid: int) -> str | None:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else f"{boot}/{words[19]}"


def _born_on_windows(pid: int) -> str | None:
    if sys.platform != "win32":
        raise OSError("this is no Windows")
    import ctypes
    from ctypes import wintypes

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.WinDLL("kernel32")
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.GetProcessTimes.argtypes = [wintypes.HANDLE, *[ctypes.POINTER(wintypes.FILETIME)] * 4]
    kernel.GetExitCodeProcess.argtypes = [wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD)]
    kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return None
    try:
        times = [wintypes.FILETIME() for _ in range(4)]
        code = wintypes.DWORD()
        if not kernel.GetExitCodeProcess(handle, ctypes.byref(code)) or code.value != still_active:
            return None
        if not kernel.GetProcessTimes(handle, *(ctypes.byref(each) for each in times)):
            return None
        return str((times[0].dwHighDateTime << 32) | times[0].dwLowDateTime)
    finally:
        kernel.CloseHandle(handle)


class Found:
    """A process that an earlier one of us has begun, in a group of its own. What it exits with is not told."""

    stdin: IO[bytes] | None = None

    def __init__(self, pid: int, mark: str) -> None:
        """Take its number, and the mark that it was born with."""
        self.pid = pid
        self._mark = mark

    def poll(self) -> int | None:
        """Return None while it runs, 0 once it has ended."""
        return None if born(self.pid) == self._mark else 0

    def terminate(self) -> None:
        """Tell the group to end."""
        if self.poll() is None:
            terminate_group(self.pid)

    def kill(self) -> None:
        """End the group at once."""
        if self.poll() is None or self.lingers():
            kill_group(self.pid)

    def lingers(self) -> bool:
        """Return whether something that it has begun outlives it."""
        return group_lives(self.pid)


def group_lives(pid: int) -> bool:
    """Return whether a process of this group lives; on Windows, where a group is not to be asked, that none does."""
    if sys.platform == "win32":
        return False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, group, *_ = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(group) == pid and state not in "ZX":
                return True
    return False


def terminate_group(pid: int) -> None:
    """Tell a group to end: by SIGTERM, on Windows by Ctrl+Break and by closing its windows."""
    if sys.platform == "win32":
        with suppress(OSError):  # it has no console, or another than we
            os.kill(pid, signal.CTRL_BREAK_EVENT)
        _taskkill("/PID", str(pid))
    else:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGTERM)


def kill_group(pid: int) -> None:
    """End a group at once; one that has ended already is let be."""
    if sys.platform == "win32":
        _taskkill("/F", "/T", "/PID", str(pid))
    else:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


def _taskkill(*words: str) -> None:
    with suppress(OSError):
        subprocess.run(["taskkill.exe", *words], capture_output=True, check=False)  # noqa: S603, S607
