"""What people are told of recordings: of their own side's while they may come, of both when the meeting has ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.app.world import NOW, Row, World, launched, linked, utc

ME, OTHER = "i-0123456789abcdef0", "i-0fedcba9876543210"
UPLOADED = {"teacher_session_data": "https://bucket.s3.us-west-2.amazonaws.com/2026-03-02/m-1/teacher/i-1-"}
CAME = {"teacher_joined_at": utc(NOW)}
LOST = ["0002.mkv is not uploaded: the disk is full."]
ENDED = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": utc(NOW)}
UNTOLD = "The desktop ended before it had told that the recording was safe."
NOTHING: Row = {}


def told(world: World, who: str = "teacher", **row: Any) -> Row:
    """Return what somebody is told of recordings, who comes to a meeting with this row."""
    desktops = launched("teacher", ME) | launched("student", OTHER) | linked("teacher", ME) | linked("student", OTHER)
    ready = {"teacher_healthy_at": utc(NOW), "student_healthy_at": utc(NOW), "status": "HEALTHY", "meet_time": utc(NOW)}
    world.put(id="m-1", **(desktops | ready | row))
    answer = world.http.get(f"/join/m-1/{who}?peek=1")
    assert answer.status_code == (410 if "termination_reason" in row else 200)
    return {name: value for name, value in answer.json_body.items() if name.startswith("recording")}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (NOTHING, NOTHING),
        (CAME, NOTHING),
        (CAME | UPLOADED, {"recording": "safe"}),
        (CAME | UPLOADED | {"teacher_recording_lost": LOST}, {"recording": "lost", "recording_lost": LOST}),
        (ENDED, NOTHING),
        (CAME | UPLOADED | ENDED, {"recording": "safe"}),
        (CAME | ENDED, {"recording": "lost", "recording_lost": [UNTOLD]}),
        (CAME | {"termination_reason": "MAX_DURATION"}, {"recording": "on its way"}),
        (CAME | UPLOADED | ENDED | {"recordings_erased_at": utc(NOW)}, NOTHING),
    ],
    ids=[
        "nobody came",
        "somebody is in",
        "uploaded",
        "lost in part",
        "ended without anybody",
        "ended and uploaded",
        "ended without a word",
        "ending",
        "erased",
    ],
)
def test_one_is_told_how_one_s_own_recording_stands(world: World, row: Row, expected: Row) -> None:
    world.configure(RECORD="true")
    assert told(world, **row) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (NOTHING, {"recording": "none"}),
        (CAME | UPLOADED, {"recording": "safe"}),
        (CAME | UPLOADED | {"teacher_recording_lost": LOST}, {"recording": "lost", "recording_lost": LOST}),
        (CAME, {"recording": "lost", "recording_lost": [UNTOLD]}),
        (CAME | UPLOADED | {"recordings_erased_at": utc(NOW)}, {"recording": "none"}),
    ],
    ids=["nobody came", "uploaded", "lost in part", "without a word", "erased"],
)
def test_when_it_has_ended_one_is_told_how_the_other_side_s_stands_too(world: World, row: Row, expected: Row) -> None:
    world.configure(RECORD="true")
    assert told(world, "student", **(row | ENDED)) == {}
    assert world.http.get("/join/m-1/student?peek=1").json_body["other_recording"] == expected


def test_before_that_one_is_told_nothing_of_it(world: World) -> None:
    world.configure(RECORD="true")
    assert told(world, "student", **(CAME | UPLOADED | {"teacher_recording_lost": LOST})) == {}
    assert "other_recording" not in world.http.get("/join/m-1/student?peek=1").json_body


def test_what_was_uploaded_before_a_person_came_back_is_not_all_of_it(world: World) -> None:
    world.configure(RECORD="true")
    back = CAME | UPLOADED | {"teacher_uploaded_at": utc(NOW), "teacher_returned_at": utc(NOW + timedelta(minutes=1))}
    assert told(world, **back) == {}
    assert told(world, **(back | ENDED)) == {"recording": "lost", "recording_lost": [UNTOLD]}


@pytest.mark.parametrize("record", ["false", None])
def test_a_stage_that_does_not_record_says_nothing_of_it(world: World, record: str | None) -> None:
    world.configure(RECORD=record)
    assert told(world, **(CAME | UPLOADED)) == {}
    assert told(world, **(CAME | ENDED)) == {}
    assert "other_recording" not in world.http.get("/join/m-1/teacher?peek=1").json_body


def test_what_a_row_holds_in_place_of_sentences_is_no_answer(world: World) -> None:
    world.configure(RECORD="true")
    assert told(world, **(CAME | UPLOADED | {"teacher_recording_lost": "all of it"})) == {"recording": "safe"}
