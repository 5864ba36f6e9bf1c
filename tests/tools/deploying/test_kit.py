"""What a deploy does for desktops with the kit: they learn the API's address, and their profile may call it."""

from __future__ import annotations

import json
from ast import literal_eval
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.deploying.stands import launch
from tests.tools.deploying.world import Project
from tools.account import Clients
from tools.stage import FUNCTIONS, Stage, StageError

LICENCE = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::dcv-license.us-west-2/*"}


def without_a_line(stage: Stage) -> Stage:
    return replace(stage, client="")


def with_scripts(stage: Stage) -> Stage:
    return replace(stage, client="scripts")


def environments(stage: Stage, client: Clients, variable: str) -> set[str | None]:
    """Return what the functions' environments hold under a name."""
    found = [client("lambda").get_function_configuration(FunctionName=stage.function(name)) for name in FUNCTIONS]
    return {each["Environment"]["Variables"].get(variable) for each in found}


def granted(client: Clients, suffix: str = "-us-west-2") -> list[dict[str, Any]]:
    """Return the statements of all policies of the made role, which only EC2 may assume."""
    iam, role = client("iam"), f"elephant-dev-desktop{suffix}"
    [trust] = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust == {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    told = literal_eval(document)["Statement"]  # moto keeps a stack's policy as Python spells it, AWS::NoValue too
    return [statement for statement in told if statement]


def changed_again(project: Project, stage: Stage) -> list[str]:
    """Return what another deploy changes; moto spells one of the stack's parameters as no deploy does."""
    return [change for change in project.deploy(stage) if change != "the stack was brought up"]


def api_of(client: Clients) -> str:
    [api] = client("apigateway").get_rest_apis()["items"]
    return str(api["id"])


def calls(api: str) -> dict[str, str]:
    resource = f"arn:aws:execute-api:us-west-2:123456789012:{api}/dev/*/desktop/*"
    return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}


def test_a_new_stage_has_the_kit_and_is_wired_by_one_deploy(project: Project, stage: Stage, client: Clients) -> None:
    """The whole of what a desktop may: ask the app under these routes, and read DCV's licence."""
    changes = project.deploy(without_a_line(replace(stage, upload_bucket="sessions")))
    api = api_of(client)
    assert f"the API {api} was made" in changes
    assert granted(client) == [LICENCE, calls(api)]
    assert environments(stage, client, "API_URL") == {f"https://{api}.execute-api.us-west-2.amazonaws.com/dev"}
    assert environments(stage, client, "DESKTOP_CLIENT") == {"kit"}
    assert not changed_again(project, without_a_line(replace(stage, upload_bucket="sessions")))
    assert api_of(client) == api


def test_desktops_with_scripts_are_given_what_they_use_and_no_api(
    project: Project, stage: Stage, client: Clients
) -> None:
    stage = with_scripts(replace(stage, upload_bucket="sessions"))
    project.deploy(stage)
    table = "arn:aws:dynamodb:us-west-2:123456789012:table/elephant-meetings-dev"
    assert [(each["Action"], each["Resource"]) for each in granted(client)] == [
        ("s3:GetObject", LICENCE["Resource"]),
        ("dynamodb:Scan", table),
        ("dynamodb:UpdateItem", table),
        ("s3:PutObject", "arn:aws:s3:::sessions/*"),
    ]
    assert environments(stage, client, "API_URL") == {None}
    assert not changed_again(project, stage)


def test_a_stage_of_0_1_0_stays_with_scripts_until_the_line_is_written(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy_as_0_1_0(with_scripts(stage))
    before = granted(client, "")
    project.deploy(without_a_line(stage))
    assert granted(client, "") == before
    assert environments(stage, client, "DESKTOP_CLIENT") == {"scripts"}
    project.deploy(replace(stage, client="kit"))
    assert granted(client, "") == [LICENCE, calls(api_of(client))]
    assert environments(stage, client, "DESKTOP_CLIENT") == {"kit"}
    project.deploy(without_a_line(stage))
    assert environments(stage, client, "DESKTOP_CLIENT") == {"kit"}


def test_an_api_that_was_deleted_is_made_anew_and_wired(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    gone = api_of(client)
    client("apigateway").delete_rest_api(restApiId=gone)
    project.deploy(stage)
    api = api_of(client)
    assert api != gone
    assert granted(client) == [LICENCE, calls(api)]
    assert environments(stage, client, "API_URL") == {f"https://{api}.execute-api.us-west-2.amazonaws.com/dev"}
    assert not changed_again(project, stage)


def test_what_was_stopped_before_chalice_is_gone_on_with_and_taken_away(
    project: Project, stage: Stage, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API is there and still calls nothing: it is found by its tags, with and without a record."""
    with monkeypatch.context() as patch:
        patch.setattr("tools.deploy.run_chalice", lambda *_, **__: (_ for _ in ()).throw(StageError("stopped")))
        with pytest.raises(StageError, match="stopped"):
            project.deploy(stage)
    api = api_of(client)
    project.recorded(stage).unlink()
    project.deploy(stage)
    assert api_of(client) == api
    project.destroy(stage)
    assert not client("apigateway").get_rest_apis()["items"]
    assert "elephant-dev-desktop-us-west-2" not in str(client("iam").list_roles()["Roles"])


def test_what_runs_on_desktops_is_not_changed_under_those_that_live(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    desktop, before = launch(client, stage.name), granted(client)
    with pytest.raises(StageError, match=desktop):
        project.deploy(with_scripts(stage))
    assert granted(client) == before
    client("ec2").terminate_instances(InstanceIds=[desktop])
    project.deploy(with_scripts(stage))
    assert calls(api_of(client)) not in granted(client)


def test_an_own_profile_is_not_touched(project: Project, stage: Stage, client: Clients) -> None:
    iam = client("iam")
    iam.create_role(RoleName="own", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="own")
    iam.add_role_to_instance_profile(InstanceProfileName="own", RoleName="own")
    project.deploy(replace(stage, instance_profile="own"))
    assert not iam.list_role_policies(RoleName="own")["PolicyNames"]
    assert "desktop" not in json.dumps([role["RoleName"] for role in iam.list_roles()["Roles"]])
    assert environments(stage, client, "API_URL") != {None}
