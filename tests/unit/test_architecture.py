"""Imports point inward, and only few modules know the clock, the environment and the network.

Read from the source, so an import inside a function counts like any other; one for type checkers alone does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import chalicelib

ROOT = Path(chalicelib.__file__).parent.parent

ADAPTERS = {"repository", "ec2", "timers", "dns", "dns.token", "dns.cloudflare"}
RULES = {"times", "facts", "endings", "seats", "standby", "strays", "plan"}
PURE = {"model", "actions", "errors", "rows", "writes", "events", "ports", *RULES}
INWARD: list[set[str]] = [
    {"model", "errors", "kinds", "pages"},
    {"actions"},
    {"rows", "links", "log"},
    {"settings", "writes"},
    {"guest", "times"},
    {"facts"},
    {"endings"},
    {"seats", "standby", "strays"},
    {"plan", "ports", "events", *ADAPTERS},
    {"persist"},
    {"launch"},
    {"apply"},
    {"look"},
    {"triggers", "sweep", "schedule", "join"},
    {"runtime"},
    {"app"},
]
"""A module may import from the rings before its own only. What is planned and what is done never meet but in ports."""

NETWORK = {"boto3", "botocore", "requests", "urllib3", "http", "socket", "urllib.request"}
HARMLESS = {"__future__", "collections", "dataclasses", "datetime", "decimal", "enum", "functools", "typing"}


def files() -> dict[str, Path]:
    """Return every module of the app by its name: `plan`, `dns.cloudflare`, `app`."""
    found = {"app": ROOT / "app.py"}
    package = ROOT / "chalicelib"
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if name:
            found[name] = path
    return found


FILES = files()
MODULES = sorted(FILES)


def ring(module: str) -> int:
    return next(number for number, names in enumerate(INWARD) if module in names)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below this one, but for what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from walk(child)


def imports(module: str) -> set[str]:
    """Return what a module imports: its own kind as `chalicelib.plan`, others by their full dotted name."""
    return imported(ast.parse(FILES[module].read_text(encoding="utf-8")))


def imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            source = node.module or ""
            for alias in node.names:
                below = f"{source}.{alias.name}".removeprefix("chalicelib.")
                found.add(f"chalicelib.{below}" if source.startswith("chalicelib") and below in FILES else source)
    return found


def own(module: str) -> set[str]:
    """Return the app's own modules that a module imports."""
    return {name.removeprefix("chalicelib.") for name in imports(module) if name.startswith("chalicelib.")}


def top(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_every_module_has_its_ring() -> None:
    assert set(MODULES) == set().union(*INWARD)


def test_the_map_of_the_house_names_every_room() -> None:
    rooms = set(re.findall(r"^(\w+) {2,}", chalicelib.__doc__ or "", re.MULTILINE))
    assert rooms == {name.partition(".")[0] for name in MODULES} - {"app"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_inward(module: str) -> None:
    siblings = {name for name in own(module) if name.partition(".")[0] == module.partition(".")[0] and "." in name}
    outward = {name for name in own(module) - siblings if ring(name) >= ring(module)}
    assert outward == set()


@pytest.mark.parametrize("module", sorted(ADAPTERS))
def test_an_adapter_knows_no_rules(module: str) -> None:
    assert own(module) <= {"model", "actions", "errors", "rows", "guest", "settings", "dns.token"}


@pytest.mark.parametrize("module", sorted(set(MODULES) - ADAPTERS - {"runtime"}))
def test_only_adapters_and_the_composition_root_know_the_network(module: str) -> None:
    found = imports(module)
    assert not top(found) & NETWORK
    assert not found & NETWORK


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"runtime"}))
def test_only_the_composition_root_knows_adapters(module: str) -> None:
    assert not own(module) & (ADAPTERS - {"dns.token"}) or module in ADAPTERS


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"app"}))
def test_only_app_py_knows_chalice(module: str) -> None:
    assert "chalice" not in top(imports(module))


@pytest.mark.parametrize("module", MODULES)
def test_what_is_shipped_knows_nothing_of_what_is_not(module: str) -> None:
    assert not top(imports(module)) & {"localcloud", "tests", "tools", "moto", "pytest"}


@pytest.mark.parametrize("module", sorted(PURE))
def test_a_pure_module_takes_nothing_but_values(module: str) -> None:
    outside = {name for name in imports(module) if not name.startswith("chalicelib")}
    assert top(outside) <= HARMLESS
    assert own(module) <= PURE
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    called = {node.func.id for node in walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"open", "print", "input", "__import__", "eval", "exec"}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"runtime"}))
def test_only_the_composition_root_reads_the_clock(module: str) -> None:
    assert clock_reads(ast.parse(FILES[module].read_text(encoding="utf-8"))) == set()


def clock_reads(tree: ast.AST) -> set[str]:
    """Return what reads the time or lets it pass, as it is spelled."""
    reads = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "sleep"}
    called = {ast.unparse(node.func) for node in walk(tree) if isinstance(node, ast.Call)}
    named = {ast.unparse(node) for node in walk(tree) if isinstance(node, ast.Attribute)}
    holders = {"datetime", "date", "time", "datetime.datetime", "datetime.date"}
    return {name for name in called | named if name.rpartition(".")[2] in reads and name.rpartition(".")[0] in holders}


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"settings"}))
def test_only_settings_reads_the_environment(module: str) -> None:
    assert "os" not in top(imports(module))


def test_the_tests_of_this_file_see_what_they_look_for() -> None:
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import boto3\n"
        "def late():\n    import botocore.config\n    from chalicelib import plan, Missing\n"
        "    from chalicelib.dns.token import KEYS\n    import time\n"
        "    return time.time(), datetime.now(UTC), clock()\n"
    )
    assert imported(tree) == {
        "typing",
        "botocore.config",
        "chalicelib.plan",
        "chalicelib",
        "chalicelib.dns.token",
        "time",
    }
    assert clock_reads(tree) == {"time.time", "datetime.now"}
