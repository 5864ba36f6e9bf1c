"""The operator's commands: they are run in turn, and may hang, fail or print megabytes."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from desktop.commands import Outcome, run_all
from tests.desktop import shells


def put(folder: Path, name: str, script: str, mode: int = 0o755) -> Path:
    return shells.put(folder / name, script, mode)


def test_they_run_by_name_one_after_the_other(tmp_path: Path) -> None:
    for name in ("20-b", "10-a", "30-c.sh"):
        put(tmp_path, name, f"echo {name} $WHAT >> {tmp_path}/.log")
    assert run_all(tmp_path, 10, {"WHAT": "it is"}) == [Outcome("10-a"), Outcome("20-b"), Outcome("30-c.sh")]
    assert (tmp_path / ".log").read_text() == "10-a it is\n20-b it is\n30-c.sh it is\n"


def test_what_is_no_command_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "README.md", "exit 1")
    put(tmp_path, ".hidden", "exit 1")
    put(tmp_path, "data", "exit 1", mode=0o644)
    (tmp_path / "folder").mkdir()
    assert run_all(tmp_path, 10) == []
    assert run_all(tmp_path / "nowhere", 10) == []


def test_one_that_fails_stops_none_after_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, "1", "echo 'no microphone'; exit 7")
    put(tmp_path, "2", "exit 0")
    assert run_all(tmp_path, 10) == [Outcome("1", "1 failed with 7."), Outcome("2")]
    assert "no microphone" in caplog.text


def test_one_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    put(tmp_path, "1", f"sleep 300 & echo $! > {tmp_path}/.child; wait")
    put(tmp_path, "2", "exit 0")
    assert run_all(tmp_path, 2) == [Outcome("1", "1 has not ended after 2 s and was stopped."), Outcome("2")]
    child = Path(f"/proc/{int((tmp_path / '.child').read_text())}/stat")
    with suppress(FileNotFoundError):
        while child.read_text().rpartition(")")[2].split()[0] not in "ZX":  # the signal is on its way
            time.sleep(0)


def test_one_that_leaves_a_child_behind_holds_up_nothing(tmp_path: Path) -> None:
    """A child that keeps its output open is not waited for."""
    put(tmp_path, "1", f"sleep 300 & echo $! > {tmp_path}/.child")
    assert run_all(tmp_path, 60) == [Outcome("1")]
    os.kill(int((tmp_path / ".child").read_text()), 9)


def test_of_megabytes_the_end_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    put(tmp_path, "1", "head -c 20000000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert run_all(tmp_path, 60) == [Outcome("1")]
    assert "the end" in caplog.text
    assert len(caplog.text) < 10_000


def test_one_that_waits_for_input_gets_none(tmp_path: Path) -> None:
    put(tmp_path, "1", "read answer || exit 3")
    assert run_all(tmp_path, 10) == [Outcome("1", "1 failed with 3.")]


@pytest.mark.skipif(os.name != "posix", reason="what is a program is told by its name there")
def test_one_that_cannot_be_run_says_so(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"\x7fELF no program")
    (tmp_path / "1").chmod(0o755)
    assert run_all(tmp_path, 10) == [Outcome("1", "1 cannot be run: Exec format error.")]
