"""What becomes of what was recorded, and what the app hears of it, in a desktop's whole life."""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from desktop.recordings import LAST_CALL, SILENT_S
from tests.desktop.lives import END, ME, START, Desktop

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def desktop(tmp_path: Path) -> Desktop:
    return Desktop(tmp_path)


def live(desktop: Desktop, until: Any, **told: Any) -> None:
    """Let time pass with a helper that says this all the while."""
    end = desktop.now + until if isinstance(until, timedelta) else until
    while desktop.now < end:
        desktop.helper_says(**told)
        desktop.live(min(10 * SECOND, end - desktop.now))


def record(desktop: Desktop, pieces: int) -> None:
    """Let the person come, and record so many pieces of five minutes."""
    desktop.connections = 1
    for number in range(pieces):
        live(desktop, 5 * MINUTE, recording=True)
        desktop.drop(f"000{number + 1}.mkv")
    live(desktop, 10 * SECOND, recording=True)


def uploaded(desktop: Desktop) -> list[Any]:
    return [body for _, body in desktop.told("uploaded")]


def waiting(desktop: Desktop) -> list[str]:
    return sorted(file.name for file in (desktop.config.state / "outbox" / ME).iterdir())


def test_pieces_go_up_while_the_meeting_lasts_and_are_told_when_the_person_is_away(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 2)
    assert len(desktop.sent) == 2
    assert waiting(desktop) == []
    assert uploaded(desktop) == []
    desktop.connections = 0
    left_at = desktop.now
    live(desktop, MINUTE, recording=True)
    live(desktop, 50 * SECOND, recording=False)
    desktop.drop("0003.mkv")
    live(desktop, 5 * MINUTE, recording=False)
    [(when, body)] = desktop.told("uploaded")
    assert body == {"pieces": 3, "lost": []}
    assert when - left_at >= timedelta(minutes=2)


def test_the_oldest_goes_first_and_each_under_a_name_of_its_own(desktop: Desktop) -> None:
    desktop.live(START)
    for name in ("c", "a", "b", "c"):
        desktop.drop(f"{name}.mkv")
        if name == "b":
            live(desktop, MINUTE)
    live(desktop, MINUTE)
    names = [name for _, name in desktop.sent]
    assert [name[0] for name in names] == ["c", "a", "b", "c"]
    assert len(set(names)) == 4


def test_once_one_has_arrived_the_others_are_not_kept_waiting(desktop: Desktop) -> None:
    desktop.s3_fault = "S3 is busy."
    desktop.live(START)
    record(desktop, 3)
    live(desktop, 2 * MINUTE)
    desktop.s3_fault = None
    live(desktop, 70 * SECOND)
    assert desktop.sent[-1][0] - desktop.sent[0][0] <= 3 * SECOND
    assert len(desktop.sent) == 3


def test_what_is_still_recorded_or_not_handed_over_is_waited_for(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 1)
    desktop.connections = 0
    live(desktop, 5 * MINUTE, recording=True)
    live(desktop, 5 * MINUTE, recording=False, pieces_left=1)
    assert uploaded(desktop) == []
    live(desktop, MINUTE, recording=False)
    assert uploaded(desktop) == [{"pieces": 1, "lost": []}]


@pytest.mark.parametrize("after_s", [0, 1])
def test_what_is_handed_over_with_the_helper_s_last_word_is_counted(desktop: Desktop, after_s: int) -> None:
    """Just between two looks at the drop folder."""
    desktop.live(START)
    record(desktop, 1)
    desktop.connections = 0
    live(desktop, 5 * MINUTE + after_s * SECOND, recording=True)
    desktop.drop("0002.mkv")
    desktop.helper_says(recording=False)
    desktop.live(20 * SECOND)
    assert uploaded(desktop) == [{"pieces": 2, "lost": []}]


def test_who_comes_back_is_uploaded_and_told_again(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 1)
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    record(desktop, 1)
    assert len(uploaded(desktop)) == 1
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    desktop.connections = 1  # comes for a moment, in which nothing is finished
    live(desktop, MINUTE)
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    assert uploaded(desktop) == [{"pieces": 1, "lost": []}, *[{"pieces": 2, "lost": []}] * 2]


def test_at_the_end_the_last_piece_is_handed_over_before_people_are_sent_out_and_told_when_safe(
    desktop: Desktop,
) -> None:
    desktop.live(START)
    record(desktop, 2)
    live(desktop, END, recording=True)
    live(desktop, 10 * SECOND, recording=False, pieces_left=1)
    assert desktop.closed_at == []
    desktop.drop("0003.mkv")
    live(desktop, MINUTE, recording=False)
    [(when, body)] = desktop.told("uploaded")
    assert body == {"pieces": 3, "lost": []}
    assert desktop.closed_at[0] <= when <= END + 30 * SECOND


def test_what_fails_is_tried_until_the_deadline_and_then_said_and_once_it_is_safe_taken_back(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 1)
    desktop.s3_fault = "S3 answers 403 AccessDenied to part 1."
    live(desktop, END, recording=True)
    desktop.drop("0002.mkv")
    assert desktop.deadline
    live(desktop, desktop.deadline - LAST_CALL - 5 * SECOND, recording=False)
    assert uploaded(desktop) == []
    live(desktop, 20 * SECOND, recording=False)
    [told] = uploaded(desktop)
    assert told["pieces"] == 1
    [sentence] = told["lost"]
    assert sentence.startswith("0002")
    assert "(0.0 MiB) is not uploaded: S3 answers 403" in sentence
    desktop.s3_fault = None
    live(desktop, 2 * MINUTE, recording=False)
    assert uploaded(desktop)[-1] == {"pieces": 2, "lost": []}


def test_one_that_fails_is_tried_ever_more_slowly(desktop: Desktop, caplog: pytest.LogCaptureFixture) -> None:
    desktop.live(START)
    desktop.s3_fault = "S3 is busy."
    desktop.connections = 1
    desktop.drop("a.mkv")
    with caplog.at_level(logging.WARNING):
        live(desktop, 10 * MINUTE)
    gaps = [(after - before).total_seconds() for before, after in pairwise(desktop.tried)]
    assert gaps[:5] == [2, 4, 8, 16, 32]
    assert set(gaps[5:]) == {60}
    assert caplog.text.count("S3 is busy") == 1


def test_a_meeting_that_the_app_has_ended_is_told_what_is_missing_at_once(desktop: Desktop) -> None:
    from desktop.api import AppRefused

    desktop.live(START)
    record(desktop, 1)
    desktop.s3_fault = "S3 is busy."
    desktop.drop("0002.mkv")
    desktop.refuses = AppRefused(410, "This desktop's meeting has ended.")
    live(desktop, 6 * MINUTE, recording=False)
    assert desktop.closed_at
    [*_, told] = uploaded(desktop)
    assert (told["pieces"], len(told["lost"])) == (1, 1)


def test_a_helper_that_is_gone_is_waited_for_and_then_said(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 1)
    desktop.connections = 0
    desktop.live(desktop.config.away + 40 * SECOND)
    assert uploaded(desktop) == []
    desktop.live(SILENT_S * SECOND)
    [told] = uploaded(desktop)
    assert told["pieces"] == 1
    assert told["lost"] == ["The session helper does not answer: what it had recorded last may be lost."]
    desktop.drop("0002.mkv")  # another one was begun
    live(desktop, MINUTE, recording=False)
    assert uploaded(desktop)[-1] == {"pieces": 2, "lost": []}


def test_where_nothing_was_recorded_it_is_said_with_the_helper_s_reason(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.connections = 1
    live(desktop, 10 * MINUTE, fault="Nothing records: ffmpeg is not found.\nReally.")
    desktop.connections = 0
    live(desktop, 5 * MINUTE, fault="Nothing records: ffmpeg is not found.\nReally.")
    said = "Nothing was recorded. The session helper says: Nothing records: ffmpeg is not found. Really."
    assert uploaded(desktop) == [{"pieces": 0, "lost": [said]}]


def test_an_empty_piece_is_said_as_lost_and_not_uploaded(desktop: Desktop) -> None:
    desktop.live(START)
    record(desktop, 1)
    desktop.drop("0002.mkv", b"")
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    [told] = uploaded(desktop)
    assert told["pieces"] == 1
    assert "holds 0 bytes" in told["lost"][0]
    assert len(desktop.sent) == 1


def test_more_that_is_lost_than_the_app_takes_is_counted(desktop: Desktop) -> None:
    desktop.live(START)
    desktop.connections = 1
    for number in range(12):
        desktop.drop(f"{number:02}.mkv", b"")
    live(desktop, MINUTE)
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    [told] = uploaded(desktop)
    assert len(told["lost"]) == 10
    assert told["lost"][-1] == "And 3 more; see the desktop's log."


def test_where_nobody_came_nothing_is_told(desktop: Desktop) -> None:
    live(desktop, END + 5 * MINUTE)
    assert uploaded(desktop) == []


def test_a_stage_that_does_not_record_hears_that_nothing_is_left_to_be_waited_for(desktop: Desktop) -> None:
    desktop.place["record"] = False
    desktop.live(START)
    desktop.connections = 1
    live(desktop, END + 5 * MINUTE)
    assert uploaded(desktop) == [{"pieces": 0, "lost": []}]
    assert not desktop.notice.record


def test_an_app_that_says_nothing_of_recording_has_none_made(desktop: Desktop) -> None:
    del desktop.place["record"], desktop.place["uploads"]
    desktop.live(START)
    assert (desktop.notice.record, desktop.notice.hand_over) == (False, False)


def test_where_the_app_signs_nothing_pieces_stay_and_that_is_said_once(
    desktop: Desktop, caplog: pytest.LogCaptureFixture
) -> None:
    desktop.place["uploads"] = False
    with caplog.at_level(logging.WARNING):
        desktop.live(START)
        record(desktop, 1)
        desktop.connections = 0
        live(desktop, 5 * MINUTE)
    assert (desktop.notice.record, desktop.notice.hand_over) == (True, False)
    assert [file.name for file in desktop.config.drop.iterdir()] == ["0001.mkv"]
    assert caplog.text.count("signs no links") == 1
    assert uploaded(desktop) == []


def test_where_the_operator_uploads_the_agent_does_not(tmp_path: Path) -> None:
    command = Desktop.command(tmp_path / "upload", "echo https://sessions.example.com/a")
    desktop = Desktop(tmp_path, upload=(str(command),))
    desktop.live(START)
    record(desktop, 1)
    desktop.connections = 0
    live(desktop, 5 * MINUTE)
    assert not desktop.notice.hand_over
    assert desktop.sent == []
    assert uploaded(desktop) == [{"url": "https://sessions.example.com/a"}]


@pytest.mark.parametrize("after_s", range(0, 60, 7))
def test_killed_at_any_moment_nothing_is_lost_or_told_twice(desktop: Desktop, after_s: int) -> None:
    desktop.live(START)
    record(desktop, 2)
    desktop.connections = 0
    live(desktop, desktop.config.away - 20 * SECOND, recording=False)
    desktop.drop("0003.mkv")
    live(desktop, after_s * SECOND, recording=False)
    desktop.restart()
    live(desktop, 5 * MINUTE, recording=False)
    assert uploaded(desktop) == [{"pieces": 3, "lost": []}]
    assert waiting(desktop) == []


def test_another_instance_uploads_nothing_of_what_this_one_has_left(desktop: Desktop) -> None:
    desktop.s3_fault = "S3 is busy."
    desktop.live(START)
    record(desktop, 1)
    desktop.drop("0002.mkv")
    other = Desktop.__new__(Desktop)
    other.__dict__.update(desktop.__dict__)
    other.s3_fault, other.sent, other.me = None, [], "i-0fedcba9876543210"
    other.restart()
    live(other, 5 * MINUTE)
    assert other.sent == []
    other.drop("0003.mkv")
    live(other, MINUTE)
    assert [name[:4] for _, name in other.sent] == ["0003"]
    assert [name[:4] for name in waiting(desktop)] == ["0001"]
