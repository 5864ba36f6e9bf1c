"""A token that Cloudflare refuses, or that cannot be one, holds up names and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.domain.errors import ElephantError, SomeFailed
from localcloud.cloud import SECRET
from localcloud.cloudflare import DOMAIN
from tests.app.world import NOW, World, ec2_event, launched, linked, utc

SECRETS = {
    "refused": json.dumps({"CLOUDFLARE_TOKEN": "very-secret"}),
    "with a sign outside Latin-1": json.dumps({"CLOUDFLARE_TOKEN": "very-secret\u20ac"}),
    "with a letter outside ASCII": json.dumps({"CLOUDFLARE_TOKEN": "very-secret\u00fc"}),
    "with a space": json.dumps({"CLOUDFLARE_TOKEN": "very-secret x"}),
    "with quotes": json.dumps({"CLOUDFLARE_TOKEN": '"very-secret"'}),
    "with a line break": json.dumps({"CLOUDFLARE_TOKEN": "very-secret\nx"}),
    "of another key": json.dumps({"TOKEN": "very-secret"}),
    "not JSON": "very-secret",
}


@pytest.fixture(params=SECRETS.values(), ids=list(SECRETS))
def misled(world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The world with such a token in the secret; no message ever shows it."""
    world.keep_secret(request.param)
    yield world
    assert "very-secret" not in str(world.log)
    world.keep_secret()


def seated(world: World, **row: object) -> str:
    """Put a meeting whose two desktops run and are published."""
    meeting_id = world.put(open="1", **row)
    for role in ("teacher", "student"):
        desktop_id = world.desktop(meeting_id, role)
        world.write(meeting_id, **launched(role, desktop_id, NOW - timedelta(minutes=25), meeting_id))
        world.write(meeting_id, **linked(role, desktop_id))
        name = f"{desktop_id}.{DOMAIN}"
        world.cloud.cloudflare.add(name=name, content="192.0.2.1", comment=f"elephant:dev:{meeting_id}")
    return meeting_id


def test_a_meeting_ends_with_its_desktops_and_timers(misled: World) -> None:
    meeting_id = misled.schedule().json_body["id"]
    assert len(misled.timers()) == 2
    for role in ("teacher", "student"):
        desktop_id = misled.desktop(meeting_id, role)
        misled.write(meeting_id, **launched(role, desktop_id, NOW, meeting_id), **linked(role, desktop_id))
    misled.write(meeting_id, termination_reason="CANCELLED")
    with suppress(ElephantError):
        misled.invoke("stream_terminator", misled.change_of(meeting_id))
    assert (misled.alive(), misled.timers()) == (set(), {})


def test_the_sweep_ends_what_is_over_and_launches_what_is_due(misled: World) -> None:
    over = seated(misled, meet_time=utc(NOW - timedelta(minutes=15)), status="HEALTHY")
    stray = misled.desktop("m-unknown", "teacher")
    due = misled.put(open="1", status="SCHEDULED", meet_time=utc(NOW + timedelta(minutes=12)))
    misled.move(minutes=6)
    with pytest.raises(SomeFailed):
        misled.sweep()
    row = misled.row(due)
    assert misled.row(over)["termination_reason"] == "NO_SHOW_TIMEOUT"
    assert misled.alive() == {row["teacher_ec2_id"], row["student_ec2_id"]}
    assert stray not in misled.alive()
    assert SECRET in misled.errors()


def test_a_desktop_that_runs_is_published_as_soon_as_the_token_is_right(misled: World) -> None:
    meeting_id = misled.put(open="1", status="LAUNCHED", meet_time=utc(NOW + timedelta(minutes=8)))
    desktop_id = misled.desktop(meeting_id, "teacher")
    misled.write(meeting_id, **launched("teacher", desktop_id, meeting_id=meeting_id))
    with pytest.raises(ElephantError, match=SECRET):
        misled.invoke("dns_watchdog", ec2_event(desktop_id, "running"))
    assert misled.published() == {}
    misled.keep_secret()
    misled.invoke("dns_watchdog", ec2_event(desktop_id, "running"))
    assert misled.published().keys() == {f"{desktop_id}.{DOMAIN}"}
