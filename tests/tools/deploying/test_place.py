"""A stage is where it was deployed: another Region or account destroys nothing of it, and nothing is called gone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.tools.deploying.stands import launch
from tests.tools.deploying.world import Project
from tools import place
from tools.account import Account, Clients, NoEntry
from tools.place import Place
from tools.stack import Stack, global_suffix
from tools.stage import FUNCTIONS, Stage, StageError
from tools.wiring import roles

HERE = Account("123456789012", "us-west-2")


def account_wide(client: Clients) -> dict[str, Any]:
    """Return what all Regions of the account share, and what lives in the stage's own."""
    roles = client("iam").list_roles()["Roles"]
    return {
        "roles": sorted(role["RoleName"] for role in roles),
        "profiles": [p["InstanceProfileName"] for p in client("iam").list_instance_profiles()["InstanceProfiles"]],
        "functions": sorted(f["FunctionName"] for f in client("lambda").list_functions()["Functions"]),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "stacks": [s["StackName"] for s in client("cloudformation").describe_stacks()["Stacks"]],
    }


@pytest.mark.parametrize("release", ["0.1.0", "this one"])
def test_a_changed_region_is_refused_before_anything_is_touched(
    project: Project, stage: Stage, client: Clients, release: str
) -> None:
    if release == "0.1.0":
        project.deploy_as_0_1_0(stage)
    else:
        project.deploy(stage)
    desktop = launch(client, stage.name)
    stands = account_wide(client)
    moved = replace(stage, region="eu-west-1")
    for tool in (project.deploy, project.destroy):
        with pytest.raises(
            StageError, match=r'is in us-west-2 of account 123456789012.*write region = "us-west-2"'
        ) as no:
            tool(moved)
        assert "was changed" in str(no.value)
        assert account_wide(client) == stands
        assert account_wide(project.client(moved))["stacks"] == []
    project.deploy(stage)
    with pytest.raises(StageError, match=desktop):
        project.destroy(stage)
    client("ec2").terminate_instances(InstanceIds=[desktop])
    assert project.destroy(stage)


def test_another_account_is_refused_in_whichever_region(project: Project, stage: Stage) -> None:
    project.deploy(stage)
    with pytest.raises(NoEntry, match="set AWS_PROFILE to a profile of account 123456789012"):
        place.refuse_another(stage, Account("210987654321", "us-west-2"), project.root)
    place.refuse_another(stage, HERE, project.root)
    place.refuse_another(replace(stage, name="new"), Account("210987654321", "eu-west-1"), project.root)


def test_before_the_first_deploy_nothing_is_anywhere_whatever_the_sample_says(project: Project, stage: Stage) -> None:
    assert "us-west-2:123456789012" in (project.root / ".chalice" / "config.json").read_text()
    assert place.recorded(stage, project.root) is None


def test_where_releases_before_deployed_to_is_told_by_the_names_of_what_they_made(
    project: Project, stage: Stage
) -> None:
    project.deploy_as_0_1_0(stage)
    assert place.recorded(stage, project.root) == Place("us-west-2", "123456789012")
    project.recorded(stage).unlink()  # then the configuration that the deploy wrote still tells it
    assert place.recorded(stage, project.root) == Place("us-west-2", "123456789012")


def test_a_deploy_that_came_no_further_than_the_stack_is_remembered_too(
    project: Project, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StageError("rolled back")

    monkeypatch.setattr(Stack, "up", fail)
    with pytest.raises(StageError, match="rolled back"):
        project.deploy(stage)
    assert place.recorded(stage, project.root) == Place("us-west-2", "123456789012")


def test_without_any_record_a_namesake_elsewhere_is_neither_harmed_nor_called_gone(
    project: Project, stage: Stage, client: Clients, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.deploy_as_0_1_0(stage)
    stands = account_wide(client)
    project.root = tmp_path_factory.mktemp("clone")
    with pytest.raises(StageError, match=r"nothing of stage dev in eu-west-1, but IAM has roles of it for us-west-2"):
        project.destroy(replace(stage, region="eu-west-1"))
    assert account_wide(client) == stands


def test_a_stage_in_two_regions_of_one_account_is_two_stages(project: Project, stage: Stage, client: Clients) -> None:
    second = replace(stage, region="eu-west-1")
    project.deploy_as_0_1_0(stage)
    stands = account_wide(client)
    files = project.root / ".chalice"
    files.rename(project.root / "first")
    (project.root / ".chalice").mkdir()
    sample = {"version": "2.0", "app_name": "elephant", "stages": {}}
    (project.root / ".chalice" / "config.json").write_text(json.dumps(sample))
    project.deploy(second)
    assert "elephant-dev-sweep-eu-west-1" in account_wide(client)["roles"]
    assert project.destroy(second)
    assert account_wide(client) == stands
    assert not project.destroy(replace(second, name="gone"))


def test_names_that_all_regions_share_bear_the_region_and_those_of_a_living_stage_do_not_change(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy_as_0_1_0(stage)
    before = account_wide(client)
    project.deploy(stage)
    assert account_wide(client) == before
    assert before["profiles"] == ["elephant-dev-desktop"]
    fresh = replace(stage, name="fresh")
    project.deploy(fresh)
    shared = set(account_wide(client)["roles"]) - set(before["roles"])
    assert shared == {f"elephant-fresh-{of}-us-west-2" for of in (*FUNCTIONS, "timers", "desktop")}


def test_no_such_name_is_longer_than_iam_takes() -> None:
    stages = [Stage("a" * 12, region, "", "", "", "") for region in boto3.Session().get_available_regions("lambda")]
    names = [stage.role(name, global_suffix(stage, {})) for stage in stages for name in FUNCTIONS]
    assert max(map(len, names)) <= 64


def test_a_stage_s_own_profile_and_group_stay_for_the_desktops_that_bear_them(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    iam, [made] = client("iam"), client("iam").list_instance_profiles()["InstanceProfiles"]
    iam.create_role(RoleName="ours", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="ours")
    iam.add_role_to_instance_profile(InstanceProfileName="ours", RoleName="ours")
    group = client("ec2").create_security_group(GroupName="ours", Description="DCV")["GroupId"]
    theirs = replace(stage, instance_profile="ours", security_groups=(group,))
    for _ in range(2):
        project.deploy(theirs)
        outputs = Stack(client, stage.stack).outputs()
        assert (outputs["InstanceProfile"], outputs["MadeProfile"]) == ("ours", made["InstanceProfileName"])
        assert client("ec2").describe_security_groups(GroupIds=[outputs["SecurityGroup"]])["SecurityGroups"]
    project.destroy(theirs)
    assert [p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]] == ["ours"]
    groups = {found["GroupId"] for found in client("ec2").describe_security_groups()["SecurityGroups"]}
    assert group in groups
    assert outputs["SecurityGroup"] not in groups


def test_nothing_is_called_gone_that_is_still_there(
    project: Project, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.deploy(stage)
    monkeypatch.setattr("tools.wiring.roles.remove", lambda *_: None)
    with pytest.raises(StageError, match=r"still there: the role elephant-dev-api_handler-us-west-2.*Run this again"):
        project.destroy(stage)
    assert place.recorded(stage, project.root), "it can be destroyed from here again"
    monkeypatch.undo()


def test_a_role_whose_policies_were_taken_away_is_its_region_s_by_its_last_use(
    stage: Stage, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = client("iam")
    role = iam.create_role(RoleName="elephant-dev-sweep", AssumeRolePolicyDocument="{}")["Role"]
    assert roles.of_stage(stage, iam) == ["elephant-dev-sweep"]
    used = role | {"RoleLastUsed": {"Region": "eu-west-1"}}
    monkeypatch.setattr(iam, "get_role", lambda RoleName: _only(RoleName, used))  # noqa: N803
    assert roles.of_stage(stage, iam) == []
    assert roles.of_stage(replace(stage, region="eu-west-1"), iam) == ["elephant-dev-sweep"]


def _only(name: str, role: dict[str, Any]) -> dict[str, Any]:
    if name != role["RoleName"]:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": ""}}, "GetRole")
    return {"Role": role}


def test_a_destroyed_stage_is_forgotten_and_may_begin_anew_elsewhere(project: Project, stage: Stage) -> None:
    project.deploy(stage)
    project.destroy(stage)
    assert list((project.root / ".chalice" / "deployed").iterdir()) == []
    project.deploy(replace(stage, region="eu-west-1"))
    assert place.recorded(stage, project.root) == Place("eu-west-1", "123456789012")
