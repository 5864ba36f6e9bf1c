"""Chalice, stopped half way: what it made is on record, and what is gone is as good as deleted."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.deployer import ResultsRecorder
from chalice.utils import UI, OSUtils

from tests.tools.deploying.stands import recorded_by_chalice
from tools import resumable


class Aws:
    """Makes functions, sets nothing aside for them, and has deleted a role already."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def create_function(self) -> str:
        self.calls.append("create_function")
        return "arn:sweep"

    def put_function_concurrency(self) -> None:
        raise ClientError({"Error": {"Code": "InvalidParameterValueException", "Message": "no"}}, "P")

    def delete_role(self) -> None:
        self.calls.append("delete_role")
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no role"}}, "ListRolePolicies")

    def delete_function(self) -> None:
        self.calls.append("delete_function")


def run_plan(aws_: Aws, root: Path, *instructions: models.Instruction) -> None:
    """Have Chalice carry a plan out as `python -m tools.resumable` does."""
    planned: Any = SimpleNamespace(execute=lambda *_: models.Plan(list(instructions), {}))
    nothing: Any = SimpleNamespace(execute=lambda *_: None, build=lambda *_: None, build_dependencies=lambda _: None)
    typed: Any = aws_
    runs = resumable.Executor(typed, UI())
    deployer = resumable.Deployer(nothing, nothing, nothing, planned, nothing, runs, ResultsRecorder(OSUtils()))
    config = Config(chalice_stage="dev", config_from_disk={"project_dir": str(root), "app_name": "elephant"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployer, "_validate_config", lambda _: None)
        deployer._deploy(config, "dev")


def test_what_a_stopped_deploy_made_is_recorded_beside_what_stood(tmp_path: Path) -> None:
    stood = {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "1"}
    record = recorded_by_chalice(tmp_path, stood)
    plan = [
        models.APICall("create_function", {}, "arn"),
        models.RecordResourceVariable("lambda_function", "sweep", "lambda_arn", "arn"),
        models.APICall("put_function_concurrency", {}),
    ]
    with pytest.raises(ClientError):
        run_plan(Aws(), tmp_path, *plan)
    assert record.resources("rest_api") == [stood]
    assert record.resources("lambda_function") == [
        {"name": "sweep", "resource_type": "lambda_function", "lambda_arn": "arn:sweep"}
    ]


def test_what_is_gone_already_does_not_stop_a_deletion(tmp_path: Path) -> None:
    aws_ = Aws()
    run_plan(aws_, tmp_path, models.APICall("delete_role", {}), models.APICall("delete_function", {}))
    assert aws_.calls == ["delete_role", "delete_function"]
