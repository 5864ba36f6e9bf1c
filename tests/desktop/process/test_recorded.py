"""The agent's own recorder with a real ffmpeg: from the first click to the pieces in the bucket."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.laptop import Laptop
from tests.desktop.process.laptops import Meeting
from tests.desktop.test_recorder import PICTURE, SOUND
from tests.running import running_laptop
from tests.waiting import until

MATROSKA = b"\x1a\x45\xdf\xa3"


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Laptop]]:
    if sys.platform == "win32" or not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    settings: dict[str, Any] = {"recorder": [], "picture": PICTURE, "sound": SOUND, "piece_minutes": 0.1}
    with running_laptop(tmp_path_factory.mktemp("laptop"), **settings) as running:
        yield running


def test_a_session_is_recorded_in_pieces_that_arrive_though_helper_and_service_are_killed(meeting: Meeting) -> None:
    meeting.wait_until_ready("teacher")
    live, machine = meeting.open("teacher"), meeting.machine("teacher")
    until(lambda: meeting.pieces("teacher"), "the first piece is safe while the meeting lasts")
    machine.kill("helper")
    machine.begin("helper")
    machine.kill("service")
    machine.begin("service")
    before = len(meeting.pieces("teacher"))
    until(lambda: len(meeting.pieces("teacher")) > before, "it goes on")
    live.drop()
    until(lambda: "teacher_session_data" in meeting.row, "the app has noted it")
    pieces = meeting.pieces("teacher")
    assert all(content.startswith(MATROSKA) for content in pieces.values())
    recordings = {key.rpartition(f"{machine.instance_id}-")[2].split("-")[0] for key in pieces}
    assert len(recordings) == 1, "a helper that is killed cuts no recording"
    assert "teacher_recording_lost" not in meeting.row
