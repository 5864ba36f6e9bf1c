"""`make upgrade` with real git: a release comes, and goes again, as one commit; what is the operator's stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from packaging.version import Version

from tools.stage import StageError
from tools.upgrade import Copy, news, upgrade

OLD, NEW, NEWER = Version("1.0.0"), Version("1.1.0"), Version("2.0.0")
SAMPLE = '# of 1.0.0\n\nregion = ""\n\n\n# at the end\n'
LOG = "# Changelog\n\n## [Unreleased]\n\n### Soon\n"


def git(where: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(where), *arguments], check=True, capture_output=True, text=True).stdout


def write(where: Path, **files: str) -> None:
    for name, text in files.items():
        path = where / {"stage": "stages/dev.toml", "log": "CHANGELOG.md", "code": "code.py", "gone": "gone.py"}[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def release(where: Path, version: Version, **files: str) -> None:
    (where / "pyproject.toml").write_text(f'[project]\nversion = "{version}"\n', encoding="utf-8")
    (where / "infra").mkdir(exist_ok=True)
    (where / "infra" / "template.yaml").write_text(f"of {version}\n", encoding="utf-8")
    write(where, **files)
    git(where, "add", "--all")
    git(where, "commit", "--quiet", "--message", f"Release {version}")
    git(where, "tag", f"v{version}")


class Operator:
    """An operator's copy of a project whose releases are in `origin`; what `make` was asked for, with which code."""

    def __init__(self, root: Path, origin: Path) -> None:
        self.root, self.origin = root, origin
        self.copy = Copy(root)
        self.made: list[tuple[list[str], str]] = []
        self.beside: list[str] = []
        self.code = 0

    def upgrade(self, wanted: str = "") -> int:
        return upgrade("dev", wanted, self.copy, self._run, self.beside.append)

    def _run(self, command: list[str]) -> int:
        self.made.append((command, self.read("code.py")))
        (self.root / ".chalice" / "config.json").write_text(f"deployed {len(self.made)}", encoding="utf-8")
        return self.code

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def log(self) -> list[str]:
        return git(self.root, "log", "--format=%s").splitlines()


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operator:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ann")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ann@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("COLUMNS", "200")
    origin, root = tmp_path / "origin", tmp_path / "own"
    origin.mkdir()
    git(origin, "init", "--quiet", "--initial-branch=main")
    release(origin, OLD, stage=SAMPLE, code="old", gone="here", log=f"{LOG}\n## [1.0.0]\n\n### First\n")
    git(tmp_path, "clone", "--quiet", str(origin), str(root))
    git(root, "switch", "--quiet", "--create", "operations")
    write(root, stage=SAMPLE.replace('""', '"eu-west-1"'))
    (root / ".chalice").mkdir()
    (root / ".chalice" / "config.json").write_text("deployed", encoding="utf-8")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Stage dev")
    stage, log = SAMPLE.replace("1.0.0", "1.1.0"), f"{LOG}\n## [1.1.0] - a day\n\n### Better\n\n- x\n\n## [1.0.0]\n"
    release(origin, NEW, stage=stage, code="new", log=log)
    (origin / "gone.py").unlink()
    release(origin, Version("2.0.0rc1"), code="not yet")
    return Operator(root, origin)


def test_the_newest_release_comes_and_the_operators_file_keeps_what_they_wrote(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.upgrade() == 0
    assert operator.made == [(["make", "deploy", "STAGE=dev"], "new")]
    assert operator.read("stages/dev.toml") == SAMPLE.replace("1.0.0", "1.1.0").replace('""', '"eu-west-1"')
    assert operator.log() == ["Stage dev on 1.1.0", "Elephant 1.1.0", "Stage dev", "Release 1.0.0"]
    assert git(operator.root, "status", "--porcelain") == ""
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "From 1.0.0 to 1.1.0:",
        "  + [1.1.0] - a day",
        "      Better",
        "· this copy is at 1.1.0. To go back: make upgrade STAGE=dev VERSION=1.0.0",
    ]
    assert operator.beside == []


def test_run_again_it_deploys_the_next_stage_with_what_is_here(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.upgrade()
    operator.upgrade()
    assert "This copy is at 1.1.0 already, the newest release." in capsys.readouterr().out
    assert [code for _, code in operator.made] == ["new", "new"]
    assert operator.log().count("Elephant 1.1.0") == 1


def test_back_and_forth_leaves_what_was_there(operator: Operator) -> None:
    """Git merges the same commits only once; a difference it takes as often as it is given."""
    before = operator.read("stages/dev.toml")
    for wanted, code, there in (("1.1.0", "new", True), ("v1.0.0", "old", True), ("2.0.0rc1", "not yet", False)) * 2:
        operator.upgrade(wanted)
        assert (operator.read("code.py"), (operator.root / "gone.py").exists()) == (code, there)
    operator.upgrade("1.0.0")
    assert operator.read("stages/dev.toml") == before


def test_before_going_back_the_older_indexes_are_made_beside(operator: Operator) -> None:
    operator.upgrade()
    operator.upgrade("1.0.0")
    assert operator.beside == ["of 1.0.0\n"]


def test_where_the_indexes_cannot_be_made_nothing_moves(operator: Operator) -> None:
    operator.upgrade()

    def refuse(_: str) -> None:
        raise StageError("the stack takes no change")

    with pytest.raises(StageError, match="takes no change"):
        upgrade("dev", "1.0.0", operator.copy, lambda _: pytest.fail("nothing is deployed"), refuse)
    assert operator.read("code.py") == "new"


def test_changes_that_are_not_committed_are_not_risked(operator: Operator) -> None:
    write(operator.root, code="mine")
    with pytest.raises(StageError, match=r"code\.py are changed here and not committed"):
        operator.upgrade()
    assert (operator.read("code.py"), operator.made) == ("mine", [])


def test_what_a_deploy_wrote_before_it_was_stopped_is_kept(operator: Operator) -> None:
    (operator.root / ".chalice" / "config.json").write_text("half", encoding="utf-8")
    operator.upgrade()
    assert "What a deploy has written" in operator.log()


def test_a_change_of_the_operators_own_code_is_kept_where_both_changed_it(operator: Operator) -> None:
    write(operator.root, code="mine")
    git(operator.root, "commit", "--quiet", "--all", "--message", "My own")
    operator.upgrade()
    assert operator.read("code.py") == "mine"


def test_what_the_release_removed_and_the_operator_changed_is_theirs_to_decide(operator: Operator) -> None:
    write(operator.root, gone="mine")
    git(operator.root, "commit", "--quiet", "--all", "--message", "My own")
    with pytest.raises(StageError, match=r"gone\.py is changed on your branch"):
        operator.upgrade("2.0.0rc1")
    assert (operator.read("gone.py"), operator.made) == ("mine", [])
    assert git(operator.root, "worktree", "list").count("\n") == 1


def test_a_deploy_that_fails_is_told_and_the_copy_stays_where_it_is(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.code = 2
    assert operator.upgrade() == 2
    assert "run make deploy STAGE=dev" in capsys.readouterr().out
    assert operator.read("code.py") == "new"


def test_killed_before_the_deploy_it_is_simply_run_again(operator: Operator) -> None:
    def killed(_: list[str]) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upgrade("dev", "", operator.copy, killed, operator.beside.append)
    assert operator.upgrade() == 0
    assert operator.log()[:2] == ["Stage dev on 1.1.0", "Elephant 1.1.0"]


@pytest.mark.parametrize("wanted", ["3.0.0", "nonsense"])
def test_a_release_that_there_is_not_is_refused_with_those_that_there_are(operator: Operator, wanted: str) -> None:
    with pytest.raises(StageError, match=rf"no release {wanted}; those that there are: 1\.0\.0, 1\.1\.0, 2\.0\.0rc1\."):
        operator.upgrade(wanted)


def test_where_origin_is_not_reached_nothing_is_changed(operator: Operator) -> None:
    git(operator.root, "remote", "set-url", "origin", str(operator.root / "nowhere"))
    with pytest.raises(StageError, match="git fetch refuses"):
        operator.upgrade()
    assert operator.made == []


def test_what_is_left_is_told_as_such() -> None:
    told = list(news("## [2.0.0]\n### New\n## [1.1.0]\n### Better\n## [1.0.0]\n", NEWER, OLD))
    assert told == ["  − [2.0.0]", "      New", "  − [1.1.0]", "      Better"]
