"""What a person sees of the agent: the room, the warnings, the recording; and what the service hears of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop import notice
from desktop.alone import only_one
from desktop.notice import Phase
from tests.desktop.sessions import END, MINUTE, SECOND, Session


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


# --- time


def test_a_helper_that_is_begun_anew_repeats_nothing(session: Session) -> None:
    session.set(connected=True)
    session.live(END - 9 * MINUTE)
    before = len(session.work)
    session.restart()
    session.live(2 * MINUTE)
    assert len(session.shown) == 1
    assert len(session.work) == before + 1, "who is connected is new to it, the end's approach is not"


def test_a_screen_that_shows_nothing_is_said_and_stops_nothing(session: Session) -> None:
    session.set(connected=True, record=False)
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
