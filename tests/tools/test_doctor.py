"""The doctor finds what is wrong and says what mends it; a sound stage has nothing to mend."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import requests
from botocore.exceptions import ClientError
from moto import mock_aws

from localcloud.clock import RealClock
from localcloud.cloudflare import TOKEN, ZONE_ID, Cloudflare
from localcloud.ledger import Ledger
from tools import checks, doctor, wiring
from tools.checks import Level, Patient
from tools.stage import FUNCTIONS, Stage

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
        self.unreserved = 900
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
        self.admit(8443, "173.245.48.0/20")
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
        topic = self.client("sns").create_topic(Name="elephant-dev-alarms")["TopicArn"]
        outputs = {
            "TableName": TABLE,
            "StreamArn": stream,
            "TimersRoleArn": role,
            "TimersGroup": "elephant-dev",
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
        self.mapping: dict[str, Any] = mapping | wiring.STREAM  # moto keeps none of these settings
        functions.list_event_source_mappings = lambda **_: {"EventSourceMappings": [self.mapping]}

    def admit(self, port: int, source: str) -> None:
        rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}
        self.client("ec2").authorize_security_group_ingress(GroupId=self.group, IpPermissions=[rule])


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


def _alarm(account: Account) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="elephant-dev-desktops-overdue",
        Namespace="Elephant",
        MetricName="DesktopsOverdue",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName="elephant-dev-desktops-overdue", StateValue="ALARM", StateReason="test")


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
    "DCV's port shut": ("security_groups", {}, _close_door, Level.FAIL, "--port 8443"),
    "DCV's port open to all": (
        "security_groups",
        {},
        lambda account: account.admit(8443, "0.0.0.0/0"),
        Level.WARN,
        "past Cloudflare",
    ),
    "remote desktop open to all": (
        "security_groups",
        {},
        lambda account: account.admit(3389, "0.0.0.0/0"),
        Level.WARN,
        "--port 3389",
    ),
    "no such profile": ("instance_profile", {"instance_profile": "lost"}, _nothing, Level.FAIL, "stages/dev.toml"),
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
        {"name": "new"},
        lambda account: setattr(account, "unreserved", 10),
        Level.FAIL,
        "L-B99A9384",
    ),
    "empty secret": ("zone", {}, _empty_secret, Level.FAIL, "put-secret-value --secret-id dev/elephant/cloudflare"),
    "secret without the key": ("zone", {}, _secret('{"TOKEN": "x"}'), Level.FAIL, "is not JSON with"),
    "wrong token": ("zone", {}, _secret('{"CLOUDFLARE_TOKEN": "x"}'), Level.FAIL, "Zone → DNS → Edit"),
    "wrong zone": ("zone", {"zone_id": "f" * 32}, _nothing, Level.FAIL, "zone_id is wrong"),
    "no stream": ("table", {}, _no_stream, Level.FAIL, "stream of nothing"),
    "a function is missing": (
        "functions",
        {},
        lambda account: account.client("lambda").delete_function(FunctionName="elephant-dev-sweep"),
        Level.FAIL,
        "not deployed: sweep",
    ),
    "mapping off": ("stream", {}, lambda account: account.mapping.update(State="Disabled"), Level.FAIL, "Disabled"),
    "mapping never gives up": (
        "stream",
        {},
        lambda account: account.mapping.update(MaximumRetryAttempts=-1),
        Level.FAIL,
        "MaximumRetryAttempts",
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
        "make deploy",
    ),
    "an alarm rings": ("alarms", {}, _alarm, Level.WARN, "docs/deploy.md#desktops-overdue"),
    "nobody hears alarms": ("alarms", {}, _nothing, Level.WARN, "alarm_email"),
    "alarms unconfirmed": ("alarms", {"alarm_email": "ops@example.com"}, _nothing, Level.WARN, "confirm"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    check, changes, harm, level, words = WRONG[name]
    harm(account)
    found = account.look(check, **changes)
    assert any(seen is level and words in text for seen, text in found), found


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
