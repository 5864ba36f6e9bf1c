"""A desktop from the first word to the app until everybody has gone, and what goes wrong on the way."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from desktop.api import AppRefused
from desktop.ends import LAST_WORD
from desktop.life import RECORDER_S
from desktop.notice import Phase
from tests.desktop.lives import END, ME, ROOM, START, Desktop

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
UPLOAD = "echo https://sessions.example.com/a"


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    desktop = Desktop(tmp_path)
    for moment in ("connect", "disconnect", "before-end", "end"):
        desktop.hook(moment)
    return desktop


def uploading(folder: Path) -> Desktop:
    return Desktop(folder, upload=(str(Desktop.command(folder / "upload", UPLOAD)),))


# --- whose desktop


def test_one_that_the_app_does_not_name_waits_and_changes_nothing(desktop: Desktop) -> None:
    desktop.refuses = AppRefused(404, "That meeting names no desktop, now or yet.")
    desktop.connections = 1
    desktop.live(END + 10 * MINUTE)
    assert desktop.life.seat() is None
    assert desktop.notice.phase is Phase.WAITING
    assert {asked for _, asked, _ in desktop.said} == {"GET"}
    assert (desktop.ran(), desktop.allowed, desktop.closed_at) == ([], [], [])


def test_it_tells_the_helper_what_the_app_has_told(desktop: Desktop) -> None:
    desktop.live(MINUTE)
    told = desktop.notice
    assert (told.phase, told.role, told.name, told.other_name) == (Phase.MEETING, "teacher", "Ada", "Boonki")
    assert (told.room, told.ends_at, told.connected) == (ROOM, END, False)
    assert desktop.allowed == ["https://video.example.com"]
    seat = desktop.life.seat()
    assert seat is not None
    assert seat.instance_id == ME


@pytest.mark.parametrize(
    "room", ["https://[", "https://video.example.com:port/r", "file:///etc/passwd", "javascript:x"]
)
def test_a_room_that_is_none_stops_nothing_and_is_allowed_nothing(desktop: Desktop, room: str) -> None:
    desktop.place["jitsi_url"] = room
    desktop.live(MINUTE)
    assert desktop.notice.phase is Phase.MEETING
    assert desktop.allowed == []


def test_camera_and_microphone_are_allowed_as_soon_as_they_can_be(desktop: Desktop) -> None:
    desktop.cannot_allow = True
    desktop.live(MINUTE)
    assert desktop.allowed == []
    desktop.cannot_allow = False
    desktop.live(2 * MINUTE)
    assert desktop.allowed == ["https://video.example.com"]


def test_one_that_was_replaced_lets_nobody_in_on_what_it_knew(desktop: Desktop) -> None:
    desktop.live(MINUTE)
    desktop.refuses = AppRefused(404, "That meeting names no desktop, now or yet.")
    desktop.live(6 * MINUTE)
    assert desktop.life.seat() is None
    assert desktop.closed_at == []


@pytest.mark.parametrize("name", ["عائشة بنت محمد", "王小明", "🐘" * 100, 'O\'Neil "Bo" & <b>', "\u202egnirts"])
def test_names_in_every_script_reach_the_helper_whole(desktop: Desktop, name: str) -> None:
    desktop.place["name"] = name
    desktop.live(SECOND)
    assert desktop.notice.name == name


# --- presence


def test_who_comes_and_goes_is_told_within_a_quarter_of_a_minute(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.connections = 1
    desktop.live(15 * SECOND)
    assert desktop.told("presence")[-1][1]["connected"] is True
    assert desktop.notice.connected
    desktop.connections = 0
    desktop.live(15 * SECOND)
    assert desktop.told("presence")[-1][1]["connected"] is False
    assert desktop.ran() == ["connect", "disconnect"]


def test_where_nothing_happens_the_app_hears_of_it_every_five_minutes_only(desktop: Desktop) -> None:
    desktop.live(MINUTE)
    desktop.said.clear()
    desktop.live(30 * MINUTE)
    assert 5 <= len(desktop.told("presence")) <= 7
    assert (desktop.told("ready"), desktop.told("GET")) == ([], [])


def test_while_dcv_cannot_be_asked_nobody_is_taken_to_have_gone(desktop: Desktop) -> None:
    desktop.connections = 1
    desktop.live(START)
    desktop.connections = None
    desktop.live(10 * MINUTE)
    assert desktop.ran() == ["connect"]
    assert all(body["connected"] for _, body in desktop.told("presence"))


def test_what_happened_is_dated_as_it_was_seen_however_late_the_app_hears_of_it(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.is_reached = False
    desktop.connections = 1
    desktop.live(5 * SECOND)
    desktop.is_reached = True
    desktop.live(MINUTE)
    [(heard_at, told)] = desktop.told("presence")[-1:]
    seen_at = datetime.fromisoformat(told.pop("since"))
    assert told == {"connected": True}
    assert START <= seen_at < heard_at


def test_a_restart_is_no_coming_and_going(desktop: Desktop) -> None:
    desktop.connections = 1
    desktop.live(START)
    desktop.restart()
    desktop.live(MINUTE)
    assert desktop.ran() == ["connect"]


# --- the end


def test_at_the_end_the_door_shuts_and_everybody_is_sent_out(desktop: Desktop) -> None:
    desktop.connections = 1
    desktop.live(END)
    assert desktop.life.seat() is not None
    desktop.live(5 * SECOND)
    assert desktop.life.seat() is None
    assert desktop.notice.phase is Phase.OVER
    assert len(desktop.closed_at) == 1
    assert desktop.ran() == ["connect", "before-end", "end"]


def test_what_records_ends_first(desktop: Desktop) -> None:
    desktop.live(END)
    desktop.helper_says(recording=True)
    desktop.live(10 * SECOND)
    assert (desktop.notice.phase, desktop.closed_at) == (Phase.ENDING, [])
    desktop.helper_says(recording=False)
    desktop.live(2 * SECOND)
    assert len(desktop.closed_at) == 1


@pytest.mark.parametrize("lives", [True, False])
def test_but_is_not_waited_for_longer_than_its_time(desktop: Desktop, lives: bool) -> None:
    desktop.live(END)
    desktop.helper_says(recording=True)
    for _ in range(RECORDER_S + 5):
        desktop.live(SECOND)
        if lives:
            desktop.helper_says(recording=True)
    assert len(desktop.closed_at) == 1


def test_ten_minutes_before_it_the_app_is_asked_anew(desktop: Desktop) -> None:
    desktop.live(END - 12 * MINUTE)
    desktop.place["ends_at"] = (END + 15 * MINUTE).isoformat()
    desktop.live(END)
    assert desktop.ran() == []
    desktop.live(END + 16 * MINUTE)
    assert desktop.ran() == ["before-end", "end"]


def test_one_that_was_made_longer_in_the_last_minute_goes_on(desktop: Desktop) -> None:
    desktop.connections = 1
    desktop.live(END - MINUTE)
    desktop.place["ends_at"] = (END + 15 * MINUTE).isoformat()
    desktop.live(END + 14 * MINUTE)
    assert desktop.closed_at == []
    desktop.live(END + 16 * MINUTE)
    assert len(desktop.closed_at) == 1


def test_the_helper_is_told_the_minutes_that_are_left_by_the_app_s_latest_word(desktop: Desktop) -> None:
    desktop.live(END - 9 * MINUTE)
    assert (desktop.notice.minutes_left, desktop.notice.ends_at) == (10, END)
    desktop.place["ends_at"] = (END + 15 * MINUTE).isoformat()
    desktop.live(2 * MINUTE)
    assert (desktop.notice.minutes_left, desktop.notice.ends_at) == (None, END + 15 * MINUTE)
    desktop.live(END + 5 * MINUTE + 2 * SECOND)
    assert desktop.notice.minutes_left == 10
    assert desktop.ran() == ["before-end"] * 2


def test_the_other_has_finished_and_at_the_announced_end_it_closes(desktop: Desktop) -> None:
    closes_at = START + 40 * MINUTE
    desktop.connections = 1
    desktop.live(START + 10 * MINUTE)
    desktop.place["closes_at"] = closes_at.isoformat()
    desktop.live(6 * MINUTE)
    assert (desktop.notice.is_announced, desktop.notice.ends_at) == (True, closes_at)
    desktop.live(closes_at)
    assert desktop.closed_at == []
    desktop.live(10 * SECOND)
    assert len(desktop.closed_at) == 1
    assert desktop.notice.phase is Phase.OVER
    assert desktop.ran() == ["connect", "before-end", "end"]


def test_unless_the_other_comes_back(desktop: Desktop) -> None:
    closes_at = START + 40 * MINUTE
    desktop.connections = 1
    desktop.place["closes_at"] = closes_at.isoformat()
    desktop.live(closes_at - 5 * SECOND)
    del desktop.place["closes_at"]
    desktop.live(2 * MINUTE)
    assert (desktop.notice.is_announced, desktop.notice.ends_at, desktop.closed_at) == (False, END, [])
    desktop.live(END + 10 * SECOND)
    assert len(desktop.closed_at) == 1


def test_an_app_that_cannot_be_reached_keeps_nobody_past_the_end(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.is_reached = False
    desktop.live(END + LAST_WORD + 5 * SECOND)
    assert len(desktop.closed_at) == 1


def test_a_meeting_that_ends_before_its_time_ends_here_too(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.refuses = AppRefused(410, "This desktop's meeting has ended.")
    desktop.live(6 * MINUTE)
    assert len(desktop.closed_at) == 1


def test_a_session_that_does_not_close_is_closed_again(desktop: Desktop, caplog: pytest.LogCaptureFixture) -> None:
    desktop.closes = False
    with caplog.at_level(logging.WARNING):
        desktop.live(END + 25 * SECOND)
    assert len(desktop.closed_at) == 3
    assert "Nobody could be sent out" in caplog.text
    desktop.closes = True
    desktop.live(15 * SECOND)
    assert desktop.notice.phase is Phase.OVER


@pytest.mark.parametrize("after", [END - MINUTE, END + SECOND, END + 20 * SECOND])
def test_killed_at_the_end_it_ends_once_and_wholly(desktop: Desktop, after: object) -> None:
    desktop.connections = 1
    desktop.live(END - 2 * MINUTE)
    desktop.helper_says(recording=True)
    desktop.live(after)  # type: ignore[arg-type]
    desktop.restart()
    desktop.live(END + 2 * MINUTE)
    assert desktop.notice.phase is Phase.OVER
    assert not desktop.has_session
    assert desktop.ran() == ["connect", "before-end", "end", "disconnect"]


# --- the recording


def test_what_was_recorded_is_uploaded_once_its_person_is_away(tmp_path: Path) -> None:
    desktop = uploading(tmp_path)
    desktop.live(START)
    desktop.connections = 1
    desktop.live(10 * MINUTE)
    desktop.connections = 0
    desktop.live(MINUTE)
    desktop.connections = 1
    desktop.live(MINUTE)
    desktop.connections = 0
    assert desktop.told("uploaded") == []  # a reload is no leaving
    left_at = desktop.now
    desktop.live(5 * MINUTE)
    [(when, body)] = desktop.told("uploaded")
    assert body == {"url": "https://sessions.example.com/a"}
    assert when - left_at >= timedelta(minutes=2)


def test_one_who_stays_until_the_end_is_uploaded_then(tmp_path: Path) -> None:
    desktop = uploading(tmp_path)
    desktop.connections = 1
    desktop.live(END + MINUTE)
    [(when, _)] = desktop.told("uploaded")
    assert when >= desktop.closed_at[0]


def test_the_address_is_told_once_the_app_is_reached_again_also_after_a_restart(tmp_path: Path) -> None:
    desktop = uploading(tmp_path)
    desktop.connections = 1
    desktop.live(START)
    desktop.is_reached = False
    desktop.live(END + 5 * MINUTE)
    desktop.restart()
    desktop.live(MINUTE)
    desktop.is_reached = True
    desktop.live(MINUTE)
    assert len(desktop.told("uploaded")) == 1


def test_where_nobody_came_nothing_is_uploaded(tmp_path: Path) -> None:
    desktop = uploading(tmp_path)
    desktop.live(END + 5 * MINUTE)
    assert desktop.told("uploaded") == []


# --- bad days


def test_a_folder_that_cannot_be_written_stops_nothing(desktop: Desktop, caplog: pytest.LogCaptureFixture) -> None:
    desktop.config.shared.joinpath("notice.json").unlink()
    desktop.config.shared.rmdir()
    desktop.config.shared.write_text("in the way")
    with caplog.at_level(logging.ERROR):
        desktop.live(START)
    assert caplog.text.count("The helper cannot be told") == 1
    assert desktop.told("ready")
    desktop.config.shared.unlink()
    desktop.config.shared.mkdir()
    desktop.live(SECOND)
    assert desktop.notice.phase is Phase.MEETING


def test_an_app_that_is_away_for_an_hour_loses_nothing(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.is_reached = False
    desktop.connections = 1
    desktop.place["ends_at"] = (END + 60 * MINUTE).isoformat()
    desktop.live(END - MINUTE)
    assert desktop.life.seat() is not None
    desktop.is_reached = True
    desktop.live(15 * SECOND)
    assert desktop.told("presence")[-1][1]["connected"] is True
    desktop.live(END + 10 * MINUTE)
    assert desktop.closed_at == []


def test_what_the_helper_says_is_hearsay(desktop: Desktop) -> None:
    """The person may write there: it can hold up the end for its time, and nothing else."""
    (desktop.config.session / "told.json").write_text('{"at": "2199-01-01T00:00:00Z", "recording": true}')
    desktop.live(END + 5 * SECOND)
    assert len(desktop.closed_at) == 1
