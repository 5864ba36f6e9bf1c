"""Where a desktop has uploaded to, by its own word: once, dated by what was said last, and never of another's."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest, Unavailable
from chalicelib.guests import desk
from tests.builders import IN_PROGRESS, at
from tests.unit.places import changed, place, table

NOW = at(-4)


def test_an_upload_is_noted_once_and_dated_by_its_first() -> None:
    meetings = table(IN_PROGRESS)
    before = dict(meetings.rows["m1"])
    for minute, url in enumerate(("https://s.example.com/1", "https://s.example.com/1", "https://s.example.com/2")):
        desk.report_upload(meetings, place(meetings), url, at(20 + minute))
    assert changed(meetings, before) == {
        "teacher_session_data": "https://s.example.com/2",
        "teacher_uploaded_at": "2026-03-01T15:20:00Z",
        "teacher_saved_at": "2026-03-01T15:22:00Z",
    }


def test_what_is_said_anew_of_the_same_address_is_dated_anew_and_what_comes_twice_is_not_written_twice() -> None:
    meetings, url = table(IN_PROGRESS), "https://s.example.com/1"
    for heard, said in ((20, 20), (60, 60), (61, 60), (62, 20)):
        desk.report_upload(meetings, place(meetings), url, at(heard), said_at=at(said))
    assert meetings.rows["m1"]["teacher_saved_at"] == "2026-03-01T16:00:00Z"
    assert meetings.wire.calls.count("meetings.update") == 2


@pytest.mark.parametrize(
    ("came", "date"),
    [
        pytest.param({}, 20, id="nobody came back"),
        pytest.param({"teacher_connected_at": at(10)}, 20, id="who was there came before"),
        pytest.param({"teacher_connected_at": at(30)}, 60, id="somebody connected again"),
        pytest.param({"teacher_returned_at": at(30)}, 60, id="somebody was let in again"),
        pytest.param({"teacher_connected_at": at(60.5)}, 20, id="somebody came after that was said"),
        pytest.param({"student_connected_at": at(30)}, 20, id="the other one came back"),
    ],
)
def test_an_upload_is_dated_anew_where_its_person_had_come_back(came: dict[str, Any], date: float) -> None:
    meetings, url = table(IN_PROGRESS), "https://s.example.com/1"
    desk.report_upload(meetings, place(meetings), url, at(21), said_at=at(20))
    meetings.write("m1", {name: rows.timestamp(value) for name, value in came.items()})
    desk.report_upload(meetings, place(meetings), url, at(61), said_at=at(60))
    assert meetings.rows["m1"]["teacher_uploaded_at"] == rows.timestamp(at(date))


def test_one_who_comes_back_at_the_same_time_is_not_overlooked() -> None:
    meetings, url = table(IN_PROGRESS), "https://s.example.com/1"
    found = place(meetings)
    desk.report_presence(meetings, found, True, at(20))
    with pytest.raises(Unavailable, match="being changed"):
        desk.report_upload(meetings, found, url, at(21))


def test_a_word_that_comes_late_takes_nothing_back_that_was_said_since() -> None:
    meetings = table(IN_PROGRESS)
    desk.report_upload(meetings, place(meetings), "https://s.example.com/2", at(60), said_at=at(60))
    desk.report_upload(meetings, place(meetings), "https://s.example.com/1", at(61), said_at=at(59))
    assert meetings.rows["m1"]["teacher_saved_at"] == "2026-03-01T16:00:00Z"


@pytest.mark.parametrize(
    ("signed_at", "said_at"),
    [
        pytest.param("20260301T145500Z", at(-5), id="as it was signed"),
        pytest.param("20260301T145730Z", NOW, id="a clock that is ahead"),
        pytest.param(None, NOW, id="not signed by a header"),
        pytest.param("", NOW, id="empty"),
        pytest.param("2026-03-01T14:55:00Z", NOW, id="another form"),
        pytest.param("20260231T145500Z", NOW, id="no such day"),
    ],
)
def test_what_a_desktop_says_counts_from_when_it_signed_it(signed_at: str | None, said_at: datetime) -> None:
    assert desk.parse_said_at(signed_at, NOW) == said_at


def test_one_that_another_has_replaced_uploads_for_nobody() -> None:
    meetings = table(IN_PROGRESS)
    before = place(meetings)
    meetings.write("m1", meetings.rows["m1"] | {"teacher_ec2_id": "i-next"})
    with pytest.raises(Unavailable, match="being changed"):
        desk.report_upload(meetings, before, "https://s.example.com/1", at(20))
    assert "teacher_session_data" not in meetings.rows["m1"]


def test_an_end_that_comes_in_between_takes_no_recording_away() -> None:
    meetings = table(IN_PROGRESS)
    found = place(meetings)
    meetings.write("m1", {"termination_reason": "MAX_DURATION"})
    desk.report_upload(meetings, found, "https://s.example.com/1", at(20))
    assert meetings.rows["m1"]["teacher_session_data"] == "https://s.example.com/1"


def test_another_upload_in_between_is_not_overwritten_unseen() -> None:
    meetings = table(IN_PROGRESS)
    found = place(meetings)
    meetings.write("m1", {"teacher_session_data": "https://s.example.com/2"})
    with pytest.raises(Unavailable, match="being changed"):
        desk.report_upload(meetings, found, "https://s.example.com/1", at(20))
    assert meetings.rows["m1"]["teacher_session_data"] == "https://s.example.com/2"


@pytest.mark.parametrize(
    "url",
    [
        None,
        3,
        "",
        "s.example.com/1",
        "http://s.example.com/1",
        "https://",
        "https://[",
        "https://a b",
        "https://a\n",
        "s3://b/k",
        "https://s.example.com/" + "x" * 2048,
    ],
)
def test_what_is_no_address_is_refused(url: object) -> None:
    with pytest.raises(BadRequest, match="https://"):
        desk.parse_upload({"url": url})
