"""An empty account, and the stage that is deployed to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moto import mock_aws

from tests.tools.deploying.stands import POLICIES, Lambda
from tests.tools.deploying.world import Project
from tools.account import Clients, clients
from tools.stage import FUNCTIONS, Stage, load


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


@pytest.fixture
def client(aws: None, stage: Stage) -> Clients:
    return clients(stage.region)


@pytest.fixture
def stage() -> Stage:
    return replace(load("dev"), ami_id="ami-00000000000000000")


@pytest.fixture
def functions(stage: Stage, client: Clients) -> Lambda:
    """Functions as Chalice leaves them, with their roles."""
    for name in FUNCTIONS:
        role = stage.role(name)
        client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        client("iam").put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(POLICIES[name]))
    return Lambda()


@pytest.fixture
def project(aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project from which nothing was deployed yet."""
    return Project(tmp_path, monkeypatch)
