"""What desktops with scripts may do to the table: what the scripts on people's images send, and nothing beside it.

IAM is not to be had here, so the template's statement is asked as IAM documents that it answers: a request bears
`dynamodb:Attributes`, the top-level attributes that it names in its key and its expressions, and where it says what it
wants back `dynamodb:ReturnValues`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import parliament  # type: ignore[import-untyped]
import pytest

from tests.tools.deploying.test_kit import granted, with_scripts
from tests.tools.deploying.world import Project
from tools.account import Clients
from tools.stage import Stage

KEY = {"id": {"S": "m-1"}}
_WORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "if_not_exists", "attribute_exists"}
_WORDS |= {"attribute_not_exists", "size", "list_append"}


def sent(expression: str, condition: str = "", back: str = "", **names: str) -> dict[str, Any]:
    asked: dict[str, Any] = {"Key": KEY, "UpdateExpression": expression}
    asked |= {"ConditionExpression": condition} if condition else {}
    asked |= {"ReturnValues": back} if back else {}
    return asked | ({"ExpressionAttributeNames": {f"#{alias}": name for alias, name in names.items()}} if names else {})


def context(asked: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return what a request tells IAM of itself."""
    text = f"{asked.get('UpdateExpression', '')} {asked.get('ConditionExpression', '')}"
    named = {word for word in re.findall(r"(?<![:.\w])#?[A-Za-z_]\w*", text) if word not in _WORDS}
    aliases = asked.get("ExpressionAttributeNames", {})
    attributes = {*asked.get("Key", {}), *(aliases.get(word, word) for word in named)}
    told = {"dynamodb:Attributes": attributes} if attributes else {}
    return told | ({"dynamodb:ReturnValues": {asked["ReturnValues"]}} if "ReturnValues" in asked else {})


def allows(statement: Mapping[str, Any], told: Mapping[str, set[str]]) -> bool:
    """Return whether every operator of the statement's condition holds, as IAM evaluates it."""
    for operator, keys in statement["Condition"].items():
        for key, wanted in keys.items():
            have, allowed = told.get(key), {wanted} if isinstance(wanted, str) else {*wanted}
            match operator:
                case "ForAllValues:StringEquals":
                    holds = (have or set()) <= allowed
                case "StringEqualsIfExists":
                    holds = have is None or have <= allowed
                case "Null":
                    holds = (have is None) is (wanted == "true")
                case _:
                    raise NotImplementedError(operator)
            if not holds:
                return False
    return True


@pytest.fixture
def statement(project: Project, stage: Stage, client: Clients) -> dict[str, Any]:
    """The one statement by which desktops with scripts update rows, as a deploy leaves it."""
    project.deploy(with_scripts(replace(stage, upload_bucket="sessions")))
    [found] = [each for each in granted(client) if "dynamodb:UpdateItem" in each["Action"]]
    return found


def test_the_scripts_updates_pass_and_all_others_are_denied(statement: dict[str, Any]) -> None:
    for passes in (
        sent("SET #status = :healthy, instance_id = :own", status="status"),
        sent("SET #s = :healthy, instance_id = :own", back="UPDATED_NEW", s="status"),
        sent("SET teacher_session_data = :url"),
        sent("SET student_session_data = :url", back="NONE"),
    ):
        assert allows(statement, context(passes)), passes
    for name in ("meet_time", "termination_reason", "teacher_ec2_id", "student_ec2_link", "links", "open", "history"):
        assert not allows(statement, context(sent(f"SET {name} = :value"))), name
        assert not allows(statement, context(sent(f"REMOVE {name}"))), name
        assert not allows(statement, context(sent("SET #status = :h, #x = :v", status="status", x=name))), name
        assert not allows(statement, context(sent("SET instance_id = :o", f"{name} = :guess"))), name
    for denied in (
        sent("SET expires = :now"),
        sent("SET instance_id = :own", back="ALL_OLD"),
        sent("SET instance_id = :own", back="ALL_NEW"),
        {},
    ):
        assert not allows(statement, context(denied)), denied


def test_the_statement_is_one_that_iam_understands(statement: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": [statement]}
    findings = parliament.analyze_policy_string(str(document).replace("'", '"')).findings
    assert not findings, [str(finding) for finding in findings]
