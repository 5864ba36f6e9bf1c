"""A copy of what an image is built from, and an account to build it in."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.tools.imaging.world import World
from tools.stage import ROOT


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("COLUMNS", "2000")  # what is said is read by the line
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("desktop", "infra"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    (tmp_path / "stages").mkdir()
    return World(tmp_path)
