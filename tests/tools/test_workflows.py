"""What CI runs: files and tests that are there, on versions that Elephant supports."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tools.stage import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_names_what_there_is(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert all({"runs-on", "timeout-minutes", "steps"} <= set(job) for job in workflow["jobs"].values())
    named = [word for step in steps(workflow) for word in re.findall(r"(?<![\w./])tests/[\w./]+", step.get("run", ""))]
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert all("uses" in step or "run" in step for step in steps(workflow))


def test_windows_runs_all_that_is_of_desktops() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "windows.yml").read_text(encoding="utf-8"))
    runs = " ".join(step.get("run", "") for step in steps(workflow))
    for tests in (
        "tests/desktop ",
        "tests/desktop/process",
        "tests/localcloud/dcv",
        "tests/desktop/test_on_windows.py",
    ):
        assert f"pytest {tests}" in f"{runs} "
