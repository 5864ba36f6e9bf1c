"""GET /join with the id of a link: signed ones, forged ones, and those that a mail program has damaged."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.app.world import World, form

SIGNED = {"STATE_TABLE": None, "LINK_SIGNING_KEY": "a key that nobody knows"}
"""A run at home whose links are signed, as those of version 0.1.0 were."""


def signed_ids(world: World) -> dict[str, str]:
    told = world.schedule(form()).json_body
    return {role: parse_qs(urlsplit(told[f"{role}_link"]).query)["id"][0] for role in ("teacher", "student")}


def test_a_signed_link_opens_its_own_roles_door_only(world: World) -> None:
    world.configure(**SIGNED)
    ids = signed_ids(world)
    assert world.join(ids["teacher"], "teacher").status_code == 202
    assert world.join(ids["student"], "student").status_code == 202
    for answer in (world.join(ids["teacher"], "student"), world.join(ids["student"], "teacher")):
        assert answer.status_code == 403
        assert set(answer.json_body) == {"message"}


def test_where_links_are_signed_an_unsigned_or_forged_one_is_refused(world: World) -> None:
    world.configure(**SIGNED)
    meeting_id, _, signature = signed_ids(world)["teacher"].partition(".")
    assert world.join(meeting_id, "teacher").status_code == 403
    assert world.join(f"{meeting_id}.{'0' * len(signature)}", "teacher").status_code == 403
    other = world.put()
    assert world.join(f"{other}.{signature}", "teacher").status_code == 403


def test_a_refused_link_does_not_tell_whether_the_meeting_exists(world: World) -> None:
    world.configure(**SIGNED)
    existing = world.put()
    assert world.join(existing, "teacher").json_body == world.join("m-unknown", "teacher").json_body
    assert world.calls() == []


def test_a_link_that_was_signed_is_good_after_signing_was_turned_off(world: World) -> None:
    world.configure(**SIGNED)
    ids = signed_ids(world)
    world.configure(LINK_SIGNING_KEY=None)
    assert world.join(ids["teacher"], "teacher").status_code == 202


@pytest.mark.parametrize(
    "damage", [".", ")", "%3E", "%22", "%E2%80%9D", "%C2%AD", "%E2%80%8B", "&gt;", "%20"], ids=repr
)
def test_a_link_that_a_mail_program_has_damaged_at_its_end_leads_to_the_meeting(world: World, damage: str) -> None:
    world.configure(**SIGNED)
    ids = signed_ids(world)
    assert world.join(ids["teacher"], f"Teacher{damage}").status_code == 202
    assert world.join(f"{ids['teacher']}{damage}", "teacher").status_code == 202
    assert world.join(f"{ids['teacher']}{damage}", f"STUDENT{damage}").status_code == 403
