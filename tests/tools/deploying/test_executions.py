"""An execution of Lambda for the sweep: set aside where the account has one to spare, and left out where it has not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.tools.deploying.world import Project
from tools.executions import can_reserve
from tools.stage import Stage


def reserves(project: Project, stage: Stage) -> int | None:
    config = json.loads((project.root / ".chalice" / "config.json").read_text())
    reserved: int | None = config["stages"][stage.name]["lambda_functions"]["sweep"].get("reserved_concurrency")
    return reserved


def keeps_apart_by_lease(project: Project, stage: Stage) -> bool:
    config = json.loads((project.root / ".chalice" / "config.json").read_text())
    return bool(config["stages"][stage.name]["environment_variables"].get("SWEEP_LEASE") == "true")


@pytest.mark.parametrize(("executions", "reserved"), [(10, None), (100, None), (101, 1), (1000, 1)])
def test_a_new_account_s_ten_executions_are_enough_to_deploy(
    project: Project, stage: Stage, executions: int, reserved: int | None
) -> None:
    project.executions = executions
    project.deploy(stage)
    assert reserves(project, stage) == reserved
    assert keeps_apart_by_lease(project, stage) is (reserved is None)


def test_what_is_set_aside_stays_so_however_few_the_others_are(project: Project, stage: Stage) -> None:
    project.deploy(stage)
    client = project.client(stage)
    client("lambda").put_function_concurrency(FunctionName="elephant-dev-sweep", ReservedConcurrentExecutions=1)
    project.executions = 99
    project.deploy(stage)
    assert reserves(project, stage) == 1


def test_where_the_limit_may_not_be_read_lambda_itself_says_whether_there_is_one(stage: Stage) -> None:
    def no(code: str) -> Any:
        def refuse(**_: object) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetAccountSettings")

        return SimpleNamespace(get_function_concurrency=lambda **_: {}, get_account_settings=refuse)

    assert can_reserve(stage, lambda _: no("AccessDeniedException"))
    with pytest.raises(ClientError):
        can_reserve(stage, lambda _: no("ServiceException"))
