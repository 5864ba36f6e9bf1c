"""Chalice's record: found again in the account where it was lost, and never a reason to delete what lives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from chalice.cli.factory import CLIFactory
from chalice.deploy.appgraph import ApplicationGraphBuilder, DependencyBuilder
from chalice.deploy.models import ManagedModel

from tests.tools.deploying.world import Project
from tools import inventory
from tools.account import Clients
from tools.record import Record
from tools.stage import ROOT, Stage


def resources(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["resources"]
    return sorted(found, key=lambda resource: str(resource["name"]))


def apis(client: Clients) -> list[str]:
    return [api["id"] for api in client("apigateway").get_rest_apis()["items"]]


@pytest.mark.parametrize("lost", ["the record alone", "all of .chalice", "the record, cut off while it was written"])
def test_a_lost_record_is_found_again_and_no_second_api_is_made(
    project: Project, stage: Stage, client: Clients, lost: str
) -> None:
    project.deploy(stage)
    path, before = project.recorded(stage), resources(project.recorded(stage))
    if lost == "all of .chalice":
        shutil.rmtree(project.root / ".chalice")
        (project.root / ".chalice").mkdir()
        shutil.copy(ROOT / ".chalice" / "config.json", project.root / ".chalice")
    elif lost == "the record alone":
        path.unlink()
    else:
        path.write_text(path.read_text()[:100])
    [api] = apis(client)
    project.deploy(stage)
    assert resources(path) == before
    assert apis(client) == [api]


def test_a_stage_is_destroyed_from_a_machine_that_never_deployed_it(
    project: Project, stage: Stage, client: Clients, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.deploy(stage)
    project.root = tmp_path_factory.mktemp("clone")
    (project.root / ".chalice").mkdir()
    shutil.copy(ROOT / ".chalice" / "config.json", project.root / ".chalice")
    assert project.destroy(stage)
    assert apis(client) == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert not project.destroy(stage)


def test_nothing_of_a_record_is_kept_in_a_table_that_could_be_lost_too(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    before = resources(project.recorded(stage))
    client("dynamodb").delete_table(TableName=stage.state_table)
    project.recorded(stage).unlink()
    assert inventory.find_again(stage, Record(stage, project.root), client)
    assert resources(project.recorded(stage)) == before


def test_the_record_names_things_as_chalice_itself_does(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    config = CLIFactory(str(project.root)).create_config_obj(chalice_stage_name=stage.name)
    graph = ApplicationGraphBuilder().build(config, stage.name)
    models = DependencyBuilder().build_dependencies(graph)
    named = {model.resource_name for model in models if isinstance(model, ManagedModel)}
    found = {resource["name"] for resource in inventory.resources(stage, client)}
    assert found == named, "Chalice deletes what it recorded by another name"


def test_roles_leave_the_record_before_chalice_would_delete_them(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy_as_0_1_0(stage)
    assert Record(stage, project.root).resources("iam_role")
    project.deploy(stage)
    assert Record(stage, project.root).resources("iam_role") == []


def test_of_several_apis_the_one_on_record_stays_and_all_are_destroyed(
    project: Project, stage: Stage, client: Clients
) -> None:
    project.deploy(stage)
    path = project.recorded(stage)
    [first] = apis(client)
    path.unlink()
    project.chalice(stage, "deploy", root=project.root)  # which knows of no API then, and makes another one
    foreign = client("apigateway").create_rest_api(name="elephant")["id"]
    [second] = Record(stage, project.root).resources("rest_api")
    assert second["rest_api_id"] not in (first, foreign)
    project.deploy(stage)
    assert Record(stage, project.root).resources("rest_api") == [second]
    path.unlink()
    project.deploy(stage)
    [found] = Record(stage, project.root).resources("rest_api")
    assert found["rest_api_id"] == first
    project.destroy(stage)
    assert apis(client) == [foreign]


def test_what_is_recorded_and_not_found_stays_for_chalice_to_look_for(tmp_path: Path, stage: Stage) -> None:
    record = Record(stage, tmp_path)
    assert not record.bring_up([])
    assert not record.exists()
    own = {"name": "own", "resource_type": "lambda_function", "lambda_arn": "arn:own"}
    assert record.bring_up([own])
    assert not record.bring_up([])
    assert record.resources("lambda_function") == [own]
