"""What only Windows and systemd can run: read by real grammars, and held to what the images' versions can do."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

import desktop
from chalicelib.adapters.userdata import user_data
from chalicelib.settings import Guest
from desktop.config import Config
from localcloud.dcv import settings

FOLDER = Path(desktop.__file__).parent
POWERSHELL = Parser(Language(tree_sitter_powershell.language()))
T = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
GUARD = user_data(Guest.WINDOWS, T, (T, T + timedelta(hours=4)))
SCRIPTS = {
    **{file.name: file.read_text(encoding="utf-8") for file in sorted((FOLDER / "windows").glob("*.ps1"))},
    "the guard": GUARD.removeprefix("<powershell>\n").removesuffix("</powershell>\n"),
    "the guard's own": GUARD.partition("@'\n")[2].partition("\n'@")[0],
}
NEWER = {"pipeline_chain_tail", "ternary_expression", "null_coalesce_expression", "null_coalescing_expression"}
"""What PowerShell 7 has, and Windows' own 5.1 has not."""


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from nodes(child)


def wrong(script: str) -> list[str]:
    root = POWERSHELL.parse(script.encode()).root_node
    return [
        f"line {node.start_point[0] + 1}: {(node.text or b'').decode()[:80]}"
        for node in nodes(root)
        if node.is_error or node.is_missing or node.type in NEWER
    ]


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_powershell_as_windows_has_it(name: str) -> None:
    assert len(SCRIPTS[name]) > 200
    assert wrong(SCRIPTS[name]) == []


@pytest.mark.parametrize(
    "script",
    [
        "if ($a { 1 }",
        "$x = @{ a = 1",
        "function f( { }",
        "Get-Item a && Get-Item b",
        "try { 1 }}",
    ],
)
def test_what_is_none_is_seen(script: str) -> None:
    assert wrong(script)


@pytest.mark.parametrize("name", ["boot.ps1", "install.ps1"])
def test_a_script_is_read_right_by_windows_powershell_whatever_its_code_page(name: str) -> None:
    assert SCRIPTS[name].isascii()


def test_dcv_on_linux_is_set_as_the_agent_expects(tmp_path: Path) -> None:
    found = settings.load(FOLDER / "linux" / "dcv.conf")
    assert found.text("security", "auth-token-verifier") == f"http://127.0.0.1:{Config().verifier_port}"
    assert found.text("session-management/automatic-console-session", "owner") == Config().user
    assert found.number("session-management/automatic-console-session", "max-concurrent-clients") == 1


def test_systemd_starts_the_service_as_the_agent_has_it() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FOLDER / "linux" / "elephant-agent.service", encoding="utf-8")
    assert unit["Service"]["ExecStart"].endswith("-m desktop service")
    assert unit["Service"]["StateDirectoryMode"] == "0700"
    assert unit["Service"]["Restart"] == "always"
