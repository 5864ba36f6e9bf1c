"""The room's address as the desktop's browser opens it, and which browser that is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

_AT_HOME = ("127.0.0.1", "localhost")
_ON_PATH = ("microsoft-edge", "google-chrome", "chromium", "chromium-browser")
_ON_WINDOWS = (r"Microsoft\Edge\Application\msedge.exe", r"Google\Chrome\Application\chrome.exe")
_NEVER_IN_ONE = set(' "<>\\^`{|}')  # RFC 3986
_OPTIONS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-session-crashed-bubble",
    "--disable-background-mode",  # it would run on without a window, and nobody would see that the room is closed
    "--start-maximized",
    "--new-window",
)
_PROGRAM_FILES = ("ProgramFiles(x86)", "ProgramFiles")


class NoRoom(Exception):
    """There is nothing that can be opened; the text says why."""


def address(room: str, name: str | None) -> str:
    """Return the room's address with the person's name filled in, as Jitsi reads it from behind the #.

    Raises:
        NoRoom: it is no address that a browser may open.
    """
    if origin(room) is None:
        raise NoRoom(f"The room's address must begin with https://, and is {room!r:.100}.")
    told = ["config.prejoinConfig.enabled=false", "config.prejoinPageEnabled=false"]  # as it is called now, and was
    if name:
        told.append(f"userInfo.displayName={_as_jitsi_reads(name)}")
    return f"{room}{'&' if '#' in room else '#'}{'&'.join(told)}"


def origin(room: str) -> str | None:
    """Return the origin of a room's address, to which camera and microphone are allowed; None where it is no room's."""
    try:
        parts = urlsplit(room)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or not room.isprintable() or set(room) & _NEVER_IN_ONE or not _may_open(parts.scheme, host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" if port is None else f"{parts.scheme}://{shown}:{port}"


def browser(configured: Sequence[str], profile: Path, find: Callable[[], str | None] | None = None) -> list[str]:
    """Return the browser's program and options, to which the address is added.

    Raises:
        NoRoom: none is configured, and none is found.
    """
    if configured:
        return list(configured)
    program = (find or _find)()
    if not program:
        raise NoRoom("No browser is found here: install Edge, Chrome or Chromium, or name one in agent.toml (browser).")
    # With a profile of its own the process lives as long as its windows do, and is nobody else's.
    return [program, f"--user-data-dir={profile}", *_OPTIONS]


def _as_jitsi_reads(name: str) -> str:
    """Return a name as it stands behind the #: JSON, and percent-encoded.

    Jitsi unescapes an & before it reads the JSON, some versions straighten typographic quotes, and a name that this
    spoils is not shown. So the JSON holds neither: everything that is not ASCII, and &, is written by its number.
    """
    return quote(json.dumps(name).replace("&", "\\u0026"), safe="")


def _may_open(scheme: str, host: str) -> bool:
    return scheme == "https" or (scheme == "http" and host in _AT_HOME)


def _find() -> str | None:
    if os.name == "nt":
        folders = [Path(os.environ[name]) for name in _PROGRAM_FILES if name in os.environ]
        programs = (folder / program for program in _ON_WINDOWS for folder in folders)
        return next((str(program) for program in programs if program.exists()), None)
    return next((found for name in _ON_PATH if (found := shutil.which(name))), None)
