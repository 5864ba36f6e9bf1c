"""Two who change a stage at once: the second one is told of the first, and nobody is kept out for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tests.tools.deploying.stands import make_table
from tests.tools.deploying.world import Project
from tools.account import Account, Clients
from tools.stack import Stack
from tools.stage import Stage, StageError
from tools.turns import LONGEST, turn

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
ANNA = Account("123456789012", "us-west-2", caller="arn:aws:iam::123456789012:user/anna")
TABLE = "elephant-state-dev"


@pytest.fixture
def table(client: Clients) -> str:
    make_table(client, TABLE)
    return TABLE


def test_the_second_is_told_of_the_first_and_how_to_go_on(stage: Stage, client: Clients, table: str) -> None:
    with turn(stage, ANNA, client, table=table, now=lambda: NOW):
        with pytest.raises(StageError) as told, turn(stage, ANNA, client, table=table, act="destroy", now=lambda: NOW):
            pytest.fail("both have it")
        for part in ("user/anna", "deploy, since 2026-12-01T12:00:00Z", "free at 2026-12-01T13:00:00Z", "delete-item"):
            assert part in str(told.value)


def test_a_turn_is_given_back_also_after_a_failure(stage: Stage, client: Clients, table: str) -> None:
    with pytest.raises(KeyboardInterrupt), turn(stage, ANNA, client, table=table):
        raise KeyboardInterrupt
    with turn(stage, ANNA, client, table=table):
        pass
    assert client("dynamodb").scan(TableName=table)["Items"] == []


def test_a_turn_that_was_killed_runs_out_and_its_late_end_takes_nothing_away(
    stage: Stage, client: Clients, table: str
) -> None:
    later = NOW + LONGEST + timedelta(seconds=1)
    with turn(stage, ANNA, client, table=table, now=lambda: NOW):
        second = turn(stage, ANNA, client, table=table, now=lambda: later)
        second.__enter__()
    with pytest.raises(StageError), turn(stage, ANNA, client, table=table, now=lambda: later):
        pass
    second.__exit__(None, None, None)


def test_a_table_that_is_gone_keeps_nobody_out_and_one_that_may_not_be_written_does(
    stage: Stage, client: Clients
) -> None:
    with turn(stage, ANNA, client, table="gone"):
        pass

    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutItem")

    client("dynamodb").put_item = denied
    with pytest.raises(ClientError, match="AccessDenied"), turn(stage, ANNA, client, table="theirs"):
        pass


def test_a_deploy_and_a_destroy_wait_for_their_turn_and_leave_it_free(
    project: Project, stage: Stage, client: Clients
) -> None:
    told: list[str] = []

    def another() -> None:
        for tool in (project.deploy, project.destroy):
            with pytest.raises(StageError, match="somebody else changes stage dev") as refused:
                tool(stage)
            told.append(str(refused.value))

    project.between = another
    project.deploy(stage)
    assert told
    project.between = lambda: None
    assert "deploy" not in [item["id"]["S"] for item in client("dynamodb").scan(TableName=TABLE)["Items"]]
    project.deploy(stage)


def test_whoever_comes_while_cloudformation_makes_the_stack_is_told(stage: Stage, client: Clients) -> None:
    def taken(**_: object) -> None:
        reply = {"Error": {"Code": "AlreadyExistsException", "Message": "Stack [elephant-dev] already exists"}}
        raise ClientError(reply, "CreateStack")  # type: ignore[arg-type]

    client("cloudformation").create_stack = taken
    with pytest.raises(StageError, match="Somebody else changes the stack elephant-dev at this moment"):
        Stack(client, stage.stack).up({}, {})
