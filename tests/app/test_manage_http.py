"""A meeting of one's own over HTTP: its teacher looks at it and changes it, and row, timers and calendar follow."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chalice.test import HTTPResponse

from tests.app.world import NOW, World, form, utc

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
