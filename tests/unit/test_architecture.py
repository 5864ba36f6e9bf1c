"""Imports point inward, and only few modules know the clock, the environment and the network.

Read from the source, so an import inside a function counts like any other; one for type checkers alone does not.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import chalicelib
from chalicelib.domain.policy import Policy

ROOT = Path(chalicelib.__file__).parent.parent

RINGS: dict[str, set[str]] = {
    "domain": set(),
    "names": set(),
    "kinds": {"names"},
    "rules": {"domain"},
    "settings": {"domain", "kinds"},
    "environment": {"domain", "kinds", "settings"},
    "log": {"domain"},
    "control": {"domain", "rules", "log"},
    "people": {"domain", "names", "rules", "log", "environment", "control.ports"},
    "guests": {"domain", "rules", "log", "control.ports"},
    "adapters": {"domain", "log", "names", "settings", "environment"},
    "runtime": {"domain", "settings", "environment", "control", "people", "adapters"},
    "app": {"domain", "settings", "environment", "log", "control.events", "people", "guests", "runtime"},
}
"""What each ring may import beside itself: a folder of chalicelib, one module of a folder, or a module of its own."""

PURE = {"domain", "rules", "control.ports", "control.events"}
NETWORK = {"boto3", "botocore", "requests", "urllib3", "http", "socket", "urllib.request"}
HARMLESS = {
    "__future__",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "hashlib",
    "hmac",
    "itertools",
    "re",
    "typing",
}


def files() -> dict[str, Path]:
    """Return every module of the app by its name: `rules.plan`, `adapters.dns.cloudflare`, `app`."""
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


def ring(module: str) -> str:
    """Return the ring that a module lies in: its folder, or its own name where it lies in none."""
    return module.partition(".")[0]


def is_within(module: str, places: set[str]) -> bool:
    """Return whether a module is one of these, or lies in one of these folders."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below this one, but for what only type checkers see."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from walk(child)


def imports(module: str) -> set[str]:
    """Return what a module imports: its own kind as `chalicelib.rules.plan`, others by their full dotted name."""
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


def test_every_ring_is_known_and_is_there() -> None:
    unknown = {module for module in MODULES if ring(module) not in RINGS}
    assert not unknown, f"{', '.join(sorted(unknown))}: which ring is that? Put it into one of {', '.join(RINGS)}."
    assert {ring(module) for module in MODULES} == set(RINGS)


def test_the_map_of_the_app_names_every_ring() -> None:
    named = set(re.findall(r"^(\w+) |`(\w+)`", chalicelib.__doc__ or "", re.MULTILINE))
    assert {name for pair in named for name in pair if name} >= set(RINGS) - {"app"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_inward(module: str) -> None:
    mine = ring(module)
    outward = {name for name in own(module) if ring(name) != mine and not is_within(name, RINGS[mine])}
    allowed = ", ".join(sorted(RINGS[mine])) or "nothing"
    assert not outward, f"{module} imports {', '.join(sorted(outward))}; the ring {mine} may import {allowed}."


@pytest.mark.parametrize("module", [name for name in MODULES if ring(name) not in ("adapters", "runtime")])
def test_only_adapters_and_the_composition_root_know_the_network(module: str) -> None:
    found = imports(module)
    assert not top(found) & NETWORK
    assert not found & NETWORK


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"app"}))
def test_only_app_py_knows_chalice(module: str) -> None:
    assert "chalice" not in top(imports(module))


@pytest.mark.parametrize("module", MODULES)
def test_what_is_shipped_knows_nothing_of_what_is_not(module: str) -> None:
    assert not top(imports(module)) & {"localcloud", "tests", "tools", "moto", "pytest"}


@pytest.mark.parametrize("module", [name for name in MODULES if is_within(name, PURE)])
def test_a_pure_module_takes_nothing_but_values(module: str) -> None:
    outside = {name for name in imports(module) if not name.startswith("chalicelib")}
    assert top(outside) <= HARMLESS
    assert all(is_within(name, PURE) for name in own(module))
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


def test_a_lease_outlasts_every_handler() -> None:
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    functions = config["stages"]["dev"]["lambda_functions"].values()
    timeouts_s = [function.get("lambda_timeout", config["lambda_timeout"]) for function in functions]
    assert timedelta(seconds=max(timeouts_s)) < Policy().lease


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"environment"}))
def test_only_one_module_reads_the_environment(module: str) -> None:
    assert "os" not in top(imports(module))


def test_the_tests_of_this_file_see_what_they_look_for() -> None:
    tree = ast.parse(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import boto3\n"
        "def late():\n    import botocore.config\n    from chalicelib.rules import plan, Missing\n"
        "    from chalicelib.adapters.dns.cloudflare import EXISTS\n    import time\n"
        "    return time.time(), datetime.now(UTC), clock()\n"
    )
    assert imported(tree) == {
        "typing",
        "botocore.config",
        "chalicelib.rules.plan",
        "chalicelib.rules",
        "chalicelib.adapters.dns.cloudflare",
        "time",
    }
    assert clock_reads(tree) == {"time.time", "datetime.now"}
