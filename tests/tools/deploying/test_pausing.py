"""An operator pauses a stage and lets it go on; both can be said twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chalicelib.adapters.pausing import TablePausing
from localcloud.tables import STATE
from tools import pausing
from tools.account import Clients
from tools.pausing import pause, resume
from tools.stage import Stage, StageError

TABLE = "elephant-state-dev"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
WHY = "EC2 is being repaired"


@pytest.fixture
def deployed(client: Clients) -> Clients:
    client("dynamodb").create_table(TableName=TABLE, **STATE)
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"StateTable": {"Value": TABLE}},
    }
    client("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(template))
    return client


def test_the_functions_see_who_has_paused_the_stage_since_when_and_why(deployed: Clients, stage: Stage) -> None:
    assert "is paused, in force within a minute" in pause(stage, WHY, deployed, lambda: NOW)
    seen = TablePausing(deployed("dynamodb"), TABLE, lambda: NOW).standing()
    assert seen
    assert (seen.why, seen.since) == (WHY, NOW)
    assert seen.by == deployed("sts").get_caller_identity()["Arn"]
    assert f"it was paused since 2026-03-02 15:00 UTC by {seen.by}: {WHY}. " in resume(stage, deployed)
    assert TablePausing(deployed("dynamodb"), TABLE, lambda: NOW).standing() is None


def test_who_paused_it_first_is_kept(deployed: Clients, stage: Stage) -> None:
    pause(stage, WHY, deployed, lambda: NOW)
    told = pause(stage, "something else", deployed)
    assert f"is paused already, since 2026-03-02 15:00 UTC by arn:aws:sts::123456789012:user/moto: {WHY}. " in told
    assert WHY in resume(stage, deployed)


def test_what_is_not_paused_is_not_resumed(deployed: Clients, stage: Stage) -> None:
    assert resume(stage, deployed) == "Stage dev is not paused; nothing was done."


@pytest.mark.parametrize("why", ["", "  ", "two\nlines", "x" * 501])
def test_it_is_said_why_in_a_line(client: Clients, stage: Stage, why: str) -> None:
    with pytest.raises(StageError, match="Say why, in one line"):
        pause(stage, why, client)


def test_a_stage_that_is_not_deployed_cannot_be_paused(client: Clients, stage: Stage) -> None:
    with pytest.raises(StageError, match="is not deployed"):
        pause(stage, WHY, client)
    with pytest.raises(StageError, match="is not deployed"):
        resume(stage, client)


def test_the_command_does_both(
    deployed: Clients, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pausing, "clients", lambda _: deployed)
    for arguments, code, said in (
        (["--why", WHY], 0, "is paused, in force"),
        (["--resume"], 0, "goes on"),
        ([], 1, "Not paused: Say why"),
    ):
        monkeypatch.setattr("sys.argv", ["pausing", "--stage", "dev", *arguments])
        assert pausing.main() == code
        told = capsys.readouterr()
        assert said in (told.out + told.err)
