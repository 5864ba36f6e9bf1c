"""The desktop's own last word about its end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desktop.guard import LOOK_S, MARGIN, Guard
from desktop.metadata import Machine, MetadataUnavailable
from desktop.state import State

ME = "i-0123456789abcdef0"
DEADLINE = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)


class Desktop:
    """A machine that counts how often it was told to end, and a clock that a test moves."""

    def __init__(self, folder: Path, tag: str | None = "2026-03-02T19:00:00Z") -> None:
        self.tag = tag
        self.now = DEADLINE - timedelta(hours=1)
        self.ended = 0
        self.answers = True
        self.can_end = True
        self._file = folder / "state.json"
        self.begin()

    def begin(self) -> None:
        """Begin anew, as after a restart."""
        state = State(self._file, ME)
        self.guard = Guard(self, self.read, state, lambda: self.now, self.elapsed)

    def elapsed(self) -> float:
        return self.now.timestamp()

    def read(self) -> Machine:
        if not self.answers:
            raise MetadataUnavailable("They do not answer.")
        return Machine(ME, "us-west-2", {} if self.tag is None else {"Deadline": self.tag})

    def shut_down(self) -> None:
        self.ended += 1
        if not self.can_end:
            raise OSError("not now")

    def live_until(self, moment: datetime) -> None:
        while self.now < moment:
            self.guard.step()
            self.now += timedelta(seconds=1)


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


def test_it_ends_once_its_deadline_and_the_margin_have_passed(desktop: Desktop) -> None:
    desktop.live_until(DEADLINE + MARGIN)
    assert desktop.ended == 0
    desktop.live_until(DEADLINE + MARGIN + timedelta(seconds=LOOK_S))
    assert desktop.ended > 0


def test_a_deadline_that_was_moved_is_obeyed(desktop: Desktop) -> None:
    desktop.live_until(DEADLINE)
    desktop.tag = "2026-03-02T20:00:00.000000Z"
    desktop.live_until(DEADLINE + timedelta(hours=1))
    assert desktop.ended == 0
    desktop.live_until(DEADLINE + timedelta(hours=1, minutes=16))
    assert desktop.ended > 0


@pytest.mark.parametrize(
    "tag", [None, "", "soon", "2026-03-02T20:00:00", "2026-13-02T20:00:00Z", "2199-01-01T00:00:00Z"]
)
def test_what_the_app_cannot_have_written_moves_nothing(desktop: Desktop, tag: str | None) -> None:
    desktop.guard.step()
    desktop.tag = tag
    desktop.live_until(DEADLINE + timedelta(minutes=16))
    assert desktop.ended > 0


def test_metadata_that_do_not_answer_leave_what_was_read_last_also_after_a_restart(desktop: Desktop) -> None:
    desktop.guard.step()
    desktop.answers = False
    desktop.begin()
    desktop.live_until(DEADLINE + timedelta(minutes=16))
    assert desktop.ended > 0


def test_a_machine_that_no_launch_has_given_one_is_never_ended(tmp_path: Path) -> None:
    desktop = Desktop(tmp_path, tag=None)
    desktop.live_until(DEADLINE + timedelta(hours=5))
    assert desktop.ended == 0


def test_what_another_instance_has_kept_ends_nobody(tmp_path: Path) -> None:
    """As in an image that was made of a desktop."""
    State(tmp_path / "state.json", "i-0fedcba9876543210").keep("deadline", "2020-01-01T00:00:00Z")
    desktop = Desktop(tmp_path, tag=None)
    desktop.live_until(DEADLINE)
    assert desktop.ended == 0


def test_a_shutdown_that_fails_is_tried_again(desktop: Desktop, caplog: pytest.LogCaptureFixture) -> None:
    desktop.can_end = False
    with caplog.at_level(logging.ERROR):
        desktop.live_until(DEADLINE + MARGIN + timedelta(seconds=LOOK_S + 180))
    assert desktop.ended >= 3
    assert "cannot be shut down" in caplog.text
