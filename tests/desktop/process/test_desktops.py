"""The agent's two processes on desktops with stand-ins for DCV, metadata and the system: what people get of them."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import requests

from localcloud.cloud import STATE_TABLE
from tests.desktop.process.laptops import Meeting, room
from tests.waiting import until

_LISTER_OF_WINDOWS = ["powershell", "-NoProfile", "-Command", "(Get-CimInstance Win32_Process).CommandLine"]


def test_from_two_clicks_to_two_desktops_with_the_room_open_and_on_to_the_upload(meeting: Meeting) -> None:
    live = {}
    for role in ("teacher", "student"):
        meeting.wait_until_ready(role)
        live[role] = meeting.open(role)
        assert live[role].is_in, live[role].first
    teacher = meeting.machine("teacher")
    shown = until(lambda: room(teacher), "the room is open")
    assert (shown["person"], shown["role"]) == ("Ada 🐘 عائشة", "teacher")
    assert shown["room_url"].startswith(f"{meeting.row['jitsi_url']}#")
    there = {"teacher_connected_at", "student_connected_at"}
    until(lambda: there <= set(meeting.row), "both are told to be there")
    live["teacher"].drop()
    until(lambda: "teacher_disconnected_at" in meeting.row, "the teacher is told to have left")
    assert "student_disconnected_at" not in meeting.row
    until(lambda: "teacher_session_data" in meeting.row, "the teacher's recording is safe, and the app has noted it")
    assert len(meeting.pieces("teacher")) == 2
    assert meeting.pieces("student").keys() != meeting.pieces("teacher").keys()
    assert f"/{meeting.invitation.meeting_id}/teacher/{teacher.instance_id}-" in meeting.row["teacher_session_data"]
    live["student"].drop()


def test_a_token_opens_one_desktop_to_one_browser_also_after_the_agent_was_killed(meeting: Meeting) -> None:
    meeting.wait_until_ready("teacher")
    meeting.wait_until_ready("student")
    older, newer = meeting.ask("teacher"), meeting.ask("teacher")
    student = meeting.ask("student")
    assert not meeting.open("teacher", student | {"dcv_url": newer["dcv_url"]}).is_in
    first = meeting.open("teacher", newer)
    assert first.is_in
    first.drop()
    teacher = meeting.machine("teacher")
    teacher.kill("service")
    refused = meeting.open("teacher", newer)
    assert not refused.is_in
    assert "meeting page" in refused.first["message"]
    teacher.begin("service")
    again = until(lambda: (live := meeting.open("teacher", newer)).is_in and live, "the same browser is let in again")
    assert not meeting.open("teacher", older).is_in
    again.drop()
    log = teacher.log("service")
    assert "A newer token has been used" in log
    assert newer["auth_token"] not in log


def test_a_desktop_is_not_ready_before_dcv_is_and_says_so(meeting: Meeting) -> None:
    machine = meeting.machine("student")
    meeting.wait_until_ready("student")
    machine.kill("service")
    machine.dcv.stop()
    machine.begin("service")
    told = until(lambda: meeting.ask("student", peek=True).get("progress", {}).get("missing"), "it says what it lacks")
    assert told[0] == "The DCV service is not running."
    machine.dcv.start()
    (machine.home / "dcv.pid").write_text(str(machine.dcv.pid))
    meeting.wait_until_ready("student")


def test_a_helper_that_is_killed_leaves_no_second_room(meeting: Meeting) -> None:
    machine = meeting.machine("teacher")
    until(lambda: room(machine), "the room is open")
    first = json.loads((machine.home / "session" / "room.pid").read_text())["pid"]
    machine.kill("helper")
    machine.begin("helper")

    def second() -> int | None:
        try:
            pid: int = json.loads((machine.home / "session" / "room.pid").read_text())["pid"]
        except (OSError, ValueError):
            return None
        return pid if pid != first and room(machine) else None

    until(second, "the room is open again")
    lister = _LISTER_OF_WINDOWS if os.name == "nt" else ["ps", "-eww", "-o", "args"]
    listed = subprocess.run(lister, capture_output=True, text=True, check=True).stdout
    rooms = [line for line in listed.splitlines() if f"--home {machine.dcv.home}" in line and " room " in line]
    assert len(rooms) == 1


def test_it_waits_for_metadata_that_do_not_answer_yet(meeting: Meeting) -> None:
    machine = meeting.machine("student")
    machine.kill("service")
    machine.metadata.refuse()
    machine.begin("service")
    until(lambda: "do not answer" in machine.log("service"), "it says what it waits for")
    machine.metadata.answer()
    meeting.wait_until_ready("student")
    assert machine.process("service").poll() is None


def test_a_desktop_past_its_deadline_ends_itself(meeting: Meeting) -> None:
    machine = meeting.machine("teacher")
    tags = [tag for tag in machine.metadata.instance["Tags"] if tag["Key"] != "Deadline"]
    machine.metadata.instance["Tags"] = [*tags, {"Key": "Deadline", "Value": "2026-01-01T00:00:00Z"}]
    machine.kill("service")
    machine.begin("service")
    desktop = machine.instance_id
    until(lambda: desktop not in meeting.laptop.machines, "it is gone")
    states = meeting.cloud.ec2.lives[desktop].since
    assert "shutting-down" in states


def test_what_a_desktop_signs_is_no_good_elsewhere(meeting: Meeting) -> None:
    """Its keys open the routes for desktops alone, and about itself alone."""
    unsigned = requests.get(f"{meeting.cloud.url}/desktop/{meeting.invitation.meeting_id}", timeout=30)
    assert unsigned.status_code == 403
    assert "Elephant" not in unsigned.headers


def test_a_desktop_keeps_what_is_secret_to_itself(meeting: Meeting) -> None:
    meeting.wait_until_ready("teacher")
    machine = meeting.machine("teacher")
    live = meeting.open("teacher")
    assert live.is_in
    live.drop()
    state = machine.home / "state"
    if os.name == "posix":
        assert os.stat(state).st_mode & 0o077 == 0
        assert os.stat(state / "state.json").st_mode & 0o077 == 0
    shown = (machine.home / "shared" / "notice.json").read_text() + machine.log("helper")
    assert "door" not in shown
    assert "key" not in shown.lower()


def test_a_desktop_has_the_app_s_certificate_and_its_key_lies_where_dcv_reads_it_and_nowhere_else(
    meeting: Meeting,
) -> None:
    """Not on what it booted with; neither in a log, nor in a folder that the person or everybody may look into."""
    meeting.wait_until_ready("teacher")
    machine = meeting.machine("teacher")
    table = meeting.cloud.operator("dynamodb")
    kept = table.get_item(TableName=STATE_TABLE, Key={"id": {"S": "key/certificate"}})["Item"]
    files = {name: machine.dcv.home / name for name in ("dcv.key", "dcv.pem")}
    assert files["dcv.pem"].read_text() == kept["certificate"]["S"]
    assert files["dcv.key"].read_text() == kept["key"]["S"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    key = kept["key"]["S"].encode().splitlines()[1]
    holding = [file for file in machine.home.rglob("*") if file.is_file() and key in file.read_bytes()]
    assert holding == [files["dcv.key"]]


def test_a_certificate_that_was_spoilt_or_replaced_is_had_again_while_the_desktop_runs(meeting: Meeting) -> None:
    """The agent is begun anew, so that it asks at once and not within five minutes."""
    meeting.wait_until_ready("student")
    machine = meeting.machine("student")
    before = (machine.dcv.home / "dcv.pem").read_text()
    machine.kill("service")
    (machine.dcv.home / "dcv.key").write_text("spoilt")
    machine.begin("service")
    until(lambda: (machine.dcv.home / "dcv.key").read_text() != "spoilt", "the key is fetched again")
    assert (machine.dcv.home / "dcv.pem").read_text() == before
    meeting.wait_until_ready("student")
