"""The agent's own parts over the real wire: metadata, signature, gateway, app, and the token of a click at its door.

The desktop is one that the app itself has launched with the kit's options.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app import app
from chalicelib.settings import Client
from desktop.api import AppRefused, AppUnreachable
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.people import Invitation, schedule
from tests.contract.guests.guests import AgentsParts

T = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
AGENTS = Conditions(client=Client.KIT, guests=False)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    with Cloud(app, VirtualClock(T - timedelta(minutes=30)), AGENTS) as cloud:
        yield cloud


@pytest.fixture
def meeting(cloud: Cloud) -> Invitation:
    """A meeting five minutes before it begins: its desktops run, and their records are published."""
    invitation = schedule(cloud.url, cloud.timeline, T)
    assert isinstance(cloud.clock, VirtualClock)
    cloud.clock.run(T - timedelta(minutes=5))
    return invitation


@pytest.fixture
def agents(cloud: Cloud, meeting: Invitation, tmp_path: Path) -> Iterator[dict[str, AgentsParts]]:
    found = cloud.operator("ec2").describe_instances()["Reservations"]
    made = [AgentsParts(cloud, instance, tmp_path) for each in found for instance in each["Instances"]]
    yield {agent.machine.tags["Role"]: agent for agent in made}
    for agent in made:
        agent.stop()


def click(cloud: Cloud, meeting: Invitation, role: str) -> dict[str, Any]:
    [link_id] = parse_qs(urlsplit(meeting.links[role]).query)["id"]
    told: dict[str, Any] = requests.get(f"{cloud.url}/join/{link_id}/{role}", timeout=30).json()
    return told


def test_from_the_launch_s_own_tags_to_the_open_door(
    cloud: Cloud, meeting: Invitation, agents: dict[str, AgentsParts]
) -> None:
    teacher, student = agents["teacher"], agents["student"]
    for agent in agents.values():
        agent.begin()
    place = teacher.conversation.place
    assert place is not None
    assert (place.seat.role, place.ends_at) == ("teacher", T + timedelta(minutes=230)), "ten of 240 are for uploads"
    token = click(cloud, meeting, "teacher")["auth_token"]
    assert not student.admit(token)
    assert teacher.admit(token)


def test_a_desktop_speaks_for_no_other_meeting(cloud: Cloud, agents: dict[str, AgentsParts]) -> None:
    other = schedule(cloud.url, cloud.timeline, T + timedelta(hours=3)).meeting_id
    for path in (other, "no-such-meeting"):
        with pytest.raises(AppRefused, match="names no desktop") as refused:
            agents["teacher"].app.ask("GET", f"/desktop/{path}")
        assert refused.value.status == 404


def test_one_that_the_policy_does_not_let_ask_gets_no_further_than_the_gateway(
    cloud: Cloud, meeting: Invitation, agents: dict[str, AgentsParts]
) -> None:
    cloud.signatures.may_invoke = lambda role, method, path: not path.startswith("/desktop/")
    with pytest.raises(AppUnreachable, match="AccessDeniedException"):
        agents["teacher"].app.ask("GET", f"/desktop/{meeting.meeting_id}")
