"""What only a real Windows can show, as an administrator of a machine that is thrown away (windows.yml)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import desktop
from desktop.config import Config
from desktop.machine import this_machine
from desktop.machine.programs import output
from desktop.machine.windows import REGISTRY, Windows
from desktop.processes import begin, born, share_hidden_console
from desktop.rehearsal import hosts
from localcloud.clock import RealClock
from localcloud.identity import Issuer
from localcloud.metadata import Metadata

if sys.platform != "win32":
    pytest.skip("this is no Windows", allow_module_level=True)
if os.environ.get("ELEPHANT_MAY_CHANGE_THIS_WINDOWS") != "1":
    pytest.skip("it changes the machine: set ELEPHANT_MAY_CHANGE_THIS_WINDOWS=1", allow_module_level=True)
assert sys.platform == "win32"

import winreg  # noqa: E402  only Windows has it

SCRIPTS = Path(desktop.__file__).parent / "windows"
USER = "elephant-test"
SESSIONS = r"SOFTWARE\Policies\Microsoft\Edge\VideoCaptureAllowedUrls"
WINLOGON = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon"


def value(path: str, name: str) -> Any:
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        return winreg.QueryValueEx(key, name)[0]


def powershell(*words: str, codes: tuple[int, ...] = (0,)) -> str:
    command = ["powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout


# --- what Windows tells


def test_what_can_be_told_of_the_machine_is_told() -> None:
    machine = this_machine(Path("C:/"))
    assert machine.dcv_runs() is False
    assert machine.is_logged_on("nobody of this name") is False
    assert machine.awaits_restart() in (True, False)


def test_a_service_that_runs_is_seen() -> None:
    assert Windows(output, REGISTRY)._tasks("/SVC", "/FI", "SERVICES eq EventLog")


def test_browsers_have_one_origin_and_it_can_be_changed() -> None:
    for origin in ("https://before.example.com", "https://video.example.com"):
        this_machine(Path("C:/")).allow_capture(origin)
    assert value(SESSIONS, "1") == "https://video.example.com"
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, SESSIONS) as key:
        assert winreg.QueryInfoKey(key)[1] == 1


def test_a_private_folder_is_still_ours(tmp_path: Path) -> None:
    for _ in range(2):
        this_machine(Path("C:/")).make_private(tmp_path / "state")
    (tmp_path / "state" / "state.json").write_text("{}")
    told = powershell("-Command", f"(Get-Acl '{tmp_path}\\state').Sddl")
    assert "D:P" in told, "it inherits nothing"
    assert ";BU)" not in told
    assert ";WD)" not in told


def test_what_was_dropped_is_ours_alone_once_it_is_taken(tmp_path: Path) -> None:
    machine = this_machine(Path("C:/"))
    for _ in range(2):
        machine.make_drop(tmp_path / "drop", USER)
        machine.make_private(tmp_path / "state")
    drop = powershell("-Command", f"(Get-Acl '{tmp_path}\\drop').Sddl")
    [users] = [entry for entry in drop.split("(") if ";BU)" in entry]
    assert users.startswith("A;;0x"), "it is inherited by nothing"
    (tmp_path / "session").mkdir()
    powershell("-Command", f"icacls '{tmp_path}\\session' /grant '*S-1-5-32-545:(OI)(CI)M'")
    (tmp_path / "session" / "a.mkv").write_text("x")
    moved = (tmp_path / "session" / "a.mkv").rename(tmp_path / "state" / "a.mkv")
    assert ";BU)" in powershell("-Command", f"(Get-Acl '{moved}').Sddl"), "moved, it keeps its rights"
    machine.own(moved)
    told = powershell("-Command", f"(Get-Acl '{moved}').Sddl")
    assert ";BU)" not in told
    assert told.startswith("O:SY")


def test_a_process_has_a_mark_as_long_as_it_runs() -> None:
    process = begin([sys.executable, "-c", "import time; time.sleep(600)"], {})
    first = born(process.pid)
    assert first
    assert born(process.pid) == first
    process.kill()
    process.wait()
    assert born(process.pid) is None


def test_a_console_program_is_told_to_end_and_ends_in_order(tmp_path: Path) -> None:
    share_hidden_console()
    told = tmp_path / "told"
    script = (
        "import signal, sys, time\n"
        f"signal.signal(signal.SIGBREAK, lambda *_: (open({str(told)!r}, 'w').close(), sys.exit(0)))\n"
        "print('ready', flush=True)\n"
        "for _ in range(6000): time.sleep(0.1)\n"
    )
    process = begin([sys.executable, "-c", script], {}, output=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline().strip() == b"ready"
    process.terminate()
    assert process.wait(30) == 0
    assert told.exists()
    process.stdout.close()


# --- the scripts


@pytest.fixture(scope="module")
def metadata() -> Iterator[Metadata]:
    clock = RealClock(1)
    instance: dict[str, Any] = {
        "InstanceId": "i-0123456789abcdef0",
        "MetadataOptions": {"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
        "Tags": [],
    }
    metadata = Metadata(instance, Issuer(clock), clock)
    yield metadata
    metadata.stop()


def boot(metadata: Metadata, code: int = 0) -> str:
    words = ["-User", USER, "-Metadata", metadata.url, "-NoRestart", "-PatienceS", "5"]
    return powershell("-File", str(SCRIPTS / "boot.ps1"), *words, codes=(code,))


def users() -> list[str]:
    return powershell("-Command", "(Get-LocalUser).Name").split()


def test_a_machine_without_a_meeting_is_left_alone(metadata: Metadata) -> None:
    assert "nothing is changed" in boot(metadata)
    assert USER not in users()


def test_metadata_that_do_not_answer_are_waited_for_and_not_for_ever(metadata: Metadata) -> None:
    metadata.refuse()
    boot(metadata, code=1)
    metadata.answer()
    assert USER not in users()


def test_settings_that_a_rehearsal_has_left_are_put_back(metadata: Metadata) -> None:
    data = Path(os.environ["ProgramData"]) / "Elephant"  # noqa: SIM112  Windows spells it so
    data.mkdir(exist_ok=True)
    (data / "agent.toml").write_text("metadata = 'http://127.0.0.1:1'\n")
    (data / "agent.toml.before-rehearsal").write_text(f"user = '{USER}'\n")
    boot(metadata)
    assert (data / "agent.toml").read_text() == f"user = '{USER}'\n"
    assert not (data / "agent.toml.before-rehearsal").exists()


def test_a_meeting_s_machine_gets_its_person_and_the_second_time_nothing_new(metadata: Metadata) -> None:
    metadata.instance["Tags"] = [{"Key": "MeetingID", "Value": "m-1"}]
    for code in (3010, 0):  # after the first time it is to restart
        assert "a desktop of meeting m-1" in boot(metadata, code)
    assert USER in users()
    assert value(WINLOGON, "DefaultUserName") == USER
    assert value(WINLOGON, "AutoAdminLogon") == "1"
    with pytest.raises(FileNotFoundError):
        value(WINLOGON, "DefaultPassword")
    administrators = powershell("-Command", "(Get-LocalGroupMember -SID S-1-5-32-544).Name")
    assert USER not in administrators
    rules = powershell("-Command", "(Get-NetFirewallRule -DisplayName 'Elephant: no metadata*').DisplayName")
    assert len(rules.splitlines()) == 2


def test_a_rehearsal_reads_whom_dcv_asks(metadata: Metadata) -> None:
    assert "a desktop of meeting m-1" in boot(metadata)
    assert hosts.Windows().verifier(Config()) == "http://127.0.0.1:8444"


def test_the_agent_is_installed_and_installed_again() -> None:
    for _ in range(2):
        powershell("-File", str(SCRIPTS / "install.ps1"), "-Python", sys.executable)
    tasks = powershell("-Command", "(Get-ScheduledTask -TaskName 'Elephant*').TaskName").split()
    assert sorted(tasks) == ["ElephantBoot", "ElephantHelper", "ElephantService"]
    data = Path(os.environ["ProgramData"]) / "Elephant"  # noqa: SIM112  Windows spells it so
    assert "user = " in (data / "agent.toml").read_text()
    assert ";BU)" not in powershell("-Command", f"(Get-Acl '{data}\\state').Sddl")
