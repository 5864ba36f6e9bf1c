"""What a person reads of when their desktop closes: each thing once, and what was said is taken back in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.desktop.sessions import END, MINUTE, Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = Session(tmp_path)
    session.set(connected=True)
    return session


def said(session: Session) -> list[str]:
    return [text for _, text in session.shown]


def test_ten_and_two_minutes_before_the_end(session: Session) -> None:
    session.live(END)
    assert said(session) == ["This meeting ends in 10 minutes.", "This meeting ends in 2 minutes."]
    assert [END - when for when, _ in session.shown] == [10 * MINUTE, 2 * MINUTE]


def test_by_the_app_s_time_and_not_by_the_machine_s(session: Session) -> None:
    session.set(clock_ahead_s=600.0)
    session.live(END + 9 * MINUTE)
    assert [when - END for when, _ in session.shown] == [0 * MINUTE, 8 * MINUTE]
    assert said(session) == ["This meeting ends in 10 minutes.", "This meeting ends in 2 minutes."]


@pytest.mark.parametrize("minutes", [30, 9, 1], ids=["before any warning", "after the first", "after the last"])
def test_one_that_was_extended_takes_back_what_was_said_and_warns_again(session: Session, minutes: int) -> None:
    session.live(END - minutes * MINUTE)
    before = len(session.shown)
    session.set(ends_at=END + 15 * MINUTE)
    session.live(END + 15 * MINUTE)
    assert said(session)[before:] == [
        f"The meeting was extended until 16:15 UTC, in {minutes + 15} minutes.",
        "This meeting ends in 10 minutes.",
        "This meeting ends in 2 minutes.",
    ]


def test_one_that_was_made_shorter_says_so(session: Session) -> None:
    session.live(END - 30 * MINUTE)
    session.set(ends_at=END - 15 * MINUTE)
    session.live(END - 26 * MINUTE)
    session.set(ends_at=END - 25 * MINUTE)
    session.live(END - 25 * MINUTE)
    assert said(session) == [
        "This meeting ends earlier than planned: in 15 minutes, at 15:45 UTC.",
        "This meeting ends earlier than planned: in 1 minute, at 15:35 UTC.",
    ]


def test_the_other_has_finished_and_the_desktop_closes_with_warnings_of_its_own(session: Session) -> None:
    session.live(END - 50 * MINUTE)
    session.set(ends_at=END - 20 * MINUTE, is_announced=True)
    session.live(END - 20 * MINUTE)
    assert said(session) == [
        "The other person has finished. This desktop closes in 30 minutes, at 15:40 UTC.",
        "This desktop closes in 10 minutes.",
        "This desktop closes in 2 minutes.",
    ]


def test_the_other_comes_back_and_that_is_taken_back(session: Session) -> None:
    session.live(END - 50 * MINUTE)
    session.set(ends_at=END - 20 * MINUTE, is_announced=True)
    session.live(END - 25 * MINUTE)
    session.set(ends_at=END, is_announced=False, minutes_left=None)
    session.live(END - 15 * MINUTE)
    assert said(session)[2:] == [
        "The other person has come back: the meeting goes on. It ends in 25 minutes, at 16:00 UTC."
    ]
    session.live(END)
    assert len(said(session)) == 5


def test_the_other_leaves_once_more_and_the_new_end_is_said(session: Session) -> None:
    session.set(ends_at=END - 20 * MINUTE, is_announced=True)
    session.live(END - 50 * MINUTE)
    session.set(ends_at=END - 5 * MINUTE)
    session.live(END - 45 * MINUTE)
    assert said(session)[1:] == ["This desktop stays open until 15:55 UTC, in 45 minutes."]


def test_who_comes_in_the_last_minutes_is_warned_once(session: Session) -> None:
    session.now = END - MINUTE
    session.live(END)
    assert said(session) == ["This meeting ends in 1 minute."]


def test_nobody_is_told_who_is_not_there_and_everybody_who_comes(session: Session) -> None:
    session.set(connected=False)
    session.live(END - 30 * MINUTE)
    session.set(ends_at=END + 15 * MINUTE)
    session.live(END + 10 * MINUTE)
    assert said(session) == []
    session.set(connected=True)
    session.live(END + 15 * MINUTE)
    assert said(session) == ["This meeting ends in 5 minutes.", "This meeting ends in 2 minutes."]


def test_who_was_away_meanwhile_is_told_on_coming_back(session: Session) -> None:
    session.live(END - 30 * MINUTE)
    session.set(connected=False, ends_at=END + 15 * MINUTE)
    session.live(END - 20 * MINUTE)
    session.set(connected=True)
    session.live(END - 19 * MINUTE)
    assert said(session) == ["The meeting was extended until 16:15 UTC, in 35 minutes."]


def test_a_helper_that_is_begun_anew_repeats_nothing(session: Session) -> None:
    session.set(ends_at=END - 20 * MINUTE, is_announced=True)
    session.live(END - 29 * MINUTE)
    before = said(session)
    session.restart()
    session.live(END - 23 * MINUTE)
    assert said(session) == before


@pytest.mark.parametrize("kept", [{}, [], {"desktop": "i-0123456789abcdef0"}, "x"])
def test_what_is_kept_of_another_desktop_or_in_another_form_counts_as_nothing(session: Session, kept: object) -> None:
    file = session.config.session / "helper.json"
    file.write_text(json.dumps({"instance_id": "session", "kept": {"warned": kept}}))
    session.restart()
    session.live(END - 5 * MINUTE)
    assert said(session) == ["This meeting ends in 10 minutes."]


def test_a_meeting_whose_end_nobody_knows_warns_of_none(session: Session) -> None:
    session.set(ends_at=None)
    session.live(END)
    assert said(session) == []
