"""What a person sees of the agent: the room, the warnings, the recording; and what the service hears of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desktop import notice
from desktop.alone import only_one
from desktop.config import Config
from desktop.helper import Helper
from desktop.notice import Notice, Phase, Told
from desktop.processes import begin, born
from tests.desktop.test_kept import Ran

START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
END = START + timedelta(minutes=60)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Session:
    """A person's session, in which a test sets the service's notice and the time."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        for name in ("shared", "session"):
            (folder / name).mkdir()
        self.config = replace(
            Config(), shared=folder / "shared", session=folder / "session", hooks=folder / "hooks", **settings
        )
        self.now = START
        self.ran: list[Ran] = []
        self.environ: list[Mapping[str, str]] = []
        self.shown: list[tuple[datetime, str]] = []
        self.cannot_show = False
        self.work: list[Callable[[], object]] = []
        self.browser: str | None = "/usr/bin/chromium"
        self.told_notice = Notice(
            phase=Phase.MEETING, role="teacher", name="Ada", room="https://v.example.com/r", ends_at=END
        )
        self.set()
        self.restart()

    def restart(self) -> None:
        self.helper = Helper(
            self.config, self.show, self, self.start, self.elapsed, lambda: self.now, lambda: self.browser
        )

    def set(self, **changed: Any) -> None:
        self.told_notice = replace(self.told_notice, **changed)
        notice.write(notice.notice_file(self.config.shared), self.told_notice)

    def live(self, span: timedelta | datetime) -> None:
        end = span if isinstance(span, datetime) else self.now + span
        while self.now < end:
            self.helper.step()
            self.now += 2 * SECOND

    def open_now(self, program: str = "chromium") -> list[Ran]:
        return [each for each in self.ran if each.code is None and program in each.command[0]]

    @property
    def told(self) -> Told:
        found = notice.read_told(self.config.session)
        assert found is not None
        return found

    def show(self, text: str) -> None:
        if self.cannot_show:
            raise OSError("no screen")
        self.shown.append((self.now, text))

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> Ran:
        self.ran.append(Ran(command))
        self.environ.append(environ)
        return self.ran[-1]

    def elapsed(self) -> float:
        return self.now.timestamp()

    def put(self, work: Callable[[], object]) -> None:
        self.work.append(work)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


# --- the room


def test_the_room_is_opened_with_the_person_s_name_and_again_when_it_is_closed(session: Session) -> None:
    session.live(2 * MINUTE)
    [browser] = session.open_now()
    assert browser.command[-1].startswith("https://v.example.com/r#")
    assert "Ada" in browser.command[-1]
    assert session.told.room_opened
    browser.code = 0
    session.live(6 * SECOND)
    assert len(session.open_now()) == 1
    assert len(session.ran) == 2


def test_a_service_that_begins_anew_throws_nobody_out(session: Session) -> None:
    session.live(MINUTE)
    session.set(phase=Phase.WAITING)
    session.live(5 * MINUTE)
    assert len(session.open_now()) == 1


def test_before_the_app_has_told_it_nothing_is_opened(session: Session) -> None:
    session.set(phase=Phase.WAITING, room=None, name=None, ends_at=None)
    session.live(5 * MINUTE)
    assert (session.ran, session.shown, session.work) == ([], [], [])


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_without_a_notice_that_can_be_read_nothing_changes(session: Session, text: str) -> None:
    session.live(MINUTE)
    notice.notice_file(session.config.shared).write_text(text)
    session.live(MINUTE)
    assert len(session.open_now()) == 1


def test_another_program_may_take_the_room_s_place(tmp_path: Path) -> None:
    session = Session(tmp_path, program=("whiteboard.exe", "--full"))
    session.live(10 * SECOND)
    assert [each.command for each in session.ran] == [["whiteboard.exe", "--full"]]
    assert session.environ[0]["ELEPHANT_NAME"] == "Ada"


@pytest.mark.parametrize("room", ["file:///etc/passwd", "javascript:alert(1)", "calc.exe"])
def test_what_is_no_room_is_said_and_not_opened(session: Session, room: str) -> None:
    session.set(room=room)
    session.live(MINUTE)
    assert session.ran == []
    assert "must begin with https://" in str(session.told.fault)


def test_a_meeting_without_a_room_opens_none(session: Session) -> None:
    session.set(room=None)
    session.live(MINUTE)
    assert session.ran == []
    assert session.told.fault is None


def test_without_a_browser_it_is_said_until_there_is_one(session: Session) -> None:
    session.browser = None
    session.live(10 * SECOND)
    assert "No browser is found" in str(session.told.fault)
    session.browser = "/usr/bin/chromium"
    session.live(10 * SECOND)
    assert session.told.fault is None


def test_a_room_that_was_taken_away_is_closed(session: Session) -> None:
    session.live(MINUTE)
    session.set(room=None)
    session.live(MINUTE)
    assert session.open_now() == []


def test_at_the_end_the_room_is_closed(session: Session) -> None:
    session.live(MINUTE)
    session.set(phase=Phase.ENDING)
    session.live(2 * MINUTE)
    assert session.open_now() == []
    assert len(session.ran) == 1


# --- the recording


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


# --- time


def test_it_warns_ten_and_two_minutes_before_the_end(session: Session) -> None:
    session.set(connected=True)
    session.live(END)
    assert [text for _, text in session.shown] == [
        "This meeting ends in 10 minutes.",
        "This meeting ends in 2 minutes.",
    ]
    assert [END - when for when, _ in session.shown] == [10 * MINUTE, 2 * MINUTE]


def test_by_the_app_s_time_and_not_by_the_machine_s(session: Session) -> None:
    session.set(connected=True)
    session.set(clock_ahead_s=600.0)
    session.live(END + 9 * MINUTE)
    assert [when - END for when, _ in session.shown] == [timedelta(), 8 * MINUTE]


def test_one_that_was_made_longer_warns_again(session: Session) -> None:
    session.set(connected=True)
    session.live(END - 5 * MINUTE)
    session.set(ends_at=END + 15 * MINUTE)
    session.live(END + 15 * MINUTE)
    assert len(session.shown) == 3


def test_who_comes_in_the_last_minutes_is_warned_once(session: Session) -> None:
    session.set(connected=True)
    session.now = END - MINUTE
    session.live(END)
    assert [text for _, text in session.shown] == ["This meeting ends in 1 minute."]


def test_nobody_is_warned_who_is_not_there_and_everybody_who_comes(session: Session) -> None:
    session.set(connected=False)
    session.live(END - 5 * MINUTE)
    assert session.shown == []
    session.set(connected=True)
    session.live(END)
    assert [text for _, text in session.shown] == [
        "This meeting ends in 5 minutes.",
        "This meeting ends in 2 minutes.",
    ]


def test_a_helper_that_is_begun_anew_repeats_nothing(session: Session) -> None:
    session.set(connected=True)
    session.live(END - 9 * MINUTE)
    before = len(session.work)
    session.restart()
    session.live(2 * MINUTE)
    assert len(session.shown) == 1
    assert len(session.work) == before + 1, "who is connected is new to it, the end's approach is not"


def test_a_screen_that_shows_nothing_is_said_and_stops_nothing(session: Session) -> None:
    session.set(connected=True)
    session.cannot_show = True
    session.live(END)
    assert session.told.fault == "The person cannot be warned: no screen."
    assert len(session.open_now()) == 1


# --- hooks, and what else may happen


def test_the_operator_s_commands_are_queued_once_each(session: Session) -> None:
    session.live(MINUTE)
    session.set(connected=True)
    session.live(MINUTE)
    session.set(connected=False)
    session.live(END - MINUTE)
    session.set(phase=Phase.ENDING)
    session.live(MINUTE)
    session.set(phase=Phase.OVER)
    session.live(MINUTE)
    assert len(session.work) == 4


def test_a_folder_that_cannot_be_written_stops_nothing_and_is_told_of_at_once_when_it_can(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    notice.told_file(session.config.session).mkdir()
    session.live(MINUTE)
    assert len(session.open_now()) == 1
    assert caplog.text.count("cannot be told") == 1
    notice.told_file(session.config.session).rmdir()
    session.live(SECOND)
    assert session.told.room_opened


def test_two_helpers_are_never_at_work_in_one_session(tmp_path: Path) -> None:
    first = only_one(tmp_path / "helper.lock")
    assert first
    with first:
        assert only_one(tmp_path / "helper.lock") is None
    second = only_one(tmp_path / "helper.lock")
    assert second
    second.close()
