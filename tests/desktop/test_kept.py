"""A program that is kept running: opened again when it ends, never in a tight loop, and never twice."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from desktop.kept import GENTLE_S, LISTENS_S, LONGEST_S, WELL_S, Kept, Process, spawn
from desktop.processes import Group, born, refuse_shell


class Ran:
    """A process of which a test says when it ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self.pid = 4_194_304  # above every process there can be
        self.command = list(command)
        self.stdin: IO[bytes] | None = None
        self.code: int | None = None
        self.told: list[str] = []
        self.leaves_behind = False

    def poll(self) -> int | None:
        return self.code

    def terminate(self) -> None:
        self.told.append("terminate")

    def kill(self) -> None:
        if self.code is None:
            self.told.append("kill")
            self.code = -9

    def lingers(self) -> bool:
        return self.leaves_behind


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

    def end_for(self, seconds: float) -> None:
        end = self.now_s + seconds
        while self.now_s < end:
            self.kept.end()
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
    world.end_for(LISTENS_S + GENTLE_S + 2)
    assert world.ran[0].told == ["terminate", "kill"]
    assert not world.kept.is_running


def test_what_a_script_has_begun_may_end_after_it_but_not_for_ever(world: World) -> None:
    world.keep(2)
    world.kept.end()
    world.ran[0].code, world.ran[0].leaves_behind = 0, True
    world.end_for(LISTENS_S + GENTLE_S - 4)
    assert world.kept.is_running
    world.end_for(6)
    assert not world.kept.is_running


def test_what_outlives_a_program_that_is_wanted_holds_up_nothing(world: World) -> None:
    world.keep(WELL_S + 10)
    world.ran[0].code, world.ran[0].leaves_behind = 0, True
    world.keep(6)
    assert len(world.ran) == 2


def test_one_that_was_told_to_end_and_is_wanted_again_is_begun_anew(world: World) -> None:
    world.keep(2)
    world.kept.end()
    world.ran[0].code = 0
    world.keep(6)
    assert len(world.ran) == 2


def test_a_full_disk_keeps_nothing_from_running(world: World, tmp_path: Path) -> None:
    (tmp_path / "room.pid").mkdir()
    world.keep(WELL_S + 10)
    world.ran[0].code = 0
    world.keep(6)
    assert len(world.ran) == 2


# --- with real processes

WAITS = [sys.executable, "-c", "import sys; sys.stdin.read()"]
DEAF = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def begun() -> Iterator[Callable[[list[str]], Group]]:
    """What begins a program; all of them are gone afterwards."""
    groups: list[Group] = []

    def begin_one(command: list[str]) -> Group:
        process = spawn(command, {})
        assert isinstance(process, Group)
        groups.append(process)
        return process

    yield begin_one
    for group in groups:
        group.kill()
        group.wait()
        if group.stdin:
            group.stdin.close()


def left(file: Path, process: Group, command: list[str]) -> Kept:
    """Return what a helper finds that starts after one that was killed; it can begin nothing."""
    file.write_text(json.dumps({"pid": process.pid, "born": born(process.pid), "command": command}))

    def start(command: Sequence[str], environ: Mapping[str, str]) -> Process:
        raise AssertionError(f"{command} was begun a second time")

    return Kept("The room", time.monotonic, start, file)


def test_the_end_of_its_input_ends_a_program(begun: Callable[[list[str]], Group]) -> None:
    process = begun(WAITS)
    assert process.stdin
    process.stdin.close()
    assert process.wait(30) == 0


def test_what_a_killed_helper_has_left_is_taken_over(tmp_path: Path, begun: Callable[[list[str]], Group]) -> None:
    kept = left(tmp_path / "room.pid", begun(DEAF), DEAF)
    assert kept.is_running
    kept.keep(DEAF, {})
    assert kept.is_running


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody is told of what SIGTERM does")
def test_and_ended_where_it_is_not_wanted(tmp_path: Path, begun: Callable[[list[str]], Group]) -> None:
    process = begun(DEAF)
    left(tmp_path / "room.pid", process, DEAF).end()
    assert process.wait(30) == -15


@pytest.mark.skipif(sys.platform == "win32", reason="there a group is not to be asked")
def test_what_a_script_has_begun_is_seen_and_ended_after_it(begun: Callable[[list[str]], Group]) -> None:
    process = begun(["sh", "-c", "sleep 600 & read told"])
    assert process.stdin
    process.stdin.close()
    process.wait(30)
    assert process.lingers()
    process.kill()
    while process.lingers():  # the signal is on its way
        time.sleep(0)


def test_who_has_its_number_now_is_let_be(tmp_path: Path, begun: Callable[[list[str]], Group]) -> None:
    process = begun(DEAF)
    file = tmp_path / "room.pid"
    file.write_text(json.dumps({"pid": process.pid, "born": "before", "command": DEAF}))
    kept = Kept("The room", time.monotonic, spawn, file)
    kept.end()
    assert not kept.is_running
    assert process.poll() is None


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"pid": "x", "born": "y", "command": []}', '{"pid": 1, "born": null, "command": []}']
)
def test_a_file_that_tells_nothing_ends_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "room.pid"
    file.write_text(text)
    assert not Kept("The room", time.monotonic, spawn, file).is_running


@pytest.mark.parametrize("program", ["browser.cmd", r"C:\tools\Browser.BAT"])
def test_no_shell_of_windows_reads_what_a_program_is_given(program: str) -> None:
    with pytest.raises(OSError, match="batch file"):
        refuse_shell([program, "https://v.example.com/r#a&calc"], windows=True)
    refuse_shell(["browser.exe"], windows=True)
    refuse_shell([program], windows=False)
