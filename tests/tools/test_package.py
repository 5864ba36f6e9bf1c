"""What is shipped: the package Chalice makes, its size and content, and the templates' own linter."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chalice.deploy.packager import LambdaDeploymentPackager
from chalice.utils import UI, OSUtils
from click import ClickException

from chalicelib.people import logo
from tests.pictures import SVG
from tools.chalice import run_chalice
from tools.package import Files, Wheels
from tools.stage import FUNCTIONS, ROOT, load
from tools.version import version

LARGEST_MB = 25


def copied(project: Path, *names: str) -> Path:
    for name in ("app.py", "chalicelib", "requirements.txt", ".chalice", "tools", *names):
        copy: Any = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name)
    shutil.rmtree(project / ".chalice" / "deployed", ignore_errors=True)
    return project


def packaged(project: Path) -> Path:
    run_chalice(load("dev"), "package", "out", root=project)
    return project / "out"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chalice's package of the committed stage, from a copy with everything in it that must not ship."""
    project = copied(tmp_path_factory.mktemp("project"), "tests", "localcloud")
    (project / "chalicelib" / "__pycache__").mkdir(exist_ok=True)
    (project / "chalicelib" / "__pycache__" / "plan.pyc").write_bytes(b"stale")
    return packaged(project)


def shipped(package: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        return archive.infolist()


def test_the_zip_holds_the_app_and_no_tests_caches_or_local_cloud(package: Path) -> None:
    names = [entry.filename for entry in shipped(package)]
    assert {"app.py", "chalicelib/rules/plan.py", "chalicelib/people/pages/schedule.html"} <= set(names)
    roots = {name.split("/")[0] for name in names}
    assert not roots & {"tests", "localcloud", "tools", "infra", "stages", "docs", ".chalice", "moto", "pytest"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_the_zip_stays_small(package: Path) -> None:
    assert (package / "deployment.zip").stat().st_size < LARGEST_MB * 1_000_000


def test_every_function_is_packaged_with_its_own_policy(package: Path) -> None:
    resources = json.loads((package / "sam.json").read_text())["Resources"]
    functions = [r["Properties"] for r in resources.values() if r["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == len(FUNCTIONS)
    assert len([r for r in resources.values() if r["Type"] == "AWS::IAM::Role"]) == len(FUNCTIONS)


@pytest.mark.parametrize("template", ["infra/template.yaml", "infra/ci.yaml", "package"])
def test_cfn_lint_finds_nothing(template: str, package: Path) -> None:
    path = package / "sam.json" if template == "package" else ROOT / template
    code = "import sys; from cfnlint.runner import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, str(path)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_newest_release_in_the_changelog_is_the_version_of_the_project() -> None:
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == version()


def test_two_builds_of_one_commit_are_the_same_to_the_byte(package: Path, tmp_path: Path) -> None:
    project = copied(tmp_path)
    for path in project.rglob("*.py"):
        path.chmod(0o600)  # as it lies where nobody else may read
    first = (package / "deployment.zip").read_bytes()
    assert (packaged(project) / "deployment.zip").read_bytes() == first
    [made] = (project / ".chalice" / "deployments").iterdir()
    made.write_bytes(b"made earlier, without the lock")
    assert (packaged(project) / "deployment.zip").read_bytes() == first


@pytest.mark.long
def test_a_logo_that_the_stage_names_ships_beside_the_app_and_only_with_that_stage(
    package: Path, tmp_path: Path
) -> None:
    project = copied(tmp_path)
    (project / "stages").mkdir()
    (project / "stages" / "logo.svg").write_text(SVG)
    named = replace(load("dev"), operator_logo="logo.svg")
    made = []
    for stage in (named, named, load("dev")):
        run_chalice(stage, "package", "out", root=project)
        made.append((project / "out" / "deployment.zip").read_bytes())
    first, again, without = made
    assert first == again
    assert without == (package / "deployment.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.read("stages/logo.svg") == SVG.encode()
        assert archive.getinfo("stages/logo.svg").external_attr >> 16 == 0o100644
        assert [name for name in archive.namelist() if name.startswith("stages/")] == ["stages/logo.svg"]
    assert logo._FOLDER == ROOT / "stages", "the app looks for it there"


def test_plain_chalice_takes_the_package_that_was_made_from_the_lock(package: Path) -> None:
    plain = LambdaDeploymentPackager(OSUtils(), Wheels(OSUtils()), UI())
    made = plain.create_deployment_package(str(package.parent), "python{}.{}".format(*sys.version_info[:2]))
    assert Path(made).read_bytes() == (package / "deployment.zip").read_bytes()


def test_what_ships_lies_in_its_names_order_and_may_be_read_by_the_function(package: Path, tmp_path: Path) -> None:
    assert {entry.external_attr >> 16 for entry in shipped(package)} == {0o100644}
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    for name in ("z", "y", "a/x", "b/w"):
        (tmp_path / name).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OSUtils, "walk", lambda *_, **__: iter([("t", ["b", "a"], ["z", "y"])]))
        assert list(Files().walk("t")) == [("t", ["a", "b"], ["y", "z"])]


class Index:
    """A folder with all that pip knows of, and a lock of it."""

    def __init__(self, folder: Path) -> None:
        self.lock = folder / "requirements.txt"
        self.target = folder / "target"
        self._folder = folder / "index"
        self._folder.mkdir()

    def publish(self, name: str, tag: str = "py3-none-any", needs: str = "") -> Path:
        """Publish release 1.0 of a distribution, and lock it."""
        path = self._folder / f"{name}-1.0-{tag}.whl"
        told = {
            "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}",
            "WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n",
            "RECORD": "",
        }
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{name}.py", "")
            for file, content in told.items():
                wheel.writestr(f"{name}-1.0.dist-info/{file}", content)
        with self.lock.open("a") as lock:
            lock.write(f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
        return path

    def unpack(self) -> list[str]:
        """Unpack what is locked, as a deploy does; return the modules."""
        Wheels(OSUtils()).build_site_packages("cp312", str(self.lock), str(self.target))
        return sorted(path.name for path in self.target.glob("*.py"))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    return Index(tmp_path)


def test_what_is_locked_is_unpacked_for_lambda_wherever_it_is_deployed_from(index: Index) -> None:
    index.publish("pure")
    index.publish("compiled", "cp312-cp312-manylinux_2_28_x86_64")
    assert index.unpack() == ["compiled.py", "pure.py"]


def test_a_file_that_the_lock_does_not_hold_never_ships(index: Index) -> None:
    index.publish("pure")
    file = index.publish("swapped")
    with zipfile.ZipFile(file, "a") as wheel:
        wheel.writestr("more.py", "")
    with pytest.raises(ClickException, match=r"nothing was uploaded(.|\n)*swapped==1\.0"):
        index.unpack()
    assert not index.target.exists()


def test_a_release_that_has_no_wheel_for_lambda_is_refused_and_not_left_out(index: Index) -> None:
    index.publish("pure")
    index.publish("mac", "cp312-cp312-macosx_11_0_arm64")
    with pytest.raises(ClickException, match=r"mac==1\.0"):
        index.unpack()


def test_what_a_release_needs_and_the_lock_does_not_hold_is_refused(index: Index) -> None:
    index.publish("needed")
    index.lock.write_text("")
    index.publish("pure", needs="Requires-Dist: needed\n")
    with pytest.raises(ClickException, match="needed"):
        index.unpack()
