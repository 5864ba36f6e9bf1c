"""GET /join: every status of the contract, what it costs, and what it writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
import pytest
from chalice.config import Config
from chalice.local import LocalGateway

import app
from tests.app.world import NOW, Row, World, launched, link, linked, utc
from tests.builders import without_history

SIGNED = {"STATE_TABLE": None, "LINK_SIGNING_KEY": "a key that nobody knows"}
TEACHERS, STUDENTS = "i-0a0a0a0a0a0a0a0a0", "i-0b0b0b0b0b0b0b0b0"
T = NOW + timedelta(minutes=5)
TOLD = {"meet_time", "ends_at", "you", "other", "sequence"}
"""What else the answers tell of this file's meetings (test_waiting_room.py)."""


def ready(role: str, desktop_id: str) -> Row:
    return launched(role, desktop_id) | linked(role, desktop_id) | {f"{role}_healthy_at": utc(NOW)}


def due(**more: Any) -> Row:
    return {"meet_time": utc(T), "created_at": utc(NOW - timedelta(days=1)), "status": "SCHEDULED", "open": "1", **more}


# --- 200: the door is open


def test_a_ready_desktop_is_told_with_its_address(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    answer = world.join(meeting_id, "teacher")
    assert answer.status_code == 200
    assert set(answer.json_body) == {"message", "dcv_url", "status", "consent"} | TOLD
    assert answer.headers["Retry-After"] == "30"
    assert answer.json_body["dcv_url"] == link(TEACHERS)
    assert answer.json_body["status"] == "IN_PROGRESS"


def test_the_first_time_it_is_recorded_that_the_person_came(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    before = world.row(meeting_id)
    world.join(meeting_id, "teacher")
    came = {"at": utc(NOW), "what": "the teacher came", "by": "the teacher"}
    after = {"status": "IN_PROGRESS", "teacher_joined_at": utc(NOW), "history": [came]}
    assert world.row(meeting_id) == before | after


def test_the_second_time_nothing_is_written(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    world.join(meeting_id, "teacher")
    before = world.row(meeting_id)
    world.move(seconds=59)
    world.forget_calls()
    assert world.join(meeting_id, "teacher").status_code == 200
    assert [call.operation for call in world.calls()] == ["GetItem"]
    assert world.row(meeting_id) == before


def test_each_of_the_two_is_recorded(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), **ready("student", STUDENTS)))
    world.join(meeting_id, "teacher")
    world.move(seconds=30)
    assert world.join(meeting_id, "student").json_body["dcv_url"] == link(STUDENTS)
    row = world.row(meeting_id)
    assert row["teacher_joined_at"] == utc(NOW)
    assert row["student_joined_at"] == utc(NOW + timedelta(seconds=30))


def test_a_blind_healthy_after_somebody_came_sends_nobody_away(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), **launched("student", STUDENTS)))
    world.join(meeting_id, "teacher")
    world.write(meeting_id, status="HEALTHY", instance_id=STUDENTS)
    answer = world.join(meeting_id, "teacher")
    assert answer.status_code == 200
    assert answer.json_body["status"] == "IN_PROGRESS"
    assert world.row(meeting_id)["teacher_joined_at"] == utc(NOW)


def test_a_report_that_only_the_row_bears_yet_opens_that_desktops_door_and_no_other(world: World) -> None:
    row = due(
        **launched("teacher", TEACHERS),
        **launched("student", STUDENTS),
        **linked("teacher", TEACHERS),
        **linked("student", STUDENTS),
    )
    meeting_id = world.put(**row | {"status": "HEALTHY", "instance_id": STUDENTS})
    assert world.join(meeting_id, "student").status_code == 200
    assert world.join(meeting_id, "teacher").status_code == 202


def test_the_other_persons_desktop_opens_nobodys_door_but_theirs(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), **launched("student", STUDENTS), status="HEALTHY"))
    assert world.join(meeting_id, "student").status_code == 202
    assert world.join(meeting_id, "teacher").status_code == 200
    assert world.join(meeting_id, "student").status_code == 202
    assert "student_joined_at" not in world.row(meeting_id)


# --- HEAD and ?peek=1: the answer without the record


@pytest.mark.parametrize("row", [ready("teacher", TEACHERS), {}, {"status": "TERMINATED"}], ids=["200", "202", "410"])
@pytest.mark.parametrize("meeting_id", [None, "m-unknown", "m$1"], ids=["there", "unknown", "malformed"])
def test_head_is_answered_as_get_is_without_a_body_and_records_nothing(
    world: World, row: Row, meeting_id: str | None
) -> None:
    path = f"/join/{world.put(**due(**row)) if meeting_id is None else meeting_id}/teacher"
    before = world.rows()
    head = world.http.head(path)
    assert world.rows() == before
    get = world.http.get(path)
    assert (head.status_code, head.headers, head.body) == (get.status_code, get.headers, b"")


@pytest.mark.parametrize(
    ("query", "records"), [("?peek=1", False), ("?peek=0", True), ("?peek=", True), ("?x=1", True)]
)
def test_who_peeks_is_told_the_same_and_only_who_does_not_is_recorded(world: World, query: str, records: bool) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    told = world.http.get(f"/join/{meeting_id}/teacher{query}")
    assert ("teacher_joined_at" in world.row(meeting_id)) == records
    assert told.json_body | {"you": None} == world.join(meeting_id, "teacher").json_body | {"you": None}


@pytest.mark.parametrize(
    "header",
    [
        {"Sec-Purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
    ids=str,
)
def test_a_browser_that_asks_ahead_of_a_click_has_not_come(world: World, header: dict[str, str]) -> None:
    world.configure(DESKTOP_CLIENT="kit")
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    told = world.http.get(f"/join/{meeting_id}/teacher", headers=header)
    assert told.status_code == 200
    assert "auth_token" not in told.json_body
    assert "teacher_joined_at" not in world.row(meeting_id)
    assert "auth_token" in world.http.get(f"/join/{meeting_id}/teacher", headers={"Sec-Purpose": ""}).json_body


# --- 202: not yet, and which step


@pytest.mark.parametrize(
    ("row", "status", "progress", "retry_after"),
    [
        pytest.param(
            due(meet_time=utc(NOW + timedelta(hours=2))),
            "SCHEDULED",
            {"step": "scheduled", "since": "2026-03-01T15:00:00Z", "launch_at": "2026-03-02T16:50:00Z"},
            60,
            id="hours before",
        ),
        pytest.param(
            due(meet_time=utc(NOW + timedelta(minutes=10, seconds=30))),
            "SCHEDULED",
            {"step": "scheduled", "since": "2026-03-01T15:00:00Z", "launch_at": "2026-03-02T15:00:30Z"},
            30,
            id="half a minute before the launch",
        ),
        pytest.param(
            due(), "SCHEDULED", {"step": "launching", "since": "2026-03-02T14:55:00Z", "attempt": 1}, 5, id="due"
        ),
        pytest.param(
            due(student_attempt=1, student_attempt_at=utc(NOW), student_subnet="subnet-1"),
            "SCHEDULED",
            {"step": "launching", "since": utc(NOW), "attempt": 1},
            5,
            id="the launch has begun",
        ),
        pytest.param(
            due(status="LAUNCHED", **launched("student", STUDENTS)),
            "LAUNCHED",
            {"step": "starting", "since": utc(NOW), "attempt": 1},
            5,
            id="launched",
        ),
        pytest.param(
            due(
                status="DNS_WRITTEN",
                **launched("student", STUDENTS),
                **linked("student", STUDENTS),
                student_published_at="2026-03-02T15:00:09Z",
            ),
            "DNS_WRITTEN",
            {"step": "booting", "since": "2026-03-02T15:00:09Z", "attempt": 1},
            5,
            id="published",
        ),
        pytest.param(
            due(
                status="HEALTHY",
                **launched("student", STUDENTS),
                student_healthy_at="2026-03-02T15:01:09Z",
            ),
            "HEALTHY",
            {"step": "publishing", "since": "2026-03-02T15:01:09Z", "attempt": 1},
            5,
            id="healthy, but its record is not published",
        ),
    ],
)
def test_a_closed_door_says_which_step_it_is_at_and_when_to_ask_again(
    world: World, row: Row, status: str, progress: dict[str, str], retry_after: int
) -> None:
    meeting_id = world.put(**row)
    before = world.row(meeting_id)
    answer = world.join(meeting_id, "student")
    assert answer.status_code == 202
    assert set(answer.json_body) == {"message", "status", "progress", "consent"} | TOLD
    assert answer.json_body["status"] == status
    assert answer.json_body["progress"] == progress
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"].split(","), (
        "a page on another host reads it"
    )
    assert answer.headers["Retry-After"] == str(retry_after)
    noted = {} if progress["step"] == "scheduled" else {"student_waiting_at": utc(NOW)}
    assert without_history(world.row(meeting_id)) == before | noted


# --- 4xx


@pytest.mark.parametrize("role", ["admin", "teachers", "-"])
def test_a_role_that_is_neither_is_refused_by_name(world: World, role: str) -> None:
    answer = world.join(world.put(), role)
    assert answer.status_code == 400
    assert set(answer.json_body) == {"message"}
    assert role in answer.json_body["message"]


@pytest.mark.parametrize("meeting_id", ["a%20b", "a b", "m-1.xyz", "..", "m$1", "m" * 65])
def test_a_malformed_id_is_refused(world: World, meeting_id: str) -> None:
    answer = world.join(meeting_id, "teacher")
    assert answer.status_code == 400
    assert set(answer.json_body) == {"message"}
    assert world.calls() == []


def test_an_unknown_id_is_not_found(world: World) -> None:
    answer = world.join("m-unknown", "teacher")
    assert answer.status_code == 404
    assert set(answer.json_body) == {"message"}
    assert world.rows() == []


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        pytest.param(
            {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": utc(NOW)}, "SUCCESS", id="by the app"
        ),
        pytest.param(
            {"status": "HEALTHY", "termination_reason": "SUCCESS", "ended_at": utc(NOW)},
            "SUCCESS",
            id="a desktop overwrote the status",
        ),
        pytest.param(
            {"status": "IN_PROGRESS", "termination_reason": "MAX_DURATION"}, "MAX_DURATION", id="it is ending"
        ),
        pytest.param(
            {"status": "TERMINATED", "termination_reason": "NO_SHOW_TIMEOUT"},
            "NO_SHOW_TIMEOUT",
            id="by the separate functions that this replaces",
        ),
        pytest.param({"status": "TERMINATED"}, None, id="by hand, without a reason"),
    ],
)
def test_after_the_end_the_page_is_told_to_stop_asking(world: World, end: Row, reason: str | None) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS)) | end)
    before = world.row(meeting_id)
    answer = world.join(meeting_id, "teacher")
    assert answer.status_code == 410
    assert set(answer.json_body) >= {"message", "status", "reason"}
    assert answer.json_body["status"] == "TERMINATED"
    assert answer.json_body["reason"] == reason
    assert world.row(meeting_id) == before


# --- failures on our side


def test_without_the_table_the_page_is_told_to_ask_again(world: World) -> None:
    world.cut_off("dynamodb")
    answer = world.join("m-1", "teacher")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert set(answer.json_body) == {"message"}
    assert "127.0.0.1" not in answer.body.decode()
    assert "The keys for links could not be read from elephant-state" in world.errors()


def test_a_variable_that_cannot_be_used_is_named_in_the_log(world: World) -> None:
    world.configure(MAX_MEETING_MINUTES="long")
    assert world.join(world.put(), "teacher").status_code == 500
    assert "MAX_MEETING_MINUTES" in world.errors()


def test_a_function_that_knows_only_the_table_can_answer(world: World) -> None:
    only_the_table = dict.fromkeys(set(world.cloud.environ) - {"TABLE_NAME"})
    world.configure(**only_the_table)
    assert world.join(world.put(), "teacher").status_code == 202


# --- rows made by hand


@pytest.mark.parametrize(
    ("row", "status"),
    [
        pytest.param({}, 202, id="only an id"),
        pytest.param({"status": "HEALTHY"}, 202, id="healthy without a desktop"),
        pytest.param(
            {"status": "HEALTHY", "teacher_ec2_id": TEACHERS, "teacher_ec2_link": link(TEACHERS)},
            200,
            id="ready by hand",
        ),
        pytest.param(
            {"status": "", "teacher_ec2_id": "", "teacher_ec2_link": "", "meet_time": ""}, 202, id="empty texts"
        ),
        pytest.param({"status": None, "teacher_ec2_id": None, "meet_time": None}, 202, id="nulls"),
        pytest.param({"status": "ASLEEP", "meet_time": "soon", "created_at": True}, 202, id="garbage"),
        pytest.param({"meet_time": 1772471400, "teacher_attempt": "one", "teacher_ec2_id": 7}, 202, id="wrong types"),
        pytest.param({"teacher_ec2_link": ["x"], "created_at": {"at": "noon"}}, 202, id="lists and maps"),
        pytest.param({"meet_time": "2026-02-30T10:00:00Z"}, 202, id="no such day"),
        pytest.param({"meet_time": "0001-01-01T00:00:00Z"}, 202, id="the first day of the calendar"),
        pytest.param({"meet_time": "9999-12-31T23:59:59Z"}, 202, id="the last day of the calendar"),
        pytest.param({"duration_minutes": 10**15}, 202, id="an endless duration"),
        pytest.param({"duration_minutes": "long"}, 202, id="a duration that is no number"),
    ],
)
@pytest.mark.parametrize("launched_too", [False, True], ids=["", "launched"])
def test_a_row_made_by_hand_breaks_nothing(world: World, row: Row, status: int, launched_too: bool) -> None:
    more = {"student_ec2_id": STUDENTS} if launched_too else {}
    answer = world.join(world.put(**row, **more), "teacher")
    assert answer.status_code == status
    assert answer.json_body["status"] in ("PENDING", "HEALTHY", "IN_PROGRESS")


def test_a_row_without_a_status_reads_as_pending(world: World) -> None:
    assert world.join(world.put(), "student").json_body["status"] == "PENDING"


# --- what it costs


def test_joining_makes_no_client_but_the_tables(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    make: Callable[..., Any] = boto3.client

    def client(service: str, *args: Any, **kwargs: Any) -> Any:
        made.append(service)
        return make(service, *args, **kwargs)

    monkeypatch.setattr(boto3, "client", client)
    monkeypatch.setattr(boto3, "resource", None)
    for role, row in (("teacher", due()), ("teacher", due(**ready("teacher", TEACHERS))), ("student", due())):
        world.join(world.put(**row), role)
    assert made == ["dynamodb"]
    assert {call.service for call in world.calls()} == {"dynamodb"}


# --- pages elsewhere


@pytest.mark.parametrize("status", [200, 202, 400, 403, 404, 410, 500, 503])
def test_a_page_on_any_host_may_read_every_answer(world: World, status: int) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS)))
    role = "teacher"
    match status:
        case 202:
            role = "student"
        case 400:
            role = "admin"
        case 403:
            world.configure(**SIGNED)
        case 404:
            meeting_id = "m-unknown"
        case 410:
            world.write(meeting_id, status="TERMINATED", termination_reason="SUCCESS")
        case 500:
            world.configure(BOOT_LIMIT_MINUTES="-1")
        case 503:
            world.cut_off("dynamodb")
    answer = world.join(meeting_id, role)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "message" in answer.json_body


def test_a_page_on_any_host_may_ask() -> None:
    answer = LocalGateway(app.app, Config.create()).handle_request("OPTIONS", "/join/m-1/teacher", {}, None)
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "GET" in answer["headers"]["Access-Control-Allow-Methods"]
