"""The operator's own statements: they survive every deploy, and a file that cannot be meant is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools.deploying.world import Project
from tools import own_statements
from tools.account import Clients
from tools.stage import FUNCTIONS, Stage, StageError

KEY = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "arn:aws:kms:us-west-2:123456789012:key/1"}
NO = {"Sid": "No", "Effect": "Deny", "Action": ["s3:*"], "Resource": ["*"]}


def write(folder: Path, content: Any) -> None:
    folder.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "dev.policy.json").write_text(text, encoding="utf-8")


def allowed(client: Clients, stage: Stage, name: str) -> list[Any]:
    role = stage.role(name, "-us-west-2")
    found: list[Any] = client("iam").get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]["Statement"]
    return found


def test_statements_of_the_operator_survive_a_deploy_and_go_with_their_file(
    project: Project, stage: Stage, client: Clients
) -> None:
    write(project.root / "stages", {"*": [KEY], "sweep": [NO]})
    for _ in range(2):
        project.deploy(stage)
        for name in FUNCTIONS:
            found = allowed(client, stage, name)
            assert KEY in found
            assert (NO in found) == (name == "sweep")
    (project.root / "stages" / "dev.policy.json").unlink()
    project.deploy(stage)
    assert not [s for name in FUNCTIONS for s in allowed(client, stage, name) if s in (KEY, NO)]


def test_without_such_a_file_nothing_is_added(stage: Stage, tmp_path: Path) -> None:
    own = own_statements.load(stage, tmp_path)
    assert own_statements.add(stage, {"sweep": {"Statement": [NO]}}, own) == {"sweep": {"Statement": [NO]}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ([KEY], "must hold lists of statements by function"),
        ({"sweeps": [KEY]}, "sweeps is no function: did you mean sweep?"),
        ({"everything": [KEY]}, "everything is no function: write api_handler"),
        ({"sweep": KEY}, "sweep must be a list"),
        ({"sweep": ["kms:Decrypt"]}, "statement 1 of sweep must be an object"),
        ({"sweep": [KEY, KEY | {"Effect": "allow"}]}, "statement 2 of sweep must have an Effect, Allow or Deny"),
        ({"*": [KEY | {"Principal": "*"}]}, "statement 1 of * has Principal, which no statement"),
        ({"*": [KEY | {"NotAction": "s3:*"}]}, "either Action or NotAction"),
        ({"*": [{"Effect": "Allow", "Action": "s3:*"}]}, "either Resource or NotResource"),
        ({"*": [KEY | {"Sid": "my key"}]}, "letters and digits"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_before_anything_is_touched(
    project: Project, stage: Stage, client: Clients, content: Any, words: str
) -> None:
    write(project.root / "stages", content)
    with pytest.raises(StageError) as told:
        project.deploy(stage)
    assert words in str(told.value)
    assert client("cloudformation").describe_stacks()["Stacks"] == []


@pytest.mark.parametrize("own", [{"sweep": [KEY | {"Sid": "Log"}]}, {"*": [NO], "sweep": [NO]}])
def test_a_name_that_is_taken_is_refused(stage: Stage, own: Any) -> None:
    policies = {"sweep": {"Statement": [KEY | {"Sid": "Log"}]}}
    with pytest.raises(StageError, match=r"dev\.policy\.json: the Sid (Log|No) is taken in the policy of sweep"):
        own_statements.add(stage, policies, own)
