"""The stack of a stage: made once, waited for, and what its template promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from chalicelib.adapters.dynamodb import INDEXES
from chalicelib.domain.policy import DCV_PORT
from tests.tools.deploying.stands import TEMPLATE
from tools import providers
from tools.account import clients
from tools.stack import Stack, parameters
from tools.stage import FUNCTIONS, ROOT, Stage, StageError, load


class CloudFormation:
    """A stack that shows one status after the other, and stays in the last."""

    meta = SimpleNamespace(region_name="us-west-2")

    def __init__(self, *statuses: str) -> None:
        self._statuses = list(statuses)

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        return {"Stacks": [{"StackStatus": status, "Outputs": [{"OutputKey": "TableName", "OutputValue": "t"}]}]}

    def describe_stack_events(self, **_: str) -> dict[str, Any]:
        told = [
            ("Alarms", "CREATE_FAILED", "no"),
            ("elephant-dev", "UPDATE_IN_PROGRESS", ""),
            ("Timers", "CREATE_FAILED", ""),
        ]
        keys = ("LogicalResourceId", "ResourceStatus", "ResourceStatusReason")
        return {"StackEvents": [dict(zip(keys, event, strict=True)) for event in told]}


def test_a_stack_is_made_once_and_updated_only_when_something_differs(aws: None, tmp_path: Path) -> None:
    template = tmp_path / "template.json"
    template.write_text(json.dumps(TEMPLATE))
    stack = Stack(clients("us-west-2"), "elephant-dev", lambda seconds: None, template)
    assert not stack.exists()
    assert stack.up({"Size": "1"}, {"Stage": "dev"})
    assert not stack.up({"Size": "1"}, {"Stage": "dev"})
    assert stack.up({"Size": "2"}, {"Stage": "dev"})
    stack.down()
    assert not stack.exists()
    stack.down()


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("ROLLBACK_COMPLETE", "make destroy STAGE=dev"),
        ("DELETE_FAILED", "make destroy STAGE=dev"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --region us-west-2 --stack-name elephant-dev"),
    ],
)
def test_a_stack_that_takes_no_change_says_what_to_do(status: str, step: str) -> None:
    stack = Stack(lambda _: CloudFormation(status), "elephant-dev")
    with pytest.raises(StageError, match=f": Alarms: no\\. .*{step}"):
        stack.ready()


def test_a_stack_that_somebody_changes_is_waited_for() -> None:
    naps: list[float] = []
    cloudformation = CloudFormation("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    assert Stack(lambda _: cloudformation, "elephant-dev", naps.append).ready() == {"TableName": "t"}
    assert len(naps) == 2


def test_the_template_takes_every_parameter_that_the_stage_gives(stage: Stage) -> None:
    text = (ROOT / "infra" / "template.yaml").read_text()
    declared = text.split("Parameters:\n")[1].split("\nConditions:")[0]
    given = parameters(stage) | providers.parameters(providers.of(stage), stage)
    assert sorted(line.strip(" :") for line in declared.splitlines() if line.startswith("  ") and line[2] != " ") == (
        sorted(given)
    )


def test_every_alarm_leads_to_its_entry_in_the_runbook() -> None:
    template = (ROOT / "infra" / "template.yaml").read_text()
    told = (ROOT / "docs" / "deploy.md").read_text()
    names = re.findall(r'AlarmName: !Sub "elephant-\$\{Stage\}-(.+)"', template)
    entries = re.findall(r"AlarmDescription: .+ docs/deploy\.md#(.+)", template)
    of_functions = {
        f"{entry}-{function}" for entry in ("function-errors", "function-throttles") for function in FUNCTIONS
    }
    assert [entry if name in of_functions else name for name, entry in zip(names, entries, strict=True)] == entries
    once = list(dict.fromkeys(entries))
    runbook = told.split("## When an alarm rings")[1]
    assert once == re.findall(r"^### (.+)$", runbook, re.M)


def _template() -> Any:
    """Return the template as values; `!Ref x` reads as {"!Ref": "x"}."""

    def tagged(loader: Any, suffix: str, node: Any) -> dict[str, Any]:
        kind = {yaml.ScalarNode: loader.construct_scalar, yaml.SequenceNode: loader.construct_sequence}[type(node)]
        return {f"!{suffix}": kind(node, **({} if type(node) is yaml.ScalarNode else {"deep": True}))}

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        pass

    Loader.add_multi_constructor("!", tagged)
    return yaml.load((ROOT / "infra" / "template.yaml").read_text(), Loader)


def test_only_desktops_with_scripts_are_given_the_table() -> None:
    template = _template()
    assert template["Conditions"]["UsesTable"] == {"!Equals": [{"!Ref": "DesktopClient"}, "scripts"]}
    [policy] = template["Resources"]["DesktopRole"]["Properties"]["Policies"]
    always = [s for s in policy["PolicyDocument"]["Statement"] if "!If" not in s]
    of_the_table = [s["!If"] for s in policy["PolicyDocument"]["Statement"] if "dynamodb" in json.dumps(s)]
    assert all((each[0], each[2]) == ("UsesTable", {"!Ref": "AWS::NoValue"}) for each in of_the_table)
    assert [each[1]["Action"] for each in of_the_table] == ["dynamodb:Scan", "dynamodb:UpdateItem"]
    assert "dynamodb" not in json.dumps(always)
    assert parameters(load("dev"))["DesktopClient"] == "kit"


def test_the_made_group_lies_where_desktops_are_launched_and_stays_where_that_is_the_default_vpc() -> None:
    template = _template()
    group = template["Resources"]["DesktopGroup"]["Properties"]
    assert group["VpcId"] == {"!If": ["HasVpc", {"!Ref": "VpcId"}, {"!Ref": "AWS::NoValue"}]}
    assert template["Conditions"]["HasVpc"] == {"!Not": [{"!Equals": [{"!Ref": "VpcId"}, ""]}]}
    stage = load("dev")
    assert parameters(stage)["VpcId"] == ""
    assert parameters(stage, "vpc-0fff")["VpcId"] == "vpc-0fff"


def test_the_template_names_the_index_and_opens_the_port_that_the_app_counts_on() -> None:
    template = (ROOT / "infra" / "template.yaml").read_text()
    assert re.findall(r"IndexName: (\S+)", template) == [*INDEXES]
    assert set(re.findall(r"FromPort: (\d+), ToPort: (\d+)", template)) == {(str(DCV_PORT), str(DCV_PORT))}
