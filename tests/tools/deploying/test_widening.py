"""A deploy during which meetings are launched: at no step is a launch refused that the functions then make."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests import at_length
from tests.tools.deploying.world import Project
from tools.account import Clients
from tools.stack import Stack
from tools.stage import Stage, StageError
from tools.wiring import roles

LAUNCHES = ("launch_ec2", "safety_net", "dns_watchdog", "stream_terminator", "sweep")
NEW = "ami-0123456789abcdef0"


def refused(stage: Stage, client: Clients) -> list[str]:
    """Return what of a launch would be refused now, with the environment and the role that each function has now."""
    found = []
    for name in LAUNCHES:
        function = client("lambda").get_function_configuration(FunctionName=stage.function(name))
        said = function["Environment"]["Variables"]
        role = function["Role"].rpartition("/")[2]
        needs = [("ec2:RunInstances", f"arn:aws:ec2:{stage.region}::image/{said['AMI_ID']}")]
        group = f"arn:aws:ec2:{stage.region}:123456789012:security-group/"
        needs += [("ec2:RunInstances", group + one) for one in said["SECURITY_GROUP_IDS"].split(",")]
        needs += [("iam:PassRole", _desktop_role(client, said["IAM_PROFILE"]))]
        key = f"arn:aws:ec2:{stage.region}:123456789012:key-pair/{said.get('KEY_NAME')}"
        needs += [("ec2:RunInstances", key)] if "KEY_NAME" in said else []
        needs += [("dynamodb:UpdateItem", f"arn:aws:dynamodb:{stage.region}:123456789012:table/{said['TABLE_NAME']}")]
        found += [f"{name}: {action} on {arn}" for action, arn in needs if not _allowed(client, role, action, arn)]
    return found


def _desktop_role(client: Clients, profile: str) -> str:
    try:
        found = client("iam").get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    except ClientError:
        return f"the profile {profile} is gone"
    return str(found[0]["Arn"])


def _allowed(client: Clients, role: str, action: str, resource: str) -> bool:
    policy = client("iam").get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, arn) for arn in statement["Resource"])
        for statement in policy["Statement"]
    )


@contextmanager
def launching_after_every_call(stage: Stage, client: Clients) -> Iterator[list[str]]:
    """Add whatever would be refused to the list that is yielded, after each call to AWS that changes anything."""
    make = BaseClient._make_api_call  # type: ignore[attr-defined]  # what all calls of all clients pass
    seen: list[str] = []
    busy: list[bool] = []

    def noted(self: BaseClient, operation: str, parameters: Any) -> Any:
        answer = make(self, operation, parameters)
        if not busy and not operation.startswith(("Get", "List", "Describe")):
            busy.append(True)
            seen.extend(f"after {operation}: {what}" for what in refused(stage, client))
            busy.clear()
        return answer

    with patch.object(BaseClient, "_make_api_call", noted):
        yield seen


def own(stage: Stage, client: Clients) -> Stage:
    """Return the stage with the operator's own profile and group, which are made here."""
    iam = client("iam")
    iam.create_role(RoleName="ours", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="ours")
    iam.add_role_to_instance_profile(InstanceProfileName="ours", RoleName="ours")
    group = client("ec2").create_security_group(GroupName="ours", Description="DCV")["GroupId"]
    return replace(stage, instance_profile="ours", security_groups=(group,))


@pytest.mark.parametrize("release", ["0.1.0", "this one"])
@pytest.mark.parametrize(
    "change",
    at_length.split(["image", "profile and group", "key pair", "all of them"], ("image", "all of them").__contains__),
)
def test_launches_go_on_all_through_a_deploy(
    project: Project, stage: Stage, client: Clients, change: str, release: str
) -> None:
    if release == "0.1.0":
        project.deploy_as_0_1_0(stage)
    else:
        project.deploy(stage)
    after = own(stage, client) if change in ("profile and group", "all of them") else stage
    after = replace(after, ami_id=NEW) if change in ("image", "all of them") else after
    after = replace(after, key_name="elephant") if change in ("key pair", "all of them") else after
    with launching_after_every_call(stage, client) as seen:
        project.deploy(after)
    assert seen == []
    assert refused(stage, client) == []


def policy(client: Clients, stage: Stage, name: str) -> dict[str, Any]:
    role = stage.role(name, "-us-west-2")
    found: dict[str, Any] = client("iam").get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
    return found


def images(document: dict[str, Any]) -> set[str]:
    return {arn.rpartition("/")[2] for s in document["Statement"] for arn in s["Resource"] if ":image/" in arn}


def test_policies_are_narrow_again_once_the_last_calls_that_began_before_have_ended(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    wide: list[set[str]] = []
    project.naps.clear()
    project.between = lambda: wide.append(images(policy(client, stage, "sweep")))
    project.deploy(replace(stage, ami_id=NEW))
    assert wide
    assert all(seen == {stage.ami_id, NEW} for seen in wide)
    assert images(policy(client, stage, "sweep")) == {NEW}
    assert project.naps == [roles.RUNS_S]


def test_nothing_is_waited_for_and_nothing_written_where_no_policy_changes(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    project.naps.clear()
    changed = project.deploy(replace(stage, log_retention_days=14))
    # moto spells the list among the parameters otherwise than it was given, so that the stack seems to differ.
    assert {change.partition(":")[0] for change in changed} == {"the stack was brought up", "logs are kept for 14 days"}
    assert project.deploy(replace(stage, log_retention_days=14)) == ["the stack was brought up"]
    assert project.naps == []


def test_a_deploy_that_fails_midway_leaves_what_both_need_and_the_next_one_narrows_it(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    left = iter([None, None, StageError("stopped")])

    def stop() -> None:
        if error := next(left):
            raise error

    project.between = stop
    with launching_after_every_call(stage, client) as seen, pytest.raises(StageError, match="stopped"):
        project.deploy(replace(stage, ami_id=NEW))
    assert seen == []
    assert images(policy(client, stage, "sweep")) == {stage.ami_id, NEW}
    project.between = lambda: None
    with launching_after_every_call(stage, client) as seen:
        project.deploy(replace(stage, ami_id="ami-0aaaaaaaaaaaaaaaa"))
    assert seen == []
    assert images(policy(client, stage, "sweep")) == {"ami-0aaaaaaaaaaaaaaaa"}


def test_a_role_that_was_deleted_by_hand_is_made_again(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    wanted = policy(client, stage, "sweep")
    roles.remove(stage.role("sweep", "-us-west-2"), client("iam"))
    project.deploy(stage)
    assert policy(client, stage, "sweep") == wanted


ALLOW = {"Effect": "Allow", "Action": ["ec2:RunInstances"], "Resource": ["image/1"]}
TO_EC2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


@pytest.mark.parametrize(
    ("current", "wanted", "both"),
    [
        ([ALLOW], [ALLOW], [ALLOW]),
        ([ALLOW], [ALLOW | {"Resource": ["image/2"]}], [ALLOW | {"Resource": ["image/1", "image/2"]}]),
        ([ALLOW | {"Resource": "image/1"}], [ALLOW], [ALLOW | {"Resource": "image/1"}]),
        ([ALLOW | {"Sid": "A"}], [ALLOW | {"Sid": "B"}], [ALLOW | {"Sid": "A"}]),
        (
            [ALLOW | {"Sid": "A"}],
            [ALLOW | {"Sid": "A", "Condition": TO_EC2}],
            [ALLOW | {"Sid": "A"}, ALLOW | {"Condition": TO_EC2}],
        ),
        ([], [ALLOW], [ALLOW]),
    ],
)
def test_the_union_of_two_policies_allows_what_either_does(
    current: list[Any], wanted: list[Any], both: list[Any]
) -> None:
    version = {"Version": "2012-10-17"}
    joined = roles.union(version | {"Statement": current}, version | {"Statement": wanted})
    assert joined == version | {"Statement": both}


def test_a_policy_that_was_typed_as_one_statement_is_joined_too() -> None:
    joined = roles.union({"Statement": ALLOW}, {"Statement": [ALLOW | {"Action": ["s3:GetObject"]}]})
    assert joined["Statement"] == [ALLOW, ALLOW | {"Action": ["s3:GetObject"]}]


def test_while_functions_may_work_nobody_is_led_to_destroy_them(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    for status, step in (
        ("ROLLBACK_COMPLETE", "delete-stack --region us-west-2"),
        ("DELETE_FAILED", "takes-no-change"),
    ):
        described = client("cloudformation").describe_stacks()["Stacks"][0] | {"StackStatus": status}
        with (
            patch.object(Stack, "_describe", lambda _, found=described: found),
            pytest.raises(StageError, match=f"may be working for people, so do not destroy.*{step}") as told,
        ):
            project.deploy(stage)
        assert "make destroy" not in str(told.value)
