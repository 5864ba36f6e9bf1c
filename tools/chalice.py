"""Chalice's command line for a stage, run as people run it, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.stage import ROOT, Stage, StageError


def run_chalice(stage: Stage, *words: str, root: Path = ROOT) -> None:
    """Run Chalice with these words; it ships chalicelib whole, so without caches, and the logo that the stage names.

    Raises:
        StageError: it failed; what it said is on the terminal already. It goes on from there when it is run again.
    """
    for cache in (root / "chalicelib").rglob("__pycache__"):
        shutil.rmtree(cache)
    command = [sys.executable, "-B", "-m", "tools.resumable", *words, "--stage", stage.name]
    environ = os.environ | {"AWS_DEFAULT_REGION": stage.region, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environ["OPERATOR_LOGO"] = stage.operator_logo
    done = subprocess.run(command, cwd=root, env=environ, check=False)  # noqa: S603  our own interpreter
    if done.returncode:
        raise StageError(
            f"`chalice {' '.join(words)} --stage {stage.name}` failed; its words above say why. Repair that and run "
            "this again: it goes on from there."
        )
