"""One idempotency key is one meeting: for the same request, whatever keys were rotated; for another it is refused."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
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
        {"meet_time": " 2026-03-01T15:00:00.000Z "},
        {"teacher_name": " Ann "},
        {"teacher_email": "", "duration_minutes": None, "time_zone": ""},
        {"frontend_base_url": "HTTPS://School.Example.COM.:443/meet"},
        {"newsletter": True},
    ],
    ids=["another offset", "a fraction", "blanks", "empty fields", "the host otherwise", "a field that means nothing"],
)
def test_a_request_that_asks_for_the_same_is_the_same(same: dict[str, Any]) -> None:
    desk = Desk()
    assert desk.schedule("key", **same) == desk.schedule("key")


OTHERS: list[dict[str, Any]] = [
    {"teacher_name": "Anna"},
    {"teacher_name": "ann"},
    {"teacher_name": "Bo", "student_name": "Ann"},
    {"student_name": "Bob"},
    {"teacher_email": "ann@example.com"},
    {"meet_time": "2026-03-01T15:15:00Z"},
    {"duration_minutes": 50},
    {"time_zone": "Europe/Berlin"},
    {"frontend_base_url": "https://elsewhere.example.com/meet"},
    {"frontend_base_url": "https://school.example.com/Meet"},
    {"frontend_base_url": "https://school.example.com/meet/"},
    {"frontend_base_url": "https://school.example.com:8443/meet"},
    {"frontend_base_url": "https://school.example.com/meet?a"},
]


@pytest.mark.parametrize("other", OTHERS)
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
@pytest.mark.parametrize("asked", [{}, *OTHERS], ids=repr)
def test_a_meeting_of_version_0_1_0_is_found_and_nobody_gets_its_links(
    signed_before: str | None, signs_now: Keys | None, asked: dict[str, Any]
) -> None:
    """Its row does not say what was asked for: anybody could have its links sent to an address of their own."""
    desk = Desk(link_keys=signs_now)
    meeting_id = of_version_0_1_0(desk, "key", signed_before)
    before = dict(desk.meetings.rows[meeting_id])
    with pytest.raises(KeyTaken, match="or none on record"):
        desk.schedule("key", **asked)
    assert desk.meetings.rows == {meeting_id: before}
    assert not desk.timers.armed


def test_a_meeting_whose_id_was_made_without_a_key_is_found_again_after_an_upgrade() -> None:
    before, later = Desk(id_keys=lambda: None), Desk(link_keys=Keys("a key"))
    meeting_id = before.schedule("key")["id"]
    assert meeting_id == str(uuid.UUID(bytes=hashlib.sha256(b"dev/None/key").digest()[:16], version=4))
    later.meetings.rows = before.meetings.rows
    assert later.schedule("key")["id"] == meeting_id
    with pytest.raises(KeyTaken):
        later.schedule("key", frontend_base_url="https://elsewhere.example.com")
    assert len(later.meetings.rows) == 1


def test_an_id_cannot_be_guessed_from_the_key_and_stays_the_same() -> None:
    """Another installation makes another id of it, and so does another stage."""
    first = Desk().schedule("key")["id"]
    assert Desk(link_keys=Keys("newer", ("older",))).schedule("key")["id"] == first
    others = {Desk(id_keys=lambda: None).schedule("key")["id"], Desk(id_keys=lambda: Keys("x")).schedule("key")["id"]}
    prod = Desk()
    prod.scheduler._policy = replace(prod.policy, stage="prod")
    others.add(prod.schedule("key")["id"])
    assert len(others | {first}) == 4
    assert uuid.UUID(first).version == 4


@pytest.mark.parametrize(
    "key",
    ["k" * 10_000, "\0", "a\r\nb", "\x7f\x1b[2J", "\ud800", "ключ", " key", "key/../x", "None", "{'$ne': 1}", "'"],
    ids=lambda key: ascii(key)[:20],
)
def test_whatever_a_key_holds_it_is_one_of_its_own(key: str) -> None:
    desk = Desk()
    first = desk.schedule(key)
    assert desk.schedule(key) == first
    assert desk.schedule("key")["id"] != first["id"]
    assert desk.schedule(f"{key}.")["id"] != first["id"]
    assert len(desk.meetings.rows) == 3


def test_without_a_key_no_key_of_the_app_is_read_and_each_request_is_another_meeting() -> None:
    desk = Desk(id_keys=lambda: pytest.fail("a key was read"))
    assert desk.schedule()["id"] != desk.schedule()["id"]


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


def test_of_two_others_with_one_key_at_the_same_time_one_is_refused() -> None:
    desk = Desk(at_once=4)
    book = desk.calendar.book

    def late(*args: Any) -> bool:
        desk.calendar.book = book  # type: ignore[method-assign]
        desk.schedule("key", frontend_base_url="https://elsewhere.example.com")
        return book(*args)

    desk.calendar.book = late  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyTaken):
        desk.schedule("key")
    assert len(desk.meetings.rows) == 1
