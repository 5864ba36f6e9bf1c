"""One idempotency key is one meeting: for the same request, whatever keys were rotated; for another it is refused."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import KeyTaken, TimeFull
from chalicelib.domain.keys import Keys
from tests.unit.desk import Desk


def test_one_idempotency_key_is_one_meeting() -> None:
    desk = Desk()
    first = desk.schedule("key")
    desk.now += timedelta(minutes=5)
    assert desk.schedule("key") == first
    assert len(desk.meetings.rows) == 1
    assert len(desk.timers.armed) == 2


def test_the_key_cannot_be_read_in_the_id() -> None:
    assert "key" not in Desk().schedule("key")["id"]


@pytest.mark.parametrize(
    "same",
    [
        {"meet_time": "2026-03-01T16:00:00+01:00"},
        {"teacher_name": " Ann "},
        {"teacher_email": "", "duration_minutes": None},
        {"newsletter": True},
    ],
    ids=["another offset", "blanks", "empty fields", "a field that means nothing"],
)
def test_a_request_that_asks_for_the_same_is_the_same(same: dict[str, Any]) -> None:
    desk = Desk()
    assert desk.schedule("key", **same) == desk.schedule("key")


OTHERS: list[dict[str, Any]] = [
    {"teacher_name": "Anna"},
    {"student_name": "Bob"},
    {"teacher_email": "ann@example.com"},
    {"meet_time": "2026-03-01T15:15:00Z"},
    {"duration_minutes": 50},
]
LATER: list[dict[str, Any]] = [
    {"frontend_base_url": "https://elsewhere.example.com/meet"},
    {"time_zone": "Europe/Berlin"},
]
"""What the rows of version 0.1.0 say nothing of."""


@pytest.mark.parametrize("other", [*OTHERS, *LATER])
def test_a_key_of_another_request_is_refused_and_changes_nothing(other: dict[str, Any]) -> None:
    desk = Desk()
    first = desk.schedule("key")
    before = dict(desk.meetings.rows[first["id"]])
    with pytest.raises(KeyTaken, match="send a new key"):
        desk.schedule("key", **other)
    assert desk.meetings.rows == {first["id"]: before}
    assert desk.schedule("key") == first


def test_a_request_without_a_time_zone_is_known_by_rows_from_before_there_were_any() -> None:
    desk = Desk()
    row = desk.meetings.rows[desk.schedule("key")["id"]]
    assert row["request_digest"] == "ed0984384d4cbc9321d075e3a75a3d468f9d71cc56538d8b927da1aa2a518fe0"


def test_a_row_that_was_edited_since_is_still_the_requests_meeting() -> None:
    desk = Desk()
    first = desk.schedule("key")
    desk.meetings.write(first["id"], {"meet_time": "2026-03-01T18:00:00Z", "teacher_name": "Dr Ann"})
    assert desk.schedule("key") == first


def of_version_0_1_0(desk: Desk, key: str, signing_key: str | None) -> str:
    """Put the meeting into the table that version 0.1.0 made of this key; return its id."""
    digest = hashlib.sha256(f"dev/{signing_key}/{key}".encode()).digest()
    meeting_id = str(uuid.UUID(bytes=digest[:16], version=4))
    row = dict(desk.meetings.rows.pop(desk.schedule()["id"]))
    desk.meetings.write(meeting_id, row | {"id": meeting_id, "jitsi_url": f"https://meet.jit.si/{meeting_id}"})
    desk.timers.armed.clear()
    return meeting_id


@pytest.mark.parametrize(
    ("signed_before", "signs_now"),
    [
        (None, None),
        (None, Keys("a key")),
        ("a key", Keys("a key")),
        ("a key", Keys("newest", ("newer", "a key"))),
    ],
)
def test_a_meeting_of_the_version_before_is_found_again(signed_before: str | None, signs_now: Keys | None) -> None:
    desk = Desk(link_keys=signs_now)
    meeting_id = of_version_0_1_0(desk, "key", signed_before)
    told = desk.schedule("key")
    assert told["id"] == meeting_id
    assert told["jitsi_url"] == f"https://meet.jit.si/{meeting_id}"
    assert len(desk.meetings.rows) == 1


@pytest.mark.parametrize("other", OTHERS)
def test_a_meeting_of_the_version_before_is_told_from_others_by_its_row(other: dict[str, Any]) -> None:
    desk = Desk()
    of_version_0_1_0(desk, "key", None)
    with pytest.raises(KeyTaken):
        desk.schedule("key", **other)
    assert len(desk.meetings.rows) == 1


def test_a_key_gives_the_same_meeting_once_links_are_signed_and_after_the_signing_key_has_changed() -> None:
    desk = Desk()
    first = desk.schedule("key")
    for signing_key in ("a", "b"):
        later = Desk(link_keys=Keys(signing_key))
        later.meetings.rows = desk.meetings.rows
        assert later.schedule("key")["id"] == first["id"]
        assert later.schedule("key")["teacher_link"] != first["teacher_link"], "it is signed"
    assert len(desk.meetings.rows) == 1


def test_who_took_the_last_room_gets_the_same_answer_again() -> None:
    desk = Desk(at_once=2)
    first = desk.schedule("key")
    assert desk.schedule("key") == first
    with pytest.raises(TimeFull):
        desk.schedule("another key")


def test_two_requests_with_one_key_at_the_same_time_are_one_meeting() -> None:
    desk = Desk(at_once=4)
    book = desk.calendar.book
    told: list[dict[str, str]] = []

    def late(*args: Any) -> bool:
        desk.calendar.book = book  # type: ignore[method-assign]
        told.append(desk.schedule("key"))
        return book(*args)

    desk.calendar.book = late  # type: ignore[method-assign,assignment]
    told.append(desk.schedule("key"))
    assert told[0] == told[1]
    assert len(desk.meetings.rows) == 1
