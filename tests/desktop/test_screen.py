"""A sentence for the person: shown by what the desktop has, and said where nothing can."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.screen import show_on_screen
from tests.desktop import shells

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Windows itself shows a box")
TEXT = "This meeting ends in 2 minutes; say “goodbye” & save."


class Now:
    """A line in which work is done at once."""

    def put(self, work: Callable[[], object]) -> None:
        work()


class Desktop:
    """A desktop with the programs that a test puts there; each notes what it was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given = folder / "given"

    def put(self, name: str, code: int = 0) -> None:
        shells.put(self.folder / name, f'printf "%s\\n" {name} "$@" >> {self.given}\nexit {code}')

    def which(self, name: str) -> str | None:
        file = self.folder / name
        return str(file) if file.exists() else None

    def show(self) -> list[str]:
        show_on_screen(TEXT, Now(), self.which)
        return [line for line in self.given.read_text().splitlines() if not line.startswith("-")]


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


@pytest.mark.parametrize("program", ["notify-send", "xmessage"])
def test_it_is_shown_by_what_is_there(desktop: Desktop, program: str) -> None:
    desktop.put(program)
    shown = desktop.show()
    assert shown[0] == program
    assert shown[-1] == TEXT


def test_what_cannot_show_it_leaves_it_to_the_next(desktop: Desktop) -> None:
    """Where nothing listens on the desktop, notify-send is there, and fails."""
    desktop.put("notify-send", 1)
    desktop.put("xmessage")
    assert [line for line in desktop.show() if line in ("notify-send", "xmessage")] == ["notify-send", "xmessage"]


@pytest.mark.parametrize("code", [0, 1, 5])
def test_a_box_that_is_closed_or_left_alone_was_shown(desktop: Desktop, code: int) -> None:
    desktop.put("zenity", code)
    desktop.put("xmessage")
    assert desktop.show() == ["zenity"]


def test_where_nothing_can_show_it_that_is_said(desktop: Desktop) -> None:
    with pytest.raises(OSError, match="none of notify-send, zenity, xmessage is here"):
        desktop.show()
    desktop.put("xmessage", 1)
    with pytest.raises(OSError, match="cannot be warned"):
        desktop.show()
