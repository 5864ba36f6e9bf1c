"""What must hold before and after a deploy. One function a check: it reads, and yields what it found.

A check never changes anything and may raise what AWS raises; the doctor turns that into a finding.
Every finding that is not ok says what mends it, as a command where there is one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

import requests
from botocore.exceptions import ClientError

from chalicelib.dns.token import KEYS
from chalicelib.repository import OPEN_INDEX
from tools import wiring
from tools.account import Account, Clients, code_of, enter
from tools.stack import Stack
from tools.stage import FUNCTIONS, Stage, StageError

DCV = 8443
RDP = 3389
ANYWHERE = frozenset({"0.0.0.0/0", "::/0"})
SUPPORT_ENDS = {
    (3, 10): date(2026, 10, 31),
    (3, 11): date(2027, 6, 30),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 6, 30),
    (3, 14): date(2029, 6, 30),
}
"""When Lambda means to stop supporting a Python (AWS, Lambda runtimes; the dates are projections)."""

_QUOTAS = {"g": "L-DB2E81BA", "vt": "L-DB2E81BA", "p": "L-417A185B", "inf": "L-1945791B", "x": "L-7295265B"}
_STANDARD_QUOTA = "L-1216C47A"  # families A, C, D, H, I, M, R, T and Z
_SKEW = timedelta(seconds=30)
_WARN_BEFORE_END = timedelta(days=180)
_BAD_BATCH = ("PROBLEM", "FAILED")
_CLOUDFLARE = "https://api.cloudflare.com/client/v4"
_NO_RECORD = "0" * 32
_RECORD_NOT_FOUND = 81044


class Level(StrEnum):
    """How bad it is: `warn` does not keep a meeting from working."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `mend` is empty where all is well."""

    level: Level
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Patient:
    """What is examined: a stage, through the clients of its account. `now` is UTC."""

    stage: Stage
    client: Clients
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    http: requests.Session | None = None

    @cached_property
    def account(self) -> Account:
        """Where the credentials lead."""
        return enter(self.stage, self.client)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, empty before the first deploy."""
        stack = Stack(self.client, self.stage.stack)
        return stack.outputs() if stack.exists() else {}

    @cached_property
    def profile(self) -> str:
        """The name of the desktops' instance profile, empty where it is still to be made."""
        return self.stage.instance_profile or self.outputs.get("InstanceProfile", "")

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The ids of the desktops' security groups, empty where one is still to be made."""
        made = self.outputs.get("SecurityGroup")
        return self.stage.security_groups or ((made,) if made else ())

    def aws(self, command: str) -> str:
        """Return a command of AWS's own command line for the stage's Region."""
        return f"aws --region {self.stage.region} {command}"

    @property
    def file(self) -> str:
        """The file an operator edits."""
        return f"stages/{self.stage.name}.toml"


Check = Callable[[Patient], Iterator[Finding]]


def ok(what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Level.OK, what)


def warn(what: str, mend: str) -> Finding:
    """Return a finding that somebody should look at."""
    return Finding(Level.WARN, what, mend)


def fail(what: str, mend: str) -> Finding:
    """Return a finding that keeps meetings from working."""
    return Finding(Level.FAIL, what, mend)


# --- who and where


def credentials(patient: Patient) -> Iterator[Finding]:
    """The credentials are good, and for the right account."""
    try:
        yield ok(f"credentials for account {patient.account.id}, Region {patient.stage.region}")
    except StageError as error:
        yield fail("the credentials do not do", str(error))


def clock(patient: Patient) -> Iterator[Finding]:
    """This machine's clock agrees with AWS's: signatures and the times people type depend on it."""
    reply = patient.client("sts").get_caller_identity()
    told = reply["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not told:
        return
    skew = patient.now() - parsedate_to_datetime(told)
    if abs(skew) > _SKEW:
        yield warn(f"this machine's clock is {skew.total_seconds():+.0f} s off AWS's", "turn on time synchronisation")
    else:
        yield ok("this machine's clock agrees with AWS's")


def runtime(patient: Patient) -> Iterator[Finding]:
    """The Python that runs this is what Chalice ships, and Lambda supports it for a while yet."""
    version = sys.version_info[:2]
    name = ".".join(map(str, version))
    ends = SUPPORT_ENDS.get(version)
    if ends is None:
        return (yield fail(f"Lambda has no runtime for Python {name}", "make clean; make PYTHON=python3.13 deploy …"))
    if patient.now().date() >= ends - _WARN_BEFORE_END:
        return (
            yield warn(f"Lambda supports Python {name} until {ends}", "make clean; make PYTHON=python3.13 deploy …")
        )
    return (yield ok(f"Lambda supports Python {name} until {ends}"))


def concurrency(patient: Patient) -> Iterator[Finding]:
    """The account can set one execution aside for the sweep: new accounts have too few."""
    limits = patient.client("lambda").get_account_settings()["AccountLimit"]
    free, total = limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]
    if patient.outputs or free > 100:
        yield ok(f"Lambda may run {total} functions at once here")
    else:
        yield fail(
            f"Lambda may run only {total} functions at once here, so none can be set aside for the sweep",
            patient.aws(
                "service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
                "--desired-value 1000"
            ),
        )


# --- desktops


def image(patient: Patient) -> Iterator[Finding]:
    """The image exists, is ready, and fits the volume."""
    ami = patient.stage.ami_id
    bake = f"bake one (docs/deploy.md, The image), or correct desktops.ami_id in {patient.file}"
    try:
        found = patient.client("ec2").describe_images(ImageIds=[ami])["Images"]
    except ClientError as error:
        if not code_of(error).startswith("InvalidAMIID"):
            raise
        found = []
    if not found:
        return (yield fail(f"the image {ami} is not in {patient.stage.region}, or not shared with this account", bake))
    described = found[0]
    if described["State"] != "available":
        return (yield fail(f"the image {ami} is {described['State']}", f"wait until it is available, or {bake}"))
    root = described.get("RootDeviceName", "")
    sizes = {m.get("DeviceName"): m["Ebs"].get("VolumeSize", 0) for m in described["BlockDeviceMappings"] if "Ebs" in m}
    if root not in sizes:
        return (yield fail(f"the image {ami} has no EBS volume at its root device {root or '(none)'}", bake))
    yield ok(f"the image {ami} is available; its root device is {root}, {sizes[root]} GiB")
    if sizes[root] > patient.stage.volume_gib:
        yield warn(
            f"the image needs {sizes[root]} GiB, more than volume_gib; its own size is used",
            f"set desktops.volume_gib = {sizes[root]} in {patient.file}",
        )
    if described.get("Platform") != "windows":
        yield warn(f"the image {ami} does not run Windows", "fine if your desktops run Linux; else correct the image")


def instance_type(patient: Patient) -> Iterator[Finding]:
    """The instance type is offered in the zones that desktops go to."""
    kind, zones = patient.stage.instance_type, set(patient.stage.availability_zones)
    offered = {
        offer["Location"]
        for page in patient.client("ec2")
        .get_paginator("describe_instance_type_offerings")
        .paginate(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}])
        for offer in page["InstanceTypeOfferings"]
    }
    usable = offered & zones if zones else offered
    if not usable:
        where = ", ".join(sorted(offered)) or "nowhere in this Region"
        yield fail(f"{kind} is not offered in these zones, but in: {where}", f"correct [desktops] in {patient.file}")
    elif zones - offered:
        yield warn(f"{kind} is not offered in {', '.join(sorted(zones - offered))}", f"drop them in {patient.file}")
    else:
        yield ok(f"{kind} is offered in {', '.join(sorted(usable))}")


def quota(patient: Patient) -> Iterator[Finding]:
    """The account's vCPUs suffice for as many desktops at once as the operator expects."""
    kind = patient.stage.instance_type
    [described] = patient.client("ec2").describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
    wanted = described["VCpuInfo"]["DefaultVCpus"] * patient.stage.at_once
    family = kind.split(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz-").rstrip("0123456789")
    code = _QUOTAS.get(family, _STANDARD_QUOTA)
    allowed = patient.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]
    text = f"{patient.stage.at_once} desktops at once take {wanted} vCPUs of {allowed:.0f}"
    if wanted <= allowed:
        yield ok(text)
    else:
        ask = f"request-service-quota-increase --service-code ec2 --quota-code {code} --desired-value {wanted}"
        yield fail(text, patient.aws(f"service-quotas {ask}"))


def key_pair(patient: Patient) -> Iterator[Finding]:
    """The key pair exists, where one is named."""
    name = patient.stage.key_name
    if not name:
        return (yield ok("no key pair is wanted"))
    try:
        patient.client("ec2").describe_key_pairs(KeyNames=[name])
    except ClientError as error:
        if code_of(error) != "InvalidKeyPair.NotFound":
            raise
        mend = (
            patient.aws(f"ec2 create-key-pair --key-name {name} --query KeyMaterial --output text") + f" > {name}.pem"
        )
        return (yield fail(f"the key pair {name} does not exist", mend))
    return (yield ok(f"the key pair {name} exists"))


def network(patient: Patient) -> Iterator[Finding]:
    """There is a default VPC whose subnets give desktops public addresses."""
    ec2 = patient.client("ec2")
    vpcs = ec2.describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
    if not vpcs:
        return (yield fail("this Region has no default VPC", patient.aws("ec2 create-default-vpc")))
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpcs[0]["VpcId"]]}])["Subnets"]
    zones = patient.stage.availability_zones
    subnets = [s for s in found if not zones or s["AvailabilityZone"] in zones]
    if not subnets:
        first = zones[0] if zones else f"{patient.stage.region}a"
        mend = patient.aws(f"ec2 create-default-subnet --availability-zone {first}")
        return (yield fail("the default VPC has no subnet in these zones", mend))
    for subnet in subnets:
        if not subnet["MapPublicIpOnLaunch"]:
            mend = f"ec2 modify-subnet-attribute --subnet-id {subnet['SubnetId']} --map-public-ip-on-launch"
            yield fail(
                f"{subnet['SubnetId']} gives no public addresses, so its desktops get no name", patient.aws(mend)
            )
    public = [subnet for subnet in subnets if subnet["MapPublicIpOnLaunch"]]
    if public:
        yield ok(f"{len(public)} subnets of the default VPC give public addresses")
    return None


def security_groups(patient: Patient) -> Iterator[Finding]:
    """The groups admit DCV's port and leave Windows' own door shut."""
    if not patient.groups:
        return (yield ok("the security group will be made by make deploy"))
    try:
        found = patient.client("ec2").describe_security_groups(GroupIds=list(patient.groups))["SecurityGroups"]
    except ClientError as error:
        if not code_of(error).startswith(("InvalidGroup", "InvalidSecurityGroup")):
            raise
        return (yield fail(f"a security group is not there: {error}", f"correct security_groups in {patient.file}"))
    rules = [rule for group in found for rule in group["IpPermissions"]]
    sources = _sources(rules, DCV)
    if not sources:
        allow = f"ec2 authorize-security-group-ingress --group-id {patient.groups[0]} --protocol tcp --port {DCV}"
        yield fail(f"no security group admits port {DCV}", patient.aws(f"{allow} --cidr <Cloudflare's range>"))
    elif sources & ANYWHERE:
        yield warn(
            f"port {DCV} is open to everybody, so desktops can be reached past Cloudflare",
            f"leave security_groups in {patient.file} empty to have a group made that admits Cloudflare only",
        )
    else:
        yield ok(f"port {DCV} is open to {len(sources)} ranges")
    for group in found:
        if _sources(group["IpPermissions"], RDP) & ANYWHERE:
            close = f"ec2 revoke-security-group-ingress --group-id {group['GroupId']} --protocol tcp --port {RDP}"
            yield warn(
                f"{group['GroupId']} opens Windows' remote desktop ({RDP}) to the whole internet",
                patient.aws(f"{close} --cidr 0.0.0.0/0"),
            )
    return None


def _sources(rules: list[dict[str, Any]], port: int) -> set[str]:
    """Return whom the rules let in on a TCP port: ranges, prefix lists and groups."""
    let_in: set[str] = set()
    for rule in rules:
        if rule["IpProtocol"] not in ("tcp", "6", "-1"):
            continue
        if rule["IpProtocol"] != "-1" and not rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535):
            continue
        let_in |= {r["CidrIp"] for r in rule.get("IpRanges", [])} | {r["CidrIpv6"] for r in rule.get("Ipv6Ranges", [])}
        let_in |= {r["PrefixListId"] for r in rule.get("PrefixListIds", [])}
        let_in |= {r["GroupId"] for r in rule.get("UserIdGroupPairs", [])}
    return let_in


def instance_profile(patient: Patient) -> Iterator[Finding]:
    """The desktops' role may read DCV's licence and write to the table."""
    if not patient.profile:
        return (yield ok("the instance profile will be made by make deploy"))
    iam = patient.client("iam")
    try:
        roles = iam.get_instance_profile(InstanceProfileName=patient.profile)["InstanceProfile"]["Roles"]
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        return (yield fail(f"the instance profile {patient.profile} does not exist", f"correct {patient.file}"))
    if not roles:
        add = f"aws iam add-role-to-instance-profile --instance-profile-name {patient.profile} --role-name <role>"
        return (yield fail(f"the instance profile {patient.profile} holds no role", add))
    role = roles[0]
    licence = f"arn:{patient.account.partition}:s3:::dcv-license.{patient.stage.region}/*"
    wanted = [("s3:GetObject", licence, "DCV refuses sessions without its licence")]
    if table := patient.outputs.get("TableName"):
        arn = patient.account.arn("dynamodb", f"table/{table}")
        wanted += [
            ("dynamodb:Scan", arn, "a desktop cannot find its meeting"),
            ("dynamodb:UpdateItem", arn, "a desktop cannot report that it is healthy"),
        ]
    lacking = [(action, arn, so) for action, arn, so in wanted if not _may(iam, role["Arn"], action, arn)]
    for action, arn, so in lacking:
        statement = {"Effect": "Allow", "Action": action, "Resource": arn}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        put = f"aws iam put-role-policy --role-name {role['RoleName']} --policy-name elephant-{action.split(':')[1]}"
        yield fail(f"{role['RoleName']} may not {action} on {arn}: {so}", f"{put} --policy-document '{document}'")
    if not lacking:
        yield ok(f"{role['RoleName']} may do what a desktop has to")
    return None


def _may(iam: Any, role_arn: str, action: str, resource: str) -> bool:
    reply = iam.simulate_principal_policy(PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=[resource])
    return all(result["EvalDecision"] == "allowed" for result in reply["EvaluationResults"])


# --- names


def zone(patient: Patient) -> Iterator[Finding]:
    """The secret holds a token that may edit the zone, and the domain is the zone's own."""
    secret = patient.outputs.get("DnsSecretName")
    if not secret:
        return (yield ok("the secret for the DNS token will be made by make deploy"))
    fill = patient.aws(f"secretsmanager put-secret-value --secret-id {secret} --secret-string")
    fill += f" '{json.dumps({KEYS[1]: '...'})}'"
    try:
        text = patient.client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString", "")
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return (yield fail(f"the secret {secret} is empty", fill))
    token = _token(text)
    if not token:
        return (yield fail(f"the secret {secret} is not JSON with {KEYS[0]} or {KEYS[1]}", fill))
    yield from _token_at_cloudflare(patient, token, fill)
    return None


def _token(text: str) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return ""
    found = [content.get(key) for key in KEYS] if isinstance(content, dict) else []
    return next((token.strip() for token in found if isinstance(token, str) and token.strip()), "")


def _token_at_cloudflare(patient: Patient, token: str, fill: str) -> Iterator[Finding]:
    http = patient.http or requests.Session()
    url = patient.stage.environment.get("CLOUDFLARE_API_URL", _CLOUDFLARE)
    here = f"{url}/zones/{patient.stage.zone_id}"

    def call(method: str, address: str) -> tuple[int, dict[str, Any]]:
        answer = http.request(method, address, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        try:
            reply = answer.json()
        except ValueError:
            reply = {}
        return answer.status_code, reply if isinstance(reply, dict) else {}

    status, reply = call("GET", f"{here}/dns_records?per_page=5")
    if status >= 500 or status == 429:
        return (yield fail(f"Cloudflare answers {status}", "try again in five minutes"))
    if not reply.get("success"):
        made = "make one with Zone → DNS → Edit for this zone (dash.cloudflare.com/profile/api-tokens), then: "
        return (yield fail("Cloudflare does not accept the token for this zone, or zone_id is wrong", made + fill))
    # Deleting what cannot exist changes nothing, and tells a token that may edit from one that may only read.
    _, reply = call("DELETE", f"{here}/dns_records/{_NO_RECORD}")
    codes = {error.get("code") for error in reply.get("errors") or [] if isinstance(error, dict)}
    if _RECORD_NOT_FOUND in codes:
        yield ok("the DNS token may edit the zone's records")
    else:
        yield fail("the DNS token may read the zone but not edit it", "give it Zone → DNS → Edit at Cloudflare")
    status, reply = call("GET", here)
    name = (reply.get("result") or {}).get("name") if status == 200 else None
    yield _domain(patient, name)
    return None


def _domain(patient: Patient, zone_name: str | None) -> Finding:
    domain = patient.stage.domain
    if zone_name is None:
        return warn(
            "the token cannot read the zone's name, so whether the domain is the zone's was not checked",
            "give the token Zone → Zone → Read too, or compare dns.domain with the zone's name yourself",
        )
    if domain == zone_name:
        return ok(f"desktops become <instance-id>.{domain}, which Universal SSL covers")
    if domain.endswith(f".{zone_name}"):
        return fail(
            f"<instance-id>.{domain} is below the first level of {zone_name}, which Universal SSL does not cover",
            f'set dns.domain = "{zone_name}" in {patient.file}, or buy Advanced Certificate Manager for *.{domain}',
        )
    return fail(f"{domain} is not in the zone, which is {zone_name}", f"correct [dns] in {patient.file}")


# --- what was deployed


def table(patient: Patient) -> Iterator[Finding]:
    """The table is as the app needs it: its index, its stream, its recovery."""
    name = patient.outputs["TableName"]
    mend = f"make deploy STAGE={patient.stage.name}"
    found = patient.client("dynamodb").describe_table(TableName=name)["Table"]
    indexes = {
        index["IndexName"]: index.get("IndexStatus", "ACTIVE") for index in found.get("GlobalSecondaryIndexes", [])
    }
    view = found.get("StreamSpecification", {}).get("StreamViewType")
    wrong = [
        (found["TableStatus"] != "ACTIVE", f"is {found['TableStatus']}"),
        (indexes.get(OPEN_INDEX) != "ACTIVE", f"has its index {OPEN_INDEX} {indexes.get(OPEN_INDEX, 'missing')}"),
        (view != "NEW_AND_OLD_IMAGES", f"has a stream of {view or 'nothing'}, not NEW_AND_OLD_IMAGES"),
        (found.get("LatestStreamArn") != patient.outputs["StreamArn"], "has another stream than the stack knows"),
    ]
    for is_wrong, what in wrong:
        if is_wrong:
            yield fail(f"the table {name} {what}", mend)
    if not any(is_wrong for is_wrong, _ in wrong):
        yield ok(f"the table {name} is active, with its index and stream")
    backups = patient.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if recovery != "ENABLED":
        yield warn(f"the table {name} cannot be recovered to a point in time", mend)


def functions(patient: Patient) -> Iterator[Finding]:
    """Every function is there and active, and listens to the table's present stream."""
    mend = f"make deploy STAGE={patient.stage.name}"
    absent, sick = [], []
    for name in FUNCTIONS:
        try:
            found = patient.client("lambda").get_function_configuration(FunctionName=patient.stage.function(name))
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundException":
                raise
            absent.append(name)
            continue
        if found.get("State", "Active") not in ("Active", "Inactive"):
            sick.append(f"{name} is {found['State']}: {found.get('StateReason', 'no reason given')}")
        if _environment(found).get("STREAM_ARN") != patient.outputs["StreamArn"]:
            sick.append(f"{name} was deployed for another stream")
    if absent:
        yield fail(f"not deployed: {', '.join(absent)}", mend)
    for what in sick:
        yield fail(what, mend)
    if not absent and not sick:
        yield ok(f"all {len(FUNCTIONS)} functions are there")


def _environment(found: Mapping[str, Any]) -> dict[str, str]:
    variables: dict[str, str] = found.get("Environment", {}).get("Variables", {})
    return variables


def stream(patient: Patient) -> Iterator[Finding]:
    """The table's stream reaches its function, with the settings that keep a bad record from blocking it."""
    mend = f"make deploy STAGE={patient.stage.name}"
    name = patient.stage.function("stream_terminator")
    try:
        mapping = wiring.stream_mapping(patient.client("lambda"), name, patient.outputs["StreamArn"])
    except StageError as error:
        return (yield fail(str(error), mend))
    if mapping["State"] != "Enabled":
        return (yield fail(f"the stream's mapping is {mapping['State']}", mend))
    unset = [key for key, value in wiring.STREAM.items() if mapping.get(key) != value]
    if unset:
        yield fail(f"the stream's mapping lacks {', '.join(unset)}", mend)
    elif mapping.get("LastProcessingResult", "").startswith(_BAD_BATCH):
        logs = patient.aws(f"logs tail /aws/lambda/{name} --since 1h")
        yield warn(f"the stream's last batch: {mapping['LastProcessingResult']}", logs)
    else:
        yield ok("the table's stream reaches its function")
    return None


def timers(patient: Patient) -> Iterator[Finding]:
    """Timers have their group, and a role that may fire them."""
    mend = f"make deploy STAGE={patient.stage.name}"
    group = patient.client("scheduler").get_schedule_group(Name=patient.outputs["TimersGroup"])
    if group["State"] != "ACTIVE":
        return (yield fail(f"the schedule group {group['Name']} is {group['State']}", mend))
    role = patient.outputs["TimersRoleArn"]
    for name in ("launch_ec2", "safety_net"):
        target = patient.account.arn("lambda", f"function:{patient.stage.function(name)}")
        if not _may(patient.client("iam"), role, "lambda:InvokeFunction", target):
            return (yield fail(f"the timers' role may not call {patient.stage.function(name)}", mend))
    return (yield ok("timers have their group, and a role that may fire them"))


def alarms(patient: Patient) -> Iterator[Finding]:
    """No alarm rings, and somebody hears it when one does."""
    cloudwatch = patient.client("cloudwatch")
    prefix = f"{patient.stage.stack}-"
    ringing = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
    for alarm in ringing:
        entry = alarm["AlarmName"].removeprefix(prefix)
        yield warn(f"the alarm {alarm['AlarmName']} rings", f"docs/deploy.md#{entry}")
    if not ringing:
        yield ok("no alarm rings")
    if not patient.stage.alarm_email:
        return (yield warn("nobody is told when an alarm rings", f"set operations.alarm_email in {patient.file}"))
    topic = patient.outputs["AlarmsTopicArn"]
    listed = patient.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if any(s["Endpoint"] == patient.stage.alarm_email and s["SubscriptionArn"].startswith("arn:") for s in listed):
        return (yield ok(f"alarms are mailed to {patient.stage.alarm_email}"))
    return (yield warn(f"{patient.stage.alarm_email} has not confirmed the alarms", "open AWS's mail and confirm"))


BEFORE: dict[str, Check] = {
    check.__name__: check
    for check in (
        credentials,
        clock,
        runtime,
        concurrency,
        image,
        instance_type,
        quota,
        key_pair,
        network,
        security_groups,
        instance_profile,
        zone,
    )
}
"""What can be told before the first deploy."""

AFTER: dict[str, Check] = {check.__name__: check for check in (table, functions, stream, timers, alarms)}
"""What can be told only once there is a stack."""
