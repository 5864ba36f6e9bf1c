"""The browser of the trial: found or named, sent through a door without its token being seen, and gone afterwards."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from chalicelib.domain.seat import Role
from tests.waiting import until
from tools.trial.browser import Browsers, find
from tools.trial.steps import Failed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the browser that stands in is a script of a shell")
ADDRESS = "https://i-0a.example.com:8443/?authToken=secret&x=1#console"


def stand_in(folder: Path, script: str = "while :; do sleep 1; done", name: str = "chromium") -> Path:
    """Return a program that tells what it was started with, and then does this."""
    program = folder / name
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\necho "$@" > "{folder}/told.new"\ncp "${{last#file://}}" "{folder}/page"\n'
        f'mv "{folder}/told.new" "{folder}/told"\n{script}\n'
    )
    program.chmod(0o755)
    return program


def test_the_one_that_is_named_is_taken_else_one_that_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = stand_in(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert find(str(program), ()) == str(program)
    assert find("", ()) == ""
    assert find("", (str(program),)) == str(program)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("", ()) == str(program)
    with pytest.raises(Failed, match="the browser /no/such is no program here"):
        find("/no/such")


def test_the_token_stands_in_a_file_of_its_own_and_in_no_command_line(tmp_path: Path) -> None:
    browsers = Browsers(str(stand_in(tmp_path)))
    browsers.open(Role.TEACHER, ADDRESS)
    told = until(lambda: (tmp_path / "told").exists() and (tmp_path / "told").read_text(), "it is started")
    assert "secret" not in told
    page = Path(unquote(urlsplit(told.split()[-1]).path))
    assert 'content="0; url=https://i-0a.example.com:8443/?authToken=secret&amp;x=1#console"' in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    assert ("--no-sandbox" in told) == (os.geteuid() == 0)
    assert browsers.ended() == {}
    browsers.close()
    assert not page.parent.exists()
    browsers.close()


def test_one_that_ends_by_itself_is_told(tmp_path: Path) -> None:
    browsers = Browsers(str(stand_in(tmp_path, "exit 3")))
    browsers.open(Role.STUDENT, ADDRESS)
    assert until(browsers.ended, "it ends") == {Role.STUDENT: 3}
    browsers.close()
