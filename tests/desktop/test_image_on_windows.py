"""The operator's installers on Windows, really run, where there is a Windows to run them (windows.yml)."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

import desktop

if sys.platform != "win32":
    pytest.skip("this is no Windows", allow_module_level=True)

SCRIPT = Path(desktop.__file__).parent / "image" / "windows" / "installers.ps1"


def put(folder: Path, **scripts: str) -> None:
    """Put installers and their manifest as `make image` uploads them; each notes that it ran."""
    folder.mkdir(exist_ok=True)
    for name, text in scripts.items():
        (folder / f"{name}.ps1").write_text(f"Add-Content -LiteralPath '{folder.parent / 'trace'}' -Value {text}\n")
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(folder.iterdir())]
    (folder / "manifest.txt").write_text("".join(lines), newline="\n")


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", str(SCRIPT)]
    return subprocess.run([*command, "-Folder", str(folder)], capture_output=True, text=True, check=False)


def ran(folder: Path) -> list[str]:
    trace = folder.parent / "trace"
    return trace.read_text().split() if trace.exists() else []


def test_they_run_by_name_each_once_and_go_on_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "installers"
    put(folder, b="b", a="a; exit 3010")
    done = run(folder)
    assert (done.returncode, ran(folder)) == (3010, ["a"]), done.stdout + done.stderr
    done = run(folder)
    assert (done.returncode, ran(folder)) == (0, ["a", "b"]), done.stdout + done.stderr


def test_one_that_fails_ends_the_build_and_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "installers"
    put(folder, a="a; exit 7", b="b")
    done = run(folder)
    assert (done.returncode, ran(folder)) == (1, ["a"])
    assert "the installer a.ps1 ended with exit code 7" in done.stdout + done.stderr


def test_a_file_that_was_changed_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "installers"
    put(folder, a="a")
    (folder / "a.ps1").write_text("exit 0")
    assert (run(folder).returncode, ran(folder)) == (1, [])
