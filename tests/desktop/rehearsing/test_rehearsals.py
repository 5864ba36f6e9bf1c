"""Whole rehearsals, with the agent's real processes, on machines that are as they should be and on others.

Where nothing is wrong everything is found as soon as it is so; what is missing is waited for to the end, so several
things are wrong at once there.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from desktop.rehearsal.metadata import Metadata
from tests.desktop import shells
from tests.desktop.http_server import Answer, serving
from tests.desktop.rehearsing.desks import USER, Desk, Told, end_of
from tests.waiting import until

if sys.platform == "win32":
    pytest.skip("the system's programs are shell scripts here", allow_module_level=True)

SHORT = 2.0
"""Minutes; what is missing is waited for a fifth of it."""

LONG = 8.0
_BY_FFMPEG = {
    "recorder": [],
    "picture": ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=5"],
    "sound": ["-f", "lavfi", "-i", "sine"],
}
"""The agent's own recorder, with a picture that needs no screen."""

_DIES = [sys.executable, "-c", "import sys; sys.exit(3)"]
_WRITES_NOTHING = [
    sys.executable,
    "-c",
    "import os; d = os.environ['ELEPHANT_RECORDING']; os.makedirs(d); open(d + '/a.mkv', 'w'); input()",
]


Makes = Callable[..., Desk]


def made_in(folder: Path) -> Iterator[Makes]:
    made: list[Desk] = []

    def make(**more: Any) -> Desk:
        made.append(Desk(folder / f"desk{len(made)}", **more))
        return made[-1]

    yield make
    for desk in made:
        desk.stop()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Makes]:
    yield from made_in(tmp_path)


@dataclass(frozen=True)
class Begun:
    """A machine on which something is wrong, and its rehearsal."""

    desk: Desk
    rehearsal: subprocess.Popen[bytes]
    told: list[Told] = field(default_factory=list)

    def end(self) -> Told:
        if not self.told:
            self.told.append(end_of(self.rehearsal))
        assert self.told[0].code == 1
        return self.told[0]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Begun]]:
    """All that fail, side by side: each waits for most of its time."""
    begun: dict[str, Begun] = {}
    with ExitStack() as stack:
        makes = made_in(tmp_path_factory.mktemp("wrong"))
        make = next(makes)
        stack.callback(lambda: next(makes, None))

        def begin(name: str, desk: Desk, **how: Any) -> Desk:
            desk.start(**how)
            begun[name] = Begun(desk, desk.rehearse(SHORT))
            return desk

        desk = make()
        desk.start(logged_on=False)
        desk.dcv.stop()
        begun["no DCV, no logon"] = Begun(desk, desk.rehearse(SHORT))
        metadata = Metadata("i-0123456789abcdef0", "us-west-2", {"Stage": "dev"})
        stack.callback(metadata.stop)
        desk = make(owner="somebody", settings={"metadata": metadata.url, "recorder": _DIES})
        shells.put(desk.home / "hooks" / "session" / "connect" / "10-mine", "echo no; exit 3")
        begin("another's session", desk)
        desk = make(settings={"recorder": _WRITES_NOTHING})
        (desk.home / "elsewhere").mkdir()
        desk.settings["dcv_certificates"] = str(desk.home / "elsewhere")
        desk.dcv.set_state(licenses=[{"product": "dcv", "status": "EXPIRED"}])
        begin("no licence", desk)
        another = stack.enter_context(serving(lambda asked: Answer(404, "Nothing here.")))
        begin("the port is taken", make(settings={"verifier_port": int(another.rpartition(":")[2])}))
        begin("no service", make(has_service=False))
        yield begun


def one(told: Told, begins: str) -> str:
    """Return the one sentence on what is wrong that begins so."""
    found = [sentence for sentence in told.failed if sentence.startswith(begins)]
    assert len(found) == 1, told.printed
    return found[0]


def changed(desk: Desk) -> bool:
    return desk.toml.with_name("agent.toml.before-rehearsal").exists()


def test_a_machine_as_it_should_be_passes_and_is_left_as_it_was_also_after_one_that_was_killed(make: Makes) -> None:
    desk = make(settings=_BY_FFMPEG if shutil.which("ffmpeg") else {})
    shells.put(desk.home / "hooks" / "service" / "connect" / "10-mine", f"touch {desk.home}/mine")
    desk.start()
    until((desk.home / "session" / "told.json").exists, "the helper is there")
    before = desk.files()
    killed = desk.rehearse(LONG)
    until(lambda: changed(desk), "the rehearsal has begun")
    killed.kill()
    killed.wait()
    told = end_of(desk.rehearse(LONG))
    assert (told.code, told.failed) == (0, []), told.printed
    expected = [
        "What an earlier rehearsal had changed",
        "The agent's service has asked the app",
        "DCV's service runs.",
        f"DCV's session is {USER}'s, and licensed.",
        f"Port {desk.dcv.port} shows the certificate for i-00000000000000000.rehearsal.invalid",
        f"{USER} is logged on",
        "No restart is asked for",
        "Asked as DCV asks, the agent refuses",
        "Asked as DCV asks, the agent opens",
        "DCV asks the agent about tokens",
        "The guard is armed",
        f"The commands in {desk.home}/hooks/service/connect are run by the service",
        f"The commands in {desk.home}/hooks/session/connect are run by the session helper",
        "That the person is kept from the metadata was not looked at",
        "The session helper has opened the room.",
        "",  # of the recording, below
    ]
    assert [sentence[: len(begin)] for sentence, begin in zip(told.ok, expected, strict=True)] == expected
    assert re.fullmatch(
        r"(A piece|\d pieces) of a recording of the session arrived whole, [\d,]+ bytes, and .* this is all\.",
        told.ok[-1],
    )
    assert desk.files() == before
    assert (desk.home / "mine").exists(), "the operator's own commands run as they would"
    assert not (desk.home / "shut-down").exists()


def test_one_that_is_told_to_stop_puts_everything_back(make: Makes) -> None:
    desk = make()
    desk.start()
    before = desk.files()
    rehearsal = desk.rehearse(LONG)
    until(lambda: changed(desk), "the rehearsal has begun")
    rehearsal.send_signal(signal.SIGTERM)
    told = end_of(rehearsal)
    assert told.code == 1
    assert told.failed[-1].startswith("It was told to stop before it was through.")
    assert desk.files() == before


@pytest.mark.long
def test_without_dcv_and_without_a_logon(wrong: dict[str, Begun]) -> None:
    desk, told = wrong["no DCV, no logon"].desk, wrong["no DCV, no logon"].end()
    assert "dcvserver" in one(told, "The DCV service is not running.")
    assert "server.log" in one(told, "DCV cannot be asked: ")
    assert "DCV's settings" in one(told, f"Nothing listens on port {desk.dcv.port}.")
    assert "rehearse --prepare" in one(told, f"{USER} is not logged on yet.")
    one(told, "The session helper is not heard of")
    assert any(sentence.startswith("The guard is armed") for sentence in told.ok), (
        "what is well is looked at all the same"
    )


def test_with_a_session_of_somebody_else_s(wrong: dict[str, Begun]) -> None:
    told = wrong["another's session"].end()
    assert "automatic-console-session/owner" in one(told, f"DCV's session is somebody's and not {USER}'s")


def test_with_a_command_that_fails(wrong: dict[str, Begun]) -> None:
    desk, told = wrong["another's session"].desk, wrong["another's session"].end()
    folder = desk.home / "hooks" / "session" / "connect"
    assert one(told, "The command 10-mine failed with 3.").endswith(f"It is in {folder}.")
    assert "rehearsal: log of the session helper: " in told.printed


def test_with_metadata_that_answer_the_person(wrong: dict[str, Begun]) -> None:
    assert "firewall" in one(wrong["another's session"].end(), "The instance metadata at ")


def test_with_a_recorder_that_dies(wrong: dict[str, Begun]) -> None:
    told = wrong["another's session"].end()
    assert "The recorder has ended at once with 3." in one(told, "Nothing is recorded: ")


def test_without_a_licence(wrong: dict[str, Begun]) -> None:
    assert "dcv-license" in one(wrong["no licence"].end(), "DCV has no licence: DCV says EXPIRED.")


def test_with_the_certificate_of_another_name(wrong: dict[str, Begun]) -> None:
    desk, told = wrong["no licence"].desk, wrong["no licence"].end()
    assert "dcv_certificates" in one(told, f"The certificate on port {desk.dcv.port} is not good for i-0")
    assert list((desk.home / "elsewhere").iterdir()) == [], "there was none before"


def test_with_a_recorder_that_writes_nothing(wrong: dict[str, Begun]) -> None:
    assert "0 bytes" in one(wrong["no licence"].end(), "The recording was not saved.")


def test_with_the_verifier_s_port_taken(wrong: dict[str, Begun]) -> None:
    desk, told = wrong["the port is taken"].desk, wrong["the port is taken"].end()
    taken = desk.settings["verifier_port"]
    assert f"Port {taken}, on which DCV asks, is taken" in one(told, "The agent's service has not asked the app")
    assert len([each for each in told.failed if "verifier_port in agent.toml" in each]) == 2
    assert "auth-token-verifier" in one(told, f"DCV asks http://127.0.0.1:{desk.verifier_port} about tokens")
    one(told, "Commands, room and recording were not looked at")


def test_with_a_service_that_does_not_come_up(wrong: dict[str, Begun]) -> None:
    told = wrong["no service"].end()
    assert "is it installed, and does it start?" in one(told, "The agent's service has not asked the app")
    one(told, "The guard is not armed")
