"""What runs on a desktop stands alone: the app is not there, nor anything but Python and what signs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import desktop

FOLDER = Path(desktop.__file__).parent
CERTIFICATE = FOLDER / "rehearsal" / "certificate.py"
"""The one file that makes a certificate, for the rehearsal of an image; a desktop in a meeting never does."""

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
    assert imports(file) <= ALLOWED | ({"cryptography"} if file == CERTIFICATE else set())


def test_only_what_asks_the_app_signs() -> None:
    assert [file.stem for file in sorted(FOLDER.rglob("*.py")) if "botocore" in imports(file)] == ["api"]


def test_the_agent_of_a_meeting_knows_nothing_of_rehearsals() -> None:
    """It is unchanged by being rehearsed: nothing that it runs imports what stands in for others."""
    others = [file for file in FOLDER.rglob("*.py") if file.parent.name != "rehearsal" and file.stem != "__main__"]
    knowing = [file.stem for file in others if "desktop.rehearsal" in file.read_text(encoding="utf-8")]
    assert (knowing, len(others) > 20) == ([], True)
