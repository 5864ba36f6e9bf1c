"""What was recorded is uploaded once its person is away, and told until the app has taken it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.state import State
from desktop.uploads import AGAIN_S, Uploads
from tests.desktop import shells

ME = "i-0123456789abcdef0"


class Place:
    """A machine with a command that uploads, and a line of work that a test lets run."""

    def __init__(self, folder: Path, script: str) -> None:
        self._folder = folder
        self._command = folder / "upload"
        self.set(script)
        self.now_s = 0.0
        self.work: list[Callable[[], object]] = []
        self.restart()

    def set(self, script: str) -> None:
        shells.put(self._command, script)

    def put(self, work: Callable[[], object]) -> None:
        self.work.append(work)

    def restart(self, command: bool = True) -> None:
        self.work.clear()
        words = (str(self._command),) if command else ()
        state = State(self._folder / "state.json", ME)
        self.uploads = Uploads(words, self._folder / "recordings", state, self, lambda: self.now_s, patience_s=20)

    def begin(self) -> int:
        """Begin an upload and let it end; return whether there was one."""
        self.uploads.begin({"ELEPHANT_ROLE": "teacher"})
        begun = len(self.work)
        while self.work:
            self.work.pop()()
        return begun


GOOD = 'echo "$ELEPHANT_ROLE $ELEPHANT_RECORDINGS"; echo https://sessions.example.com/a'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, GOOD)


def test_where_nobody_was_there_is_nothing_to_upload(place: Place) -> None:
    assert place.begin() == 0


def test_its_last_line_is_the_address_until_the_app_has_taken_it(place: Place) -> None:
    place.uploads.visited()
    assert place.begin() == 1
    assert place.uploads.address == "https://sessions.example.com/a"
    place.uploads.told("https://sessions.example.com/of-before")
    place.restart()
    assert place.uploads.address == "https://sessions.example.com/a"
    place.uploads.told("https://sessions.example.com/a")
    assert place.uploads.address is None
    assert place.begin() == 0


def test_who_comes_back_is_uploaded_again_also_while_it_is_at_work(place: Place) -> None:
    place.uploads.visited()
    place.uploads.begin({})
    place.uploads.visited()
    place.uploads.begin({})
    assert len(place.work) == 1  # never two at once
    place.work.pop()()
    assert place.uploads.is_needed
    assert place.begin() == 1
    assert not place.uploads.is_needed


@pytest.mark.parametrize(
    "script", ["exit 3", "true", "echo done", "echo 'https://a b'", "echo http://plain.example.com/a"]
)
def test_one_that_fails_is_tried_again_later(place: Place, script: str) -> None:
    place.set(script)
    place.uploads.visited()
    assert place.begin() == 1
    assert place.uploads.address is None
    assert place.begin() == 0
    place.now_s += AGAIN_S
    place.set(GOOD)
    assert place.begin() == 1
    assert place.uploads.address


def test_one_that_was_killed_is_done_anew_after_the_restart(place: Place) -> None:
    place.uploads.visited()
    place.uploads.begin({})
    place.restart()
    assert place.begin() == 1


def test_an_image_that_uploads_nothing_needs_nothing(place: Place) -> None:
    place.restart(command=False)
    place.uploads.visited()
    assert place.begin() == 0
