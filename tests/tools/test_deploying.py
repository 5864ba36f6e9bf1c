"""What the deploy refuses and what it leaves alone; the whole of it runs in tests/e2e."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tools import build, wiring
from tools.account import clients, enter
from tools.destroy import refuse_while_alive
from tools.stack import Stack, parameters
from tools.stage import ROOT, Stage, StageError, load

TEMPLATE = {"Parameters": {"Size": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        yield


@pytest.fixture
def stage() -> Stage:
    return load("dev")


def test_credentials_for_another_account_are_refused(aws: None, stage: Stage) -> None:
    assert enter(stage, clients(stage.region)).id == "123456789012"
    with pytest.raises(StageError, match="set AWS_PROFILE"):
        enter(replace(stage, account="999999999999"), clients(stage.region))


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


def test_the_template_takes_every_parameter_that_the_stage_gives(stage: Stage) -> None:
    text = (ROOT / "infra" / "template.yaml").read_text()
    declared = text.split("Parameters:\n")[1].split("\nConditions:")[0]
    assert [line.strip(" :") for line in declared.splitlines() if line.startswith("  ") and line[2] != " "] == list(
        parameters(stage)
    )


def test_every_alarm_leads_to_its_entry_in_the_runbook() -> None:
    template = (ROOT / "infra" / "template.yaml").read_text()
    told = (ROOT / "docs" / "deploy.md").read_text()
    names = re.findall(r'AlarmName: !Sub "elephant-\$\{Stage\}-(.+)"', template)
    assert names == re.findall(r"AlarmDescription: .+ docs/deploy\.md#(.+)", template)
    assert names == [name for name in re.findall(r"^### (.+)$", told, re.M) if name in names]


class Lambda:
    """Lambda's settings of events and of one mapping, with every write noted."""

    def __init__(self, mappings: int = 1) -> None:
        self.writes: list[str] = []
        self.mapping: dict[str, Any] = {"UUID": "1", "State": "Enabled", "DestinationConfig": {"OnFailure": {}}}
        self.refusals = 0
        self.words = "The function's execution role does not have permissions to call SendMessage on the queue"
        self._mappings = mappings
        self._events: dict[str, dict[str, Any]] = {}

    def get_function_event_invoke_config(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return self._events.get(FunctionName, {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}})

    def put_function_event_invoke_config(self, *, FunctionName: str, **settings: Any) -> None:  # noqa: N803
        if self.refusals:
            self.refusals -= 1
            reply = {"Error": {"Code": "InvalidParameterValueException", "Message": self.words}}
            raise ClientError(reply, "PutFunctionEventInvokeConfig")  # type: ignore[arg-type]
        self.writes.append(FunctionName)
        self._events[FunctionName] = settings

    def list_event_source_mappings(self, **_: str) -> dict[str, Any]:
        return {"EventSourceMappings": [self.mapping] * self._mappings}

    def update_event_source_mapping(self, *, UUID: str, **settings: Any) -> None:  # noqa: N803
        self.writes.append(UUID)
        self.mapping |= settings

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:  # noqa: N803
        return self.mapping


OUTPUTS = {"DeadLettersArn": "arn:letters", "DeadRecordsArn": "arn:records", "StreamArn": "arn:stream"}


def test_what_chalice_cannot_say_is_said_once(stage: Stage) -> None:
    functions = Lambda()
    assert len(wiring.wire(stage, OUTPUTS, lambda _: functions)) == len(functions.writes) == 5
    assert wiring.wire(stage, OUTPUTS, lambda _: functions) == []
    assert functions.get_function_event_invoke_config(FunctionName="elephant-dev-sweep")["MaximumRetryAttempts"] == 0
    assert functions.mapping["BisectBatchOnFunctionError"] is True
    assert functions.mapping["DestinationConfig"]["OnFailure"]["Destination"] == "arn:records"


def test_a_role_that_iam_has_not_spread_yet_is_waited_for(stage: Stage) -> None:
    functions = Lambda()
    naps: list[float] = []
    functions.refusals = 3
    assert len(wiring.wire(stage, OUTPUTS, lambda _: functions, naps.append)) == 5
    assert len(naps) == 3


def test_any_other_refusal_is_told(stage: Stage) -> None:
    functions = Lambda()
    functions.refusals, functions.words = 1, "The queue does not exist"
    with pytest.raises(ClientError, match="The queue does not exist"):
        wiring.wire(stage, OUTPUTS, lambda _: functions, lambda seconds: None)


@pytest.mark.parametrize("count", [0, 2])
def test_a_stream_that_is_not_mapped_exactly_once_is_an_error(stage: Stage, count: int) -> None:
    functions = Lambda(mappings=count)
    with pytest.raises(StageError, match=f"{count} times"):
        wiring.wire(stage, OUTPUTS, lambda _: functions)


def test_a_build_is_the_same_until_what_ships_changes(tmp_path: Path, stage: Stage) -> None:
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "chalicelib", tmp_path / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".chalice").mkdir()
    shutil.copy(ROOT / ".chalice" / "config.json", tmp_path / ".chalice")
    first = build.digest(stage, tmp_path)
    (tmp_path / "chalicelib" / "__pycache__").mkdir()
    (tmp_path / "chalicelib" / "__pycache__" / "plan.pyc").write_bytes(b"x")
    (tmp_path / "README.md").write_text("not shipped")
    assert build.digest(stage, tmp_path) == first
    (tmp_path / "chalicelib" / "plan.py").write_text("")
    assert build.digest(stage, tmp_path) != first


def test_a_function_that_somebody_changed_since_is_deployed_again(tmp_path: Path, stage: Stage) -> None:
    record = build.Record(stage, tmp_path)
    live = {"sweep": {"code": "abc", "modified": "2026-11-21T00:00:00"}}
    record.keep("digest", live)
    assert record.is_current("digest", live)
    assert not record.is_current("other", live)
    assert not record.is_current("digest", {"sweep": {"code": "changed", "modified": "2026-11-22T00:00:00"}})


def test_functions_without_chalice_s_record_are_not_deployed_over(tmp_path: Path, stage: Stage) -> None:
    record = build.Record(stage, tmp_path)
    record.require({})
    with pytest.raises(StageError, match="not from here"):
        record.require({"sweep": {}})


def test_nothing_is_destroyed_while_desktops_of_the_stage_live(aws: None, stage: Stage) -> None:
    ec2: Any = boto3.client("ec2", region_name=stage.region)

    def launch(of_stage: str) -> str:
        tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": of_stage}]
        launched = ec2.run_instances(
            ImageId="ami-12345678",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )
        return str(launched["Instances"][0]["InstanceId"])

    launch("prod")
    refuse_while_alive(stage, clients(stage.region))
    ours = launch("dev")
    with pytest.raises(StageError, match=ours):
        refuse_while_alive(stage, clients(stage.region))
    ec2.stop_instances(InstanceIds=[ours])
    with pytest.raises(StageError, match=ours):
        refuse_while_alive(stage, clients(stage.region))
    ec2.terminate_instances(InstanceIds=[ours])
    refuse_while_alive(stage, clients(stage.region))
