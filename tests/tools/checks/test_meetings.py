"""The check of the video rooms: none is assumed, and what cannot work is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tools.checks.sound import STATE_TABLE, Account
from tools.findings import Level


def look(account: Account, **environment: str) -> tuple[Level, str]:
    """Return what is found where the stage's file says this."""
    [found] = account.look("video", environment=dict(account.stage.environment) | environment)
    return found


def keep(account: Account, domain: str) -> None:
    """Let the functions have a domain that the stage's file does not name."""
    account.client("lambda").update_function_configuration(
        FunctionName="elephant-dev", Environment={"Variables": {"JITSI_DOMAIN": domain}}
    )


def test_a_jitsi_of_ones_own_is_fine(account: Account) -> None:
    assert look(account, JITSI_DOMAIN="video.school.example")[0] is Level.OK


@pytest.mark.parametrize("domain", ["meet.jit.si", "beta.meet.jit.si", "8x8.vc"])
def test_where_nobody_can_begin_a_meeting_is_warned_of(account: Account, domain: str) -> None:
    level, told = look(account, JITSI_DOMAIN=domain)
    assert level is Level.WARN
    assert f"at {domain} no meeting begins" in told
    assert "The video room" in told


@pytest.mark.parametrize("said", [{}, {"JITSI_DOMAIN": ""}], ids=["no line", "an empty line"])
def test_no_video_room_is_warned_of(account: Account, said: dict[str, Any]) -> None:
    level, told = look(account, **said)
    assert level is Level.WARN
    assert "meetings have no video room" in told


def test_a_stage_that_was_never_deployed_keeps_nothing(account: Account) -> None:
    account.client("lambda").delete_function(FunctionName="elephant-dev")
    assert "meetings have no video room" in look(account)[1]


def test_what_an_earlier_version_assumed_stands_until_the_line_is_written_and_is_warned_of(account: Account) -> None:
    keep(account, "meet.jit.si")
    level, told = look(account)
    assert level is Level.WARN
    assert "no line meetings.jitsi_domain, so what was deployed before stands" in told
    assert "meetings have no video room" in look(account, JITSI_DOMAIN="")[1]
    assert look(account, JITSI_DOMAIN="video.school.example")[0] is Level.OK


def test_a_host_that_only_sounds_alike_is_fine(account: Account) -> None:
    assert look(account, JITSI_DOMAIN="notmeet.jit.si")[0] is Level.OK


def test_a_stage_that_is_paused_is_told_with_since_when_and_why(account: Account) -> None:
    assert account.look("paused") == [(Level.OK, "the stage is not paused → ")]
    item = {"id": "paused", "by": "arn:ann", "why": "EC2 is being repaired.", "since": "2026-03-01T15:00:00Z"}
    account.client("dynamodb").put_item(TableName=STATE_TABLE, Item={name: {"S": said} for name, said in item.items()})
    [(level, told)] = account.look("paused")
    assert level is Level.WARN
    assert told.startswith(
        "the stage is paused since 2026-03-01 15:00 UTC by arn:ann: EC2 is being repaired; nothing new"
    )
    assert told.endswith("→ make resume STAGE=dev")


def test_a_stage_of_version_0_1_0_cannot_be_paused(account: Account) -> None:
    account.client("cloudformation").delete_stack(StackName="elephant-dev")
    assert account.look("paused") == []
