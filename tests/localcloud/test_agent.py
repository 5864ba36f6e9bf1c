"""The agent's own parts over the real wire: metadata, signature, gateway, app, and the token of a click at its door.

The desktop is one that the app itself has launched with the kit's options.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app import app
from desktop.api import App, AppRefused, AppUnreachable
from desktop.clock import AppClock
from desktop.conversation import Conversation
from desktop.door import Door, Presence, Seat
from desktop.metadata import Metadata
from desktop.state import State
from localcloud.aws import ACCOUNT
from localcloud.clock import VirtualClock
from localcloud.cloud import PROFILE, Cloud
from localcloud.conditions import Conditions
from localcloud.metadata import Metadata as StandIn
from localcloud.people import Invitation, schedule

T = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NEVER_BY_THEMSELVES = Conditions(boot_s=(10**6, 10**6))  # the modelled guests do not report


class Agent:
    """One desktop of the meeting, with the agent's parts put together as its service does."""

    def __init__(self, cloud: Cloud, instance: dict[str, Any], folder: Path) -> None:
        self.stand_in = StandIn(instance, cloud.issuer, cloud.clock)
        metadata = Metadata(self.stand_in.url)
        self.machine = metadata.machine()
        self.clock = AppClock()  # by the machine's own clock, months away from the cloud's
        self.app = App(cloud.url, self.machine.region, metadata.credentials, self.clock)
        self.missing: tuple[str, ...] = ()
        self.elapsed_s = 0.0
        self.conversation = Conversation(
            self.app,
            self.machine.tags["MeetingID"],
            self.machine.instance_id,
            lambda: self.missing,
            lambda: False,
            lambda: self.elapsed_s,
        )
        state = State(folder / f"{self.machine.instance_id}.json", self.machine.instance_id)
        self.door = Door(self._seat, lambda: Presence(0), self.clock.now, state)

    def _seat(self) -> Seat | None:
        return self.conversation.place.seat if self.conversation.place else None

    def step(self, seconds: float = 30) -> None:
        self.elapsed_s += seconds
        self.conversation.step()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    with Cloud(app, VirtualClock(T - timedelta(minutes=30)), NEVER_BY_THEMSELVES) as cloud:
        os.environ |= {
            "DESKTOP_CLIENT": "kit",
            "DESKTOP_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{PROFILE}",
        }
        yield cloud


@pytest.fixture
def meeting(cloud: Cloud) -> Invitation:
    """A meeting five minutes before it begins: its desktops run, and their records are published."""
    invitation = schedule(cloud.url, cloud.timeline, T)
    assert isinstance(cloud.clock, VirtualClock)
    cloud.clock.run(T - timedelta(minutes=5))
    return invitation


@pytest.fixture
def agents(cloud: Cloud, meeting: Invitation, tmp_path: Path) -> Iterator[dict[str, Agent]]:
    found = cloud.operator("ec2").describe_instances()["Reservations"]
    made = [Agent(cloud, instance, tmp_path) for each in found for instance in each["Instances"]]
    yield {agent.machine.tags["Role"]: agent for agent in made}
    for agent in made:
        agent.stand_in.stop()


def click(cloud: Cloud, meeting: Invitation, role: str) -> dict[str, Any]:
    [link_id] = parse_qs(urlsplit(meeting.links[role]).query)["id"]
    told: dict[str, Any] = requests.get(f"{cloud.url}/join/{link_id}/{role}", timeout=30).json()
    return told


def test_from_the_launch_s_own_tags_to_the_open_door(
    cloud: Cloud, meeting: Invitation, agents: dict[str, Agent]
) -> None:
    teacher, student = agents["teacher"], agents["student"]
    for agent in agents.values():
        agent.step()
    place = teacher.conversation.place
    assert place is not None
    assert (place.seat.role, place.ends_at) == ("teacher", T + timedelta(minutes=240))
    token = click(cloud, meeting, "teacher")["auth_token"]
    assert not student.door.judge(token).opens
    assert teacher.door.judge(token).opens


def test_what_is_missing_keeps_the_door_shut_until_it_is_repaired(
    cloud: Cloud, meeting: Invitation, agents: dict[str, Agent]
) -> None:
    teacher = agents["teacher"]
    teacher.missing = ("The DCV service is not running.",)
    teacher.step()
    assert click(cloud, meeting, "teacher")["progress"]["missing"] == ["The DCV service is not running."]
    teacher.missing = ()
    teacher.step()
    assert "auth_token" in click(cloud, meeting, "teacher")


def test_a_desktop_speaks_for_no_other_meeting(cloud: Cloud, agents: dict[str, Agent]) -> None:
    other = schedule(cloud.url, cloud.timeline, T + timedelta(hours=3)).meeting_id
    for path in (other, "no-such-meeting"):
        with pytest.raises(AppRefused, match="names no desktop") as refused:
            agents["teacher"].app.ask("GET", f"/desktop/{path}")
        assert refused.value.status == 404


def test_one_that_the_policy_does_not_let_ask_gets_no_further_than_the_gateway(
    cloud: Cloud, meeting: Invitation, agents: dict[str, Agent]
) -> None:
    cloud.signatures.may_invoke = lambda role, method, path: not path.startswith("/desktop/")
    with pytest.raises(AppUnreachable, match="AccessDeniedException"):
        agents["teacher"].app.ask("GET", f"/desktop/{meeting.meeting_id}")


def test_after_the_end_the_agent_knows(cloud: Cloud, meeting: Invitation, agents: dict[str, Agent]) -> None:
    teacher = agents["teacher"]
    teacher.step()
    cloud.operator("dynamodb").update_item(
        TableName=cloud.environ["TABLE_NAME"],
        Key={"id": {"S": meeting.meeting_id}},
        UpdateExpression="SET termination_reason = :why",
        ExpressionAttributeValues={":why": {"S": "CANCELLED"}},
    )
    teacher.step(600)
    assert teacher.conversation.is_over
