"""What the deploy and the destroyer refuse, go on with and leave alone; the whole of them runs in tests/e2e."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from chalice.config import Config
from chalice.deploy import models
from chalice.deploy.deployer import ResultsRecorder
from chalice.utils import UI, OSUtils
from moto import mock_aws

from tools import build, providers, resumable, tables, triggers, wiring
from tools.account import Clients, clients, enter
from tools.deploy import refuse_unready
from tools.desktops import refuse_while_alive
from tools.destroy import destroy
from tools.findings import Finding, Level
from tools.stack import Stack, parameters
from tools.stage import FUNCTIONS, ROOT, Stage, StageError, load

TEMPLATE = {"Parameters": {"Size": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


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
    assert [line.strip(" :") for line in declared.splitlines() if line.startswith("  ") and line[2] != " "] == list(
        given
    )


def test_every_alarm_leads_to_its_entry_in_the_runbook() -> None:
    template = (ROOT / "infra" / "template.yaml").read_text()
    told = (ROOT / "docs" / "deploy.md").read_text()
    names = re.findall(r'AlarmName: !Sub "elephant-\$\{Stage\}-(.+)"', template)
    assert names == re.findall(r"AlarmDescription: .+ docs/deploy\.md#(.+)", template)
    assert names == [name for name in re.findall(r"^### (.+)$", told, re.M) if name in names]


OUTPUTS = {"DeadLettersArn": "arn:letters", "DeadRecordsArn": "arn:records", "StreamArn": "arn:stream"}
POLICIES: dict[str, dict[str, Any]] = {
    name: {"Version": "2012-10-17", "Statement": [{"Sid": name, "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for name in FUNCTIONS
}


class Lambda:
    """Lambda's settings of events and of one mapping, with every write noted."""

    def __init__(self, mappings: int = 1) -> None:
        self.writes: list[str] = []
        self.mapping: dict[str, Any] = {
            "UUID": "1",
            "EventSourceArn": OUTPUTS["StreamArn"],
            "State": "Enabled",
            "DestinationConfig": {"OnFailure": {}},
        }
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

    def delete_event_source_mapping(self, *, UUID: str) -> None:  # noqa: N803
        self.writes.append(f"-{UUID}")
        self._mappings = 0

    def update_event_source_mapping(self, *, UUID: str, **settings: Any) -> None:  # noqa: N803
        self.writes.append(UUID)
        self.mapping |= settings
        self.mapping["State"] = "Enabled" if settings["Enabled"] else "Disabled"

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:  # noqa: N803
        return self.mapping


@pytest.fixture
def functions(stage: Stage, client: Clients) -> Lambda:
    """Functions as Chalice leaves them, with their roles."""
    for name in FUNCTIONS:
        role = stage.role(name)
        client("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        client("iam").put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(POLICIES[name]))
    return Lambda()


def beside(functions: Lambda, client: Clients) -> Clients:
    return lambda service: functions if service == "lambda" else client(service)


def wire(stage: Stage, functions: Lambda, client: Clients, naps: list[float] | None = None) -> list[str]:
    nap = (naps if naps is not None else []).append
    return wiring.wire(stage, OUTPUTS, POLICIES, beside(functions, client), nap)


def test_what_chalice_cannot_say_is_said_once(stage: Stage, client: Clients, functions: Lambda) -> None:
    assert len(wire(stage, functions, client)) == len(functions.writes) == 5
    assert wire(stage, functions, client) == []
    assert functions.get_function_event_invoke_config(FunctionName="elephant-dev-sweep")["MaximumRetryAttempts"] == 0
    assert functions.mapping["BisectBatchOnFunctionError"] is True
    assert functions.mapping["DestinationConfig"]["OnFailure"]["Destination"] == "arn:records"


def test_what_a_failed_sweep_leaves_is_made_good_and_kept_nowhere(
    stage: Stage, client: Clients, functions: Lambda
) -> None:
    wire(stage, functions, client)
    for name in ("launch_ec2", "safety_net", "dns_watchdog"):
        stands = functions.get_function_event_invoke_config(FunctionName=stage.function(name))
        assert stands["DestinationConfig"]["OnFailure"]["Destination"] == "arn:letters"
    sweep = stage.function("sweep")
    assert "DestinationConfig" not in functions.get_function_event_invoke_config(FunctionName=sweep)
    functions.put_function_event_invoke_config(
        FunctionName=sweep,
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=60,
        DestinationConfig={"OnFailure": {"Destination": "arn:letters"}},
    )
    assert len(wire(stage, functions, client)) == 1
    assert "DestinationConfig" not in functions.get_function_event_invoke_config(FunctionName=sweep)


def test_the_gateways_own_errors_are_like_the_apps(stage: Stage, client: Clients) -> None:
    gateway = client("apigateway")
    api = gateway.create_rest_api(name="elephant")["id"]
    root = gateway.get_resources(restApiId=api)["items"][0]["id"]
    gateway.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    gateway.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    for kind in wiring.ERRORS:
        gateway.put_gateway_response(restApiId=api, responseType=kind)  # moto, unlike AWS, knows no default ones
    assert wiring.wire_api(api, stage, gateway)
    for kind in wiring.ERRORS:
        stands = gateway.get_gateway_response(restApiId=api, responseType=kind)
        assert stands["responseParameters"] == {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    assert len(gateway.get_deployments(restApiId=api)["items"]) == 1, "only a deployment makes it so"
    assert wiring.wire_api(api, stage, gateway) == []


@pytest.mark.parametrize(
    "words",
    [
        "The function's execution role does not have permissions to call SendMessage on the queue",
        "The destination ARN arn:aws:sqs:us-west-2:123456789012:elephant-dev-dead-letters is invalid.",
        "Cannot access stream. Please ensure the role can perform the GetRecords Action on your stream in IAM.",
    ],
)
def test_a_role_that_iam_has_not_spread_yet_is_waited_for(
    stage: Stage, client: Clients, functions: Lambda, words: str
) -> None:
    naps: list[float] = []
    functions.refusals, functions.words = 3, words
    assert len(wire(stage, functions, client, naps)) == 5
    assert len(naps) == 3


def test_any_other_refusal_is_told(stage: Stage, client: Clients, functions: Lambda) -> None:
    functions.refusals, functions.words = 1, "The queue does not exist"
    with pytest.raises(ClientError, match="The queue does not exist"):
        wire(stage, functions, client)


@pytest.mark.parametrize("count", [0, 2])
def test_a_stream_that_is_not_mapped_exactly_once_is_an_error(stage: Stage, count: int) -> None:
    functions = Lambda(mappings=count)
    with pytest.raises(StageError, match=f"{count} times"):
        wiring.wire(stage, OUTPUTS, POLICIES, lambda _: functions)


def test_what_was_changed_by_hand_is_put_right(stage: Stage, client: Clients, functions: Lambda) -> None:
    iam, events, role = client("iam"), client("events"), stage.role("sweep")
    events.put_rule(Name=f"{stage.function('sweep')}-event", ScheduleExpression="rate(1 minute)", State="DISABLED")
    events.put_rule(Name="elephant-dev2-sweep-event", ScheduleExpression="rate(1 minute)", State="DISABLED")
    wire(stage, functions, client)
    assert [rule["State"] for rule in events.list_rules()["Rules"]] == ["ENABLED", "DISABLED"]

    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(POLICIES["api_handler"]))
    iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=json.dumps(POLICIES["api_handler"]))
    more = iam.create_policy(PolicyName="more", PolicyDocument=json.dumps(POLICIES["sweep"]))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=more)
    functions.mapping["State"] = "Disabled"
    assert wire(stage, functions, client) == [
        "the stream's mapping bisects, gives up and filters",
        "sweep has its own policy again, and no other",
    ]
    assert iam.get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"] == POLICIES["sweep"]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == [role]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    assert functions.mapping["State"] == "Enabled"
    assert wire(stage, functions, client) == []


def test_logs_are_kept_for_their_days_also_where_lambda_made_the_group(
    stage: Stage, client: Clients, functions: Lambda, tmp_path: Path
) -> None:
    logs, record = client("logs"), build.Record(stage, tmp_path)
    for group in ("/aws/lambda/elephant-dev", "/aws/lambda/elephant-dev2"):
        logs.create_log_group(logGroupName=group)
    assert len(wiring.prepare(stage, OUTPUTS, record, beside(functions, client))) == 1
    assert wiring.prepare(stage, OUTPUTS, record, beside(functions, client)) == []
    kept = {g["logGroupName"]: g.get("retentionInDays") for g in logs.describe_log_groups()["logGroups"]}
    assert kept == {stage.log_group(name): 30 for name in FUNCTIONS} | {"/aws/lambda/elephant-dev2": None}
    longer = replace(stage, log_retention_days=90)
    assert wiring.prepare(longer, OUTPUTS, record, beside(functions, client))
    assert not wiring.prepare(longer, OUTPUTS, record, beside(functions, client))


def test_an_earlier_table_s_stream_is_unmapped_so_that_chalice_maps_the_new_one(
    stage: Stage, client: Clients, functions: Lambda, tmp_path: Path
) -> None:
    record = recorded_by_chalice(tmp_path, {"name": "m", "resource_type": "dynamodb_event", "stream_arn": "arn:stream"})
    wiring.prepare(stage, OUTPUTS, record, beside(functions, client))
    assert functions.writes == []
    assert record.resources("dynamodb_event")
    moved = OUTPUTS | {"StreamArn": "arn:new"}
    assert wiring.prepare(stage, moved, record, beside(functions, client)) == ["an earlier table's stream was unmapped"]
    assert functions.writes == ["-1"]
    assert record.resources("dynamodb_event") == []


def test_a_mapping_that_is_being_deleted_no_longer_counts(stage: Stage, functions: Lambda, client: Clients) -> None:
    assert build.mappings(stage, beside(functions, client)) == {"1": "arn:stream"}
    functions.mapping["State"] = "Deleting"
    assert build.mappings(stage, beside(functions, client)) == {}
    with pytest.raises(StageError, match="0 times"):
        triggers.stream_mapping(functions, stage.function("stream_terminator"), "arn:stream")


def recorded_by_chalice(root: Path, *resources: dict[str, str]) -> build.Record:
    (root / ".chalice" / "deployed").mkdir(parents=True)
    content = {"resources": resources, "schema_version": "2.0", "backend": "api"}
    (root / ".chalice" / "deployed" / "dev.json").write_text(json.dumps(content))
    return build.Record(load("dev"), root)


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


def test_what_somebody_changed_in_aws_since_is_deployed_again(stage: Stage, client: Clients, tmp_path: Path) -> None:
    events, rule = client("events"), f"{stage.function('sweep')}-event"
    api = client("apigateway").create_rest_api(name="elephant")["id"]
    record = recorded_by_chalice(tmp_path, {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api})
    events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-west-2:123456789012:function:f"}])

    record.keep("digest", record.live(client))
    assert record.is_current("digest", record.live(client))
    events.remove_targets(Rule=rule, Ids=["1"])
    assert not record.is_current("digest", record.live(client))

    record.keep("digest", record.live(client))
    client("apigateway").delete_rest_api(restApiId=api)
    assert not record.is_current("digest", record.live(client))


class Aws:
    """Makes functions, sets nothing aside for them, and has deleted a role already."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def create_function(self) -> str:
        self.calls.append("create_function")
        return "arn:sweep"

    def put_function_concurrency(self) -> None:
        raise ClientError({"Error": {"Code": "InvalidParameterValueException", "Message": "no"}}, "P")

    def delete_role(self) -> None:
        self.calls.append("delete_role")
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no role"}}, "ListRolePolicies")

    def delete_function(self) -> None:
        self.calls.append("delete_function")


def run_plan(aws_: Aws, root: Path, *instructions: models.Instruction) -> None:
    """Have Chalice carry a plan out as `python -m tools.resumable` does."""
    planned: Any = SimpleNamespace(execute=lambda *_: models.Plan(list(instructions), {}))
    nothing: Any = SimpleNamespace(execute=lambda *_: None, build=lambda *_: None, build_dependencies=lambda _: None)
    typed: Any = aws_
    runs = resumable.Executor(typed, UI())
    deployer = resumable.Deployer(nothing, nothing, nothing, planned, nothing, runs, ResultsRecorder(OSUtils()))
    config = Config(chalice_stage="dev", config_from_disk={"project_dir": str(root), "app_name": "elephant"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployer, "_validate_config", lambda _: None)
        deployer._deploy(config, "dev")


def test_what_a_stopped_deploy_made_is_recorded_beside_what_stood(tmp_path: Path) -> None:
    stood = {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "1"}
    record = recorded_by_chalice(tmp_path, stood)
    plan = [
        models.APICall("create_function", {}, "arn"),
        models.RecordResourceVariable("lambda_function", "sweep", "lambda_arn", "arn"),
        models.APICall("put_function_concurrency", {}),
    ]
    with pytest.raises(ClientError):
        run_plan(Aws(), tmp_path, *plan)
    assert record.resources("rest_api") == [stood]
    assert record.resources("lambda_function") == [
        {"name": "sweep", "resource_type": "lambda_function", "lambda_arn": "arn:sweep"}
    ]


def test_what_is_gone_already_does_not_stop_a_deletion(tmp_path: Path) -> None:
    aws_ = Aws()
    run_plan(aws_, tmp_path, models.APICall("delete_role", {}), models.APICall("delete_function", {}))
    assert aws_.calls == ["delete_role", "delete_function"]


def found(level: Level, check: str) -> tuple[str, Finding]:
    return check, Finding(level, f"{check} is wrong", f"mend {check}")


def test_a_deploy_refuses_what_the_doctor_fails_beforehand(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [found(Level.FAIL, "image"), found(Level.WARN, "clock"), found(Level.FAIL, "functions")]
    monkeypatch.setattr("tools.deploy.examine", lambda *_: iter(findings))
    with pytest.raises(StageError, match=r"image is wrong\n.*mend image") as caught:
        refuse_unready(stage, lambda _: None)
    assert "clock" not in str(caught.value)
    assert "functions" not in str(caught.value)


def test_what_a_deploy_makes_itself_cannot_stand_in_its_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ("zone", "instance_profile", "security_groups")
    monkeypatch.setattr("tools.deploy.examine", lambda *_: iter([found(Level.FAIL, check) for check in made]))
    refuse_unready(stage, lambda _: None)
    theirs = replace(stage, instance_profile="ours", security_groups=("sg-1",))
    with pytest.raises(StageError) as caught:
        refuse_unready(theirs, lambda _: None)
    assert "zone" not in str(caught.value)
    assert "instance_profile is wrong" in str(caught.value)
    assert "security_groups is wrong" in str(caught.value)


def make_table(client: Clients, name: str, stage: str = "") -> None:
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": stage}]
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        Tags=tags if stage else [],
    )


def launch(client: Clients, stage: str) -> str:
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": stage}]
    spec = [{"ResourceType": "instance", "Tags": tags}]
    launched = client("ec2").run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, TagSpecifications=spec)
    return str(launched["Instances"][0]["InstanceId"])


def test_a_table_that_the_stack_did_not_make_is_refused_and_its_own_is_not(stage: Stage, client: Clients) -> None:
    tables.refuse_change(stage, {}, client)
    make_table(client, "elephant-meetings-dev")
    tables.refuse_change(stage, {"TableName": "elephant-meetings-dev"}, client)
    with pytest.raises(StageError, match=r"elephant-meetings-dev exists already.*operations\.table.*copy"):
        tables.refuse_change(stage, {}, client)


def test_no_stage_gets_another_table_while_people_are_in_its_meetings(stage: Stage, client: Clients) -> None:
    renamed, present = replace(stage, table="elephant-moved"), {"TableName": "elephant-meetings-dev"}
    tables.refuse_change(renamed, present, client)
    desktop = launch(client, "dev")
    tables.refuse_change(stage, present, client)
    with pytest.raises(StageError, match=desktop):
        tables.refuse_change(renamed, present, client)


def test_the_table_is_protected_as_the_operator_wants(stage: Stage, client: Clients) -> None:
    make_table(client, "t")
    outputs = {"TableName": "t"}
    for wanted in (stage, replace(stage, protect_table=False)):
        assert tables.protect(wanted, outputs, client)
        assert not tables.protect(wanted, outputs, client)


@pytest.fixture
def gone(stage: Stage) -> Stage:
    """A stage of which nothing was recorded in this copy of the project."""
    return replace(stage, name="gone")


def test_a_stack_whose_creation_failed_is_destroyed(gone: Stage, client: Clients) -> None:
    client("cloudformation").create_stack(StackName=gone.stack, TemplateBody=json.dumps(TEMPLATE | {"Parameters": {}}))
    destroy(gone, client)
    assert not Stack(client, gone.stack).exists()
    destroy(gone, client)


def test_destroying_takes_every_table_of_the_stage_and_no_other(gone: Stage, client: Clients) -> None:
    for name, of_stage in (("now", "gone"), ("earlier", "gone"), ("theirs", "prod"), ("nobody-s", "")):
        make_table(client, name, of_stage)
        client("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=True)
    destroy(gone, client)
    assert client("dynamodb").list_tables()["TableNames"] == ["theirs", "nobody-s"]
    assert client("dynamodb").describe_table(TableName="theirs")["Table"]["DeletionProtectionEnabled"]


def test_what_chalice_could_not_record_is_destroyed_too(gone: Stage, client: Clients) -> None:
    iam, events = client("iam"), client("events")
    for of_stage in ("gone", "gone2"):
        role, rule = f"elephant-{of_stage}-sweep", f"elephant-{of_stage}-sweep-event"
        iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")
        iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(POLICIES["sweep"]))
        events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
        events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-west-2:123456789012:function:f"}])
    destroy(gone, client)
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["elephant-gone2-sweep"]
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["elephant-gone2-sweep-event"]


def test_nothing_is_destroyed_where_the_zone_cannot_be_read_unless_its_records_may_stay(
    gone: Stage, client: Clients
) -> None:
    client("secretsmanager").create_secret(Name=gone.secret, SecretString="not JSON")
    make_table(client, "now", "gone")
    with pytest.raises(StageError, match=r"must be JSON.*gone/elephant/cloudflare.*--leave-records"):
        destroy(gone, client)
    assert client("dynamodb").list_tables()["TableNames"] == ["now"]
    destroy(gone, client, leave_records=True)
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []


def test_nothing_is_destroyed_while_desktops_of_the_stage_live(stage: Stage, client: Clients) -> None:
    launch(client, "prod")
    refuse_while_alive(stage, client)
    ours = launch(client, "dev")
    with pytest.raises(StageError, match=ours):
        refuse_while_alive(stage, client)
    client("ec2").stop_instances(InstanceIds=[ours])
    with pytest.raises(StageError, match=ours):
        refuse_while_alive(stage, client)
    client("ec2").terminate_instances(InstanceIds=[ours])
    refuse_while_alive(stage, client)
