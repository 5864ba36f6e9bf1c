"""A program that is kept running: opened again when it ends, never in a tight loop, and never twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from desktop.kept import GENTLE_S, LONGEST_S, WELL_S, Kept, end_leftover, spawn


class Ran:
    """A process of which a test says when it ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self.pid = 4_194_304  # above every process there can be
        self.command = list(command)
        self.stdin: IO[bytes] | None = None
        self.code: int | None = None
        self.told: list[str] = []

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.told.append("terminate")

    def kill(self) -> None:
        self.told.append("kill")
        self.code = -9


class World:
    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.ran: list[Ran] = []
        self.fails = False
        self.kept = Kept("The room", lambda: self.now_s, self.start, folder / "room.pid")

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> Ran:
        if self.fails:
            raise FileNotFoundError(2, "No such file or directory")
        self.ran.append(Ran(command))
        return self.ran[-1]

    def keep(self, seconds: float, *command: str) -> None:
        end = self.now_s + seconds
        while self.now_s < end:
            self.kept.keep(command or ("browser", "a"), {})
            self.now_s += 2


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_is_opened_once_and_again_when_it_is_closed(world: World) -> None:
    world.keep(WELL_S + 10)
    assert len(world.ran) == 1
    world.ran[0].code = 0
    world.keep(6)
    assert len(world.ran) == 2
    assert world.kept.fault is None


def test_one_that_fails_at_once_is_tried_ever_more_slowly_and_said(world: World) -> None:
    for _ in range(300):
        world.keep(2)
        if world.ran:
            world.ran[-1].code = 1
    assert 600 / LONGEST_S <= len(world.ran) <= 600 / LONGEST_S + 8
    assert world.kept.fault == "The room has ended at once with 1."


def test_one_that_is_not_there_is_said_and_tried_again(world: World) -> None:
    world.fails = True
    world.keep(10)
    assert world.kept.fault == "The room cannot be opened: No such file or directory."
    world.fails = False
    world.keep(20)
    assert world.kept.is_running


def test_another_takes_its_place_once_it_has_ended(world: World) -> None:
    world.keep(10, "browser", "a")
    world.keep(10, "browser", "b")
    assert len(world.ran) == 1
    world.ran[0].code = 0
    world.keep(4, "browser", "b")
    assert [each.command for each in world.ran] == [["browser", "a"], ["browser", "b"]]


def test_one_that_does_not_end_gently_is_ended(world: World) -> None:
    world.keep(2)
    for _ in range(int(2 * GENTLE_S) // 2 + 2):
        world.kept.end()
        world.now_s += 2
    assert world.ran[0].told == ["terminate", "kill"]
    assert not world.kept.is_running


def test_one_that_was_told_to_end_and_is_wanted_again_is_begun_anew(world: World) -> None:
    world.keep(2)
    world.kept.end()
    world.ran[0].code = 0
    world.keep(6)
    assert len(world.ran) == 2


# --- with real processes

WAITS = [sys.executable, "-c", "import sys; sys.stdin.read()", "--for-this-test"]
DEAF = [sys.executable, "-c", "import time; time.sleep(600)", "--deaf-in-this-test"]


@pytest.fixture
def deaf() -> Iterator[subprocess.Popen[bytes]]:
    process = spawn(DEAF, {})
    assert isinstance(process, subprocess.Popen)
    line = Path(f"/proc/{process.pid}/cmdline")
    while line.exists() and DEAF[-1] not in line.read_text():  # for a moment a new process has none
        os.sched_yield()
    yield process
    process.kill()
    process.wait()


def test_the_end_of_its_input_ends_a_program() -> None:
    process = spawn(WAITS, {})
    assert isinstance(process, subprocess.Popen)
    assert process.stdin
    process.stdin.close()
    assert process.wait(30) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there it is taskkill's own work")
def test_what_a_killed_helper_has_left_is_ended(tmp_path: Path, deaf: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "room.pid"
    file.write_text(json.dumps({"pid": deaf.pid, "command": DEAF}))
    end_leftover(file)
    assert deaf.wait(30) == -9
    assert not file.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there it is taskkill's own work")
def test_who_has_its_number_now_is_let_be(tmp_path: Path, deaf: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "room.pid"
    file.write_text(json.dumps({"pid": deaf.pid, "command": ["/usr/bin/chromium", "--user-data-dir=/x"]}))
    end_leftover(file)
    assert deaf.poll() is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"pid": "x", "command": []}', '{"pid": 1, "command": null}'])
def test_a_file_that_tells_nothing_ends_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "room.pid"
    file.write_text(text)
    end_leftover(file)
