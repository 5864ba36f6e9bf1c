"""What a rehearsal changes is put back to the letter, whatever was there, and after one that was killed as well."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desktop import notice
from desktop.config import Config, as_toml, load
from desktop.hooks import Runner
from desktop.machine.linux import Linux as Machine
from desktop.notice import Notice, Phase
from desktop.rehearsal import prepare, rehearse
from desktop.rehearsal.changes import Changes
from desktop.rehearsal.hosts import Linux, Windows
from desktop.rehearsal.metadata import Metadata

ME = "i-0123456789abcdef0"
NOBODY_THERE = "http://127.0.0.1:9"

if sys.platform == "win32":
    pytest.skip("the machine here is one of Linux", allow_module_level=True)


class Host(Linux):
    """A machine of Linux whose service is begun anew as often as is counted; its boot script is given."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, lambda command: (0, ""))
        self.restarts: list[str] = []
        self.file = root / "agent.toml"
        self.script = ""
        self.booted: list[str] = []
        self.boots = "pass"
        self.cannot_restart = False

    def restart_service(self) -> None:
        if self.cannot_restart:
            raise OSError("systemctl is not here")
        self.restarts.append(self.file.read_text() if self.file.exists() else "")

    def boot(self, config: Config, metadata: str) -> Sequence[str]:
        self.booted.append(metadata)
        return [sys.executable, "-c", self.boots]


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    own = {name: str(folder / name) for name in ("state", "shared", "session", "hooks", "drop")}
    return {**own, "dcv_certificates": str(folder / "dcv"), "metadata": NOBODY_THERE, "user": "ada", **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("shared", "session", "dcv"):
        (tmp_path / name).mkdir()
    (tmp_path / "agent.toml").write_text(as_toml(settings(tmp_path, upload=["up"], api="https://app.example.com")))
    return tmp_path


@pytest.fixture
def host(folder: Path) -> Host:
    return Host(folder)


def changes_of(folder: Path, host: Linux) -> Changes:
    return Changes(folder / "agent.toml", host, Machine(lambda command: (0, ""), folder))


def everything(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mode)
        for file in folder.rglob("*")
        if file.is_file()
    }


# --- made


def test_the_service_is_led_to_the_stand_ins_and_the_rest_of_the_image_stays(folder: Path, host: Host) -> None:
    changes = changes_of(folder, host)
    usual = os.umask(0o077)
    changes.make("http://127.0.0.1:1234")
    os.umask(usual)
    found = load(folder / "agent.toml")
    assert (found.metadata, found.api, found.upload) == ("http://127.0.0.1:1234", "", ())
    assert (found.user, found.session, found.hooks) == ("ada", folder / "session", folder / "hooks")
    assert (found.state, found.dcv) == (changes.config.state, changes.config.dcv)
    assert os.stat(folder / "agent.toml").st_mode & 0o777 == 0o644, "the helper reads it too"
    assert os.stat(changes.folder).st_mode & 0o777 == 0o700


def test_its_commands_run_wherever_they_are_begun(folder: Path, host: Host, tmp_path: Path) -> None:
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)
    for runner in Runner:
        [command] = (folder / "hooks" / runner / "connect").iterdir()
        subprocess.run([str(command)], check=True, cwd="/", env={"PATH": os.environ["PATH"]})
        assert changes.result(runner).exists()


def test_what_asks_dcv_asks_dcv(folder: Path, host: Host) -> None:
    dcv = folder / "dcv-itself"
    dcv.write_text('#!/bin/sh\necho "{\\"num-of-connections\\": 0, \\"words\\": \\"$*\\"}"\n')
    dcv.chmod(0o755)
    (folder / "agent.toml").write_text(as_toml(settings(folder, dcv=str(dcv))))
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)

    def ask() -> str:
        command = [changes.config.dcv, "describe-session", "console", "--json"]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout

    assert '"num-of-connections": 0, "words": "describe-session console --json"' in ask()
    changes.visit()
    assert '"num-of-connections": 1' in ask()
    changes.leave()
    assert '"num-of-connections": 0' in ask()


# --- put back


@pytest.mark.parametrize("pair", [(), ("dcv.pem", "dcv.key")])
@pytest.mark.parametrize("is_another_s", [True, False])
def test_everything_is_as_it_was(folder: Path, host: Host, pair: Sequence[str], is_another_s: bool) -> None:
    (folder / "hooks" / "service" / "connect").mkdir(parents=True)
    (folder / "hooks" / "service" / "connect" / "10-mine").touch()
    for name in pair:
        (folder / "dcv" / name).write_text("the image's own")
        (folder / "dcv" / name).chmod(0o640)
    text = (folder / "agent.toml").read_text()
    before = everything(folder)
    changes = changes_of(folder, host)
    assert not changes.was_cut_off
    changes.make(NOBODY_THERE)
    for name in ("dcv.pem", "dcv.key"):
        (folder / "dcv" / name).write_text("the rehearsal's")
    if is_another_s:  # the first one was killed
        changes = changes_of(folder, host)
        assert changes.was_cut_off
    changes.put_back()
    assert everything(folder) == before
    assert host.restarts == [text], "the service begins anew, with the image's own settings"
    assert (folder / "hooks" / "service" / "connect").is_dir()
    assert not (folder / "hooks" / "session").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_dcv_s_own_files_stay_dcv_s(folder: Path, host: Host) -> None:
    key = folder / "dcv" / "dcv.key"
    key.touch()
    os.chown(key, 65534, 65534)
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)
    key.unlink()
    key.touch()
    changes.put_back()
    assert (key.stat().st_uid, key.stat().st_gid) == (65534, 65534)


def test_an_image_without_settings_has_none_afterwards(folder: Path, host: Host) -> None:
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)
    (folder / "agent.toml.before-rehearsal").write_text("")  # what is kept of a file that was not there
    changes.put_back()
    assert not (folder / "agent.toml").exists()
    assert not (folder / "agent.toml.before-rehearsal").exists()
    assert host.restarts == [""]


def test_settings_that_the_boot_script_has_put_back_leave_the_rest_to_the_next_one(folder: Path, host: Host) -> None:
    before = everything(folder)
    changes_of(folder, host).make(NOBODY_THERE)
    (folder / "agent.toml.before-rehearsal").replace(folder / "agent.toml")
    again = changes_of(folder, host)
    assert again.was_cut_off
    again.put_back()
    assert everything(folder) == before


def test_one_thing_that_cannot_be_put_back_keeps_no_other_from_it_and_is_tried_again(folder: Path, host: Host) -> None:
    before = everything(folder)
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)
    host.cannot_restart = True
    with pytest.raises(OSError, match="cannot be put back: systemctl is not here"):
        changes.put_back()
    assert (folder / "agent.toml").read_bytes() == before["agent.toml"][0]
    assert not list((folder / "hooks").rglob("zz-rehearsal"))
    host.cannot_restart = False
    again = changes_of(folder, host)
    assert again.was_cut_off
    again.put_back()
    assert everything(folder) == before


def test_the_helper_is_told_to_close_the_room(folder: Path, host: Host) -> None:
    changes = changes_of(folder, host)
    changes.make(NOBODY_THERE)
    file = notice.notice_file(folder / "shared")
    notice.write(file, Notice(phase=Phase.MEETING, room="http://127.0.0.1:1/room", connected=True))
    (folder / "session" / "room.pid").touch()
    told: list[Notice | None] = []

    def close() -> None:
        while (now := notice.read_notice(folder / "shared")) is None or now.room:
            threading.Event().wait(0.01)
        told.append(now)
        (folder / "session" / "room.pid").unlink()

    helper = threading.Thread(target=close)
    helper.start()
    changes.put_back()
    helper.join()
    assert told == [Notice(phase=Phase.MEETING)]
    assert not file.exists()


# --- where none is rehearsed


def rehearsed(folder: Path, host: Host) -> tuple[int, list[str]]:
    lines: list[str] = []
    machine = Machine(lambda command: (0, ""), folder)
    return rehearse.main(folder / "agent.toml", 0.01, threading.Event(), host, machine, lines.append), lines


def test_nobody_is_thrown_out_of_a_meeting(folder: Path, host: Host) -> None:
    metadata = Metadata(ME, "us-west-2", {"MeetingID": "m-1"})
    (folder / "agent.toml").write_text(as_toml(settings(folder, metadata=metadata.url)))
    before = everything(folder)
    code, [line] = rehearsed(folder, host)
    prepared, [also] = prepared_by(folder, host)
    metadata.stop()
    assert (code, prepared) == (1, 1)
    assert "desktop of meeting m-1" in line
    assert "desktop of meeting m-1" in also
    after = everything(folder)
    after.pop("state/rehearsal.lock")
    assert after == before
    assert (host.restarts, host.booted) == ([], [])


def test_two_are_never_rehearsed_at_once(folder: Path, host: Host) -> None:
    (folder / "state").mkdir()
    with (folder / "state" / "rehearsal.lock").open("ab") as held:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)
        code, [line] = rehearsed(folder, host)
    assert (code, "another rehearsal goes on here" in line) == (1, True)
    assert host.restarts == []


def test_settings_that_cannot_be_read_are_told(folder: Path, host: Host) -> None:
    (folder / "agent.toml").write_text("user = ")
    code, [line] = rehearsed(folder, host)
    assert code == 1
    assert line.startswith("rehearsal: FAILED It cannot go on: ")
    assert "is no TOML" in line


def test_a_service_that_cannot_be_begun_is_told(folder: Path, host: Host) -> None:
    host.cannot_restart = True
    code, lines = rehearsed(folder, host)
    assert code == 1
    assert "systemctl is not here" in lines[-1]


# --- prepared


def prepared_by(folder: Path, host: Host) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = prepare.main(folder / "agent.toml", host, Machine(lambda command: (0, ""), folder), lines.append)
    return code, lines


def test_a_machine_is_prepared_and_restarts_once(folder: Path, host: Host) -> None:
    host.boots = f"import sys; sys.exit({host.restart_code})"
    assert prepared_by(folder, host) == (
        194,
        ["rehearsal: ok The boot script has made this machine a desktop, which it is after a restart."],
    )
    host.boots = "pass"
    code, [line] = prepared_by(folder, host)
    assert (code, len(host.booted)) == (0, 2), "the boot script runs at every boot, and the firewall is its doing"
    assert "nothing that takes a restart" in line


def test_a_machine_that_is_never_prepared_does_not_restart_for_ever(folder: Path, host: Host) -> None:
    host.boots = "import sys; sys.exit(194)"
    assert [prepared_by(folder, host)[0] for _ in range(2)] == [194, 194]
    code, [line] = prepared_by(folder, host)
    assert code == 1
    assert "asks for a restart, after 2 restarts. Look for what changes the automatic logon back" in line
    rehearsed(folder, host)
    assert prepared_by(folder, host)[0] == 194, "after a rehearsal it begins from the beginning"


def test_what_another_instance_was_prepared_for_counts_for_nothing(folder: Path, host: Host) -> None:
    """The image was taken of a machine that was prepared."""
    host.boots = "import sys; sys.exit(194)"
    for _ in range(2):
        prepared_by(folder, host)
    metadata = Metadata(ME, "us-west-2", {"Stage": "dev"})
    (folder / "agent.toml").write_text(as_toml(settings(folder, metadata=metadata.url)))
    assert prepared_by(folder, host)[0] == 194
    metadata.stop()


def test_a_machine_that_needs_no_restart_gets_none(folder: Path, host: Host) -> None:
    code, [line] = prepared_by(folder, host)
    assert (code, "nothing that takes a restart" in line) == (0, True)


def test_a_boot_script_that_fails_is_told_with_what_it_says(folder: Path, host: Host) -> None:
    host.boots = "import sys; print('LSA says 5', file=sys.stderr); sys.exit(1)"
    code, [line] = prepared_by(folder, host)
    assert code == 1
    assert line.startswith("rehearsal: FAILED The boot script fails with 1. It says: LSA says 5")


# --- the two systems


def answering(code: int, said: str, asked: list[Sequence[str]]) -> Callable[[Sequence[str]], tuple[int, str]]:
    def output(command: Sequence[str]) -> tuple[int, str]:
        asked.append(command)
        return code, said

    return output


def test_systemd_begins_the_service_anew(tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []
    Linux(tmp_path, answering(0, "", asked)).restart_service()
    assert asked == [["systemctl", "restart", "elephant-agent.service"]]
    with pytest.raises(OSError, match="fails with 5"):
        Linux(tmp_path, answering(5, "", asked)).restart_service()


def test_windows_begins_the_task_anew_whether_it_ran_or_not() -> None:
    asked: list[Sequence[str]] = []
    Windows(answering(0, "", asked)).restart_service()
    assert [command[1] for command in asked] == ["/End", "/Run"]
    with pytest.raises(OSError, match="ElephantService` fails with 1"):
        Windows(answering(1, "", asked)).restart_service()


def test_the_registry_says_whom_dcv_asks() -> None:
    key = r"HKEY_USERS\S-1-5-18\Software\GSettings\com\nicesoftware\dcv\security"
    said = f"\r\n{key}\r\n    auth-token-verifier    REG_SZ    http://127.0.0.1:8444\r\n\r\n"
    assert Windows(answering(0, said.replace("\r\n", "\n"), [])).verifier(Config()) == "http://127.0.0.1:8444"
    assert Windows(answering(1, "", [])).verifier(Config()) is None


def test_a_log_of_windows_is_read_from_the_rehearsal_on(tmp_path: Path) -> None:
    since = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
    (tmp_path / "helper.log").write_text(
        f"{since.astimezone().replace(hour=0):%Y-%m-%d %H:%M:%S},000 INFO long ago\n  more\n"
        f"{since.astimezone():%Y-%m-%d %H:%M:%S},123 WARNING now\n  of this\n"
    )
    config = Config(session=tmp_path, state=tmp_path)
    assert Windows().log("helper", config, since).splitlines()[0].endswith("WARNING now")
    assert Windows().log("helper", config, since).endswith("of this")
    with pytest.raises(OSError, match=r"service\.log"):
        Windows().log("service", config, since)


def test_a_script_of_windows_passes_on_what_it_is_given() -> None:
    assert Windows().passes_on([r"C:\Program Files\x.exe", "a"]) == r'"C:\Program Files\x.exe" "a" %*'
