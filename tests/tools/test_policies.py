"""The committed policies grant what the code calls, no less and no more, and nothing broader than need be."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import parliament  # type: ignore[import-untyped]
import pytest

from tools import policies
from tools.account import Account
from tools.calls import Calls, known_calls
from tools.grants import Names, UnknownCall, policy
from tools.providers import PROVIDERS, calls_with
from tools.stage import FUNCTIONS, Stage

PROD = Names(
    account=Account("210987654321", "eu-central-1"),
    stage=Stage(
        name="prod",
        region="eu-central-1",
        account="210987654321",
        ami_id="ami-0123456789abcdef0",
        domain="example.org",
        zone_id="f" * 32,
    ),
    provider=PROVIDERS["cloudflare"],
    table="elephant-meetings-prod",
    desktop_role_arn="arn:aws:iam::210987654321:role/elephant-prod-desktop",
    security_groups=("sg-0aaaaaaaaaaaaaaa1", "sg-0aaaaaaaaaaaaaaa2"),
    bucket="elephant-prod-recordings-210987654321-eu-central-1",
)


BY_PARAMETER = replace(
    PROD,
    stage=replace(
        PROD.stage,
        ami_id="resolve:ssm:/elephant/image:3",
        kms_key="arn:aws:kms:eu-central-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
)
"""A stage whose image is named by a parameter, and encrypted with a customer key."""


@pytest.fixture(scope="module")
def called() -> Calls:
    """What the functions call in the drills; tests/conftest.py holds every test to the same."""
    return policies.observe()


def committed(function: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(policies.path_of(function).read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_the_code_calls_is_granted(function: str, called: Calls) -> None:
    missing = called.get(function, set()) - known_calls()[function]
    assert not missing, f"{function} calls what its policy lacks; run `make policies` and review the difference"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_granted_that_the_code_does_not_call(function: str, called: Calls) -> None:
    unused = known_calls()[function] - called.get(function, set())
    assert not unused, f"{function}'s policy grants what nothing calls; run `make policies` and review the difference"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_committed_policy_is_what_the_calls_make(function: str) -> None:
    assert committed(function) == policy(function, known_calls()[function], policies.SAMPLE)


@pytest.mark.parametrize("names", [policies.SAMPLE, PROD, BY_PARAMETER], ids=["sample", "prod", "by parameter"])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_linter_finds_nothing(function: str, names: Names) -> None:
    document = policy(function, known_calls()[function], names)
    findings = parliament.analyze_policy_string(json.dumps(_launch_in_one(document))).findings
    assert not findings


def _launch_in_one(document: dict[str, Any]) -> dict[str, Any]:
    """Return the policy with its RunInstances statements joined: the linter holds each one to naming every resource.

    IAM itself asks of each resource that some statement allows it, which is what the two say together.
    """
    launch = [s for s in document["Statement"] if s["Action"] == ["ec2:RunInstances"]]
    rest = [s for s in document["Statement"] if s["Action"] != ["ec2:RunInstances"]]
    if not launch:
        return document
    condition = {"Condition": next(s["Condition"] for s in launch if s["Sid"] == "LaunchTagged")}
    joined = launch[0] | condition | {"Resource": [arn for s in launch for arn in s["Resource"]]}
    return document | {"Statement": [*rest, joined]}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_what_takes_no_resource_is_on_everything(function: str) -> None:
    starred = {a for s in committed(function)["Statement"] if "*" in s["Resource"] for a in s["Action"]}
    assert all(action.startswith("ec2:Describe") or action == "dynamodb:ListStreams" for action in starred)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_stage_reaches_nothing_of_another(function: str) -> None:
    text = json.dumps(policy(function, known_calls()[function], PROD))
    assert "-dev" not in text
    assert "123456789012" not in text
    assert "us-west-2" not in text


def test_whoever_lets_people_in_can_neither_launch_nor_end_desktops() -> None:
    actions = {action for s in committed("api_handler")["Statement"] for action in s["Action"]}
    assert not {action for action in actions if action.startswith(("ec2:", "secretsmanager:"))}


def test_one_function_alone_takes_recordings_and_can_link_to_them() -> None:
    granted = {
        function: {action for s in committed(function)["Statement"] for action in s["Action"] if "s3:" in action}
        for function in FUNCTIONS
    }
    assert granted.pop("api_handler") == {
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    }
    assert not any(granted.values())


def test_a_bucket_of_another_account_is_not_written_to() -> None:
    statements = [s for s in committed("api_handler")["Statement"] if "Recordings" in s["Sid"]]
    ours = {"StringEquals": {"aws:ResourceAccount": "123456789012"}}
    assert [s["Condition"] for s in statements] == [ours, ours, ours]


def own_items(function: str) -> dict[str, set[str]]:
    """Return what a function may do in the app's own table: the actions, by the items that they are good for."""
    return {
        pattern: set(statement["Action"])
        for statement in committed(function)["Statement"]
        if any("table/elephant-state-dev" in arn for arn in statement["Resource"])
        for pattern in statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    }


READ = {"dynamodb:GetItem"}
CALENDAR = {"calendar/*": {"dynamodb:BatchGetItem", "dynamodb:PutItem"}}
COST = {"cost/*": {"dynamodb:BatchGetItem", "dynamodb:UpdateItem"}}
DNS_WAIT = {"dns-wait": {*READ, "dynamodb:PutItem"}}
LEASE = {"sweep": {"dynamodb:DeleteItem", "dynamodb:PutItem"}}


def test_of_the_app_s_own_table_a_function_reaches_the_items_that_it_needs_and_no_other() -> None:
    """Whoever strangers can call cannot forge what vouches for desktops; whoever launches can forge no link.

    Nobody but the API's function can read the key of desktops' certificate: the sweep reads when it ends.
    """
    assert own_items("api_handler") == {
        "key/access": READ,
        "key/certificate": READ,
        "key/ids": READ,
        "key/links": READ,
        "key/tokens": READ,
        "lately": READ,
        "paused": READ,
        "uses/*": {"dynamodb:UpdateItem"},
        **CALENDAR,
        **COST,
    }
    measured = {"lately": {*READ, "dynamodb:PutItem"}}
    counted = {"cost/*": {"dynamodb:BatchGetItem", "dynamodb:PutItem"}}
    read = {"certificate": READ, "key/vouching": READ, "paused": READ}
    assert own_items("sweep") == read | CALENDAR | LEASE | measured | counted | DNS_WAIT
    for function in ("launch_ec2", "safety_net", "dns_watchdog", "stream_terminator"):
        assert own_items(function) == {"key/vouching": READ, "paused": READ} | DNS_WAIT


def test_no_function_can_change_a_key() -> None:
    granted = {
        action for function in FUNCTIONS for id_, may in own_items(function).items() if "key" in id_ for action in may
    }
    assert granted == READ


def test_ending_desktops_needs_the_project_s_tag() -> None:
    [ending] = [s for s in committed("sweep")["Statement"] if "ec2:TerminateInstances" in s["Action"]]
    assert ending["Condition"]["StringEquals"] == {"aws:ResourceTag/Project": "Elephant"}


def test_launching_needs_the_project_s_tag_and_tagging_needs_a_launch() -> None:
    statements = {s["Sid"]: s for s in committed("launch_ec2")["Statement"]}
    assert statements["LaunchTagged"]["Condition"]["StringEquals"]["aws:RequestTag/Project"] == "Elephant"
    assert statements["TagAtLaunch"]["Condition"]["StringEquals"]["ec2:CreateAction"] == "RunInstances"
    assert not any("instance/*" in arn or "volume/*" in arn for arn in statements["LaunchFrom"]["Resource"])


def _statements(names: Names) -> dict[str, dict[str, Any]]:
    return {s["Sid"]: s for s in policy("launch_ec2", known_calls()["launch_ec2"], names)["Statement"]}


def test_an_image_that_a_parameter_names_is_the_accounts_own_or_amazons() -> None:
    statements = _statements(BY_PARAMETER)
    assert statements["LaunchImage"]["Resource"] == ["arn:aws:ec2:eu-central-1::image/*"]
    assert statements["LaunchImage"]["Condition"] == {"StringEquals": {"ec2:Owner": ["210987654321", "amazon"]}}
    assert not any(":image/" in arn for arn in statements["LaunchFrom"]["Resource"])
    assert statements["ReadImageId"]["Action"] == ["ssm:GetParameters"]
    assert statements["ReadImageId"]["Resource"] == ["arn:aws:ssm:eu-central-1:210987654321:parameter/elephant/image"]
    public = replace(PROD, stage=replace(PROD.stage, ami_id="resolve:ssm:/aws/service/ami-windows-latest/X"))
    assert _statements(public)["ReadImageId"]["Resource"] == [
        "arn:aws:ssm:eu-central-1::parameter/aws/service/ami-windows-latest/X"
    ]
    assert not {"LaunchImage", "ReadImageId"} & _statements(PROD).keys()


def test_a_customer_key_is_used_through_ec2_alone_and_only_where_it_is_named() -> None:
    statements = _statements(BY_PARAMETER)
    through_ec2 = {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}
    assert statements["UseDiskKey"]["Condition"] == {"StringEquals": through_ec2}
    assert statements["UseDiskKey"]["Action"] == [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]
    assert statements["GrantDiskKey"]["Action"] == ["kms:CreateGrant"]
    assert statements["GrantDiskKey"]["Condition"] == {
        "StringEquals": through_ec2,
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    assert (
        statements["UseDiskKey"]["Resource"] == statements["GrantDiskKey"]["Resource"] == [BY_PARAMETER.stage.kms_key]
    )
    assert not {"UseDiskKey", "GrantDiskKey"} & _statements(PROD).keys()


ELSEWHERE = "arn:aws:events:eu-west-1:210987654321:event-bus/school"


@pytest.mark.parametrize(
    ("bus", "arn"),
    [("school", "arn:aws:events:eu-central-1:210987654321:event-bus/school"), (ELSEWHERE, ELSEWHERE)],
)
def test_the_stream_s_function_alone_tells_others_on_the_one_bus_that_is_named(bus: str, arn: str) -> None:
    names = replace(PROD, stage=replace(PROD.stage, event_bus=bus))
    granted = {
        function: [s for s in policy(function, known_calls()[function], names)["Statement"] if s["Sid"] == "TellOthers"]
        for function in FUNCTIONS
    }
    [telling] = granted.pop("stream_terminator")
    assert (telling["Action"], telling["Resource"]) == (["events:PutEvents"], [arn])
    assert not any(granted.values())


def test_no_function_may_put_events_where_no_bus_is_named() -> None:
    for function in FUNCTIONS:
        assert "events:" not in json.dumps(policy(function, known_calls()[function], PROD))


def test_roles_are_passed_to_one_service_each() -> None:
    passed = {
        (s["Resource"][0], s["Condition"]["StringEquals"]["iam:PassedToService"])
        for function in FUNCTIONS
        for s in committed(function)["Statement"]
        if "iam:PassRole" in s["Action"]
    }
    assert passed == {
        (policies.SAMPLE.desktop_role_arn, "ec2.amazonaws.com"),
        ("arn:aws:iam::123456789012:role/elephant-dev-timers", "scheduler.amazonaws.com"),
    }


@pytest.mark.parametrize("call", ["s3:GetObject", "ec2:CreateSnapshot", "not a call"])
def test_an_unknown_call_is_an_error_and_not_a_guess(call: str) -> None:
    with pytest.raises(UnknownCall, match=r"tools/grants\.py|of the form"):
        policy("sweep", {call}, PROD)


def test_a_stage_is_granted_nothing_that_only_another_provider_s_adapter_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = SimpleNamespace(services=frozenset({"route53", "sts"}))
    monkeypatch.setitem(PROVIDERS, "other", other)  # no more than is asked of it here
    calls: Calls = {
        "sweep": {"dynamodb:Query(IndexName)", "secretsmanager:GetSecretValue", "route53:ListResourceRecordSets"}
    }
    assert calls_with(PROD.provider, calls) == {"sweep": {"dynamodb:Query(IndexName)", "secretsmanager:GetSecretValue"}}
    assert calls_with(PROVIDERS["other"], calls) == {
        "sweep": {"dynamodb:Query(IndexName)", "route53:ListResourceRecordSets"}
    }
