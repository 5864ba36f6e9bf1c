"""A sound account, in which a test makes something wrong."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3

from chalicelib.adapters.keys import access_item, item_id
from chalicelib.domain.access import AccessKey, Scope, digest_of
from chalicelib.domain.keys import Purpose
from localcloud.cloudflare import TOKEN, ZONE_ID, Cloudflare
from localcloud.ec2 import lead_out
from localcloud.tables import MEETINGS, STATE, WITH_STREAM
from tools import providers
from tools.account import Clients
from tools.checks import AFTER, BEFORE
from tools.checks.network import EVERYBODY
from tools.checks.roles import WRITTEN_BY_SCRIPTS
from tools.findings import Level
from tools.limits import LIMITS
from tools.providers import PROVIDERS
from tools.site import Site
from tools.stage import FUNCTIONS, Stage
from tools.triggers import STREAM

REGION = "us-west-2"
ACCOUNT = "123456789012"
SECRET = "dev/elephant/cloudflare"
TABLE = "elephant-meetings-dev"
STATE_TABLE = "elephant-state-dev"
BUCKET = f"elephant-dev-recordings-{ACCOUNT}-{REGION}"
SESSION = boto3.Session("test", "test", region_name=REGION)  # one for all tests: it keeps the parsed models


Wrong = tuple[str, dict[str, Any], Callable[["Account"], object], Level, str]
"""Which check finds it, what the stage's file says otherwise, what harms the account; how bad it is, in which words."""


def nothing(_: Account) -> None:
    """Only the stage's file is wrong."""


class Account:
    """A sound account on moto; what moto lacks (quotas, simulated policies, concurrency) is set here."""

    def __init__(self, cloudflare: Cloudflare) -> None:
        self.vcpus = 64.0
        self.unreserved = 10  # as in a new account, whose sweep got its reservation from somewhere all the same
        self.reserved = 1
        self.forbidden: set[str] = set()
        self.narrowed = True  # what desktops with scripts may write
        self._clients: dict[str, Any] = {}
        self.stage = self._furnish(cloudflare)

    def client(self, service: str) -> Any:
        if service == "service-quotas":
            return SimpleNamespace(get_service_quota=lambda **_: {"Quota": {"Value": self.vcpus}})
        if service not in self._clients:
            self._clients[service] = client = SESSION.client(service)  # type: ignore[call-overload]
            if service == "iam":
                client.simulate_principal_policy = self._simulate
            if service == "lambda":
                client.get_function_concurrency = lambda **_: {"ReservedConcurrentExecutions": self.reserved}
                client.get_account_settings = lambda: {
                    "AccountLimit": {
                        "ConcurrentExecutions": self.unreserved,
                        "UnreservedConcurrentExecutions": self.unreserved,
                    }
                }
        return self._clients[service]

    def _simulate(self, **asked: Any) -> dict[str, Any]:
        told = {entry["ContextKeyName"]: {*entry["ContextKeyValues"]} for entry in asked["ContextEntries"]}
        astray = told.get("dynamodb:Attributes", set()) - {*WRITTEN_BY_SCRIPTS}
        forbidden = self.forbidden | ({"dynamodb:UpdateItem"} if astray and self.narrowed else set())
        decisions = ["implicitDeny" if action in forbidden else "allowed" for action in asked["ActionNames"]]
        return {"EvaluationResults": [{"EvalDecision": decision} for decision in decisions]}

    def site(self, **changes: Any) -> Site:
        return site_of(replace(self.stage, **changes), self.client)

    def look(self, check: str, **changes: Any) -> list[tuple[Level, str]]:
        """Return what one check finds, each with what remedies it."""
        found = (BEFORE | AFTER)[check](self.site(**changes))
        return [(finding.level, f"{finding.what} → {finding.remedy}") for finding in found]

    def _furnish(self, cloudflare: Cloudflare) -> Stage:
        ec2 = self.client("ec2")
        lead_out(ec2)
        ami = ec2.register_image(
            Name="desktop",
            RootDeviceName="/dev/sda1",
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30}}],
        )["ImageId"]
        group = ec2.create_security_group(GroupName="desktop", Description="DCV")["GroupId"]
        self.group = group
        for network in PROVIDERS["cloudflare"].networks:
            self.admit(8443, str(network))
        ec2.create_key_pair(KeyName="elephant")
        iam = self.client("iam")
        role = iam.create_role(RoleName="desktop", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.create_instance_profile(InstanceProfileName="desktop")
        iam.add_role_to_instance_profile(InstanceProfileName="desktop", RoleName="desktop")
        self.client("secretsmanager").create_secret(
            Name=SECRET, SecretString=json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})
        )
        self.bucket(BUCKET)
        stream = self._table()
        self._keys()
        self.client("scheduler").create_schedule_group(Name="elephant-dev")
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:elephant-dev-dead-"
        topic = self.client("sns").create_topic(Name="elephant-dev-alarms")["TopicArn"]
        outputs = {
            "TableName": TABLE,
            "StreamArn": stream,
            "TimersRoleArn": role,
            "TimersGroup": "elephant-dev",
            "StateTable": STATE_TABLE,
            "DeadLettersArn": f"{queue}letters",
            "DeadRecordsArn": f"{queue}records",
            "DnsSecretName": SECRET,
            "AlarmsTopicArn": topic,
            "InstanceProfile": "desktop",
            "RecordingsBucket": BUCKET,
        }
        template = {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        self.client("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(template))
        self._functions(role, stream)
        self._api()
        self.mapping["DestinationConfig"] = {"OnFailure": {"Destination": f"{queue}records"}}
        for name, pattern in (
            ("sweep", {"ScheduleExpression": "rate(1 minute)"}),
            ("dns_watchdog", {"EventPattern": "{}"}),
        ):
            self.client("events").put_rule(Name=f"elephant-dev-{name}-event", **pattern)
            target = {"Id": "1", "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:elephant-dev-{name}"}
            self.client("events").put_targets(Rule=f"elephant-dev-{name}-event", Targets=[target])
        return Stage(
            name="dev",
            region=REGION,
            account=ACCOUNT,
            ami_id=ami,
            domain="example.com",
            zone_id=ZONE_ID,
            key_name="elephant",
            instance_profile="desktop",
            security_groups=(group,),
            environment={"CLOUDFLARE_API_URL": cloudflare.url},
        )

    def bucket(self, name: str, region: str = REGION) -> None:
        """Make a bucket as the stack makes it."""
        s3: Any = SESSION.client("s3", region_name=region)
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
        blocks = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        closed: Any = dict.fromkeys(blocks, True)
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=closed)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        by_default: Any = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": by_default})
        self.expire(name, 30)
        deny: Any = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{name}/*"}
        deny |= {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))

    def expire(self, name: str, days: int, **changes: Any) -> None:
        """Let a bucket expire what it holds."""
        rules = {
            "recordings": {
                "Expiration": {"Days": days},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
            }
            | changes,
            "markers": {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        }
        told: Any = [
            {"ID": id_, "Status": "Enabled", "Filter": {"Prefix": ""}}
            | {name: value for name, value in rule.items() if value is not None}
            for id_, rule in rules.items()
        ]
        self.client("s3").put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": told})

    def _table(self) -> str:
        tables = self.client("dynamodb")
        made = tables.create_table(TableName=TABLE, **MEETINGS, **WITH_STREAM)
        tables.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        self.expire_rows(Enabled=True, AttributeName="expires")
        return str(made["TableDescription"]["LatestStreamArn"])

    def expire_rows(self, **told: Any) -> None:
        self.client("dynamodb").update_time_to_live(TableName=TABLE, TimeToLiveSpecification=told)

    def _keys(self) -> None:
        self.client("dynamodb").create_table(TableName=STATE_TABLE, **STATE)
        for purpose in Purpose:
            self.key(purpose, present={"S": "k" * 64}, earlier={"L": []})
        office = AccessKey("office", Scope.SCHEDULE, digest_of("k" * 64))
        self.client("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item({"office": office}))

    def key(self, purpose: Purpose, **attributes: Any) -> None:
        """Write the item that holds the keys of a purpose."""
        item = {"id": {"S": item_id(purpose)}, **attributes}
        self.client("dynamodb").put_item(TableName=STATE_TABLE, Item=item)

    def _api(self) -> None:
        apis = self.client("apigateway")
        self.api = apis.create_rest_api(name="elephant")["id"]
        root = apis.get_resources(restApiId=self.api)["items"][0]["id"]
        apis.put_method(restApiId=self.api, resourceId=root, httpMethod="GET", authorizationType="NONE")
        apis.put_integration(restApiId=self.api, resourceId=root, httpMethod="GET", type="MOCK")
        apis.create_deployment(restApiId=self.api, stageName="dev")
        for method, (rate, burst) in LIMITS.items():
            self.limit(method, rate, burst)

    def limit(self, method: str, rate: float, burst: int) -> None:
        """Limit how often the API's gateway lets a method be called."""
        values = {"rateLimit": str(rate), "burstLimit": str(burst)}
        patches = [
            {"op": "replace", "path": f"/{method}/throttling/{name}", "value": value} for name, value in values.items()
        ]
        self.client("apigateway").update_stage(restApiId=self.api, stageName="dev", patchOperations=patches)

    def _functions(self, role: str, stream: str) -> None:
        functions = self.client("lambda")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as content:
            content.writestr("app.py", "")
        for name in FUNCTIONS:
            functions.create_function(
                FunctionName="elephant-dev" if name == "api_handler" else f"elephant-dev-{name}",
                Runtime="python3.11",
                Role=role,
                Handler="app.app",
                Code={"ZipFile": archive.getvalue()},
                Environment={
                    "Variables": {"STREAM_ARN": stream, "STATE_TABLE": STATE_TABLE, "RECORDINGS_BUCKET": BUCKET}
                },
            )
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName="elephant-dev-stream_terminator", StartingPosition="LATEST"
        )
        self.mapping: dict[str, Any] = mapping | STREAM  # moto keeps none of these settings
        functions.list_event_source_mappings = lambda **_: {"EventSourceMappings": [self.mapping]}

    def admit(self, port: int, source: str, protocol: str = "tcp") -> None:
        whom = {"Ipv6Ranges": [{"CidrIpv6": source}]} if ":" in source else {"IpRanges": [{"CidrIp": source}]}
        rule = {"IpProtocol": protocol, "FromPort": port, "ToPort": port, **whom}
        self.client("ec2").authorize_security_group_ingress(GroupId=self.group, IpPermissions=[rule])

    def rule_ids(self) -> set[str]:
        """Return the ids of the rules by which anybody comes in."""
        rules = self.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
        return {
            rule["SecurityGroupRuleId"]
            for rule in rules
            if rule["GroupId"] == self.group and {rule.get("CidrIpv4"), rule.get("CidrIpv6")} & EVERYBODY
            if not rule["IsEgress"]
        }


def site_of(stage: Stage, client: Clients, **more: Any) -> Site:
    """Return the stage for an examination."""
    return Site(stage, client, providers.of(stage), **more)


def assert_found(
    account: Account, check: str, changes: dict[str, Any], harm: Callable[[Account], object], level: Level, words: str
) -> None:
    """Do harm to the account, and see that the check finds it."""
    harm(account)
    found = account.look(check, **changes)
    assert any(seen is level and words in text for seen, text in found), found
