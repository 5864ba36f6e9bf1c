"""GET /join: what the waiting room is told beside the door itself, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.world import NOW, Row, World, form, launched, linked, scheduled_event, utc

TEACHERS, STUDENTS = "i-0a0a0a0a0a0a0a0a0", "i-0b0b0b0b0b0b0b0b0"
T = NOW + timedelta(minutes=5)


def due(**more: Any) -> Row:
    names = {"teacher_name": "Ann", "student_name": "Ben", "duration_minutes": 60}
    return {"meet_time": utc(T), "created_at": utc(NOW - timedelta(days=1)), "status": "LAUNCHED", **names, **more}


def ready(role: str, desktop_id: str) -> Row:
    return launched(role, desktop_id) | linked(role, desktop_id) | {f"{role}_healthy_at": utc(NOW)}


def peek(world: World, meeting_id: str, role: str) -> dict[str, Any]:
    answer: dict[str, Any] = world.http.get(f"/join/{meeting_id}/{role}?peek=1").json_body
    return answer


def public_ids(world: World, **more: Any) -> dict[str, str]:
    """Schedule a meeting, and return the ids in its links."""
    told = world.schedule(form() | more).json_body
    return {role: parse_qs(urlsplit(told[f"{role}_link"]).query)["id"][0] for role in ("teacher", "student")}


def part(told: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: told[name] for name in names if name in told}


def test_two_who_wait_see_one_another_come(world: World) -> None:
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), **launched("student", STUDENTS)))
    first = peek(world, meeting_id, "teacher")
    assert part(first, "you", "other") == {
        "you": {"presence": "waiting"},
        "other": {"presence": "absent", "ready": False},
    }
    assert part(peek(world, meeting_id, "student"), "you", "other") == {
        "you": {"presence": "waiting"},
        "other": {"presence": "waiting", "ready": True},
    }
    world.join(meeting_id, "teacher")
    assert peek(world, meeting_id, "student")["other"] == {"presence": "in", "since": utc(NOW), "ready": True}
    world.move(minutes=3)
    assert peek(world, meeting_id, "teacher")["other"] == {"presence": "absent", "ready": False}


@pytest.mark.parametrize("row", [{}, ready("teacher", TEACHERS)], ids=["202", "200"])
def test_each_is_told_with_whom_and_from_when_to_when(world: World, row: Row) -> None:
    told = peek(world, world.put(**due(**row)), "teacher")
    names = ("teacher_name", "student_name", "meet_time", "ends_at", "sequence")
    assert list(part(told, *names).values()) == ["Ann", "Ben", utc(T), utc(T + timedelta(hours=1)), 0]


def test_only_the_teacher_s_own_link_tells_how_far_the_meeting_may_be_extended(world: World) -> None:
    ids = public_ids(world, duration_minutes=60)
    assert peek(world, ids["teacher"], "teacher")["may_extend"] > 0
    assert "may_extend" not in peek(world, ids["student"], "student")
    assert "may_extend" not in peek(world, world.put(**due()), "teacher")


def test_after_the_end_it_is_told_when_that_was_and_whose_meeting_it_was(world: World) -> None:
    ended = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": utc(T + timedelta(minutes=40))}
    told = peek(world, world.put(**due(**ready("teacher", TEACHERS)) | ended), "student")
    names = ("teacher_name", "student_name", "meet_time", "ended_at", "reason")
    assert part(told, *names) == {
        "teacher_name": "Ann",
        "student_name": "Ben",
        "meet_time": utc(T),
        "ended_at": ended["ended_at"],
        "reason": "SUCCESS",
    }


@pytest.mark.parametrize(("header", "query"), [({"Purpose": "prefetch"}, ""), ({"Sec-Purpose": "prefetch"}, "?peek=1")])
def test_a_browser_that_fetches_ahead_is_nobody_who_waits(world: World, header: dict[str, str], query: str) -> None:
    meeting_id = world.put(**due())
    before = world.row(meeting_id)
    assert world.http.get(f"/join/{meeting_id}/teacher{query}", headers=header).status_code == 202
    assert world.http.head(f"/join/{meeting_id}/teacher{query}").status_code == 202
    assert world.row(meeting_id) == before


# --- how long it usually takes


def measured(world: World, minutes: float) -> None:
    """Let a sweep see a meeting whose teacher's desktop took so long."""
    row = due(open="1", **ready("teacher", TEACHERS)) | {"teacher_attempt_at": utc(NOW - timedelta(minutes=minutes))}
    world.put(id="m-measured", **row)
    world.invoke("sweep", scheduled_event(world.clock))


def test_who_waits_for_a_desktop_is_told_how_long_one_takes_these_days(world: World) -> None:
    waiting = world.put(**due())
    assert "usual_minutes" not in peek(world, waiting, "teacher")
    measured(world, 6.5)
    world.move(minutes=1)
    assert peek(world, waiting, "teacher")["usual_minutes"] == 7


def test_who_need_not_wait_for_one_now_is_not_told_it(world: World) -> None:
    measured(world, 6)
    early = world.put(**due(status="SCHEDULED") | {"meet_time": utc(NOW + timedelta(hours=2))})
    assert "usual_minutes" not in peek(world, early, "teacher")


def test_who_waits_is_answered_where_nothing_is_kept_that_would_tell(world: World) -> None:
    waiting = world.put(**due())
    world.configure(STATE_TABLE=None)
    assert "usual_minutes" not in peek(world, waiting, "teacher")
