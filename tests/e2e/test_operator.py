"""What an operator does to a stage: deploy again, look, have a function denied, and take it all away."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloudflare import CERTIFICATE_TOKEN
from tests.e2e.outside import Deployed, ask, wait_for
from tests.e2e.test_life import SOON_S
from tools.account import enter
from tools.stage import FUNCTIONS
from tools.version import version


def policy_of(deployed: Deployed, function: str) -> tuple[dict[str, str], dict[str, Any]]:
    iam, name = deployed.client("iam"), deployed.stage.function(function)
    role = deployed.client("lambda").get_function_configuration(FunctionName=name)["Role"].rpartition("/")[2]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    where = {"RoleName": role, "PolicyName": name}
    return where, iam.get_role_policy(**where)["PolicyDocument"]


def test_every_function_runs_under_the_policy_that_was_generated_for_it(deployed: Deployed) -> None:
    for function in FUNCTIONS:
        written = deployed.project / ".chalice" / deployed.stage.name / f"policy-{function}.json"
        assert policy_of(deployed, function)[1] == json.loads(written.read_text())


def test_a_function_is_denied_what_its_policy_lacks(deployed: Deployed) -> None:
    where, document = policy_of(deployed, "launch_ec2")
    without = document | {"Statement": [s for s in document["Statement"] if s["Sid"] != "Meetings"]}
    iam, functions = deployed.client("iam"), deployed.client("lambda")

    def answer() -> dict[str, Any]:
        found: dict[str, Any] = functions.invoke(
            FunctionName=deployed.stage.function("launch_ec2"), Payload=json.dumps({"meeting_id": "nobody-s"})
        )
        found["said"] = found["Payload"].read().decode()
        return found

    assert "There is no meeting" in answer()["said"]
    iam.put_role_policy(**where, PolicyDocument=json.dumps(without))
    denied = answer()
    iam.put_role_policy(**where, PolicyDocument=json.dumps(document))
    assert denied["FunctionError"]
    assert "not authorized to perform: dynamodb:GetItem" in denied["said"]


def test_a_desktop_of_another_project_cannot_be_ended(deployed: Deployed) -> None:
    ec2 = deployed.client("ec2")
    foreign = ec2.run_instances(ImageId=deployed.stage.ami_id, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    desktop = foreign["Instances"][0]["InstanceId"]
    row = {"id": "by-hand", "termination_reason": "CANCELLED", "teacher_ec2_id": desktop, "open": "1"}
    table = deployed.outputs["TableName"]
    deployed.client("dynamodb").put_item(TableName=table, Item={name: {"S": value} for name, value in row.items()})
    deployed.client("lambda").invoke(
        FunctionName=deployed.stage.function("safety_net"), Payload=json.dumps({"meetingId": "by-hand"})
    )
    found = ec2.describe_instances(InstanceIds=[desktop])["Reservations"][0]["Instances"][0]
    deployed.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": "by-hand"}})
    ec2.terminate_instances(InstanceIds=[desktop])
    assert found["State"]["Name"] == "running"


def test_a_deploy_that_was_stopped_half_way_went_on_from_there(deployed: Deployed) -> None:
    assert len(deployed.client("lambda").list_functions()["Functions"]) == len(FUNCTIONS)
    assert len(deployed.client("apigateway").get_rest_apis()["items"]) == 1


def test_the_stage_tells_which_version_made_it(deployed: Deployed) -> None:
    assert f"is deployed with Elephant {version()}" in deployed.said
    [stack] = deployed.client("cloudformation").describe_stacks(StackName=deployed.stage.stack)["Stacks"]
    assert {"Key": "Version", "Value": version()} in stack["Tags"]


def of_desktops(deployed: Deployed) -> set[tuple[str, str]]:
    """Return what the made role of desktops may do, on which resource; only EC2 gives it to anybody."""
    iam, role = deployed.client("iam"), f"{deployed.stage.stack}-desktop-{deployed.stage.region}"
    [trust] = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    statements = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    return {(str(statement["Resource"]), str(statement["Action"])) for statement in statements}


def told(deployed: Deployed, variable: str) -> set[str | None]:
    """Return what the functions' environments hold under a name."""
    names = [deployed.stage.function(function) for function in FUNCTIONS]
    found = [deployed.client("lambda").get_function_configuration(FunctionName=name) for name in names]
    return {each["Environment"]["Variables"].get(variable) for each in found}


LICENCE = {("arn:aws:s3:::dcv-license.us-west-2/*", "s3:GetObject")}


def test_desktops_with_the_kit_may_call_their_routes_of_this_api_and_nothing_else(deployed: Deployed) -> None:
    own = f"arn:aws:execute-api:us-west-2:000000000000:{deployed.api}/{deployed.stage.name}/*/desktop/*"
    assert of_desktops(deployed) == LICENCE | {(own, "execute-api:Invoke")}
    assert told(deployed, "API_URL") == {deployed.address}
    assert told(deployed, "DESKTOP_CLIENT") == {"kit"}
    assert f"desktops are told where the API is: {deployed.address}" in deployed.said


def test_a_certificate_is_made_with_a_token_of_one_run_and_handed_to_the_desktop_of_a_row_alone(
    deployed: Deployed,
) -> None:
    """By the function under its own policy; who signed is told as API Gateway tells it."""
    root = deployed.project / "root.pem"
    root.write_text(deployed.cloudflare.authority.root)
    command = ["tools.certificate", "--stage", deployed.stage.name, "--root", str(root), "--strict", "yes"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(deployed.environ, "CERTIFICATE_TOKEN", CERTIFICATE_TOKEN)
        made, again = deployed.run(*command), deployed.run(*command)
    assert "The certificate for *.example.com is kept, good to" in made.stdout, made.stderr
    assert "it stays. FORCE=1" in again.stdout, again.stderr
    assert (len(deployed.cloudflare.authority.issued), deployed.cloudflare.mode) == (1, "strict")
    assert CERTIFICATE_TOKEN not in made.stdout + made.stderr
    table, row = deployed.outputs["TableName"], {"id": {"S": "certified"}}
    deployed.client("dynamodb").put_item(TableName=table, Item=row | {"teacher_ec2_id": {"S": "i-0123456789abcdef0"}})
    status, told = handed_to("i-0123456789abcdef0", deployed)
    assert (status, deployed.cloudflare.authority.issued.popitem()[1]["certificate"]) == (200, told["certificate"])
    assert told["issuer_root"] == root.read_text()
    assert "PRIVATE KEY" in told["key"]
    assert handed_to("i-0fedcba9876543210", deployed)[0] == 404
    deployed.client("dynamodb").delete_item(TableName=table, Key=row)


def handed_to(desktop: str, deployed: Deployed) -> tuple[int, dict[str, str]]:
    """Return what a desktop is answered that asks for the certificate of the meeting `certified`."""
    role = f"{deployed.stage.stack}-desktop-{deployed.stage.region}"
    event = {
        "requestContext": {
            "httpMethod": "GET",
            "resourcePath": "/desktop/{meetingId}/certificate",
            "identity": {"userArn": f"arn:aws:sts::000000000000:assumed-role/{role}/{desktop}"},
        },
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"meetingId": "certified"},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    name = deployed.stage.function("api_handler")
    answer = json.load(deployed.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])
    return answer["statusCode"], json.loads(answer["body"])


def test_what_is_changed_in_the_stage_s_file_is_deployed_once(deployed: Deployed) -> None:
    """What runs on desktops too: from here on scripts."""
    deployed.edit(boot_limit_minutes="14", log_retention_days="14", client='"scripts"')
    said = deployed.deploy()
    assert "the functions were deployed" in said
    assert "logs are kept for 14 days" in said
    sweep = deployed.client("lambda").get_function_configuration(FunctionName=deployed.stage.function("sweep"))
    assert sweep["Environment"]["Variables"]["BOOT_LIMIT_MINUTES"] == "14"
    table = f"arn:aws:dynamodb:us-west-2:000000000000:table/{deployed.outputs['TableName']}"
    bucket = f"arn:aws:s3:::{deployed.outputs['RecordingsBucket']}/*"
    theirs = {(table, "dynamodb:Scan"), (table, "dynamodb:UpdateItem"), (bucket, "s3:PutObject")}
    assert of_desktops(deployed) == LICENCE | theirs
    assert told(deployed, "API_URL") == {None}
    assert ask(deployed, "/join/none/teacher")[0] == 404
    assert "nothing had to be changed" in deployed.deploy()


def test_plain_chalice_deploys_what_was_recorded(deployed: Deployed) -> None:
    chalice = [str(Path(sys.executable).with_name("chalice")), "deploy", "--stage", deployed.stage.name]
    environ = deployed.environ | {"AWS_DEFAULT_REGION": deployed.stage.region}
    subprocess.run(chalice, cwd=deployed.project, env=environ, capture_output=True, check=True)
    assert "nothing had to be changed" in deployed.deploy()


def test_a_changed_region_is_refused_by_every_tool_and_nothing_is_touched(deployed: Deployed) -> None:
    deployed.edit(region='"eu-west-1"')
    for tool in (["tools.deploy"], ["tools.destroy", "--yes"], ["tools.doctor"]):
        done = deployed.run(tool[0], "--stage", deployed.stage.name, *tool[1:])
        assert done.returncode == 1
        assert 'write region = "us-west-2"' in " ".join((done.stdout + done.stderr).split())
    deployed.edit(region='"us-west-2"')
    assert "nothing had to be changed" in deployed.deploy()


def test_a_lost_record_is_found_again_in_the_account(deployed: Deployed) -> None:
    for record in (deployed.project / ".chalice" / "deployed").iterdir():
        record.unlink()
    deployed.deploy()
    assert [found["id"] for found in deployed.client("apigateway").get_rest_apis()["items"]] == [deployed.api]
    assert ask(deployed, "/join/none/teacher")[0] == 404
    assert "nothing had to be changed" in deployed.deploy()


def test_what_was_changed_by_hand_is_put_right(deployed: Deployed) -> None:
    where, document = policy_of(deployed, "sweep")
    iam, events = deployed.client("iam"), deployed.client("events")
    iam.put_role_policy(**where, PolicyDocument=json.dumps(document | {"Statement": document["Statement"][:1]}))
    iam.put_role_policy(**where | {"PolicyName": "more"}, PolicyDocument=json.dumps(document))
    [rule] = events.list_rules(NamePrefix=deployed.stage.function("sweep"))["Rules"]
    events.disable_rule(Name=rule["Name"])
    said = deployed.deploy()
    assert "sweep has its own policy again" in said
    assert "is on again" in said
    assert policy_of(deployed, "sweep")[1] == document
    assert events.describe_rule(Name=rule["Name"])["State"] == "ENABLED"


def test_the_doctor_finds_what_the_deploy_made_in_order(deployed: Deployed) -> None:
    looked = json.loads(deployed.run("tools.doctor", "--stage", deployed.stage.name, "--json").stdout)
    levels = {(finding["check"], finding["level"]) for finding in looked["findings"]}
    for check in (
        "credentials",
        "image",
        "network",
        "security_groups",
        "zone",
        "table",
        "functions",
        "stream",
        "timers",
        "rules",
        "concurrency",
        "consent",
        "recordings_bucket",
        "uploads",
    ):
        assert (check, "ok") in levels, looked
        assert (check, "fail") not in levels, looked


def test_a_stage_with_another_table_is_fed_by_that_table_s_stream(deployed: Deployed) -> None:
    deployed.edit(table='"elephant-moved"')
    said = deployed.deploy()
    assert f"the table is elephant-moved now; {deployed.outputs['TableName']} stays" in said
    name = deployed.stage.function("stream_terminator")
    [mapping] = deployed.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert "table/elephant-moved/stream/" in mapping["EventSourceArn"]


def test_a_meetings_recordings_are_opened_and_erased_and_until_then_the_stage_is_not_destroyed(
    deployed: Deployed,
) -> None:
    stage, s3, bucket = deployed.stage, deployed.client("s3"), deployed.outputs["RecordingsBucket"]
    key = "2026-03-01/m-1/teacher/i-0123456789abcdef0-0001.mkv"
    for body in (b"first", b"second"):
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.create_multipart_upload(Bucket=bucket, Key=key.replace("0001", "0002"))
    of_it = ("--stage", stage.name, "--meeting", "m-1")
    shown = deployed.run("tools.recordings", *of_it)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    [link] = re.findall(r"^http\S+$", shown.stdout, re.MULTILINE)
    assert urllib.request.urlopen(link, timeout=10).read() == b"second"
    kept = deployed.run("tools.destroy", "--stage", stage.name, "--yes")
    assert "recordings and 1 unfinished uploads are in the bucket" in kept.stderr, kept.stdout + kept.stderr
    erased = deployed.run("tools.erase", *of_it, "--yes")
    assert erased.returncode == 0, erased.stdout + erased.stderr
    assert f"A listing of meeting m-1 in {bucket} is empty" in erased.stdout
    again = deployed.run("tools.recordings", *of_it)
    assert "0 recordings of meeting m-1" in again.stdout, again.stdout + again.stderr


def test_destroying_refuses_while_desktops_live_and_then_leaves_nothing(deployed: Deployed) -> None:
    client, stage = deployed.client, deployed.stage
    tags = [{"Key": key, "Value": value} for key, value in (("Project", "Elephant"), ("Stage", stage.name))]
    [desktop] = client("ec2").run_instances(
        ImageId=stage.ami_id,
        InstanceType="t3.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )["Instances"]
    refused = deployed.run("tools.destroy", "--stage", stage.name, "--yes")
    assert refused.returncode == 1
    assert desktop["InstanceId"] in refused.stderr
    assert len(client("lambda").list_functions()["Functions"]) == len(FUNCTIONS)

    client("ec2").terminate_instances(InstanceIds=deployed.living(Stage=stage.name))  # a failed test's too
    mark = f"elephant:{stage.name}@{enter(stage, client).installation}:"
    deployed.cloudflare.add(name="left.example.com", content="192.0.2.1", comment=f"{mark}left")
    gone = deployed.run("tools.destroy", "--stage", stage.name, "--yes")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    wait_for(lambda: not left_behind(deployed), SOON_S, "an empty account")


def left_behind(deployed: Deployed) -> dict[str, list[str]]:
    """Return what still bears the stage's name anywhere in the account, the zone and the project."""
    client, prefix = deployed.client, deployed.stage.stack
    functions = client("lambda")
    found = {
        "functions": [f["FunctionName"] for f in functions.list_functions()["Functions"]],
        "mappings": [m["UUID"] for m in functions.list_event_source_mappings()["EventSourceMappings"]],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "buckets": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "secrets": [s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]],
        "groups": [
            g["Name"] for g in client("scheduler").list_schedule_groups()["ScheduleGroups"] if prefix in g["Name"]
        ],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"] if prefix in r["RoleName"]],
        "profiles": [p["InstanceProfileName"] for p in client("iam").list_instance_profiles()["InstanceProfiles"]],
        "rules": [r["Name"] for r in client("events").list_rules(NamePrefix=prefix)["Rules"]],
        "logs": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "alarms": [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "apis": [a["id"] for a in client("apigateway").get_rest_apis()["items"]],
        "records": [r["name"] for r in deployed.cloudflare.records.values() if r["comment"].startswith("elephant:")],
        "files": [str(p) for p in (deployed.project / ".chalice").rglob(f"{deployed.stage.name}*")],
    }
    return {kind: names for kind, names in found.items() if names}
