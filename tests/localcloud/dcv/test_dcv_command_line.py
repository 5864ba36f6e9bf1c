"""The command line of the stand-in for DCV, key by key and exit code by exit code, as an agent runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from tests.localcloud.dcv.stands import Desk, Verifier

LATE = 1e9
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d"
KINDS = {
    "id": str,
    "owner": str,
    "name": str,
    "num-of-connections": int,
    "creation-time": str,
    "last-disconnection-time": str,
    "licenses": list,
    "storage-root": str,
    "type": str,
    "x11-display": str,
    "x11-authority": str,
    "display-layout": list,
}


def test_a_session_has_the_keys_of_dcv(running: Desk) -> None:
    told = running.told("describe-session", "console")
    assert {key: type(value) for key, value in told.items()} == KINDS
    assert (told["id"], told["owner"], told["type"]) == ("console", "lesson", "console")
    assert told["last-disconnection-time"] == ""
    assert re.fullmatch(TIME + r"\.\d{6}Z", told["creation-time"])
    assert told["display-layout"] == [{"width": 1920, "height": 1080, "x": 0, "y": 0}]
    assert set(told["licenses"][0]) == {"product", "status", "check-timestamp", "expiration-date"}
    assert (told["licenses"][0]["product"], told["licenses"][0]["status"]) == ("dcv", "LICENSED")
    assert running.told("list-sessions") == [told]


def test_a_program_named_dcv_is_there_for_the_agent(running: Desk) -> None:
    path = f"{running.shims}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["dcv", "list-sessions", "-j"], env={"PATH": path}, capture_output=True, cwd="/", check=True)
    assert json.loads(ran.stdout)[0]["id"] == "console"


def test_the_text_forms(running: Desk) -> None:
    assert running.dcv("list-sessions").stdout == "Session: 'console' (owner:lesson type:console)\n"
    assert running.dcv("describe-session", "console").stdout.startswith(
        "Session: 'console' (owner:lesson type:console)"
    )
    assert "2025.0" in running.dcv("version").stdout
    live = running.connect()
    assert live.is_in
    assert running.dcv("list-connections", "console").stdout == "Connection: 1\n"


def test_closing_ends_the_session_and_everybody_in_it(running: Desk) -> None:
    lives = [running.connect(), running.connect()]
    assert running.dcv("close-session", "console").returncode == 0
    assert [live.next() for live in lives] == [{"event": "over", "reason": "closed"}] * 2
    assert running.told("list-sessions") == []
    assert running.dcv("describe-session", "console", "--json").returncode != 0
    assert running.connect().status == 403


def test_closing_another_session_leaves_this_one_alone(running: Desk) -> None:
    assert running.dcv("close-session", "other").returncode != 0
    assert len(running.told("list-sessions")) == 1


def test_a_session_is_made_again_with_what_is_asked_for(running: Desk) -> None:
    assert running.dcv("create-session", "console").returncode != 0  # there is one
    running.dcv("close-session", "console")
    options = ["--type", "console", "--owner", "guest", "--name", "Lesson 1", "--max-concurrent-clients", "1"]
    assert running.dcv("create-session", *options, "--storage-root", "/files", "mine").returncode == 0
    (told,) = running.told("list-sessions")
    assert [told[key] for key in ("id", "owner", "name", "storage-root")] == ["mine", "guest", "Lesson 1", "/files"]
    assert running.connect(sessionId="mine").status == 403  # the verifier names lesson, and the owner is guest


def test_permissions_of_a_running_session_are_changed(running: Desk) -> None:
    file = running.home / "new.perm"
    file.write_text("[permissions]\n%owner% deny display\n")
    change = ["set-permissions", "--session", "console"]
    assert running.dcv(*change, "--file", str(file)).returncode == 0
    assert running.connect().status == 403
    assert running.dcv(*change, "--reset-builtin").returncode == 0
    assert running.connect().is_in
    assert running.dcv(*change, "--none").returncode == 0
    assert running.connect().status == 403
    assert running.dcv(*change, "--file", str(running.home / "none.perm")).returncode != 0
    assert running.dcv(*change).returncode != 0


def test_with_the_server_stopped_everything_fails_but_create_session(desk: Desk) -> None:
    commands = {
        ("list-sessions", "--json"),
        ("describe-session", "console", "--json"),
        ("list-connections", "console", "-j"),
        ("close-session", "console"),
        ("set-permissions", "--session", "console", "--none"),
    }
    for command in commands:
        ran = desk.dcv(*command)
        assert ran.returncode != 0
        assert ran.stdout == ""
        assert "start it" in ran.stderr
    assert desk.dcv("create-session", "console").returncode == 0
    assert not (desk.home / "control").exists()


def test_just_after_the_start_the_command_line_fails_and_then_does_not(running: Desk) -> None:
    running.set_state(cli_from_s=LATE)
    assert running.dcv("list-sessions", "--json").returncode != 0
    assert running.connect().is_in
    running.set_state(cli_from_s=0)
    assert len(running.told("list-sessions")) == 1


@pytest.mark.parametrize(("empty_list", "printed"), [("array", "[]\n"), ("nothing", "")])
def test_a_session_that_is_not_there_yet(desk: Desk, verifier: Verifier, empty_list: str, printed: str) -> None:
    desk.settings(verifier.url)
    desk.set_state(session_from_s=LATE, empty_list=empty_list)
    desk.start()
    ran = desk.dcv("list-sessions", "--json")
    assert (ran.returncode, ran.stdout) == (0, printed)
    assert desk.dcv("describe-session", "console", "--json").returncode != 0
    assert "no session yet" in desk.connect().first["message"]
    assert verifier.asked == []
    desk.set_state()
    assert len(desk.told("list-sessions")) == 1
    assert desk.dcv("list-connections", "console", "--json").stdout == "[]\n"


def test_without_create_session_there_is_none(desk: Desk) -> None:
    (desk.home / "dcv.conf").write_text("")
    desk.start()
    assert desk.told("list-sessions") == []


@pytest.mark.parametrize(
    ("licences", "answered"),
    [
        ([{"product": "dcv", "status": "licensed"}], 200),
        ([{"product": "dcv-gl", "status": "UNLICENSED"}, {"product": "dcv", "status": "LICENSED"}], 200),
        ([{"product": "dcv", "status": "EXPIRED"}], 403),
        ([{"product": "dcv-gl", "status": "LICENSED"}], 403),
        ([], 403),
    ],
)
def test_without_a_licence_nobody_is_served(
    running: Desk, verifier: Verifier, licences: list[dict[str, str]], answered: int
) -> None:
    running.set_state(licenses=licences, licensing_mode="DEMO", microseconds=False)
    told = running.told("describe-session", "console")
    assert (told["licenses"], told["licensing-mode"]) == (licences, "DEMO")
    assert re.fullmatch(TIME + "Z", told["creation-time"])
    assert running.connect().status == answered
    assert len(verifier.asked) == (answered == 200)


@pytest.mark.parametrize("state", ["[]", "{", '{"licences": []}'])
def test_a_state_that_cannot_be_understood_fails_aloud(running: Desk, state: str) -> None:
    (running.home / "state.json").write_text(state)
    ran = running.dcv("list-sessions", "--json")
    assert ran.returncode != 0
    assert "state.json" in ran.stderr
    assert running.connect().status == 403


def test_a_key_that_is_not_the_servers_gets_nothing(running: Desk) -> None:
    control = running.home / "control"
    told = json.loads(control.read_text())
    assert control.stat().st_mode & 0o077 == 0
    control.write_text(json.dumps(told | {"key": "0" * 64}))
    assert running.dcv("close-session", "console").returncode != 0
    control.write_text(json.dumps(told))
    assert len(running.told("list-sessions")) == 1
