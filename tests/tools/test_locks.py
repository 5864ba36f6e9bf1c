"""The locks: whole, with a hash for every file, without a place of any machine, and one for what ships."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools import lock
from tools.stage import ROOT

HASH = "sha256:" + "0" * 64


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project's locks and their sources, to be spoiled."""
    (tmp_path / "tests" / "e2e").mkdir(parents=True)
    (tmp_path / "desktop").mkdir()
    for locked, source in lock.LOCKS.items():
        for name in (locked, source):
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_projects_locks_are_in_order() -> None:
    assert lock.problems() == []
    assert {"boto3", "botocore", "urllib3", "requests", "certifi"} <= {p.name for p in lock.read(ROOT / lock.SHIPS)}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("six==1.17.0", "six has no hash"),
        ("six==1.17.0 --hash=md5:0", "six has no hash, or something that is none"),
        (f"six>=1.17.0 --hash={HASH}", "six is not pinned to one version"),
        (f"six==1.* --hash={HASH}", "six is not pinned to one version"),
        (f"six --hash={HASH}", "six is not pinned to one version"),
        (f"six @ https://example.com/six.whl --hash={HASH}", "six is taken from https://example.com/six.whl"),
        ("./wheels/six.whl", "'./wheels/six.whl' is not a distribution"),
        ("--index-url https://example.com/simple", "'--index-url https://example.com/simple' is an option"),
        ("--find-links ../wheels", "'--find-links ../wheels' is an option"),
        ("-r more.txt", "'-r more.txt' is an option"),
    ],
)
def test_a_line_that_is_not_one_release_with_its_hashes_is_refused(project: Path, line: str, why: str) -> None:
    for locked in lock.LOCKS:
        text = (ROOT / locked).read_text()
        (project / locked).write_text(f"{text}{line}\n")
        [wrong] = lock.problems(project)
        assert f"{Path(locked).name}: {why}" in wrong
        assert "make lock" in wrong
        (project / locked).write_text(text)


def test_a_release_stands_over_several_lines_with_remarks(tmp_path: Path) -> None:
    lines = [
        "# made by something",
        "Py_Thing==1.0 ; sys_platform == 'win32' \\",
        f"    --hash={HASH} \\",
        f"    --hash={HASH.replace('0', '1')}",
        "    # via something",
    ]
    (tmp_path / "requirements.txt").write_text("\n".join(lines))
    [pin] = lock.read(tmp_path / "requirements.txt")
    assert (str(pin), len(pin.hashes)) == ("py-thing 1.0", 2)


@pytest.mark.parametrize("locked", lock.LOCKS)
def test_a_lock_that_is_older_than_what_it_is_made_from_is_refused(project: Path, locked: str) -> None:
    source = project / lock.LOCKS[locked]
    source.write_text(source.read_text() + "leftpad==1.0\n")
    assert f"{locked} does not hold leftpad==1.0, which {lock.LOCKS[locked]} asks for; run make lock." in lock.problems(
        project
    )


def test_development_without_just_what_ships_is_refused(project: Path) -> None:
    develops = project / lock.DEVELOPS
    text = develops.read_text()
    develops.write_text(text.replace("\nidna==", "\nidna==1!"))
    assert any(wrong.startswith("requirements.txt holds idna") for wrong in lock.problems(project))
    [idna] = [pin for pin in lock.read(ROOT / lock.SHIPS) if pin.name == "idna"]
    develops.write_text(text.replace(min(idna.hashes), HASH))
    assert any(wrong.startswith("requirements.txt holds idna") for wrong in lock.problems(project))


def test_a_deploy_looks_at_the_lock_of_what_ships_alone(tmp_path: Path) -> None:
    (tmp_path / lock.SHIPS).write_text(f"six==1.0 --hash={HASH}\n")
    (tmp_path / "requirements.in").write_text("six==1.0\n")
    assert lock.problems(tmp_path, [lock.SHIPS]) == []


def test_what_locks_what_installs_and_what_packs_are_locked_too() -> None:
    assert {"uv", "pip", "chalice"} <= {pin.name for pin in lock.read(ROOT / lock.DEVELOPS)}
