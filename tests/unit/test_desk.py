"""What a desktop is told of its seat, and what is noted of what it tells: little, once, and of itself alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest, MeetingOver, NoSuchAddress, Unavailable
from chalicelib.domain.keys import Keys
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.guests import desk
from chalicelib.people.join import NotYet, Open, Visit, resolve_join
from chalicelib.people.links import Link
from tests.builders import ENDED, HEALTHY, IN_PROGRESS, LAUNCHED, POLICY, PUBLISHED, RECORDED, at
from tests.fakes import FakeMeetings
from tests.unit.places import ME, changed, place, table

TEACHERS, STUDENTS = (Link("m1", role, signed=True) for role in Role)
NOW = at(-4)
KIT = replace(POLICY, presence_told=True)
KEYS = Keys("present", ("earlier",))
ROOT = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"


def say_ready(meetings: FakeMeetings, *missing: str, now: datetime = NOW) -> None:
    desk.report_ready(meetings, place(meetings), missing, now)


describe = partial(desk.describe, record=True, uploads=False)


# --- whose it is


def test_a_desktop_is_told_of_its_own_seat_and_of_no_other() -> None:
    meetings = table(PUBLISHED, teacher_name="Ada", student_name="Børge 小明", jitsi_url="https://video.example.com/r")
    told = describe(place(meetings), KEYS, ROOT, POLICY)
    assert told == {
        "message": "This is the desktop of the teacher.",
        "meeting_id": "m1",
        "role": "teacher",
        "name": "Ada",
        "other_name": "Børge 小明",
        "jitsi_url": "https://video.example.com/r",
        "meet_time": "2026-03-01T15:00:00Z",
        "ends_at": "2026-03-01T19:00:00Z",
        "closes_at": None,
        "host_name": f"i-teacher.{POLICY.domain}",
        "door_keys": told["door_keys"],
        "issuer_root": ROOT,
        "missing": None,
        "record": True,
        "uploads": False,
    }
    assert len(told["door_keys"]) == 2
    assert meetings.wire.calls == ["meetings.get"]
    assert "i-student" not in json.dumps(told)


@pytest.mark.parametrize(
    ("minutes", "policy", "end"),
    [(60, POLICY, 60), (60, RECORDED, 60), (240, POLICY, 240), (240, RECORDED, 230), (None, RECORDED, 230)],
)
def test_it_is_told_when_people_s_time_ends_and_not_how_long_it_may_live(
    minutes: int | None, policy: Policy, end: int
) -> None:
    told = desk.describe(
        place(table(PUBLISHED, duration_minutes=minutes)), None, None, policy, record=True, uploads=True
    )
    assert told["ends_at"] == rows.timestamp(at(end))


BOTH_CAME = {f"{role}_{name}": at(1) for role in Role for name in ("joined_at", "connected_at")}
STUDENT_IS_DONE = {
    "student_disconnected_at": at(20),
    "student_session_data": "https://s.example.com/1",
    "student_uploaded_at": at(23),
}


def test_who_is_in_is_told_when_it_closes_since_the_other_is_done() -> None:
    meetings = table(IN_PROGRESS, BOTH_CAME, STUDENT_IS_DONE)
    told = {desktop: describe(place(meetings, desktop), None, None, KIT)["closes_at"] for desktop in (ME, "i-student")}
    assert told == {ME: rows.timestamp(at(23) + KIT.upload_grace), "i-student": None}


@pytest.mark.parametrize("since", ["student_connected_at", "student_returned_at"])
def test_that_is_taken_back_once_the_other_has_come_back(since: str) -> None:
    meetings = table(IN_PROGRESS, BOTH_CAME, STUDENT_IS_DONE, {since: at(25)})
    assert describe(place(meetings), None, None, KIT)["closes_at"] is None


def test_it_hears_what_the_row_says_that_it_lacks() -> None:
    meetings = table(PUBLISHED)
    for missing in (("DCV has no session yet.", "The machine is about to restart."), ()):
        desk.report_ready(meetings, place(meetings), missing, NOW)
        assert describe(place(meetings), KEYS, ROOT, POLICY)["missing"] == list(missing)


def test_its_keys_are_its_own() -> None:
    meetings = table(PUBLISHED)
    mine, others = (describe(place(meetings, name), KEYS, ROOT, POLICY)["door_keys"] for name in (ME, "i-student"))
    assert not set(mine) & set(others)
    assert not {"present", "earlier"} & {*mine, *others}
    assert describe(place(meetings), None, None, POLICY)["door_keys"] == []
    assert describe(place(meetings), None, None, POLICY)["issuer_root"] is None


def test_what_a_row_does_not_tell_is_not_made_up() -> None:
    meetings = table({"teacher_ec2_id": ME, "meet_time": None, "created_at": None, "teacher_name": 7})
    told = describe(place(meetings), None, None, POLICY)
    absent = ["name", "other_name", "jitsi_url", "meet_time", "ends_at", "closes_at"]
    assert [told[name] for name in absent] == [None] * 6


@pytest.mark.parametrize("desktop_id", ["i-other", "i-before", "m1", ""])
def test_one_that_no_seat_names_is_told_nothing(desktop_id: str) -> None:
    meetings = table(LAUNCHED, teacher_replaced=["2026-03-01T14:50:00Z i-before: it was late"])
    with pytest.raises(NoSuchAddress, match="names no desktop"):
        place(meetings, desktop_id)


def test_nor_is_it_told_whether_there_is_such_a_meeting() -> None:
    with pytest.raises(NoSuchAddress, match="names no desktop i-teacher"):
        desk.desk_of(FakeMeetings(), "m1", ME)


def test_after_the_end_it_is_told_so() -> None:
    with pytest.raises(MeetingOver, match="has ended"):
        place(table(IN_PROGRESS, ENDED))


# --- ready


def test_ready_opens_the_door_and_is_written_once() -> None:
    meetings = table(PUBLISHED)
    before = dict(meetings.rows["m1"])
    say_ready(meetings)
    noted = {"teacher_healthy_at": "2026-03-01T14:56:00Z", "opened_at": "2026-03-01T14:56:00Z", "status": "HEALTHY"}
    assert changed(meetings, before) == noted
    assert isinstance(resolve_join(meetings, TEACHERS, lambda: NOW, POLICY, visit=Visit.LOOK), Open)
    assert isinstance(resolve_join(meetings, STUDENTS, lambda: NOW, POLICY, visit=Visit.LOOK), NotYet)
    meetings.wire.calls.clear()
    say_ready(meetings, now=NOW + timedelta(minutes=1))
    assert meetings.wire.calls == ["meetings.get"]


def test_one_that_is_given_up_for_booting_late_is_not_entered_any_more() -> None:
    meetings = table(PUBLISHED, teacher_given_up=ME)
    before = dict(meetings.rows["m1"])
    with pytest.raises(Unavailable, match="about to be replaced"):
        say_ready(meetings)
    assert changed(meetings, before) == {}
    meetings.write("m1", {}, ["teacher_given_up"])
    seen = place(meetings)
    meetings.write("m1", {"teacher_given_up": ME})
    with pytest.raises(Unavailable, match="being changed"):
        desk.report_ready(meetings, seen, (), NOW)


def test_one_whose_role_has_given_another_up_is_entered() -> None:
    meetings = table(PUBLISHED, teacher_given_up="i-before")
    say_ready(meetings)
    assert "teacher_healthy_at" in meetings.rows["m1"]


def test_what_is_missing_is_on_the_row_and_in_the_answer_to_who_waits() -> None:
    meetings = table(PUBLISHED)
    say_ready(meetings, "The DCV service is not running.", "DCV has no session yet.")
    assert meetings.rows["m1"]["teacher_missing"] == ["The DCV service is not running.", "DCV has no session yet."]
    answer = resolve_join(meetings, TEACHERS, lambda: NOW, POLICY)
    assert isinstance(answer, NotYet)
    assert answer.missing == ("The DCV service is not running.", "DCV has no session yet.")
    meetings.wire.calls.clear()
    say_ready(meetings, "The DCV service is not running.", "DCV has no session yet.")
    assert meetings.wire.calls == ["meetings.get"]


def test_since_when_it_lacks_anything_is_kept_whatever_else_it_lacks_next() -> None:
    meetings = table(HEALTHY)
    for minute, missing in enumerate(("The machine is about to restart.", "DCV has no session yet.")):
        say_ready(meetings, missing, now=at(minute))
    assert meetings.rows["m1"]["teacher_missing_since"] == "2026-03-01T15:00:00Z"
    say_ready(meetings, now=at(2))
    say_ready(meetings, "DCV has no session yet.", now=at(3))
    assert meetings.rows["m1"]["teacher_missing_since"] == "2026-03-01T15:03:00Z"


def test_a_row_that_does_not_tell_since_when_is_told_it() -> None:
    meetings = table(HEALTHY, teacher_missing=["DCV has no session yet."])
    say_ready(meetings, "DCV has no session yet.", now=at(1))
    assert meetings.rows["m1"]["teacher_missing_since"] == "2026-03-01T15:01:00Z"


def test_what_is_repaired_is_withdrawn() -> None:
    meetings = table(PUBLISHED)
    say_ready(meetings, "DCV has no session yet.")
    say_ready(meetings)
    assert not {"teacher_missing", "teacher_missing_since"} & meetings.rows["m1"].keys()
    assert isinstance(resolve_join(meetings, TEACHERS, lambda: NOW, POLICY, visit=Visit.LOOK), Open)


def test_one_that_stops_being_ready_closes_the_door_and_opens_it_again() -> None:
    meetings = table(HEALTHY)
    since = meetings.rows["m1"]["teacher_healthy_at"]
    say_ready(meetings, "The machine is about to restart.", now=at(1))
    assert isinstance(resolve_join(meetings, TEACHERS, lambda: at(1), POLICY), NotYet)
    say_ready(meetings, now=at(2))
    assert isinstance(resolve_join(meetings, TEACHERS, lambda: at(2), POLICY, visit=Visit.LOOK), Open)
    assert meetings.rows["m1"]["teacher_healthy_at"] == since, "when it was ready first is kept"


def test_a_late_report_takes_nothing_back_from_who_is_in() -> None:
    meetings = table(IN_PROGRESS)
    before = dict(meetings.rows["m1"])
    say_ready(meetings)
    assert changed(meetings, before) == {}


def test_the_next_desktop_of_the_role_inherits_none_of_it() -> None:
    """What a row says of a desktop goes when another takes its place."""
    from chalicelib.domain.writes import OF_A_DESKTOP

    assert {"missing", "missing_since", "connected_at", "disconnected_at", "seen_at"} <= set(OF_A_DESKTOP)


# --- what changes at the same time


@pytest.mark.parametrize("meanwhile", [{"teacher_ec2_id": "i-next"}, {"termination_reason": "CANCELLED"}])
def test_a_row_that_changed_meanwhile_is_left_alone(meanwhile: dict[str, Any]) -> None:
    meetings = table(PUBLISHED)
    found = place(meetings)
    meetings.write("m1", meanwhile)
    before = dict(meetings.rows["m1"])
    for missing in ((), ("It is broken.",)):
        with pytest.raises(Unavailable, match="again in a moment"):
            desk.report_ready(meetings, found, missing, NOW)
    for connected in (True, False):
        with pytest.raises(Unavailable, match="again in a moment"):
            desk.report_presence(meetings, found, connected, NOW)
    assert meetings.rows["m1"] == before


# --- what is sent


@pytest.mark.parametrize(("body", "missing"), [({"missing": []}, ()), ({"missing": ["a", "ü 小"]}, ("a", "ü 小"))])
def test_a_report_is_a_list_of_sentences(body: object, missing: tuple[str, ...]) -> None:
    assert desk.parse_missing(body) == missing


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "ready",
        {},
        {"missing": None},
        {"missing": "all"},
        {"missing": [""]},
        {"missing": [1]},
        {"missing": ["x" * 201]},
        {"missing": ["two\nlines"]},
        {"missing": ["\u202e"]},
        {"missing": ["x"] * 11},
        {"missing": [], "instance_id": "i-student"},
        {"missing": [], "role": "student"},
    ],
)
def test_anything_else_is_refused_and_so_is_a_word_about_another(body: object) -> None:
    with pytest.raises(BadRequest):
        desk.parse_missing(body)
