"""A meeting of one's own over HTTP: its teacher looks at it and changes it, and row, timers and calendar follow."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chalice.test import HTTPResponse

from tests.app.world import NOW, World, form, record, stream_event, utc

AT = NOW + timedelta(hours=2)


class Own:
    """A meeting at five, an hour long, whose people have their links."""

    def __init__(self, world: World, **fields: Any) -> None:
        self.world = world
        told = world.schedule(form(meet_time=utc(AT), duration_minutes=60) | fields).json_body
        self.id: str = told["id"]
        self.links = {role: id_in(told[f"{role}_link"]) for role in ("teacher", "student")}

    def ask(self, method: str, path: str = "", body: object = None, role: str = "teacher") -> HTTPResponse:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.world.http.request(method, f"/meetings/{self.links[role]}{path}", body=content)

    def show(self) -> Any:
        answer = self.ask("GET")
        assert answer.status_code == 200
        return answer.json_body

    def row(self) -> dict[str, Any]:
        return self.world.row(self.id)

    def armed(self) -> dict[str, str]:
        """Return when its timers fire: by kind, as Scheduler spells it."""
        timers = self.world.timers()
        return {name.partition("-")[0]: timer["ScheduleExpression"] for name, timer in timers.items()}


def id_in(link: str) -> str:
    [public_id] = parse_qs(urlsplit(link).query)["id"]
    return public_id


@pytest.fixture
def own(world: World) -> Own:
    return Own(world)


def test_the_teacher_sees_how_their_meeting_stands_and_what_they_can_do(own: Own) -> None:
    told = own.show()
    for role, public_id in own.links.items():
        assert told["link_ids"][role] == public_id
    assert {name: told[name] for name in ("id", "teacher_name", "student_name", "meet_time", "ends_at", "status")} == {
        "id": own.id,
        "teacher_name": "Ann Ash",
        "student_name": "Ben Birch",
        "meet_time": utc(AT),
        "ends_at": utc(AT + timedelta(hours=1)),
        "status": "SCHEDULED",
    }
    assert (told["duration_minutes"], told["sequence"]) == (60, 0)
    assert told["may"] == {
        "move": True,
        "lengthen_to": 240,
        "extend": 180,
        "rename": True,
        "cancel": True,
        "replace": [],
    }


def test_they_and_who_comes_are_told_the_zone_that_it_was_made_in(world: World) -> None:
    own = Own(world, time_zone="Asia/Kathmandu")
    assert own.show()["time_zone"] == "Asia/Kathmandu"
    assert world.join(own.links["student"], "student").json_body["time_zone"] == "Asia/Kathmandu"


def test_where_no_zone_was_said_none_is_told(own: Own) -> None:
    assert "time_zone" not in own.show()
    assert "time_zone" not in own.world.join(own.links["student"], "student").json_body


def test_the_teacher_sees_how_both_recordings_stand_and_what_people_are_told_of_them(own: Own) -> None:
    upload = {"teacher_session_data": "https://bucket.s3.us-west-2.amazonaws.com/m-1/teacher/i-1-"}
    ended = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": utc(NOW)}
    own.world.put(**(own.row() | upload | ended | {"student_joined_at": utc(NOW)}))
    own.world.configure(RECORD="true", DESKTOP_CLIENT="kit")
    told = own.show()
    assert told["seats"]["teacher"]["recording"] == "safe"
    assert told["seats"]["student"]["recording"] == "lost"
    assert told["consent"]["keep_days"] > 0
    own.world.configure(RECORD="false")
    told = own.show()
    assert "consent" not in told
    assert not any("recording" in seat for seat in told["seats"].values())


def test_a_meeting_that_is_moved_takes_its_timers_with_it(own: Own) -> None:
    later = AT + timedelta(hours=3)
    answer = own.ask("PATCH", body={"meet_time": utc(later)})
    assert (answer.status_code, answer.json_body["meet_time"]) == (200, utc(later))
    assert own.armed() == {"launch": "at(2026-03-02T19:50:00)", "safety": "at(2026-03-02T20:15:00)"}
    row = own.row()
    assert (row["meet_time"], row["sequence"], row["moved_at"]) == (utc(later), 1, utc(NOW))


def test_the_same_change_again_changes_nothing(own: Own) -> None:
    wanted = {"meet_time": utc(AT + timedelta(hours=3)), "duration_minutes": 90, "student_name": "Bo"}
    first = own.ask("PATCH", body=wanted)
    row, timers = own.row(), own.armed()
    again = own.ask("PATCH", body=wanted)
    assert (again.status_code, again.json_body) == (200, first.json_body)
    assert (own.row(), own.armed()) == (row, timers)
    assert row["sequence"] == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"student_name": "Bo"}),
        ("DELETE", "", None),
        ("POST", "/extend", {"minutes": 15}),
        ("POST", "/replace", {"role": "student"}),
        ("POST", "/links", {"role": "student"}),
    ],
)
def test_the_students_link_may_do_none_of_it_and_is_told_whom_to_ask(
    own: Own, method: str, path: str, body: object
) -> None:
    before = own.row()
    answer = own.ask(method, path, body, role="student")
    assert answer.status_code == 403
    assert "ask Ann Ash" in answer.json_body["message"]
    assert own.row() == before


# --- what cannot be used, or not any more


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"meet_time": "2026-03-02"}, ["meet_time"]),
        ({"meet_time": "2027-03-03T00:00:00Z", "duration_minutes": 241}, ["meet_time", "duration_minutes"]),
        ({"meet_time": utc(NOW - timedelta(minutes=31))}, ["meet_time"]),
        ({"meet_time": 1e308, "duration_minutes": 10**30}, ["meet_time", "duration_minutes"]),
        ({"duration_minutes": True}, ["duration_minutes"]),
        ({"teacher_name": "Ann\x00", "student_name": ""}, ["teacher_name", "student_name"]),
        ({"student_name": "\u202enneB"}, ["student_name"]),
        ({"student_name": ["Ben"], "time_zone": "Berlin, Europe"}, ["student_name", "time_zone"]),
        ({}, []),
        ({"newsletter": True}, []),
        (["meet_time"], []),
        (b"{", []),
    ],
)
def test_what_cannot_be_used_is_named_by_field_and_nothing_is_changed(own: Own, body: Any, fields: list[str]) -> None:
    before = own.row()
    answer = own.ask("PATCH", body=body)
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json_body.get("errors", [])] == fields
    assert answer.json_body["message"].endswith(".")
    assert own.row() == before


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/extend", {}, ["minutes"]),
        ("/extend", {"minutes": 0, "from": "soon"}, ["minutes", "from"]),
        ("/extend", {"minutes": 241}, ["minutes"]),
        ("/extend", {"minutes": "15"}, ["minutes"]),
        ("/replace", {"role": "pupil", "desktop_id": "x" * 129}, ["role", "desktop_id"]),
        ("/replace", {"desktop_id": 7}, ["role", "desktop_id"]),
        ("/links", {"role": 1, "number": -1}, ["role", "number"]),
        ("/links", {"role": "student", "number": None}, ["number"]),
    ],
)
def test_what_is_asked_for_must_be_named_well(own: Own, path: str, body: object, fields: list[str]) -> None:
    before = own.row()
    answer = own.ask("POST", path, body)
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json_body["errors"]] == fields
    assert own.row() == before


@pytest.mark.parametrize("public_id", ["nobody", "nobody.00000000000000000000000000000000", "a$b"])
def test_a_link_of_nobodys_is_refused_before_anything_is_read(world: World, public_id: str) -> None:
    Own(world)
    world.forget_calls()
    answer = world.http.get(f"/meetings/{public_id}")
    assert answer.status_code == (400 if "$" in public_id else 403)
    assert [call.operation for call in world.calls()] == []


def test_a_link_to_a_meeting_whose_row_is_gone_is_answered_so(own: Own) -> None:
    own.world.cloud.operator("dynamodb").delete_item(TableName="elephant-meetings", Key={"id": {"S": own.id}})
    assert own.ask("GET").status_code == 404


def test_an_extension_is_possible_up_to_the_end_of_peoples_time(own: Own) -> None:
    end = AT + timedelta(minutes=60)
    own.world.clock.moment = end - timedelta(seconds=1)
    wanted = {"minutes": 15, "from": utc(end)}
    told = own.ask("POST", "/extend", wanted)
    assert (told.status_code, told.json_body["ends_at"]) == (200, utc(end + timedelta(minutes=15)))
    assert own.ask("POST", "/extend", wanted).json_body == told.json_body
    own.world.clock.moment = end + timedelta(minutes=15)
    late = own.ask("POST", "/extend", {"minutes": 15})
    assert late.status_code == 409
    assert "schedule another one" in late.json_body["message"]


# --- called off


def test_a_meeting_that_is_called_off_takes_desktops_records_and_timers_with_it(own: Own) -> None:
    world = own.world
    world.clock.moment = AT - timedelta(minutes=10)
    world.invoke("launch_ec2", {"meeting_id": own.id})
    for desktop in world.alive():
        world.start(desktop)
    world.move(minutes=1)
    world.sweep()
    assert (len(world.alive()), len(world.published())) == (2, 2)
    before = own.row()
    answer = own.ask("DELETE", "?reason=The+student+is+ill")
    assert (answer.status_code, answer.json_body["reason"]) == (200, "CANCELLED")
    assert answer.json_body["history"][-1]["why"] == "The student is ill"
    world.invoke("stream_terminator", stream_event(record(own.row(), world.clock.now(), before=before)))
    assert (world.alive(), world.published()) == (set(), {})
    assert "safety" not in own.armed()
    assert own.row()["status"] == "TERMINATED"
    again = own.ask("DELETE")
    assert (again.status_code, again.json_body["message"]) == (200, "The meeting is cancelled.")
    assert world.join(own.links["student"], "student").status_code == 410


def test_what_is_called_off_ahead_of_its_time_leaves_no_timer_and_no_desktop(own: Own) -> None:
    own.ask("DELETE")
    own.world.invoke("stream_terminator", own.world.change_of(own.id))
    assert own.armed() == {}
    own.world.clock.moment = AT
    own.world.sweep()
    assert own.world.alive() == set()


@pytest.mark.parametrize("reason", ["x" * 201, "two%0Alines", "%00", "%E2%80%AE"])
def test_a_reason_that_cannot_be_shown_cancels_nothing(own: Own, reason: str) -> None:
    answer = own.ask("DELETE", f"?reason={reason}")
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json_body["errors"]] == ["reason"]
    assert "termination_reason" not in own.row()


# --- another link


def test_the_old_link_opens_no_door_any_more_and_the_new_one_does(own: Own) -> None:
    world, old = own.world, own.links["student"]
    told = own.ask("POST", "/links", {"role": "student", "number": 0})
    new = told.json_body["link_ids"]["student"]
    assert own.ask("POST", "/links", {"role": "student", "number": 0}).json_body == told.json_body, "twice is as once"
    dead = world.join(old, "student")
    assert (dead.status_code, dead.json_body["why"]) == (403, "replaced")
    assert "replaced by a newer one" in dead.json_body["message"]
    assert world.join(new, "student").status_code == 202
    assert world.join(own.links["teacher"], "teacher").status_code == 202


def test_scheduling_the_same_again_gives_the_links_that_hold_now(world: World) -> None:
    key = {"Idempotency-Key": "form-1"}
    first = world.schedule(headers=key).json_body
    path = f"/meetings/{id_in(first['teacher_link'])}/links"
    told = world.http.post(path, body=json.dumps({"role": "student", "number": 0}).encode()).json_body
    again = world.schedule(headers=key).json_body
    assert again["teacher_link"] == first["teacher_link"]
    assert id_in(again["student_link"]) == told["link_ids"]["student"] != id_in(first["student_link"])


def test_where_links_are_not_signed_none_is_made_anew(world: World) -> None:
    world.configure(STATE_TABLE=None, LINK_SIGNING_KEY=None)
    own = Own(world)
    assert own.show()["link_ids"] == {"teacher": own.id, "student": own.id}
    answer = own.ask("POST", "/links", {"role": "student"})
    assert answer.status_code == 409
    assert "student_link_number" not in own.row()


# --- where the desktops at once are limited


def test_a_full_time_is_a_conflict_with_the_next_times_that_are_not(world: World) -> None:
    world.configure(DESKTOPS_AT_ONCE="2")
    own = Own(world)
    Own(world, meet_time=utc(AT + timedelta(hours=3)))
    full = own.ask("PATCH", body={"meet_time": utc(AT + timedelta(hours=3, minutes=30))})
    assert (full.status_code, full.json_body["free"][0]) == (409, utc(AT + timedelta(hours=4, minutes=15)))
    moved = own.ask("PATCH", body={"meet_time": full.json_body["free"][0]})
    assert moved.status_code == 200
    assert world.schedule(form(meet_time=utc(AT), duration_minutes=60)).status_code == 200, "its old time is free"


def test_a_move_reads_and_writes_the_row_once_together_with_the_calendar(world: World) -> None:
    world.configure(DESKTOPS_AT_ONCE="2")
    own = Own(world)
    world.forget_calls()
    own.ask("PATCH", body={"meet_time": utc(AT + timedelta(hours=3))})
    operations = [call.operation for call in world.calls()]
    assert operations[:3] == ["GetItem", "BatchGetItem", "TransactWriteItems"]
    assert set(operations[3:]) == {"CreateSchedule", "UpdateSchedule", "BatchGetItem"}
