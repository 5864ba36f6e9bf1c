"""What only Windows and systemd can run: read by real grammars, and held to what the images' versions can do."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
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


def unit(name: str) -> configparser.ConfigParser:
    found = configparser.ConfigParser(interpolation=None, strict=False)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(FOLDER / "linux" / name, encoding="utf-8")
    return found


def test_systemd_starts_the_service_as_the_agent_has_it() -> None:
    service = unit("elephant-agent.service")["Service"]
    assert service["ExecStart"].endswith("-m desktop service")
    assert service["StateDirectoryMode"] == "0700"
    assert service["Restart"] == "always"


def test_systemd_keeps_the_helper_running_and_what_it_has_opened_alive() -> None:
    service = unit("elephant-helper.service")["Service"]
    assert service["ExecStart"].endswith("-m desktop helper")
    assert (service["Restart"], service["KillMode"]) == ("always", "process")
    assert "elephant-helper.service" in unit("elephant-helper.desktop")["Desktop Entry"]["Exec"]


def test_systemd_makes_the_machine_a_desktop_before_anybody_is_logged_on() -> None:
    told = unit("elephant-boot.service")
    assert told["Service"]["ExecStart"].endswith("/desktop/linux/boot.sh")
    assert {"display-manager.service", "dcvserver.service", "elephant-agent.service"} <= set(
        told["Unit"]["Before"].split()
    )
    assert int(told["Service"]["TimeoutStartSec"]) > 300, "longer than it waits for metadata"


def test_whoever_is_named_on_linux_is_the_agent_s_person() -> None:
    """The user is written in several systems' own files; where one names another, nobody is let in."""
    person = Config().user
    assert unit("gdm.conf")["daemon"]["AutomaticLogin"] == person
    assert f'meta skuid "{person}"' in (FOLDER / "linux" / "metadata.nft").read_text()
    folders = (FOLDER / "linux" / "elephant.tmpfiles").read_text().splitlines()
    assert f"d {Config().session.as_posix()} 0700 {person} {person} -" in folders or os.name == "nt"
    assert f"d {Config().drop.as_posix()} 1730 root {person} -" in folders or os.name == "nt"


def test_no_desktop_of_linux_is_locked() -> None:
    gnome = unit("dconf")
    assert gnome["org/gnome/desktop/screensaver"]["lock-enabled"] == "false"
    assert gnome["org/gnome/desktop/lockdown"]["disable-lock-screen"] == "true"
    assert gnome["org/gnome/desktop/session"]["idle-delay"] == "uint32 0"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("elephant-agent.service", "--system"),
        ("elephant-boot.service", "--system"),
        ("elephant-helper.service", "--user"),
    ],
)
def test_systemd_finds_nothing_wrong_with_a_unit(tmp_path: Path, name: str, whose: str) -> None:
    file = tmp_path / name
    file.write_text((FOLDER / "linux" / name).read_text().replace("/usr/bin/python3", sys.executable))
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["systemd-analyze", whose, "--man=no", "verify", str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    assert [line for line in told.stderr.splitlines() if name in line] == []


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not here")
def test_the_firewall_reads_its_rules(tmp_path: Path) -> None:
    file = tmp_path / "metadata.nft"
    file.write_text((FOLDER / "linux" / "metadata.nft").read_text().replace('"lesson"', "1001"))
    told = subprocess.run(["nft", "-c", "-f", str(file)], capture_output=True, text=True, check=False)
    if subprocess.run(["nft", "list", "ruleset"], capture_output=True, check=False).returncode:
        pytest.skip("only root may have nft check rules, and a kernel may know no nftables")
    assert told.stderr == ""


def test_dcv_is_set_alike_on_both_systems() -> None:
    """A setting that is on one system alone is a desktop that behaves otherwise there."""
    boot = re.findall(r'@\("\$dcv\\([\w\\-]+)", \'([\w-]+)\', ("?[^,]+), \'\w+\'\)', SCRIPTS["boot.ps1"])
    plain = {"1": "true", "0": "false", "$User": "lesson", "http://127.0.0.1:$VerifierPort": "http://127.0.0.1:8444"}
    windows = {}
    for section, key, written in boot:
        value = written.strip("'\"")
        is_number = key in {"max-concurrent-clients", "idle-timeout"}
        windows[section.replace("\\", "/"), key] = value if is_number else plain.get(value, value)
    dcv = unit("dcv.conf")
    linux = {(section, key): value.strip('"') for section in dcv.sections() for key, value in dcv[section].items()}
    assert {name: value for name, value in windows.items() if name[0] != "windows"} == linux
    assert len(windows) == 8


def test_a_task_of_windows_begins_again_whatever_it_ended_with() -> None:
    """Restarting on failure does not look at what a program exits with, and takes no number above 255."""
    assert "-RestartCount" not in SCRIPTS["install.ps1"]
    assert SCRIPTS["install.ps1"].count(".Repetition = $everyMinute") == 2


def test_boot_changes_nothing_on_windows_before_it_knows_of_a_meeting() -> None:
    """Fast launches and builds boot it too. What a rehearsal has left it may put back anywhere."""
    script = SCRIPTS["boot.ps1"]
    before = script.partition("if (-not $instance -or -not $meeting)")[0]
    assert before != script
    begin, end = before.index("# A rehearsal that was cut off"), before.index("$instance = Get-Metadata")
    before = before[:begin] + before[end:]
    root = POWERSHELL.parse(before.encode()).root_node
    inside = {
        each.id
        for node in nodes(root)
        if node.type == "function_statement" and b"Get-Metadata" not in (node.text or b"")[:30]
        for each in nodes(node)
    }
    commands = {
        (node.text or b"").decode() for node in nodes(root) if node.type == "command_name" and node.id not in inside
    }
    assert commands == {"Get-Metadata", "Invoke-RestMethod", "Start-Sleep"}


def test_a_boot_of_windows_waits_and_restarts_within_limits() -> None:
    """EC2 gives a machine that it prepares for fast launches half an hour; a policy must restart none for ever."""
    script = SCRIPTS["boot.ps1"]
    patience = re.search(r"\[int\] \$PatienceS = (\d+)", script)
    assert patience
    assert int(patience[1]) <= 300
    assert script.count("Get-Metadata '") == 2, "both wait by one watch"
    assert script.index("$restarts -ge 2") < script.index("shutdown.exe")


def test_windows_has_no_word_of_powershell_7() -> None:
    """The grammar takes some of them for names."""
    newer = re.compile(r"\?\?|\?\.|&&|\|\||-Parallel\b|\bclean\s*\{", re.IGNORECASE)
    assert {name: newer.findall(script) for name, script in SCRIPTS.items() if newer.search(script)} == {}
