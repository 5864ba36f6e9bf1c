"""The operator's installers on Linux, really run: in their order, each once, the one that fails named."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import desktop

SCRIPT = Path(desktop.__file__).parent / "image" / "linux" / "installers.sh"

pytestmark = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not here")


class Folder:
    """A folder with installers as the machine of a build finds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trace = path.parent / "trace"

    def put(self, **scripts: str) -> None:
        for name, text in scripts.items():
            (self.path / f"{name}.sh").write_text(text)
        self.sign()

    def sign(self) -> None:
        files = sorted(file for file in self.path.iterdir() if file.name not in ("manifest.txt", "done.txt"))
        lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
        (self.path / "manifest.txt").write_text("".join(lines))

    def run(self, limit: str = "45m") -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "TRACE": str(self.trace), "ELEPHANT_INSTALLER_LIMIT": limit}
        command = ["bash", str(SCRIPT), str(self.path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)

    @property
    def ran(self) -> list[str]:
        return self.trace.read_text().splitlines() if self.trace.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "installers").mkdir()
    return Folder(tmp_path / "installers")


def test_none_is_fine(folder: Folder) -> None:
    folder.put()
    assert folder.run().returncode == 0


def test_they_run_by_name_each_once_with_their_arguments(folder: Folder) -> None:
    (folder.path / "b.sh.arguments").write_text("--silent  now\n")
    (folder.path / "settings.ini").write_text("x")
    folder.put(b='echo "b $*" >>"$TRACE"', a='echo "a $#" >>"$TRACE"')
    done = folder.run()
    assert (done.returncode, folder.ran) == (0, ["a 0", "b --silent now"])
    assert "elephant: a.sh is installed" in done.stdout
    assert folder.run().returncode == 0
    assert len(folder.ran) == 2


def test_one_that_fails_ends_the_build_and_is_named(folder: Folder) -> None:
    folder.put(a='echo a >>"$TRACE"', b="exit 7", c='echo c >>"$TRACE"')
    done = folder.run()
    assert (done.returncode, folder.ran) == (1, ["a"])
    assert "elephant: FAILED the installer b.sh ended with exit code 7" in done.stdout


def test_one_that_never_ends_is_ended_and_named(folder: Folder) -> None:
    folder.put(a="exec tail -f /dev/null")
    done = folder.run("0.2s")
    assert done.returncode == 1
    assert "elephant: FAILED the installer a.sh had not ended after 0.2s" in done.stdout


def test_a_restart_that_one_asks_for_goes_on_with_the_next(folder: Folder) -> None:
    folder.put(a='echo a >>"$TRACE"; exit 194', b='echo b >>"$TRACE"')
    assert (folder.run().returncode, folder.ran) == (194, ["a"])
    assert (folder.run().returncode, folder.ran) == (0, ["a", "b"])


@pytest.mark.parametrize("spoil", ["changed", "lost"])
def test_a_file_that_is_not_what_was_uploaded_is_not_run(spoil: str, folder: Folder) -> None:
    folder.put(a='echo a >>"$TRACE"')
    if spoil == "changed":
        (folder.path / "a.sh").write_text('echo evil >>"$TRACE"')
    else:
        (folder.path / "a.sh").unlink()
    done = folder.run()
    assert (done.returncode, folder.ran) == (1, [])
    assert "elephant: FAILED the installers are not the files that were uploaded: a.sh: FAILED" in done.stdout


def test_one_that_reads_its_input_takes_nothing_of_the_list(folder: Folder) -> None:
    folder.put(a='cat >/dev/null; echo a >>"$TRACE"', b='echo b >>"$TRACE"')
    assert (folder.run().returncode, folder.ran) == (0, ["a", "b"])
