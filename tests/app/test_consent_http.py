"""Being recorded: what people are told before they click, and what is kept of the click."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.app.test_join_http import TEACHERS, due, ready
from tests.app.world import NOW, World, utc
from tests.builders import without_history

RECORDS = {"RECORD": "true", "OPERATOR_NAME": "Example School", "OPERATOR_CONTACT": "privacy@school.example"}
NOTICE = {"operator": "Example School", "contact": "privacy@school.example", "keep_days": 90}


def recording(world: World, **more: str) -> World:
    world.configure(**RECORDS, **({"KEEP_DAYS": "90"} | more))
    return world


def click(world: World, meeting_id: str, query: str = "?consent=1", **headers: str) -> Any:
    return world.http.get(f"/join/{meeting_id}/teacher{query}", headers=headers)


def test_who_waits_and_who_may_come_in_is_told_who_records_for_how_long_and_whom_to_ask(world: World) -> None:
    recording(world)
    waits, enters = world.put(**due()), world.put(id="m-2", **due(**ready("teacher", TEACHERS), status="HEALTHY"))
    for meeting_id, status in ((waits, 202), (enters, 200)):
        for query in ("?peek=1", ""):
            answer = click(world, meeting_id, query)
            assert (answer.status_code, answer.json_body["consent"]) == (status, NOTICE)


def test_a_stage_that_does_not_record_says_nothing_of_it_and_keeps_nothing(world: World) -> None:
    world.configure(**RECORDS | {"RECORD": "false"})
    meeting_id = world.put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    assert "consent" not in click(world, meeting_id).json_body
    assert "teacher_consented_at" not in world.row(meeting_id)
    assert "teacher_joined_at" in world.row(meeting_id)
    assert "consent" not in world.schedule().json_body


def test_who_schedules_is_told_it_for_the_calendar(world: World) -> None:
    assert recording(world).schedule().json_body["consent"] == NOTICE


def test_the_moment_of_the_click_is_kept_in_the_write_that_lets_the_person_in(world: World) -> None:
    meeting_id = recording(world).put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    before = world.row(meeting_id)
    world.forget_calls()
    assert click(world, meeting_id).status_code == 200
    assert [call.operation for call in world.calls()].count("UpdateItem") == 1
    kept = {"teacher_joined_at": utc(NOW), "teacher_consented_at": utc(NOW)}
    assert without_history(world.row(meeting_id)) == before | kept | {"status": "IN_PROGRESS"}


def test_the_first_moment_counts(world: World) -> None:
    meeting_id = recording(world).put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    click(world, meeting_id)
    before = world.row(meeting_id)
    world.move(seconds=59)
    world.forget_calls()
    assert click(world, meeting_id).status_code == 200
    assert [call.operation for call in world.calls()] == ["GetItem"]
    assert world.row(meeting_id) == before


@pytest.mark.parametrize(
    ("query", "headers"),
    [("", {}), ("?consent=0", {}), ("?peek=1&consent=1", {}), ("?consent=1", {"Sec-Purpose": "prefetch"})],
    ids=["a page that knows nothing", "no", "a peek", "a browser ahead of the click"],
)
def test_who_was_told_nothing_or_has_not_clicked_has_not_consented(
    world: World, query: str, headers: dict[str, str]
) -> None:
    meeting_id = recording(world).put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    assert click(world, meeting_id, query, **headers).status_code == 200
    assert "teacher_consented_at" not in world.row(meeting_id)


def test_who_came_by_a_page_that_knew_nothing_consents_at_a_later_click(world: World) -> None:
    meeting_id = recording(world).put(**due(**ready("teacher", TEACHERS), status="HEALTHY"))
    click(world, meeting_id, "")
    joined = world.row(meeting_id)
    world.move(seconds=30)
    click(world, meeting_id)
    later = utc(NOW + timedelta(seconds=30))
    assert without_history(world.row(meeting_id)) == without_history(joined) | {"teacher_consented_at": later}


def test_a_click_that_opens_nothing_keeps_nothing(world: World) -> None:
    meeting_id = recording(world).put(**due())
    before = world.row(meeting_id)
    assert click(world, meeting_id).status_code == 202
    assert without_history(world.row(meeting_id)) == before | {"teacher_waiting_at": utc(NOW)}


def test_a_consent_that_was_spoilt_by_hand_is_no_consent_and_shuts_nobody_out(world: World) -> None:
    spoilt = due(**ready("teacher", TEACHERS), status="HEALTHY", teacher_consented_at="yes")
    meeting_id = recording(world).put(**spoilt)
    assert click(world, meeting_id).status_code == 200
    assert world.row(meeting_id)["teacher_consented_at"] == utc(NOW)
