"""The bus on which others are told: it is there, the function knows it and may put events on it, and hears of all."""

from __future__ import annotations

import json

import pytest

from localcloud.triggers import matches
from tests.tools.checks.sound import Account
from tools.findings import Level
from tools.triggers import STREAM

ELSEWHERE = "arn:aws:events:eu-west-1:210987654321:event-bus/school"
HERE = "arn:aws:events:us-west-2:123456789012:event-bus/school"


def deploy(account: Account, bus: str) -> None:
    """Let the function that tells others know a bus."""
    account.client("lambda").update_function_configuration(
        FunctionName="elephant-dev-stream_terminator", Environment={"Variables": {"EVENT_BUS": bus}}
    )


def test_without_a_bus_nobody_is_told_and_nothing_is_amiss(account: Account) -> None:
    assert [level for level, _ in account.look("event_bus") + account.look("telling")] == [Level.OK] * 2


@pytest.mark.parametrize("bus", ["default", "school", HERE])
def test_a_bus_that_is_there_is_fine(account: Account, bus: str) -> None:
    account.client("events").create_event_bus(Name="school")
    deploy(account, bus)
    for check in ("event_bus", "telling"):
        assert account.look(check, event_bus=bus)[0][0] is Level.OK


@pytest.mark.parametrize("bus", ["school", HERE])
def test_a_bus_that_is_not_there_is_warned_of(account: Account, bus: str) -> None:
    [(level, told)] = account.look("event_bus", event_bus=bus)
    assert level is Level.WARN
    assert "there is no bus school" in told
    assert "aws --region us-west-2 events create-event-bus --name school" in told


def test_a_bus_elsewhere_cannot_be_looked_at(account: Account) -> None:
    [(level, told)] = account.look("event_bus", event_bus=ELSEWHERE)
    assert level is Level.OK
    assert ELSEWHERE in told


@pytest.mark.parametrize(("named", "known"), [("school", ""), ("", "school"), ("school", "another")])
def test_a_function_that_knows_another_bus_is_deployed_again(account: Account, named: str, known: str) -> None:
    deploy(account, known)
    [(level, told)] = account.look("telling", event_bus=named)
    assert level is Level.WARN
    assert told.endswith("→ make deploy STAGE=dev")


def test_a_function_that_may_not_put_events_is_warned_of(account: Account) -> None:
    deploy(account, "school")
    account.forbidden = {"events:PutEvents"}
    [(level, told)] = account.look("telling", event_bus="school")
    assert level is Level.WARN
    assert "may not put events on school" in told


@pytest.mark.parametrize(("kind", "passes"), [("INSERT", True), ("MODIFY", True), ("REMOVE", False)])
def test_the_stream_brings_whatever_is_written_and_nothing_that_expires(kind: str, passes: bool) -> None:
    """Of what a write has changed, the app judges: a filter on that would keep from others what they are told of."""
    record = {"eventName": kind, "dynamodb": {"NewImage": {"id": {"S": "m1"}}}, "userIdentity": {"type": "Service"}}
    patterns = [json.loads(each["Pattern"]) for each in STREAM["FilterCriteria"]["Filters"]]
    assert any(matches(pattern, record) for pattern in patterns) is passes
    assert all(pattern.keys() == {"eventName"} for pattern in patterns)
