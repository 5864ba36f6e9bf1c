"""The tools are one hall, as the docstring of tools/__init__.py draws it: read from there, and held to it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import tools
from tools.stage import ROOT

HALL = ROOT / "tools"


def lists() -> dict[str, set[str]]:
    """Return the names below each heading of the docstring: `Entry points`, `Blocks`, `Base`."""
    found: dict[str, set[str]] = {}
    for line in (tools.__doc__ or "").splitlines():
        if heading := re.fullmatch(r"([A-Z][a-z ]+):", line):
            names = found.setdefault(heading[1], set())
        elif named := re.match(r" {4}(\w+) {2,}\S", line):
            names.add(named[1])
    return found


ENTRY_POINTS, BLOCKS, BASE = lists().values()
FILES = sorted(path for path in HALL.rglob("*.py") if path != HALL / "__init__.py")


def place(path: Path) -> str:
    """Return the entry point, block or part of the base that a file is, or that it is part of."""
    return path.relative_to(HALL).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> set[str]:
    """Return the modules right below tools that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("tools.")}
    return found


def allowed(name: str) -> set[str]:
    """Return what a module right below tools may import beside itself."""
    if name in ENTRY_POINTS:
        return BLOCKS | BASE
    return BASE


def test_every_module_stands_in_one_list_and_every_name_is_a_module() -> None:
    assert list(lists()) == ["Entry points", "Blocks", "Base"]
    listed = sorted(name for names in lists().values() for name in names)
    assert listed == sorted({place(path) for path in FILES})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HALL).as_posix())
def test_blocks_do_not_know_one_another_and_the_base_knows_none(path: Path) -> None:
    name = place(path)
    wrong = imports(ast.parse(path.read_text(encoding="utf-8"))) - allowed(name) - {name}
    may = "blocks and the base" if name in ENTRY_POINTS else "the base"
    assert not wrong, f"tools/{path.relative_to(HALL)} imports {', '.join(sorted(wrong))}; {name} may import {may}."


def test_these_tests_see_what_they_look_for() -> None:
    tree = ast.parse(
        "import tools.build\ndef late():\n    from tools import wiring, stage\n    from tools.calls import Calls"
    )
    assert imports(tree) == {"build", "wiring", "stage", "calls"}
    assert "calls" not in allowed("providers")
    assert "providers" in allowed("deploy")
