"""A sentence for the person, over all windows, without waiting for them to read it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from desktop import commands
from desktop.background import Line

_SHOWN_S = 60
_TITLE = "Elephant"
_OK, _WARNING, _OVER_ALL = 0x0, 0x30, 0x1000 | 0x10000 | 0x40000  # system modal, foreground, topmost

Which = Callable[[str], str | None]


def show_on_screen(text: str, line: Line, which: Which = shutil.which) -> None:
    """Have a sentence shown; on Linux by the first program that can.

    Raises:
        OSError: there is nothing to show it with.
    """
    if sys.platform == "win32":
        Thread(target=_show_in_a_box, args=[text], daemon=True).start()
        return
    words = {
        "notify-send": ["--urgency=critical", f"--expire-time={_SHOWN_S * 1000}", _TITLE, text],
        "zenity": ["--warning", f"--timeout={_SHOWN_S}", f"--title={_TITLE}", "--no-markup", f"--text={text}"],
        "xmessage": ["-timeout", str(_SHOWN_S), text],
    }
    found = [[program, *told] for name, told in words.items() if (program := which(name))]
    if not found:
        raise OSError(f"none of {', '.join(words)} is here")
    line.put(lambda: _show_by_one(found))


def _show_by_one(programs: list[list[str]]) -> None:
    """Try one program after the other: notify-send fails where nothing on the desktop shows what it says.

    Raises:
        OSError: none of them could.
    """
    for command in programs:
        failure, said = commands.run_one(command, 2 * _SHOWN_S, {})
        if failure is None or _was_seen(command, failure):
            return
    raise OSError(f"The person cannot be warned: {failure} {said}".strip())


def _was_seen(command: list[str], failure: str) -> bool:
    """Return whether it was shown and closed otherwise than by its button; zenity says 5 for its own timeout."""
    return Path(command[0]).name == "zenity" and failure.endswith(("failed with 1.", "failed with 5."))


def _show_in_a_box(text: str) -> None:
    if sys.platform == "win32":
        import ctypes

        ctypes.WinDLL("user32").MessageBoxW(None, text, _TITLE, _OK | _WARNING | _OVER_ALL)
