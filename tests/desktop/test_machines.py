"""What differs between Linux and Windows: read from what their own programs print, and never guessed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from desktop.machine.linux import Linux
from desktop.machine.programs import output
from desktop.machine.windows import Windows

ROOT = Path("/nowhere")


class Programs:
    """Programs that print what a test says, and remember what they were asked."""

    def __init__(self, said: str = "", code: int = 0) -> None:
        self.said = said
        self.code = code
        self.asked: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        self.asked.append(list(command))
        return self.code, self.said


class Registry:
    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)
        self.values: dict[str, dict[str, str]] = {}

    def has_key(self, path: str) -> bool:
        return path in self.keys

    def set_only(self, path: str, name: str, value: str) -> None:
        self.values[path] = {name: value}


# --- Linux


@pytest.mark.parametrize(
    ("said", "code", "runs"),
    [("active\n", 0, True), ("inactive\n", 3, False), ("activating\n", 3, False), ("failed\n", 3, False)],
)
def test_systemd_tells_whether_dcv_runs(said: str, code: int, runs: bool) -> None:
    assert Linux(Programs(said, code), ROOT).dcv_runs() is runs


@pytest.mark.parametrize("said", ["", "Failed to connect to bus", "unknown\n"])
def test_what_systemd_does_not_tell_is_unknown(said: str) -> None:
    with pytest.raises(OSError, match="dcvserver"):
        Linux(Programs(said, 1), ROOT).dcv_runs()


@pytest.mark.parametrize(
    ("said", "logged_on"),
    [
        ("     c1  1001 lesson  seat0  tty2 \n", True),
        ("2 1001 lesson seat0 1234 user tty2 no - \n", True),
        ("      3  1001 lesson         pts/0\n", False),
        ("     c1   120 gdm     seat0  tty1\n", False),
        ("     c1  1001 lesson2 seat0  tty2\n", False),
        ("", False),
    ],
)
def test_a_session_at_a_seat_is_a_logon_and_one_by_ssh_is_none(said: str, logged_on: bool) -> None:
    assert Linux(Programs(said), ROOT).is_logged_on("lesson") is logged_on


def test_loginctl_that_fails_tells_nothing() -> None:
    with pytest.raises(OSError, match="loginctl"):
        Linux(Programs("", 1), ROOT).is_logged_on("lesson")


@pytest.mark.parametrize("mark", ["run/reboot-required", "run/systemd/shutdown/scheduled"])
def test_a_restart_is_awaited_where_one_is_asked_for_or_scheduled(tmp_path: Path, mark: str) -> None:
    machine = Linux(Programs(), tmp_path)
    assert not machine.awaits_restart()
    (tmp_path / mark).parent.mkdir(parents=True)
    (tmp_path / mark).touch()
    assert machine.awaits_restart()


def test_browsers_are_told_the_one_origin_that_may_listen_and_see(tmp_path: Path) -> None:
    machine = Linux(Programs(), tmp_path)
    for origin in ("https://before.example.com", "https://video.example.com"):
        machine.allow_capture(origin)
    files = sorted(tmp_path.rglob("*.json"))
    assert [file.relative_to(tmp_path).as_posix() for file in files] == [
        "etc/chromium/policies/managed/elephant.json",
        "etc/opt/chrome/policies/managed/elephant.json",
        "etc/opt/edge/policies/managed/elephant.json",
    ]
    for file in files:
        assert set(map(str, json.loads(file.read_text()).values())) == {"['https://video.example.com']"}
        assert [each.name for each in file.parent.iterdir()] == ["elephant.json"]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode")
def test_a_private_folder_is_nobody_elses(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "of it"
    for _ in range(2):
        Linux(Programs(), ROOT).make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such owner")
@pytest.mark.parametrize("there", [True, False])
def test_dcvs_files_are_its_own_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    asked: list[tuple[Path, str, str]] = []

    def chown(file: Path, user: str, group: str) -> None:
        if not there:
            raise LookupError(f"no such user: {user!r}")
        asked.append((file, user, group))

    monkeypatch.setattr("shutil.chown", chown)
    file = tmp_path / "dcv.key"
    file.touch(0o644)
    Linux(Programs(), ROOT).give_to_dcv(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert asked == ([(file, "dcv", "dcv")] if there else [])


def test_a_shutdown_that_is_refused_is_no_shutdown() -> None:
    Linux(programs := Programs(), ROOT).shut_down()
    assert programs.asked == [["shutdown", "-h", "now"]]
    with pytest.raises(OSError, match="fails with 1"):
        Linux(Programs("", 1), ROOT).shut_down()


# --- Windows

EXPLORER = '"explorer.exe","4312","Console","1","96.180 K"\n'
NONE_EN = "INFO: No tasks are running which match the specified criteria.\n"
NONE_DE = "INFORMATION: Es werden keine Aufgaben mit den angegebenen Kriterien ausgeführt.\n"
NONE_JA = "情報: 指定された条件に一致するタスクは実行されていません。\n"


@pytest.mark.parametrize("none", [NONE_EN, NONE_DE, NONE_JA, ""])
def test_windows_tells_what_runs_in_whatever_language(none: str) -> None:
    assert Windows(Programs('"dcvserver.exe","2088","dcvserver"\n'), Registry()).dcv_runs()
    assert Windows(Programs(EXPLORER), Registry()).is_logged_on("lesson")
    assert not Windows(Programs(none), Registry()).dcv_runs()
    assert not Windows(Programs(none), Registry()).is_logged_on("lesson")


def test_it_asks_for_the_person_s_own_desktop() -> None:
    Windows(programs := Programs(EXPLORER), Registry()).is_logged_on("lesson")
    assert "USERNAME eq lesson" in programs.asked[0]


def test_tasklist_that_fails_tells_nothing() -> None:
    machine = Windows(Programs("", 1), Registry())
    for ask in (machine.dcv_runs, lambda: machine.is_logged_on("lesson")):
        with pytest.raises(OSError, match="tasklist"):
            ask()


@pytest.mark.parametrize(
    ("key", "awaits"),
    [
        (r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending", True),
        (r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired", True),
        (r"SYSTEM\CurrentControlSet\Control\Session Manager\PendingFileRenameOperations", False),
    ],
)
def test_windows_awaits_a_restart_where_an_installation_asks_for_it(key: str, awaits: bool) -> None:
    assert Windows(Programs(), Registry(key)).awaits_restart() is awaits


def test_windows_browsers_are_told_the_one_origin(tmp_path: Path) -> None:
    registry = Registry()
    Windows(Programs(), registry).allow_capture("https://video.example.com")
    assert len(registry.values) == 4
    assert all(each == {"1": "https://video.example.com"} for each in registry.values.values())


def test_a_private_folder_of_windows_inherits_no_rights(tmp_path: Path) -> None:
    Windows(programs := Programs(), Registry()).make_private(tmp_path / "state")
    assert "/inheritance:r" in programs.asked[0]
    assert not any("S-1-1-0" in word or "Users" in word for word in programs.asked[0])
    with pytest.raises(OSError, match="icacls"):
        Windows(Programs("", 5), Registry()).make_private(tmp_path / "state")


def test_dcvs_files_on_windows_are_for_the_system_and_administrators_alone(tmp_path: Path) -> None:
    Windows(programs := Programs(), Registry()).give_to_dcv(tmp_path / "dcv.key")
    [(program, file, *rights)] = programs.asked
    assert (program, file) == ("icacls", str(tmp_path / "dcv.key"))
    assert rights == ["/inheritance:r", "/grant:r", "*S-1-5-18:F", "*S-1-5-32-544:F"]
    with pytest.raises(OSError, match="icacls"):
        Windows(Programs("", 5), Registry()).give_to_dcv(tmp_path / "dcv.key")


def test_users_of_windows_may_add_files_to_the_drop_folder_and_no_more(tmp_path: Path) -> None:
    Windows(programs := Programs(), Registry()).make_drop(tmp_path / "drop", "lesson")
    [words] = programs.asked
    assert "/inheritance:r" in words
    [users] = [word for word in words if "S-1-5-32-545" in word]
    assert set(users.rpartition(":")[2].strip("()").split(",")) == {"X", "RA", "WD", "S"}


def test_a_file_of_windows_changes_its_owner_before_its_rights(tmp_path: Path) -> None:
    """Its owner could take back what is taken away."""
    Windows(programs := Programs(), Registry()).own(tmp_path / "a.mkv")
    assert [words[2] for words in programs.asked] == ["/setowner", "/reset"]
    assert all("/L" in words for words in programs.asked), "of a link itself, and not of what it leads to"
    with pytest.raises(OSError, match="icacls"):
        Windows(Programs("", 5), Registry()).own(tmp_path / "a.mkv")


# --- programs


def test_a_program_that_is_not_there_is_told_from_one_that_fails(tmp_path: Path) -> None:
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert output([sys.executable, "-c", script]) == (3, "out\n")
    with pytest.raises(FileNotFoundError):
        output([str(tmp_path / "nothing")])


def test_a_program_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.machine.programs._PATIENCE_S", 0.2)
    with pytest.raises(TimeoutError, match="has not ended"):
        output([sys.executable, "-c", "import time; time.sleep(600)"])
