"""What runs on a desktop stands alone: the app is not there, nor anything but Python and what signs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import desktop

FOLDER = Path(desktop.__file__).parent
ALLOWED = {*sys.stdlib_module_names, "desktop", "botocore"}


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return {name.partition(".")[0] for name in found}


@pytest.mark.parametrize("file", sorted(FOLDER.rglob("*.py")), ids=lambda file: file.stem)
def test_it_imports_nothing_that_a_desktop_does_not_have(file: Path) -> None:
    assert imports(file) <= ALLOWED


def test_only_what_asks_the_app_signs() -> None:
    assert [file.stem for file in sorted(FOLDER.rglob("*.py")) if "botocore" in imports(file)] == ["api"]
