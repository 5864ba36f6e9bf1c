"""A headless browser of this machine's own that goes through a desktop's door and stays there."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from chalicelib.domain.seat import Role
from tools.trial.steps import Failed

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
_ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,800",
)
_PATIENCE_S = 10
_LEADING_ON = """<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
"""


def find(named: str, elsewhere: Sequence[str] = _ELSEWHERE) -> str:
    """Return the program of a browser: the one that is named, else one that is found; empty where there is none.

    Raises:
        Failed: the one that is named is no program.
    """
    if named:
        if program := shutil.which(named):
            return program
        raise Failed(f"the browser {named} is no program here", "name another: make smoke BROWSER=/path/to/chromium")
    found = (shutil.which(name) for name in (*_NAMES, *elsewhere))
    return next((program for program in found if program), "")


class Browsers:
    """One browser for each role, each with a profile of its own that is gone when it is closed."""

    def __init__(self, program: str) -> None:
        """Take the program, empty where people open the doors themselves."""
        self.program = program
        self._running: dict[Role, subprocess.Popen[bytes]] = {}
        self._profiles: list[tempfile.TemporaryDirectory[str]] = []

    def open(self, role: Role, address: str) -> None:
        """Send a browser to this address.

        It holds a token, and everybody on this machine can read a command line: so the browser is given a file of its
        own profile, which leads on to it.
        """
        profile = tempfile.TemporaryDirectory(prefix="elephant-smoke-", ignore_cleanup_errors=True)
        self._profiles.append(profile)
        page = Path(profile.name) / "door.html"
        page.touch(0o600)
        page.write_text(_LEADING_ON.format(address=html.escape(address)), encoding="utf-8")
        # As root, in a container mostly, Chromium starts without its sandbox alone; it sees one desktop of ours.
        root = ["--no-sandbox"] if sys.platform != "win32" and os.geteuid() == 0 else []
        with (Path(profile.name) / "browser.log").open("wb") as log:
            self._running[role] = subprocess.Popen(  # noqa: S603  the operator's own browser
                [self.program, *_FLAGS, *root, f"--user-data-dir={profile.name}/profile", page.as_uri()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for this command, which then closes it
            )

    def ended(self) -> Mapping[Role, int]:
        """Return the exit codes of the browsers that have ended by themselves."""
        codes = {role: running.poll() for role, running in self._running.items()}
        return {role: code for role, code in codes.items() if code is not None}

    def close(self) -> None:
        """Close every browser, and forget what it kept; again is fine."""
        for running in self._running.values():
            running.terminate()
        for running in self._running.values():
            try:
                running.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
        self._running.clear()
        while self._profiles:
            self._profiles.pop().cleanup()
