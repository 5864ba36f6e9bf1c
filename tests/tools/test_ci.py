"""The role that deploys from CI: it is one job's alone, reaches one stage, and can give itself nothing more."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import parliament  # type: ignore[import-untyped]
import pytest
import yaml  # type: ignore[import-untyped]
from cfnlint.decode.cfn_yaml import load

from tools.stage import FUNCTIONS, ROOT

TEMPLATE = ROOT / "infra" / "ci.yaml"
GIVEN = {"AWS::Partition": "aws", "AWS::Region": "us-west-2", "AWS::AccountId": "123456789012", "Stage": "dev"}
GIVEN |= {"Boundary": "arn:aws:iam::123456789012:policy/elephant-ci/boundary", "GitHub": "arn:provider"}
GIVEN |= {"Repository": "school/elephant", "Environment": "production", "Suffix": "-us-west-2"}


def rendered(value: Any) -> Any:
    """Return a part of a template as CloudFormation makes it of what is given."""
    if isinstance(value, list):
        return [rendered(each) for each in value]
    if not isinstance(value, dict):
        return str(value)
    if "Fn::Sub" in value:
        text = str(value["Fn::Sub"])
        for name, given in GIVEN.items():
            text = text.replace(f"${{{name}}}", given)
        return text
    if "Ref" in value:
        return GIVEN[value["Ref"]]
    if "Fn::If" in value:
        return rendered(value["Fn::If"][1])
    return {str(name): rendered(each) for name, each in value.items()}


RESOURCES = load(str(TEMPLATE))["Resources"]
ROLE = rendered(RESOURCES["Deployer"]["Properties"])
BOUNDARY = rendered(RESOURCES["Boundary"]["Properties"]["PolicyDocument"])
POLICIES = {policy["PolicyName"]: policy["PolicyDocument"] for policy in ROLE["Policies"]}
STATEMENTS = [statement for document in POLICIES.values() for statement in document["Statement"]]


KNOWN = {
    "RESOURCE_STAR",  # a boundary, and what only looks, names no resource: what may be done anywhere is listed below
    "RESOURCE_MISMATCH",  # all actions of a service on what bears the stage's name: those for other things reach none
    "MISMATCHED_TYPE_BUT_USABLE",  # a boundary is compared as IAM's own guide does it
}


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


@pytest.mark.parametrize("name", [*POLICIES, "boundary"])
def test_the_linter_finds_nothing(name: str) -> None:
    document = json.dumps(BOUNDARY if name == "boundary" else POLICIES[name])
    findings = parliament.analyze_policy_string(document).findings
    assert [str(finding) for finding in findings if finding.issue not in KNOWN] == []


def test_only_jobs_of_one_environment_of_one_repository_are_trusted() -> None:
    [trust] = ROLE["AssumeRolePolicyDocument"]["Statement"]
    host = "token.actions.githubusercontent.com"
    wanted = {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "repo:school/elephant:environment:production"}
    assert (trust["Action"], trust["Condition"]) == ("sts:AssumeRoleWithWebIdentity", {"StringEquals": wanted})


def test_it_changes_roles_only_within_the_boundary_and_the_boundary_never() -> None:
    writes = [
        s for s in STATEMENTS for a in actions(s) if a.startswith("iam:") and not a.startswith(("iam:Get", "iam:L"))
    ]
    by_action = {action: s for s in writes for action in actions(s)}
    assert by_action.keys() - {"iam:SimulatePrincipalPolicy", *actions(STATEMENTS[-1])} == {
        "iam:DeleteRolePolicy",
        "iam:PassRole",
        "iam:PutRolePolicy",
        "iam:TagInstanceProfile",
        "iam:TagRole",
    }
    within = {"StringEquals": {"iam:PermissionsBoundary": GIVEN["Boundary"]}}
    assert by_action["iam:PutRolePolicy"]["Condition"] == within
    own = f"arn:aws:iam::123456789012:role{ROLE['Path']}{ROLE['RoleName']}"
    for action in ("iam:PutRolePolicy", "iam:PassRole"):
        assert not fnmatchcase(own, by_action[action]["Resource"]), "its own role is none of the stage's"


def test_only_what_has_no_name_of_a_stage_is_not_bound_to_one() -> None:
    anywhere = {s["Sid"] for s in STATEMENTS if "dev" not in json.dumps(s)}
    assert anywhere == {"Api", "Look"}
    [look] = [s for s in STATEMENTS if s["Sid"] == "Look"]
    harmless = ("Get", "GET", "List", "Describe", "Validate", "Simulate")
    assert all(action.partition(":")[2].startswith(harmless) for action in actions(look))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_boundary_leaves_the_functions_all_that_they_use(function: str) -> None:
    used = json.loads((ROOT / ".chalice" / f"policy-{function}.json").read_text(encoding="utf-8"))["Statement"]
    within = [pattern for statement in BOUNDARY["Statement"] for pattern in actions(statement)]
    lacks = {a for s in used for a in actions(s) if not any(fnmatchcase(a.lower(), p.lower()) for p in within)}
    assert lacks == set()


def test_the_workflow_in_the_docs_is_one_with_pinned_actions_and_no_key() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    [block] = [part.partition("```")[0] for part in text.split("```yaml\n")[1:] if "configure-aws-credentials" in part]
    workflow = yaml.safe_load(block)
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "write", "id-token": "write"}
    assert {"environment", "concurrency", "timeout-minutes"} <= job.keys()
    for step in job["steps"]:
        if "uses" in step:
            _, _, pin = step["uses"].partition("@")
            assert len(pin) == 40, f"{step['uses']} is not pinned by its SHA"
    assert "secrets." not in block


def test_it_is_small_enough_to_be_sent_and_for_a_role() -> None:
    assert len(Path(TEMPLATE).read_bytes()) < 51_200
    assert sum(len(json.dumps(document, separators=(",", ":"))) for document in POLICIES.values()) < 10_240
