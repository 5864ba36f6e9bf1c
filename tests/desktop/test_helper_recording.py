"""What the helper records, and hands over."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from desktop.notice import Phase
from desktop.processes import begin, born
from tests.desktop.sessions import ME, MINUTE, SECOND, Session


def test_it_records_while_the_person_is_there_and_a_reload_does_not_cut_it(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.live(MINUTE)
    assert not session.told.recording
    for connected, span in ((True, 10), (False, 1), (True, 5)):
        session.set(connected=connected)
        session.live(span * MINUTE)
    [recorder] = session.open_now("recorder")
    assert session.told.recording
    session.set(connected=False)
    session.live(5 * MINUTE)
    assert recorder.code is not None
    assert not session.told.recording


@pytest.mark.skipif(sys.platform == "win32", reason="there nobody is told of what SIGTERM does")
def test_a_recording_that_was_left_running_goes_on_as_after_a_leaving(tmp_path: Path) -> None:
    """The helper before was killed; nobody is connected, or it is not known yet who is."""
    session = Session(tmp_path, recorder=("recorder",))
    left = begin([sys.executable, "-c", "import time; time.sleep(600)"], {})
    mark = {"pid": left.pid, "born": born(left.pid), "command": ["recorder"]}
    (session.config.session / "recorder.pid").write_text(json.dumps(mark))
    session.restart()
    session.live(session.config.away - 10 * SECOND)
    assert session.told.recording
    assert left.poll() is None
    session.live(20 * SECOND)
    assert left.wait(30) == -15
    session.live(4 * SECOND)
    assert not session.told.recording
    assert session.open_now("recorder") == []


def test_each_recording_has_a_folder_of_its_own(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",), program=("whiteboard",))
    session.set(connected=True)
    session.live(2 * MINUTE)
    session.open_now("recorder")[0].code = 1
    session.live(2 * MINUTE)
    folders = [each["ELEPHANT_RECORDING"] for each in session.environ if "ELEPHANT_RECORDING" in each]
    assert len(folders) == len(set(folders)) == 2
    assert all(folder.startswith(str(session.config.session / "recordings")) for folder in folders)


def test_the_service_hears_of_a_recording_that_has_died_whatever_the_notice_says(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.set(connected=True)
    session.live(MINUTE)
    session.set(phase=Phase.WAITING)
    session.open_now("recorder")[0].code = 1
    session.live(4 * SECOND)
    assert not session.told.recording


def test_the_service_hears_when_the_recording_has_ended(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.set(connected=True)
    session.live(MINUTE)
    session.set(phase=Phase.ENDING)
    session.live(4 * SECOND)
    assert session.told.recording
    session.open_now("recorder")[0].code = 0
    session.live(4 * SECOND)
    assert not session.told.recording


@pytest.mark.parametrize("own", [["python", "-m", "desktop", "record"], []])
def test_without_one_of_the_image_s_the_agent_s_own_records_where_it_can(tmp_path: Path, own: list[str]) -> None:
    session = Session(tmp_path)
    session.own_recorder = own
    session.set(connected=True)
    session.live(MINUTE)
    assert [each.command for each in session.open_now("python")] == [own] * bool(own)
    assert session.told.recording is bool(own)
    assert (session.told.fault is None) is bool(own)
    assert own or "ffmpeg is not found" in str(session.told.fault)


def test_where_the_app_does_not_say_so_nothing_is_recorded(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.set(connected=True, record=False)
    session.live(5 * MINUTE)
    assert session.open_now("recorder") == []
    session.set(record=True)
    session.live(MINUTE)
    assert len(session.open_now("recorder")) == 1
    session.set(record=False)
    session.live(MINUTE)
    assert session.open_now("recorder") == []


def test_finished_pieces_are_handed_over_while_it_records_and_the_rest_when_it_has_ended(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.set(connected=True)
    session.live(MINUTE)
    folder = session.recording()
    for name in ("finished/0001.mkv", "running/0002.mkv"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(name)
    session.live(MINUTE)
    assert session.handed_over() == [f"{folder.name}-0001.mkv"]
    session.restart()  # the helper was killed; what it records is begun again
    session.set(phase=Phase.ENDING)
    session.live(MINUTE)
    assert session.handed_over() == [f"{folder.name}-0001.mkv", f"{folder.name}-0002.mkv"]
    assert session.told.pieces_left == 0
    assert not folder.exists()


def test_a_recorder_that_was_taken_over_keeps_what_it_is_writing(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.set(connected=True)
    session.live(MINUTE)
    folder = session.recording()
    (folder / "running").mkdir(parents=True)
    (folder / "running" / "0001.mkv").write_text("is being written")
    left = begin([sys.executable, "-c", "import time; time.sleep(600)"], {})
    try:
        mark = {"pid": left.pid, "born": born(left.pid), "command": ["recorder"]}
        (session.config.session / "recorder.pid").write_text(json.dumps(mark))
        session.restart()
        session.live(MINUTE)
        assert session.handed_over() == []
        (session.config.session / "helper.json").unlink()  # now nobody knows into which folder it writes
        session.restart()
        session.live(MINUTE)
        assert session.handed_over() == []
    finally:
        left.kill()
        left.wait()


def test_where_nothing_is_uploaded_what_was_recorded_stays_and_so_does_what_another_desktop_has(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    mine, another = (session.config.session / "recordings" / each / "1" for each in (ME, "i-0fedcba9876543210"))
    for folder in (mine, another):
        folder.mkdir(parents=True)
        (folder / "a.mkv").write_text("x")
    session.set(hand_over=False)
    session.live(MINUTE)
    assert session.handed_over() == []
    session.set(hand_over=True)
    session.live(MINUTE)
    assert session.handed_over() == ["1-a.mkv"]
    assert (another / "a.mkv").exists()


def test_what_cannot_be_handed_over_is_counted_and_said(tmp_path: Path) -> None:
    session = Session(tmp_path, recorder=("recorder",))
    session.config.drop.rmdir()
    folder = session.config.session / "recordings" / ME / "1"
    folder.mkdir(parents=True)
    (folder / "a.mkv").write_text("x")
    session.live(MINUTE)
    assert session.told.pieces_left == 1
    assert "a.mkv cannot be put into" in str(session.told.fault)
    session.config.drop.mkdir()
    session.live(MINUTE)
    assert (session.handed_over(), session.told.pieces_left, session.told.fault) == (["1-a.mkv"], 0, None)
