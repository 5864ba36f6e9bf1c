"""Elephant's version, which pyproject.toml alone states."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tools.stage import ROOT


def version(root: Path = ROOT) -> str:
    """Return the version of this copy of the project."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
