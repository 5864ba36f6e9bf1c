"""boot.sh run for real: on a file system of its own, with the programs that would change this machine stood in for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import desktop
from desktop.config import Config
from desktop.rehearsal.hosts import Linux
from desktop.rehearsal.metadata import Metadata
from localcloud import loopback
from localcloud.dcv import settings

SCRIPT = Path(desktop.__file__).parent / "linux" / "boot.sh"
ME = "i-0123456789abcdef0"
_LOGGED = ("useradd", "usermod", "gpasswd", "nft", "systemd-tmpfiles")

if os.name == "nt" or not all(map(shutil.which, ("bash", "curl", "awk"))):
    pytest.skip("boot.sh is Linux's, and runs with bash, curl and awk", allow_module_level=True)


@dataclass(frozen=True)
class Ran:
    code: int
    printed: str
    did: list[str]


class Box:
    """A Linux machine as boot.sh sees it: files below `root`, a user of some groups, units that are active or not."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.home = folder
        (self.root / "etc" / "gdm3").mkdir(parents=True)
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name in _LOGGED:
            self._put(name, f'echo "{name} $*" >>{folder}/did\n')
        self._put("useradd", f'echo "useradd $*" >>{folder}/did; touch {folder}/user\n')
        self._put(
            "id", f'if [ "$1" = -nG ]; then cat {folder}/groups 2>/dev/null; else test -e {folder}/user; fi\nexit $?\n'
        )
        self._put("gpasswd", f'echo "gpasswd $*" >>{folder}/did; echo lesson >{folder}/groups\n')
        self._put(
            "systemctl",
            f'case "$1" in is-active) test -e {folder}/active-$3 ;; *) echo "systemctl $*" >>{folder}/did ;; esac\n',
        )
        (folder / "groups").write_text("lesson\n")

    def _put(self, name: str, script: str) -> None:
        (self._programs / name).write_text(f"#!/bin/sh\n{script}")
        (self._programs / name).chmod(0o755)

    def starts(self, unit: str) -> None:
        (self.home / f"active-{unit}").touch()

    def boot(self, metadata: str, *words: str) -> Ran:
        """Run the script; return what it did to the system."""
        return self.run(["bash", str(SCRIPT), "--metadata", metadata, *words])

    def run(self, command: Sequence[str]) -> Ran:
        """Run a command that is the script; return what it did to the system."""
        (self.home / "did").unlink(missing_ok=True)
        environ = {**os.environ, **loopback.exempt(os.environ), "PATH": f"{self._programs}:{os.environ['PATH']}"}
        here = [*command, "--root", str(self.root), "--patience", "0"]
        ran = subprocess.run(here, capture_output=True, text=True, env=environ, check=False, timeout=60)
        did = self.home / "did"
        return Ran(ran.returncode, ran.stdout + ran.stderr, did.read_text().splitlines() if did.exists() else [])

    def files(self) -> dict[str, str]:
        return {str(file.relative_to(self.root)): file.read_text() for file in self.root.rglob("*") if file.is_file()}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def serving(tags: dict[str, str]) -> Iterator[str]:
    metadata = Metadata(ME, "us-west-2", tags)
    yield metadata.url
    metadata.stop()


@pytest.fixture
def nobody_s() -> Iterator[str]:
    yield from serving({"Stage": "dev"})


@pytest.fixture
def meeting_s() -> Iterator[str]:
    yield from serving({"MeetingID": "m-1"})


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not here")
def test_shellcheck_finds_nothing_wrong() -> None:
    found = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert found.stdout == ""


def test_a_machine_without_a_meeting_is_left_as_it_is(box: Box, nobody_s: str) -> None:
    """Images boot while they are built, and where EC2 prepares fast launches."""
    box.starts("display-manager.service")
    ran = box.boot(nobody_s)
    assert (ran.code, ran.did, box.files()) == (0, [], {})
    assert "nobody's desktop: nothing is changed" in ran.printed


def test_metadata_that_do_not_answer_change_nothing_and_keep_nobody_waiting_for_ever(box: Box) -> None:
    ran = box.boot("http://127.0.0.1:9")
    assert (ran.code, ran.did, box.files()) == (1, [], {})
    assert "The metadata at http://127.0.0.1:9 have not answered for 0 s: nothing is changed." in ran.printed


def test_a_meeting_s_machine_gets_its_person_and_the_second_time_nothing_new(box: Box, meeting_s: str) -> None:
    first = box.boot(meeting_s)
    assert first.code == 0, first.printed
    assert f"This is {ME}, a desktop of meeting m-1." in first.printed
    begun = [line.split()[0] for line in first.did]
    assert begun == ["useradd", "usermod", "systemd-tmpfiles", "nft"], "the firewall stands before there is a logon"
    assert "AutomaticLogin=lesson" in box.files()["etc/gdm3/custom.conf"]
    found = settings.load(box.root / "etc" / "dcv" / "dcv.conf")
    assert (found.complaints, found.owner) == ((), "lesson")
    assert found.text("security", "auth-token-verifier") == "http://127.0.0.1:8444"
    there = box.files()
    box.starts("display-manager.service")
    box.starts("dcvserver.service")
    second = box.boot(meeting_s, "--no-restart")
    assert (second.code, box.files()) == (0, there)
    assert [line.split()[0] for line in second.did] == ["usermod", "systemd-tmpfiles", "nft"]


def test_what_is_set_after_the_logon_screen_was_there_restarts_it_or_says_so(box: Box, meeting_s: str) -> None:
    box.starts("display-manager.service")
    box.starts("dcvserver.service")
    ran = box.boot(meeting_s, "--no-restart")
    assert (ran.code, ran.did[-1]) == (194, "systemctl restart dcvserver.service")
    shutil.rmtree(box.root / "etc" / "gdm3")
    ran = box.boot(meeting_s)
    assert (ran.code, ran.did[-1]) == (0, "systemctl restart display-manager.service")
    assert "AutomaticLogin=lesson" in box.files()["etc/gdm/custom.conf"], "where GDM's folder is called so"


def test_other_users_and_ports_are_set_wherever_they_are_named(box: Box, meeting_s: str) -> None:
    ran = box.boot(meeting_s, "--user", "guest", "--verifier-port", "9999")
    assert ran.code == 0
    assert any(line.startswith("useradd ") and line.endswith(" guest") for line in ran.did)
    found = settings.load(box.root / "etc" / "dcv" / "dcv.conf")
    assert (found.owner, found.text("security", "auth-token-verifier")) == ("guest", "http://127.0.0.1:9999")
    assert "lesson" not in "".join(box.files().values()).replace("whose user is `lesson`", "")


def test_the_rehearsal_has_the_machine_prepared_by_it(box: Box, meeting_s: str) -> None:
    box.starts("display-manager.service")
    image = replace(Config(), user="guest", verifier_port=9999)
    host = Linux(box.root)
    assert box.run(host.boot(image, meeting_s)).code == host.restart_code
    assert settings.load(box.root / "etc" / "dcv" / "dcv.conf").owner == "guest"
    assert host.verifier(image) == "http://127.0.0.1:9999"
    assert box.run(host.boot(image, meeting_s)).code == 0


def test_the_person_is_no_administrator_any_more(box: Box, meeting_s: str) -> None:
    (box.home / "user").touch()
    (box.home / "groups").write_text("lesson sudo audio\n")
    ran = box.boot(meeting_s)
    assert "gpasswd --delete lesson sudo" in ran.did
    assert not any("audio" in line or line.startswith("useradd") for line in ran.did)


def test_the_operator_s_own_settings_of_dcv_and_of_the_logon_stay(box: Box, meeting_s: str) -> None:
    dcv, gdm = box.root / "etc" / "dcv" / "dcv.conf", box.root / "etc" / "gdm3" / "custom.conf"
    dcv.parent.mkdir()
    dcv.write_text("# mine\n[display]\ntarget-fps=30\n[security]\nos-auto-lock=true\n#ca-file='x'\n[log]\nlevel='info'")
    dcv.chmod(0o640)
    gdm.write_text("[daemon]\n#WaylandEnable=false\nTimedLoginEnable = false\n\n[debug]\nEnable=true\n")
    assert box.boot(meeting_s).code == 0
    lines = dcv.read_text().splitlines()
    assert {"# mine", "target-fps=30", "#ca-file='x'", "level='info'", "os-auto-lock=false"} <= set(lines)
    assert "os-auto-lock=true" not in lines
    assert [line for line in lines if line.startswith("[")][:3] == ["[display]", "[security]", "[log]"]
    assert settings.load(dcv).owner == "lesson"
    assert dcv.stat().st_mode & 0o777 == 0o640
    daemon = gdm.read_text().partition("[debug]")[0]
    assert {"WaylandEnable=false", "AutomaticLogin=lesson", "TimedLoginEnable = false"} <= set(daemon.splitlines())


def test_what_cannot_be_done_ends_it_before_anybody_is_logged_on(box: Box, meeting_s: str) -> None:
    box._put("nft", "exit 1\n")
    assert box.boot(meeting_s).code == 1
    assert box.files() == {}


def test_settings_that_a_rehearsal_has_left_are_put_back(box: Box, nobody_s: str) -> None:
    toml = box.root / "etc" / "elephant" / "agent.toml"
    toml.parent.mkdir()
    toml.write_text("metadata = 'http://127.0.0.1:1'\n")
    kept = toml.with_name("agent.toml.before-rehearsal")
    kept.write_text("user = 'lesson'\n")
    assert box.boot(nobody_s).code == 0
    assert box.files() == {"etc/elephant/agent.toml": "user = 'lesson'\n"}
    kept.touch()  # the image had none
    box.boot(nobody_s)
    assert box.files() == {}


def test_what_it_does_not_know_it_says(box: Box) -> None:
    ran = box.boot("http://127.0.0.1:9", "--metdata")
    assert (ran.code, ran.did) == (2, [])
    assert "boot.sh takes no --metdata." in ran.printed


_BLOCKED = """\
ip link set lo up && ip addr add 169.254.169.254/32 dev lo
sed 's/"lesson"/"nobody"/' {rules} >{home}/rules && nft -f {home}/rules && nft -f {home}/rules || exit 9
test "$(nft list table inet elephant | grep -c reject)" = 2 || exit 8
{python} -m http.server 80 --bind 169.254.169.254 >/dev/null 2>&1 &
server=$!
ask='curl --noproxy * -s -o /dev/null -m 3 http://169.254.169.254/'
for try in $(seq 200); do $ask && break; sleep 0.3; done
$ask; root=$?
setpriv --reuid nobody --clear-groups $ask; person=$?
kill $server
test $root = 0 && test $person = 7
"""


@pytest.mark.skipif(
    not all(map(shutil.which, ("nft", "unshare", "setpriv", "ip"))), reason="nft or unshare is not here"
)
def test_the_firewall_keeps_the_person_and_nobody_else_from_the_metadata(tmp_path: Path) -> None:
    """In a network of its own, which ends with it; loaded twice the rules are there once."""
    if subprocess.run(["unshare", "--net", "nft", "list", "ruleset"], capture_output=True, check=False).returncode:
        pytest.skip("only root has networks of its own, and a kernel may know no nftables")
    script = _BLOCKED.format(rules=SCRIPT.with_name("metadata.nft"), home=tmp_path, python=sys.executable)
    ran = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
