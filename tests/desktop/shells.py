"""Commands that a test writes. They are shell scripts, so a test that needs one is skipped on Windows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def put(file: Path, script: str, mode: int = 0o755) -> Path:
    """Write a command, with the folder that it is in."""
    if os.name != "posix":
        pytest.skip("the commands of this test are shell scripts")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(mode)
    return file
