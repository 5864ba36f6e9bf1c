"""POST /schedule: what cannot be used is named, and nothing is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.app.world import NOW, World, form, utc


def test_all_problems_are_told_at_once_and_nothing_is_stored(world: World) -> None:
    answer = world.schedule({"teacher_name": " ", "teacher_email": "nobody", "duration_minutes": 0})
    assert answer.status_code == 400
    assert set(answer.json_body) == {"message", "errors"}
    assert {tuple(sorted(error)) for error in answer.json_body["errors"]} == {("field", "problem")}
    assert [error["field"] for error in answer.json_body["errors"]] == [
        "teacher_name",
        "student_name",
        "teacher_email",
        "meet_time",
        "frontend_base_url",
        "duration_minutes",
    ]
    assert world.rows() == []
    assert world.calls() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("teacher_name", ...),
        ("teacher_name", None),
        ("teacher_name", 7),
        ("teacher_name", ["Ann"]),
        ("student_name", "   "),
        ("student_name", "B" * 101),
        ("student_name", "Ben\nBirch"),
        ("student_name", "\ud800"),
        ("teacher_email", "ann"),
        ("teacher_email", "ann@a b"),
        ("teacher_email", 7),
        ("teacher_email", "\ud800@school.example"),
        ("teacher_email", "a" * 65 + "@school.example"),
        ("meet_time", ...),
        ("meet_time", 1772471400),
        ("meet_time", "tomorrow"),
        ("meet_time", "2026-03-02T19:30:00"),
        ("meet_time", "2026-02-30T19:30:00Z"),
        ("meet_time", "1970-01-01T00:00:00Z"),
        ("meet_time", "2199-01-01T00:00:00Z"),
        ("meet_time", "0001-01-01T00:00:00+14:00"),
        ("meet_time", "9999-12-31T23:59:59-14:00"),
        ("meet_time", "0001-01-01T00:00:00"),
        ("meet_time", utc(NOW - timedelta(minutes=30, seconds=1))),
        ("meet_time", utc(NOW + timedelta(days=365, seconds=1))),
        ("frontend_base_url", ...),
        ("frontend_base_url", "school.example/meeting"),
        ("frontend_base_url", "ftp://school.example"),
        ("frontend_base_url", "javascript:alert(1)"),
        ("frontend_base_url", "https://"),
        ("frontend_base_url", "https://school.example/a b"),
        ("frontend_base_url", "https://[school"),
        ("frontend_base_url", "https://school.example/" + "a" * 2000),
        ("duration_minutes", 0),
        ("duration_minutes", -5),
        ("duration_minutes", 1.5),
        ("duration_minutes", "90"),
        ("duration_minutes", True),
        ("duration_minutes", 241),
        ("time_zone", 60),
        ("time_zone", "Europe/Berlin "),
        ("time_zone", "UTC+1:00"),
        ("time_zone", "Z" * 65),
    ],
)
def test_a_field_that_cannot_be_used_is_named_alone(world: World, field: str, value: object) -> None:
    answer = world.schedule(form(**{field: value}))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json_body["errors"]] == [field]
    assert all(error["problem"].endswith(".") for error in answer.json_body["errors"])
    assert answer.json_body["message"] == answer.json_body["errors"][0]["problem"]
    assert world.rows() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("teacher_name", "A" * 100),
        ("teacher_name", "Ångström 安"),
        ("meet_time", utc(NOW - timedelta(minutes=30))),
        ("meet_time", utc(NOW + timedelta(days=365))),
        ("frontend_base_url", "http://localhost:8000/meeting"),
        ("duration_minutes", 1),
        ("duration_minutes", 240),
        ("time_zone", ""),
        ("time_zone", "America/Argentina/Buenos_Aires"),
        ("time_zone", "Etc/GMT+5"),
        ("time_zone", "Z" * 64),
    ],
)
def test_a_field_at_the_edge_of_what_is_allowed_is_taken(world: World, field: str, value: object) -> None:
    assert world.schedule(form(**{field: value})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"teacher_name=Ann", id="a form, not JSON"),
        pytest.param(b'{"teacher_name": "Ann"', id="cut off"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b"null", id="null"),
        pytest.param(b'["Ann"]', id="a list"),
        pytest.param(b'"Ann"', id="a string"),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(world: World, body: bytes) -> None:
    answer = world.schedule(body)
    assert answer.status_code == 400
    assert "JSON" in answer.json_body["message"]
    assert world.rows() == []


@pytest.mark.parametrize("claim", ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", ""])
def test_a_script_need_not_say_that_its_json_is_json(world: World, claim: str) -> None:
    assert world.schedule(form(), headers={"Content-Type": claim}).status_code == 200
    refused = world.schedule(b"Ann", headers={"Content-Type": claim})
    assert refused.status_code == 400
    assert "JSON" in refused.json_body["message"]
