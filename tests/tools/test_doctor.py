"""The doctor finds what is wrong and says what mends it; a sound stage has nothing to mend."""

from __future__ import annotations

import io
import json
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from moto import mock_aws

from localcloud.clock import RealClock
from localcloud.cloudflare import TOKEN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from tools import checks, doctor, triggers
from tools.checks import Level, Patient
from tools.stack import TEMPLATE
from tools.stage import FUNCTIONS, ROOT, Stage

REGION = "us-west-2"
ACCOUNT = "123456789012"
SECRET = "dev/elephant/cloudflare"
TABLE = "elephant-meetings-dev"
SESSION = boto3.Session("test", "test", region_name=REGION)  # one for all tests: it keeps the parsed models
NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Account:
    """A sound account on moto; what moto lacks (quotas, simulated policies, concurrency) is set here."""

    def __init__(self, cloudflare: Cloudflare) -> None:
        self.vcpus = 64.0
        self.unreserved = 10  # as in a new account, whose sweep got its reservation from somewhere all the same
        self.reserved = 1
        self.forbidden: set[str] = set()
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
        decisions = ["implicitDeny" if action in self.forbidden else "allowed" for action in asked["ActionNames"]]
        return {"EvaluationResults": [{"EvalDecision": decision} for decision in decisions]}

    def patient(self, **changes: Any) -> Patient:
        return Patient(replace(self.stage, **changes), self.client)

    def look(self, check: str, **changes: Any) -> list[tuple[Level, str]]:
        """Return what one check finds, each with what mends it."""
        found = (checks.BEFORE | checks.AFTER)[check](self.patient(**changes))
        return [(finding.level, f"{finding.what} → {finding.mend}") for finding in found]

    def _furnish(self, cloudflare: Cloudflare) -> Stage:
        ec2 = self.client("ec2")
        ami = ec2.register_image(
            Name="desktop",
            RootDeviceName="/dev/sda1",
            BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 30}}],
        )["ImageId"]
        group = ec2.create_security_group(GroupName="desktop", Description="DCV")["GroupId"]
        self.group = group
        for cidr in checks.cloudflare():
            self.admit(8443, str(cidr))
        ec2.create_key_pair(KeyName="elephant")
        iam = self.client("iam")
        role = iam.create_role(RoleName="desktop", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.create_instance_profile(InstanceProfileName="desktop")
        iam.add_role_to_instance_profile(InstanceProfileName="desktop", RoleName="desktop")
        self.client("secretsmanager").create_secret(
            Name=SECRET, SecretString=json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})
        )
        stream = self._table()
        self.client("scheduler").create_schedule_group(Name="elephant-dev")
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:elephant-dev-dead-"
        topic = self.client("sns").create_topic(Name="elephant-dev-alarms")["TopicArn"]
        outputs = {
            "TableName": TABLE,
            "StreamArn": stream,
            "TimersRoleArn": role,
            "TimersGroup": "elephant-dev",
            "DeadLettersArn": f"{queue}letters",
            "DeadRecordsArn": f"{queue}records",
            "DnsSecretName": SECRET,
            "AlarmsTopicArn": topic,
            "InstanceProfile": "desktop",
        }
        template = {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        self.client("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(template))
        self._functions(role, stream)
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

    def _table(self) -> str:
        tables = self.client("dynamodb")
        made = tables.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "open")],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "open-meetings",
                    "KeySchema": [{"AttributeName": "open", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        tables.update_continuous_backups(
            TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        return str(made["TableDescription"]["LatestStreamArn"])

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
                Environment={"Variables": {"STREAM_ARN": stream}},
            )
        mapping = functions.create_event_source_mapping(
            EventSourceArn=stream, FunctionName="elephant-dev-stream_terminator", StartingPosition="LATEST"
        )
        self.mapping: dict[str, Any] = mapping | triggers.STREAM  # moto keeps none of these settings
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
            if rule["GroupId"] == self.group and {rule.get("CidrIpv4"), rule.get("CidrIpv6")} & checks.ANYWHERE
            if not rule["IsEgress"]
        }


@pytest.fixture(scope="module")
def cloudflare() -> Iterator[Cloudflare]:
    zone = Cloudflare(RealClock(), Ledger())
    yield zone
    zone.stop()


@pytest.fixture
def account(cloudflare: Cloudflare, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws(config={"core": {"passthrough": {"urls": [rf"{cloudflare.url}.*"]}}}):
        yield Account(cloudflare)


def test_a_sound_stage_has_nothing_to_mend(account: Account) -> None:
    found = list(doctor.examine(account.stage, account.client, account.patient()))
    assert [finding.what for _, finding in found if finding.level is Level.FAIL] == []
    assert {name for name, _ in found} == {*checks.BEFORE, *checks.AFTER}


def test_before_the_first_deploy_it_says_so(account: Account) -> None:
    account.client("cloudformation").delete_stack(StackName="elephant-dev")
    found = list(doctor.examine(account.stage, account.client, account.patient()))
    assert found[-1][1].mend == "make deploy STAGE=dev"


def test_credentials_for_another_account_end_the_examination(account: Account) -> None:
    patient = account.patient(account="999999999999")
    found = list(doctor.examine(account.stage, account.client, patient))
    assert [(name, finding.level) for name, finding in found] == [("credentials", Level.FAIL)]


Wrong = tuple[str, dict[str, Any], Callable[[Account], object], Level, str]


def _nothing(_: Account) -> None:
    """Only the stage's file is wrong."""


def _close_door(account: Account) -> None:
    ec2 = account.client("ec2")
    [group] = ec2.describe_security_groups(GroupIds=[account.group])["SecurityGroups"]
    ec2.revoke_security_group_ingress(GroupId=account.group, IpPermissions=group["IpPermissions"])


def _only_privately(account: Account) -> None:
    _close_door(account)
    account.admit(8443, "10.0.0.0/8")


def _elsewhere(account: Account) -> None:
    ec2 = account.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_security_group(GroupName="elsewhere", Description="elsewhere", VpcId=vpc)
    account.group = made["GroupId"]
    account.stage = replace(account.stage, security_groups=(account.group,))


def _no_recovery(account: Account) -> None:
    account.client("dynamodb").update_continuous_backups(
        TableName=TABLE, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


def _no_index(account: Account) -> None:
    account.client("dynamodb").update_table(
        TableName=TABLE, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "open-meetings"}}]
    )


def _new_account(account: Account, unreserved: int) -> None:
    account.reserved, account.unreserved = 0, unreserved


def _private_subnets(account: Account) -> None:
    ec2 = account.client("ec2")
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], MapPublicIpOnLaunch={"Value": False})


def _secret(text: str) -> Callable[[Account], object]:
    return lambda account: account.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=text)


def _empty_secret(account: Account) -> None:
    secrets = account.client("secretsmanager")
    secrets.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name=SECRET)


def _no_stream(account: Account) -> None:
    account.client("dynamodb").update_table(TableName=TABLE, StreamSpecification={"StreamEnabled": False})


def _ring(account: Account, name: str) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Elephant",
        MetricName="DesktopsOverdue",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


WRONG: dict[str, Wrong] = {
    "no such image": ("image", {"ami_id": "ami-0123456789abcdef0"}, _nothing, Level.FAIL, "bake one"),
    "image bigger than the volume": ("image", {"volume_gib": 8}, _nothing, Level.WARN, "volume_gib = 15"),
    "type not offered": ("instance_type", {"instance_type": "z9.huge"}, _nothing, Level.FAIL, "[desktops]"),
    "type not in this zone": (
        "instance_type",
        {"availability_zones": ("us-west-2a", "us-west-2z")},
        _nothing,
        Level.WARN,
        "us-west-2z",
    ),
    "too few vCPUs": ("quota", {"at_once": 40}, _nothing, Level.FAIL, "L-1216C47A --desired-value 80"),
    "no such key pair": ("key_pair", {"key_name": "lost"}, _nothing, Level.FAIL, "create-key-pair --key-name lost"),
    "private subnets": ("network", {}, _private_subnets, Level.FAIL, "--map-public-ip-on-launch"),
    "no subnet in the zone": ("network", {"availability_zones": ("us-west-2z",)}, _nothing, Level.FAIL, "us-west-2z"),
    "no such group": ("security_groups", {"security_groups": ("sg-0fff",)}, _nothing, Level.FAIL, "security_groups"),
    "DCV's port shut": ("security_groups", {}, _close_door, Level.FAIL, "ToPort=8443"),
    "DCV's port open to private addresses alone": (
        "security_groups",
        {},
        _only_privately,
        Level.FAIL,
        "FromPort=8443,ToPort=8443,IpRanges=[{CidrIp=173.245.48.0/20},",
    ),
    "a group of another network": (
        "security_groups",
        {},
        _elsewhere,
        Level.FAIL,
        "desktops are launched in the default",
    ),
    "no such profile": ("instance_profile", {"instance_profile": "lost"}, _nothing, Level.FAIL, "stages/dev.toml"),
    "no right to upload": (
        "instance_profile",
        {"instance_profile": "", "upload_bucket": "sessions"},
        lambda account: account.forbidden.add("s3:PutObject"),
        Level.FAIL,
        "arn:aws:s3:::sessions/*",
    ),
    "no licence": (
        "instance_profile",
        {},
        lambda account: account.forbidden.add("s3:GetObject"),
        Level.FAIL,
        "dcv-license.us-west-2",
    ),
    "no health report": (
        "instance_profile",
        {},
        lambda account: account.forbidden.add("dynamodb:UpdateItem"),
        Level.FAIL,
        "put-role-policy --role-name desktop",
    ),
    "no concurrency to set aside": (
        "concurrency",
        {},
        lambda account: _new_account(account, 100),
        Level.FAIL,
        "L-B99A9384 --desired-value 1000",
    ),
    "empty secret": ("zone", {}, _empty_secret, Level.FAIL, "put-secret-value --secret-id dev/elephant/cloudflare"),
    "secret without the key": ("zone", {}, _secret('{"TOKEN": "x"}'), Level.FAIL, "is not JSON with"),
    "wrong token": ("zone", {}, _secret('{"CLOUDFLARE_TOKEN": "x"}'), Level.FAIL, "Zone → DNS → Edit"),
    "wrong zone": ("zone", {"zone_id": "f" * 32}, _nothing, Level.FAIL, "zone_id is wrong"),
    "no table": (
        "table",
        {},
        lambda account: account.client("dynamodb").delete_table(TableName=TABLE),
        Level.FAIL,
        "docs/deploy.md#the-table",
    ),
    "no index": ("table", {}, _no_index, Level.FAIL, "--global-secondary-index-updates '[{"),
    "no stream": (
        "table",
        {},
        _no_stream,
        Level.FAIL,
        "--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES",
    ),
    "no recovery": (
        "table",
        {},
        _no_recovery,
        Level.WARN,
        "dynamodb update-continuous-backups --table-name elephant-meetings-dev",
    ),
    "a rule is off": (
        "rules",
        {},
        lambda account: account.client("events").disable_rule(Name="elephant-dev-sweep-event"),
        Level.FAIL,
        "sets off: sweep",
    ),
    "a rule is gone": (
        "rules",
        {},
        lambda account: account.client("events").remove_targets(Rule="elephant-dev-dns_watchdog-event", Ids=["1"]),
        Level.FAIL,
        "sets off: dns_watchdog",
    ),
    "a function is missing": (
        "functions",
        {},
        lambda account: account.client("lambda").delete_function(FunctionName="elephant-dev-sweep"),
        Level.FAIL,
        "not deployed: sweep",
    ),
    "mapping off": ("stream", {}, lambda account: account.mapping.update(State="Disabled"), Level.FAIL, "--enabled"),
    "mapping never gives up": (
        "stream",
        {},
        lambda account: account.mapping.update(MaximumRetryAttempts=-1),
        Level.FAIL,
        "MaximumRetryAttempts",
    ),
    "records are given up for good": (
        "stream",
        {},
        lambda account: account.mapping.pop("DestinationConfig"),
        Level.FAIL,
        "its failure queue",
    ),
    "last batch failed": (
        "stream",
        {},
        lambda account: account.mapping.update(LastProcessingResult="PROBLEM: Function call failed"),
        Level.WARN,
        "logs tail",
    ),
    "timers may not fire": (
        "timers",
        {},
        lambda account: account.forbidden.add("lambda:InvokeFunction"),
        Level.FAIL,
        "put-role-policy --role-name desktop --policy-name fire",
    ),
    "timers have no group": (
        "timers",
        {},
        lambda account: account.client("scheduler").delete_schedule_group(Name="elephant-dev"),
        Level.FAIL,
        "docs/deploy.md#changed-by-hand",
    ),
    "an alarm rings": (
        "alarms",
        {},
        lambda account: _ring(account, "elephant-dev-desktops-overdue"),
        Level.WARN,
        "docs/deploy.md#desktops-overdue",
    ),
    "nobody hears alarms": ("alarms", {}, _nothing, Level.WARN, "alarm_email"),
    "alarms unconfirmed": ("alarms", {"alarm_email": "ops@example.com"}, _nothing, Level.WARN, "confirm"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    check, changes, harm, level, words = WRONG[name]
    harm(account)
    found = account.look(check, **changes)
    assert any(seen is level and words in text for seen, text in found), found


@pytest.mark.parametrize(("minutes", "rings"), [(5, False), (15, True)])
def test_want_of_sweeps_is_no_news_in_a_stages_first_minutes(account: Account, minutes: int, rings: bool) -> None:
    _ring(account, "elephant-dev-sweep-stopped")
    [alarm] = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    later = alarm["AlarmConfigurationUpdatedTimestamp"] + timedelta(minutes=minutes)
    found = list(checks.alarms(replace(account.patient(), now=lambda: later)))
    assert any("sweep-stopped rings" in finding.what for finding in found) is rings


WIDE = {
    "DCV, past Cloudflare": (8443, "0.0.0.0/0", "tcp"),
    "remote desktop": (3389, "0.0.0.0/0", "tcp"),
    "remote desktop over IPv6": (3389, "::/0", "tcp"),
    "everything": (-1, "0.0.0.0/0", "-1"),
}


@pytest.mark.parametrize("name", WIDE)
def test_a_door_that_is_open_to_all_is_shut_by_its_rule(name: str, account: Account) -> None:
    account.admit(*WIDE[name])
    mends = [f.mend for f in checks.security_groups(account.patient()) if f.level is Level.WARN]
    [rule] = account.rule_ids()
    assert mends
    assert all(mend.endswith(f"--group-id {account.group} --security-group-rule-ids {rule}") for mend in mends)
    assert not any("authorize" in mend for mend in mends)


def test_what_shuts_a_door_lets_cloudflare_in_first(account: Account) -> None:
    _close_door(account)
    account.admit(-1, "0.0.0.0/0", "-1")
    [mend, _] = [f.mend for f in checks.security_groups(account.patient()) if f.level is Level.WARN]
    admit, revoke = mend.split(" && ")
    assert "authorize-security-group-ingress" in admit
    assert admit.count("CidrIp=") == len(checks.cloudflare())
    assert "revoke-security-group-ingress" in revoke


def test_one_execution_can_be_set_aside_where_more_than_a_hundred_are_free(account: Account) -> None:
    _new_account(account, 101)
    assert [level for level, _ in account.look("concurrency")] == [Level.OK]


def _policies(template: str) -> dict[str, list[list[str]]]:
    """Return the actions of each policy in the template, statement by statement, by the policy's name."""
    found = {}
    for part in template.split("- PolicyName: ")[1:]:
        statements = re.findall(r"Action: (\[.+\]|\S+)", part.split("\n\n")[0])
        found[part.split("\n")[0]] = [action for words in statements for action in words.strip("[]").split(", ")]
    return found


@pytest.mark.parametrize(("check", "policy"), [("timers", "fire"), ("instance_profile", "desktop")])
def test_a_policy_that_is_put_back_is_the_stack_s(account: Account, check: str, policy: str) -> None:
    account.forbidden = {"lambda:InvokeFunction", "dynamodb:Scan"}
    mends = [text for _, text in account.look(check, instance_profile="", upload_bucket="sessions")]
    words = next(shlex.split(text) for text in mends if "put-role-policy" in text)
    assert words[words.index("--policy-name") + 1] == policy
    statements = json.loads(words[-1])["Statement"]
    told = _policies(TEMPLATE.read_text(encoding="utf-8"))[policy]
    assert list(dict.fromkeys(statement["Action"] for statement in statements)) == told


def _refused(code: str, date: str) -> ClientError:
    reply: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    return ClientError(reply, "GetCallerIdentity")


SIGNED_LONG_AGO = _refused("SignatureDoesNotMatch", "Sat, 21 Nov 2026 00:25:00 GMT")
REFUSED = _refused("InvalidClientTokenId", "Sat, 21 Nov 2026 00:00:01 GMT")


@pytest.mark.parametrize(
    ("error", "what", "mend"),
    [
        (SIGNED_LONG_AGO, "this machine's clock is -1500 s off AWS's", "time synchronisation"),
        (REFUSED, "does not accept the credentials", "aws configure"),
        (NoCredentialsError(), "there are no credentials", "aws configure"),
        (EndpointConnectionError(endpoint_url="https://sts.us-west-9.amazonaws.com"), "us-west-9", "correct region"),
    ],
)
def test_who_keeps_us_out_is_named(account: Account, error: Exception, what: str, mend: str) -> None:
    def refuse() -> None:
        raise error

    sts = SimpleNamespace(get_caller_identity=refuse)
    patient = Patient(replace(account.stage, region="us-west-9"), lambda _: sts, now=lambda: NOW)
    [(_, finding)] = doctor.examine(patient.stage, patient.client, patient)
    assert finding.level is Level.FAIL
    assert what in finding.what
    assert mend in finding.mend


class Zone(requests.Session):
    """Cloudflare, as far as one check asks it, with a zone of a certain name and a token of certain rights."""

    def __init__(self, name: str | None, edits: bool = True) -> None:
        super().__init__()
        self._name, self._edits = name, edits

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
        if method == "DELETE":
            code, status = (81044, 404) if self._edits else (10000, 403)
            return self._answer(status, {"success": False, "errors": [{"code": code}]})
        if "dns_records" in url:
            return self._answer(200, {"success": True, "result": []})
        if self._name is None:
            return self._answer(403, {"success": False})
        return self._answer(200, {"success": True, "result": {"name": self._name}})

    def _answer(self, status: int, content: dict[str, Any]) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer._content = status, json.dumps(content).encode()
        return answer


@pytest.mark.parametrize(
    ("domain", "zone", "level", "words"),
    [
        ("example.com", Zone("example.com"), Level.OK, "Universal SSL covers"),
        ("dcv.example.com", Zone("example.com"), Level.FAIL, 'dns.domain = "example.com"'),
        ("example.org", Zone("example.com"), Level.FAIL, "is not in the zone"),
        ("badexample.com", Zone("example.com"), Level.FAIL, "is not in the zone"),
        ("example.com", Zone(None), Level.WARN, "Zone → Zone → Read"),
        ("example.com", Zone("example.com", edits=False), Level.FAIL, "Zone → DNS → Edit"),
    ],
)
def test_the_domain_and_the_token_fit_the_zone(
    account: Account, domain: str, zone: Zone, level: Level, words: str
) -> None:
    patient = Patient(replace(account.stage, domain=domain), account.client, http=zone)
    assert any(f.level is level and words in f"{f.what} {f.mend}" for f in checks.zone(patient))


@pytest.mark.parametrize(("year", "level"), [(2020, Level.OK), (2040, Level.WARN)])
def test_the_runtime_s_end_is_seen_coming(account: Account, year: int, level: Level) -> None:
    patient = replace(account.patient(), now=lambda: datetime(year, 1, 1, tzinfo=UTC))
    assert [finding.level for finding in checks.runtime(patient)] == [level]


@pytest.mark.parametrize(("minutes", "level"), [(0, Level.OK), (-3, Level.WARN)])
def test_a_clock_that_is_off_is_seen(account: Account, minutes: int, level: Level) -> None:
    told = {"ResponseMetadata": {"HTTPHeaders": {"date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT")}}}
    sts = SimpleNamespace(get_caller_identity=lambda: told)
    patient = Patient(account.stage, lambda _: sts, now=lambda: NOW + timedelta(minutes=minutes))
    assert [finding.level for finding in checks.clock(patient)] == [level]


def test_the_report_says_how_it_stands(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = checks.fail("it is broken", "mend it"), checks.ok("it works")
    assert doctor.report(iter([("one", bad), ("two", good)])) == 1
    assert "→ mend it" in capsys.readouterr().out
    assert doctor.report(iter([("two", good)]), as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["ready"] is True


def test_whoever_may_not_look_is_told_so(account: Account) -> None:
    def denied(_: Patient) -> Iterator[checks.Finding]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")
        yield

    [finding] = doctor._look(denied, account.patient())
    assert finding.level is Level.WARN


def test_what_is_gone_from_the_stack_leads_to_what_puts_it_back(account: Account) -> None:
    def gone(_: Patient) -> Iterator[checks.Finding]:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no role"}}, "SimulatePrincipalPolicy")
        yield

    [finding] = doctor._look(gone, account.patient())
    assert (finding.level, finding.mend) == (Level.FAIL, checks.CHANGED_BY_HAND)
    assert "## Changed by hand" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
