"""What the destroyer takes away, and what it leaves alone; the whole of it runs in tests/e2e."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.tools.deploying.stands import POLICIES, TEMPLATE, launch, make_table
from tools import kept_certificate
from tools.account import Clients
from tools.desktops import refuse_while_alive
from tools.destroy import destroy
from tools.kept_certificate import Facts
from tools.stack import Stack
from tools.stage import Stage, StageError


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


@pytest.mark.parametrize("spoilt", [False, True])
def test_certificates_that_cloudflare_still_lists_are_named(
    gone: Stage, client: Clients, capsys: pytest.CaptureFixture[str], spoilt: bool
) -> None:
    make_table(client, gone.state_table, "gone")
    now = datetime.now(UTC)
    of = Facts(id="x", name="*.example.com", ends_at=now, kept_at=now, issued_as="newer", earlier=("older",))
    kept_certificate.keep_facts(of, gone.state_table, client)
    if spoilt:
        client("dynamodb").put_item(TableName=gone.state_table, Item={"id": {"S": "certificate"}})
    destroy(gone, client)
    said = capsys.readouterr().out
    assert ("desktops' certificates of this stage: older, newer." in said) is not spoilt


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
    client("secretsmanager").create_secret(Name=f"{gone.name}/elephant/cloudflare", SecretString="not JSON")
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
