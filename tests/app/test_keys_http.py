"""A deployed stage's keys, kept in its state table: who comes in, who may schedule, and that no key is ever told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from chalice.test import HTTPResponse

from chalicelib.domain.access import Scope
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.seat import Role
from chalicelib.people import links
from localcloud.cloud import ACCESS_KEYS, KEYS, STATE_TABLE
from tests.app.world import NOW, World, form, image, utc
from tests.builders import meeting

SCHEDULING_KEY, LINKS_KEY = ACCESS_KEYS[Scope.SCHEDULE], KEYS[Purpose.LINKS]


def store(world: World, purpose: str, **attributes: Any) -> None:
    """Write the item of a purpose as a deploy does; without attributes, take it away."""
    tables = world.cloud.operator("dynamodb")
    if attributes:
        tables.put_item(TableName=STATE_TABLE, Item=image({"id": f"key/{purpose}", **attributes}))
    else:
        tables.delete_item(TableName=STATE_TABLE, Key=image({"id": f"key/{purpose}"}))
    world.configure()


def ask(world: World, key: str | None) -> HTTPResponse:
    return world.schedule(form(meet_time=utc(NOW)), headers={"X-Schedule-Key": key} if key else {})


def scheduled(world: World, key: str | None = None) -> tuple[str, dict[str, str]]:
    """Schedule a meeting; return its id, and what its links hold as `id` by role."""
    told = ask(world, key).json_body
    links = {role: urlsplit(told[f"{role}_link"]).query for role in ("teacher", "student")}
    return told["id"], {role: parse_qs(query)["id"][0] for role, query in links.items()}


# --- links


def test_a_deployed_stage_signs_its_links_and_each_opens_its_own_door(world: World) -> None:
    meeting_id, ids = scheduled(world)
    for role, other in (("teacher", "student"), ("student", "teacher")):
        assert world.join(ids[role], role).status_code == 202
        assert world.join(ids[role], other).status_code == 403
        assert world.join(meeting_id, role).status_code == 403


@pytest.mark.parametrize(
    "row",
    [
        {"meet_time": utc(NOW), "created_at": utc(NOW), "status": "SCHEDULED", "open": "1", "teacher_name": "Ann"},
        {"status": "HEALTHY"},
        {},
    ],
    ids=["scheduled by 0.1.0", "by hand", "by hand, with only an id"],
)
def test_a_meeting_from_before_keeps_its_unsigned_links_until_it_is_over(world: World, row: dict[str, Any]) -> None:
    """So does one that was written by hand: nobody was ever sent a signed link for either."""
    meeting_id = world.put(**row)
    assert world.join(meeting_id, "teacher").status_code == 202
    assert world.join(f"{meeting_id}.{'0' * 32}", "teacher").status_code == 403
    world.write(meeting_id, status="TERMINATED", termination_reason="SUCCESS", ended_at=utc(NOW))
    assert world.join(meeting_id, "teacher").status_code == 410


def test_where_links_were_signed_before_no_unsigned_one_opens(world: World) -> None:
    """The key that version 0.1.0 signed with was moved: its meetings were never sent an unsigned link."""
    store(world, "links", present="of 0.1.0", earlier=[], all_signed=True)
    assert world.join(world.put(status="SCHEDULED"), "teacher").status_code == 403


def test_links_open_after_their_key_was_rotated_and_not_after_it_was_taken_back(world: World) -> None:
    _, ids = scheduled(world)
    store(world, "links", present="newer", earlier=[LINKS_KEY])
    assert world.join(ids["teacher"], "teacher").status_code == 202
    store(world, "links", present="newer", earlier=[])
    assert world.join(ids["teacher"], "teacher").status_code == 403


def test_a_rotation_is_in_force_within_a_minute_and_no_link_is_lost(world: World) -> None:
    """A container that has not heard of it signs with the key before: that link opens too, here and elsewhere."""
    item = {"present": "newer", "earlier": [LINKS_KEY], "replaced_at": {LINKS_KEY: utc(NOW)}}
    _, before = scheduled(world)
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=image({"id": "key/links", **item}))
    world.move(seconds=50)
    unheard_id, unheard = scheduled(world)
    assert unheard["teacher"] == links.public_id(meeting(id=unheard_id), Role.TEACHER, Keys(LINKS_KEY))
    world.move(seconds=10)
    heard_id, heard = scheduled(world)
    assert heard["teacher"] == links.public_id(meeting(id=heard_id), Role.TEACHER, Keys("newer"))
    for ids in (before, unheard, heard):
        assert world.join(ids["student"], "student").status_code == 202


def test_an_old_key_opens_and_manages_no_meeting_that_was_made_after_it_was_replaced(world: World) -> None:
    item = {"present": "newer", "earlier": [LINKS_KEY], "replaced_at": {LINKS_KEY: utc(NOW)}}
    store(world, "links", **item)
    world.move(minutes=10)
    meeting_id, _ = scheduled(world)
    forged = links.public_id(meeting(id=meeting_id), Role.TEACHER, Keys(LINKS_KEY))
    assert world.join(forged, "teacher").status_code == 403
    assert world.http.get(f"/meetings/{forged}").status_code == 403
    assert world.http.delete(f"/meetings/{forged}").status_code == 403
    assert "termination_reason" not in world.row(meeting_id)


def test_a_key_that_is_gone_opens_nothing_and_is_named_in_the_log(world: World) -> None:
    meeting_id, ids = scheduled(world)
    store(world, "links")
    for public_id in (meeting_id, ids["teacher"], world.put()):
        assert world.join(public_id, "teacher").status_code == 500
    assert world.schedule().status_code == 500
    assert f"The table {STATE_TABLE} holds no key for links; deploy again" in world.errors()


def test_where_the_keys_cannot_be_read_a_person_is_told_to_ask_again(world: World) -> None:
    world.configure(STATE_TABLE="elephant-lost")
    answer = world.join(world.put(), "teacher")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert "elephant-lost" in world.errors()


# --- scheduling


def test_a_locked_stage_is_unlocked_by_its_key_alone(world: World) -> None:
    world.configure(SCHEDULING="locked")
    assert [ask(world, key).status_code for key in (None, "guess", LINKS_KEY, SCHEDULING_KEY)] == [401, 403, 403, 200]


def test_a_stage_of_which_nothing_is_said_is_locked(world: World) -> None:
    """Never open by an oversight, as a deploy by other means would be one."""
    world.configure(SCHEDULING=None)
    assert ask(world, None).status_code == 401


def test_a_locked_stage_that_has_lost_its_keys_lets_nobody_schedule(world: World) -> None:
    store(world, "access")
    world.configure(SCHEDULING="locked")
    assert [ask(world, key).status_code for key in (None, "", SCHEDULING_KEY)] == [401, 401, 403]


def test_an_open_stage_asks_for_no_key_and_reads_none(world: World) -> None:
    world.configure(SCHEDULING="open")
    store(world, "access")
    assert ask(world, None).status_code == 200


# --- what is told


def test_no_key_is_ever_told(world: World) -> None:
    """Neither in an answer nor in the log, whatever goes wrong with one."""
    world.configure(SCHEDULING="locked")
    told: list[str] = []
    for key in (None, "guess", SCHEDULING_KEY):
        told.append(ask(world, key).body.decode())
    _, ids = scheduled(world, SCHEDULING_KEY)
    told += [world.join(public_id, role).body.decode() for public_id in ids.values() for role in ("teacher", "student")]
    for spoilt in ({"present": LINKS_KEY, "earlier": LINKS_KEY}, {"present": 7, "earlier": [LINKS_KEY]}):
        store(world, "links", **spoilt)
        told.append(world.join(ids["teacher"], "teacher").body.decode())
    world.move(minutes=30)
    world.sweep()
    told += [json.dumps(world.log, default=str), json.dumps(world.rows(), default=str)]
    assert "is not as a deploy writes it" in told[-2]
    for key in KEYS.values():
        assert not [text for text in told if key in text]
