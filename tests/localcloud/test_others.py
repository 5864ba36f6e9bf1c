"""What others are told in a whole life, as EventBridge has it: by the handlers of the app, over real calls."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.events.models import events_backends

from app import app
from chalicelib.settings import Client
from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.people import schedule
from tests import schema

NOW = datetime(2026, 12, 7, 18, 0, 30, tzinfo=UTC)
T = NOW + timedelta(minutes=12)


@contextmanager
def told(client: Client, *, doubled: bool = False) -> Iterator[tuple[Cloud, VirtualClock]]:
    """Up is a cloud whose app tells others on the account's own bus; an archive keeps what they are told."""
    clock = VirtualClock(NOW)
    with Cloud(app, clock, Conditions(client=client, doubled=doubled)) as cloud:
        os.environ["EVENT_BUS"] = "default"
        bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"
        cloud.operator("events").create_archive(ArchiveName="all", EventSourceArn=bus)
        yield cloud, clock


def kept() -> list[dict[str, Any]]:
    return [dict(event) for event in events_backends[ACCOUNT][REGION].archives["all"].events]


def live(cloud: Cloud, clock: VirtualClock) -> str:
    """Let two people meet for a good half hour; return the meeting's id."""
    invitation = schedule(cloud.url, cloud.timeline, T)
    for minute, link in enumerate(invitation.links.values()):
        person = cloud.person(link)
        clock.at(T + timedelta(minutes=minute + 0.4), person.arrive)
        clock.at(T + timedelta(minutes=minute + 28.4), person.leave)
    clock.run(T + timedelta(minutes=50))
    return invitation.meeting_id


LIFE = [
    "Meeting Scheduled",
    *("Desktop Ready teacher", "Desktop Ready student"),
    *("Person Joined teacher", "Person Joined student"),
    *("Person Left teacher", "Recording Safe teacher"),
    *("Person Left student", "Recording Safe student"),
    "Meeting Ended",
]


@pytest.mark.parametrize("client", list(Client))
@pytest.mark.parametrize("doubled", [False, True], ids=["once", "twice"])
def test_a_life_is_told_in_its_order_and_what_comes_twice_has_one_id(client: Client, doubled: bool) -> None:
    with told(client, doubled=doubled) as (cloud, clock):
        meeting_id = live(cloud, clock)
        events = {event["detail"]["id"]: event for event in kept()}
        for event in events.values():
            schema.hold(event)
        steps = [f"{event['detail-type']} {event['detail'].get('role', '')}".strip() for event in events.values()]
        assert sorted(steps) == sorted(LIFE)
        assert (steps[0], steps[-1]) == ("Meeting Scheduled", "Meeting Ended")
        assert [s for s in steps if "teacher" in s] == [s for s in LIFE if "teacher" in s]
        assert [s for s in steps if "student" in s] == [s for s in LIFE if "student" in s]
        assert {event["detail"]["meeting_id"] for event in events.values()} == {meeting_id}
        assert events.popitem()[1]["detail"]["reason"] == "SUCCESS"
        assert doubled == (len(kept()) > len(LIFE))


def test_nobody_is_told_where_no_bus_is_named() -> None:
    with told(Client.SCRIPTS) as (cloud, clock):
        del os.environ["EVENT_BUS"]
        schedule(cloud.url, cloud.timeline, T)
        clock.run(NOW + timedelta(minutes=5))
        assert kept() == []
        assert not [call for call in cloud.ledger.calls if call.operation == "PutEvents"]
