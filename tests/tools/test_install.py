"""The virtual environment that every make target rests on: made once, whole or not at all, in sentences."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tools import install
from tools.stage import ROOT

LEFT = "stages/mine.toml .chalice/config.json .chalice/deployed/dev.json .chalice/dev/policy-sweep.json elephant.pem"
MADE = """
    .venv/bin/python .venv-3.13/.ready .venv-ministack/x build/localcloud-8000.env .mypy_cache/x .ruff_cache/x
    .pytest_cache/x .coverage .coverage.host.1 .chalice/deployments/x.zip __pycache__/app.pyc
    chalicelib/people/__pycache__/x.pyc tests/__pycache__/x.pyc
"""


class Commands:
    """What was run, and what each came to: the exit code, or what is raised."""

    def __init__(self, *outcomes: int | type[BaseException]) -> None:
        self.ran: list[list[str]] = []
        self._outcomes = list(outcomes)

    def __call__(self, command: list[str]) -> int:
        self.ran.append(command)
        outcome = self._outcomes.pop(0) if self._outcomes else 0
        if isinstance(outcome, int):
            return outcome
        raise outcome


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("requirements-dev.txt")
    path.write_text("rich==15.0.0 --hash=sha256:0\n")
    return path


@pytest.fixture
def folder(lock: Path) -> Path:
    path = Path(".venv")
    path.mkdir()
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == "", "it must not spoil what the target itself prints"
    assert max(map(len, err.splitlines()), default=0) <= 80
    return " ".join(err.split())


def test_it_says_what_it_does_and_is_ready_only_at_the_end(
    folder: Path, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands()
    assert install.main([str(folder), str(lock)], commands) == 0
    assert [command[1:3] for command in commands.ran] == [["-m", "venv"], ["-m", "pip"]]
    assert "(once, about a minute)" in said(capsys)
    assert (folder / ".ready").exists()


@pytest.mark.parametrize(
    ("outcomes", "code", "sentence"),
    [
        ((1,), 1, "No virtual environment could be made"),
        ((0, 1), 1, "set HTTPS_PROXY=http://host:port. Where it has a package index of its own, set PIP_INDEX_URL="),
        ((KeyboardInterrupt,), 130, "Stopped while installing; the next make begins anew."),
        ((0, KeyboardInterrupt), 130, "Stopped while installing; the next make begins anew."),
    ],
)
def test_what_stopped_half_way_does_not_count_as_ready_and_is_made_anew(
    outcomes: tuple[Any, ...],
    code: int,
    sentence: str,
    folder: Path,
    lock: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / ".ready").touch()  # of an older lock
    os.utime(folder / ".ready", (0, 0))
    assert install.main([str(folder), str(lock)], Commands(*outcomes)) == code
    assert not (folder / ".ready").exists()
    assert sentence in said(capsys)
    again = Commands()
    assert install.main([str(folder), str(lock)], again) == 0
    assert "--clear" in again.ran[0]


def test_an_index_that_may_not_be_asked_is_named(lock: Path) -> None:
    assert "PIP_NO_INDEX is set here" in install.unreached(lock, {"PIP_NO_INDEX": "1"})
    assert "PIP_NO_INDEX" not in install.unreached(lock, {})


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("OLDEST", (9, 9), "Elephant needs Python 9.9 or newer, and "),
        ("find_spec", lambda name: None if name == "ensurepip" else name, "it lacks ensurepip. On Debian and Ubuntu,"),
    ],
)
def test_a_python_that_will_not_do_is_told_before_anything_is_touched(
    part: str,
    value: object,
    sentence: str,
    folder: Path,
    lock: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(install, part, value)
    (folder / ".ready").touch()
    assert install.main([str(folder), str(lock)], Commands(AssertionError)) == 1
    assert sentence in said(capsys)
    assert (folder / ".ready").exists()


def test_of_two_at_once_one_installs_and_the_other_finds_it_done(
    folder: Path, lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(command: list[str]) -> int:
        begun.set()
        assert go_on.wait(30)
        return 0

    codes: list[int] = []
    other = Commands()

    def start(run: Callable[[list[str]], int]) -> threading.Thread:
        thread = threading.Thread(target=lambda: codes.append(install.main([str(folder), str(lock)], run)))
        thread.start()
        return thread

    one = start(slow)
    assert begun.wait(30)
    two = start(other)
    while "waiting for another make" not in capsys.readouterr().err:
        assert two.is_alive()
    go_on.set()
    one.join()
    two.join()
    assert (codes, other.ran) == ([0, 0], [])


def test_an_old_python_can_read_it() -> None:
    ast.parse((ROOT / "tools" / "install.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_without_an_index_a_real_installation_ends_with_what_to_do(tmp_path: Path, lock: Path) -> None:
    command = [sys.executable, str(ROOT / "tools" / "install.py"), str(tmp_path / "new"), str(lock)]
    environ = os.environ | {"PIP_NO_INDEX": "1", "PIP_USER": "1", "COLUMNS": "80"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No matching distribution found for rich" in done.stderr
    assert "PIP_NO_INDEX is set here, which forbids it to ask any index: unset it." in " ".join(done.stderr.split())
    assert (tmp_path / "new" / "bin" / "pip").exists()
    assert not (tmp_path / "new" / ".ready").exists()


OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")


def make(folder: Path, *words: str) -> str:
    shutil.copy(ROOT / "Makefile", folder)
    outside = {name: value for name, value in os.environ.items() if name not in OF_MAKE}  # `make test` runs this
    done = subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True, check=False, env=outside)
    return done.stdout + done.stderr


def test_help_fits_eighty_columns_and_names_every_target(tmp_path: Path) -> None:
    shown = make(tmp_path)
    assert max(map(len, shown.splitlines())) <= 80
    assert {line.split()[1] for line in shown.splitlines() if line.startswith("  make ")} >= {"demo", "run", "clean"}
    assert "at http://localhost:8000 until Ctrl-C (SPEED=20)." in " ".join(shown.split())


def test_where_there_is_no_python_a_sentence_says_so(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").touch()
    shown = make(tmp_path, "demo", "PYTHON=python-of-nobody")
    assert "Elephant needs Python 3.11 or newer, and there is no python-of-nobody here" in shown


def test_clean_removes_what_was_made_and_says_what_it_leaves(tmp_path: Path) -> None:
    for name in (LEFT + MADE).split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    said = make(tmp_path, "clean")
    left = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert left == sorted([*LEFT.split(), "Makefile"])
    assert ".chalice/deployed stays: it records what is deployed" in said
    assert not any((tmp_path / name).exists() for name in ("build", "__pycache__", ".chalice/deployments"))


def test_clean_has_nothing_to_say_where_nothing_was_deployed(tmp_path: Path) -> None:
    assert make(tmp_path, "clean") == ""
