"""What is shipped: the package Chalice makes, its size and content, and the templates' own linter."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.chalice import run_chalice
from tools.stage import FUNCTIONS, ROOT, load

LARGEST_MB = 25


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chalice's package of the committed stage, from a copy with everything in it that must not ship."""
    project = tmp_path_factory.mktemp("project")
    for name in ("app.py", "chalicelib", "requirements.txt", ".chalice", "tools", "tests", "localcloud"):
        copy: Any = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, project / name)
    shutil.rmtree(project / ".chalice" / "deployed", ignore_errors=True)
    (project / "chalicelib" / "__pycache__").mkdir(exist_ok=True)
    (project / "chalicelib" / "__pycache__" / "plan.pyc").write_bytes(b"stale")
    run_chalice(load("dev"), "package", "out", root=project)
    return project / "out"


def shipped(package: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(package / "deployment.zip") as archive:
        return archive.infolist()


def test_the_zip_holds_the_app_and_no_tests_caches_or_local_cloud(package: Path) -> None:
    names = [entry.filename for entry in shipped(package)]
    assert {"app.py", "chalicelib/plan.py", "chalicelib/pages/schedule.html"} <= set(names)
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


@pytest.mark.parametrize("template", ["infra/template.yaml", "package"])
def test_cfn_lint_finds_nothing(template: str, package: Path) -> None:
    path = package / "sam.json" if template == "package" else ROOT / template
    code = "import sys; from cfnlint.runner import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, str(path)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
