"""What Chalice cannot say: set once, and put right where somebody changed it by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

import app
from tests.tools.deploying.stands import OUTPUTS, POLICIES, Lambda, beside, recorded_by_chalice
from tools import triggers, wiring
from tools.account import Clients
from tools.limits import LIMITS, unlimited
from tools.record import Record
from tools.stage import FUNCTIONS, Stage, StageError
from tools.wiring import gateway


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


@pytest.fixture
def api(client: Clients) -> str:
    """Return the id of an API as Chalice leaves one that was never wired."""
    apis = client("apigateway")
    made = str(apis.create_rest_api(name="elephant")["id"])
    root = apis.get_resources(restApiId=made)["items"][0]["id"]
    apis.put_method(restApiId=made, resourceId=root, httpMethod="GET", authorizationType="NONE")
    apis.put_integration(restApiId=made, resourceId=root, httpMethod="GET", type="MOCK")
    for kind in gateway.ERRORS:
        apis.put_gateway_response(restApiId=made, responseType=kind)  # moto, unlike AWS, knows no default ones
    return made


def test_the_gateways_own_errors_are_like_the_apps(stage: Stage, client: Clients, api: str) -> None:
    apis = client("apigateway")
    assert gateway.wire(api, stage, apis)
    for kind in gateway.ERRORS:
        stands = apis.get_gateway_response(restApiId=api, responseType=kind)
        assert stands["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        json.loads(stands["responseTemplates"]["application/json"].replace("$context.error.messageString", '"words"'))
    assert len(apis.get_deployments(restApiId=api)["items"]) == 1, "only a deployment makes it so"
    assert gateway.wire(api, stage, apis) == []


def test_who_asks_too_often_is_told_when_to_ask_again(stage: Stage, client: Clients, api: str) -> None:
    """In the form of the app's other errors, so that a page of any host can read it and wait."""
    gateway.wire(api, stage, client("apigateway"))
    throttled = client("apigateway").get_gateway_response(restApiId=api, responseType="THROTTLED")
    assert throttled["statusCode"] == "429"
    headers = throttled["responseParameters"]
    assert int(headers["gatewayresponse.header.Retry-After"].strip("'")) > 0
    assert headers["gatewayresponse.header.Access-Control-Expose-Headers"] == "'Retry-After'"


def test_the_gateway_limits_each_method_and_again_after_a_deploy(stage: Stage, client: Clients, api: str) -> None:
    apis = client("apigateway")

    def limited() -> dict[str, tuple[float, int]]:
        found = apis.get_stage(restApiId=api, stageName=stage.name)["methodSettings"]
        return {method: (s["throttlingRateLimit"], s["throttlingBurstLimit"]) for method, s in found.items()}

    assert "the gateway limits how often each method is called" in gateway.wire(api, stage, apis)
    assert limited() == LIMITS
    assert LIMITS["~1schedule/POST"] == LIMITS["~1/POST"] == (5, 20)
    assert LIMITS["~1join~1{meetingId}~1{role}/GET"][0] == 1000
    assert LIMITS["*/*"][0] == 100, "what desktops call: 2,000 of them do so some fifty times a second"
    raised = {"op": "replace", "path": "/~1schedule/POST/throttling/rateLimit", "value": "10000"}
    apis.update_stage(restApiId=api, stageName=stage.name, patchOperations=[raised])
    assert gateway.wire(api, stage, apis) == ["the gateway limits how often each method is called"]
    assert limited() == LIMITS
    assert gateway.wire(api, stage, apis) == []


@pytest.mark.parametrize("spelled", ["~1schedule/POST", "/schedule/POST", "schedule/POST"])
def test_limits_are_read_however_the_gateway_spells_a_path(stage: Stage, spelled: str) -> None:
    rate, burst = LIMITS["~1schedule/POST"]
    told = {spelled: {"throttlingRateLimit": rate, "throttlingBurstLimit": burst}}
    apis = SimpleNamespace(get_stage=lambda **_: {"methodSettings": told})
    assert unlimited("api", stage, apis) == [method for method in LIMITS if method != "~1schedule/POST"]


def test_every_method_that_is_limited_is_one_of_the_apps() -> None:
    """A route that is renamed would lose its limit, and nothing else would tell."""
    routes = {f"{path.replace('/', '~1')}/{method}" for path, methods in app.app.routes.items() for method in methods}
    assert LIMITS.keys() - routes == {"*/*"}


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


def test_every_rule_is_turned_on_however_many_pages_there_are(stage: Stage, client: Clients, functions: Lambda) -> None:
    events = client("events")
    for number in range(120):
        events.put_rule(Name=f"{stage.stack}-{number:03}", ScheduleExpression="rate(1 minute)", State="DISABLED")
    wire(stage, functions, client)
    pages = events.get_paginator("list_rules").paginate()
    assert [rule["State"] for page in pages for rule in page["Rules"]] == ["ENABLED"] * 120


def test_logs_are_kept_for_their_days_also_where_lambda_made_the_group(
    stage: Stage, client: Clients, functions: Lambda, tmp_path: Path
) -> None:
    logs, record = client("logs"), Record(stage, tmp_path)
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
    assert triggers.mappings(stage, beside(functions, client)) == {"1": "arn:stream"}
    functions.mapping["State"] = "Deleting"
    assert triggers.mappings(stage, beside(functions, client)) == {}
    with pytest.raises(StageError, match="0 times"):
        triggers.stream_mapping(functions, stage.function("stream_terminator"), "arn:stream")
