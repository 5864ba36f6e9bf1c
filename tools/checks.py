"""What must hold before and after a deploy. One function a check: it reads, and yields what it found.

A check never changes anything and may raise what AWS raises; the doctor turns that into a finding.
Every finding that is not ok says what mends it, as a command where there is one.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, ip_network
from typing import Any

import requests
from botocore.exceptions import ClientError

from chalicelib.dns.token import KEYS
from chalicelib.repository import OPEN_INDEX
from tools import triggers
from tools.account import Account, Clients, NoEntry, code_of, enter, skew
from tools.gone import if_there
from tools.stack import TEMPLATE, Stack
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
_NEVER_RESERVED = 100  # executions that Lambda leaves to the functions without a reservation
_SKEW = timedelta(seconds=30)
_FIRST_SWEEPS = timedelta(minutes=10)
_WARN_BEFORE_END = timedelta(days=180)
_BAD_BATCH = ("PROBLEM", "FAILED")
CHANGED_BY_HAND = "docs/deploy.md#changed-by-hand"  # for what is the stack's, which no deploy mends
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
        return enter(self.stage, self.client, self.now)

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, empty before the first deploy."""
        stack = Stack(self.client, self.stage.stack)
        return stack.outputs() if stack.exists() else {}

    @cached_property
    def stream(self) -> str:
        """The ARN of the table's present stream, empty where it never had one."""
        found = self.client("dynamodb").describe_table(TableName=self.outputs["TableName"])["Table"]
        return str(found.get("LatestStreamArn", ""))

    @cached_property
    def profile(self) -> str:
        """The name of the desktops' instance profile, empty where it is still to be made."""
        return self.stage.instance_profile or self.outputs.get("InstanceProfile", "")

    @cached_property
    def vpc(self) -> str:
        """The id of the default VPC, where desktops are launched; empty where the Region has none."""
        found = self.client("ec2").describe_vpcs(Filters=[{"Name": "isDefault", "Values": ["true"]}])["Vpcs"]
        return str(found[0]["VpcId"]) if found else ""

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The ids of the desktops' security groups, empty where one is still to be made."""
        made = self.outputs.get("SecurityGroup")
        return self.stage.security_groups or ((made,) if made else ())

    def aws(self, command: str) -> str:
        """Return a command of AWS's own command line for the stage's Region."""
        return f"aws --region {self.stage.region} {command}"

    def make(self, target: str) -> str:
        """Return a command of the Makefile for the stage."""
        return f"make {target} STAGE={self.stage.name}"

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
    except NoEntry as error:
        yield fail(error.what, error.mend)


def clock(patient: Patient) -> Iterator[Finding]:
    """This machine's clock agrees with AWS's: signatures and the times people type depend on it."""
    off = skew(patient.client("sts").get_caller_identity(), patient.now())
    if off is None:
        return
    if abs(off) > _SKEW:
        mend = "turn on time synchronisation (Linux: sudo timedatectl set-ntp true)"
        yield warn(f"this machine's clock is {off.total_seconds():+.0f} s off AWS's", mend)
    else:
        yield ok("this machine's clock agrees with AWS's")


def runtime(patient: Patient) -> Iterator[Finding]:
    """The Python that runs this is what Chalice ships, and Lambda supports it for a while yet."""
    version = sys.version_info[:2]
    name = ".".join(map(str, version))
    ends = SUPPORT_ENDS.get(version)
    newer = f"make clean && make PYTHON=python3.13 deploy STAGE={patient.stage.name}"
    if ends is None:
        yield fail(f"Lambda has no runtime for Python {name}", newer)
    elif patient.now().date() >= ends - _WARN_BEFORE_END:
        yield warn(f"Lambda supports Python {name} until {ends}", newer)
    else:
        yield ok(f"Lambda supports Python {name} until {ends}")


def concurrency(patient: Patient) -> Iterator[Finding]:
    """One execution is set aside for the sweep, or can be: Lambda keeps 100 that nobody may reserve."""
    functions = patient.client("lambda")
    sweep: dict[str, Any] = {}
    with if_there():
        sweep = functions.get_function_concurrency(FunctionName=patient.stage.function("sweep"))
    if sweep.get("ReservedConcurrentExecutions"):
        return (yield ok("one execution of Lambda is set aside for the sweep"))
    limits = functions.get_account_settings()["AccountLimit"]
    free, total = limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]
    if free > _NEVER_RESERVED:
        return (yield ok(f"one of Lambda's {free} unreserved executions can be set aside for the sweep"))
    ask = "service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
    wanted = max(1000, total + _NEVER_RESERVED + 1 - free)
    return (
        yield fail(
            f"none of Lambda's {free} unreserved executions can be set aside for the sweep: {_NEVER_RESERVED} stay",
            patient.aws(f"{ask} --desired-value {wanted}"),
        )
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
        wait = patient.aws(f"ec2 wait image-available --image-ids {ami}")
        return (
            yield fail(f"the image {ami} is {described['State']}", wait if described["State"] == "pending" else bake)
        )
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
        yield warn(f"the image {ami} does not run Windows", "fine where desktops run Linux; else " + bake)


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
    if not patient.vpc:
        return (yield fail("this Region has no default VPC", patient.aws("ec2 create-default-vpc")))
    found = patient.client("ec2").describe_subnets(Filters=[{"Name": "vpc-id", "Values": [patient.vpc]}])["Subnets"]
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
    """The groups admit Cloudflare to DCV's port, nobody else, and leave Windows' own door shut."""
    if not patient.groups:
        return (yield ok("the security group will be made by make deploy"))
    ec2 = patient.client("ec2")
    try:
        groups = ec2.describe_security_groups(GroupIds=list(patient.groups))["SecurityGroups"]
    except ClientError as error:
        if not code_of(error).startswith(("InvalidGroup", "InvalidSecurityGroup")):
            raise
        return (yield fail(f"a security group is not there: {error}", f"correct security_groups in {patient.file}"))
    for group in groups:
        if patient.vpc and group["VpcId"] != patient.vpc:
            yield fail(
                f"{group['GroupId']} belongs to {group['VpcId']}, and desktops are launched in the default VPC",
                f"name a group of {patient.vpc} in {patient.file}, or leave security_groups empty to have one made",
            )
    named = [{"Name": "group-id", "Values": list(patient.groups)}]
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=named)
    rules = [rule for page in pages for rule in page["SecurityGroupRules"] if not rule["IsEgress"]]
    for port, door in ((DCV, "Amazon DCV, past Cloudflare"), (RDP, "Windows' remote desktop")):
        if wide := [rule for rule in rules if _admits(rule, port) and ANYWHERE & {_source(rule)}]:
            left = [rule for rule in rules if rule not in wide]
            steps = [*_admit_cloudflare(patient, left), *_revoke(patient, wide)]
            yield warn(f"port {port}, {door}, is open to the whole internet", " && ".join(steps))
    if lacking := _admit_cloudflare(patient, rules):
        yield fail(f"not all of Cloudflare is admitted to port {DCV}, so names lead nowhere", " && ".join(lacking))
    else:
        yield ok(f"Cloudflare is admitted to port {DCV}")
    return None


def cloudflare() -> list[IPv4Network]:
    """Return the addresses that Cloudflare's proxies come from, as the stack's own security group admits them."""
    return [IPv4Network(cidr) for cidr in re.findall(r"CidrIp: ([\d./]+)", TEMPLATE.read_text(encoding="utf-8"))]


def _admit_cloudflare(patient: Patient, rules: Collection[Mapping[str, Any]]) -> list[str]:
    """Return the command that admits what these rules do not admit of Cloudflare, none where they admit all."""
    sources = [_source(rule) for rule in rules if _admits(rule, DCV)]
    if any(source.startswith("pl-") for source in sources):
        return []  # what is in a prefix list is its owner's to know
    admitted = [ip_network(source) for source in sources if "/" in source]
    lacking = [r for r in cloudflare() if not any(isinstance(a, IPv4Network) and r.subnet_of(a) for a in admitted)]
    if not lacking:
        return []
    ranges = ",".join(f"{{CidrIp={cidr}}}" for cidr in lacking)
    permission = f"IpProtocol=tcp,FromPort={DCV},ToPort={DCV},IpRanges=[{ranges}]"
    allow = f"ec2 authorize-security-group-ingress --group-id {patient.groups[0]} --ip-permissions '{permission}'"
    return [patient.aws(allow)]


def _revoke(patient: Patient, rules: Collection[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a command for each group that takes these rules out of it; EC2 passes over rules that only look alike."""
    for group in sorted({rule["GroupId"] for rule in rules}):
        ids = " ".join(rule["SecurityGroupRuleId"] for rule in rules if rule["GroupId"] == group)
        yield patient.aws(f"ec2 revoke-security-group-ingress --group-id {group} --security-group-rule-ids {ids}")


def _admits(rule: Mapping[str, Any], port: int) -> bool:
    if rule["IpProtocol"] == "-1":
        return True
    return rule["IpProtocol"] in ("tcp", "6") and rule["FromPort"] <= port <= rule["ToPort"]


def _source(rule: Mapping[str, Any]) -> str:
    """Return whom a rule lets in: a range, a prefix list's id or a group's."""
    group = rule.get("ReferencedGroupInfo", {}).get("GroupId", "")
    return str(rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId") or group)


def instance_profile(patient: Patient) -> Iterator[Finding]:
    """The desktops' role may read DCV's licence, write to the table and upload."""
    if not patient.profile:
        return (yield ok("the instance profile will be made by make deploy"))
    iam, roles = patient.client("iam"), []
    with if_there():
        roles = iam.get_instance_profile(InstanceProfileName=patient.profile)["InstanceProfile"]["Roles"]
    if not roles:
        return (
            yield fail(
                f"the instance profile {patient.profile} does not exist or holds no role",
                f"leave desktops.instance_profile in {patient.file} empty to have one made"
                if patient.stage.instance_profile
                else CHANGED_BY_HAND,
            )
        )
    made = not patient.stage.instance_profile
    licence = f"arn:{patient.account.partition}:s3:::dcv-license.{patient.stage.region}/*"
    needs = [Need("s3:GetObject", licence, "DCV refuses sessions without its licence")]
    if table := patient.outputs.get("TableName"):
        arn = patient.account.arn("dynamodb", f"table/{table}")
        needs.append(Need("dynamodb:Scan", arn, "a desktop cannot find its meeting"))
        needs.append(Need("dynamodb:UpdateItem", arn, "a desktop cannot report that it is healthy"))
    if made and (bucket := patient.stage.upload_bucket):
        needs.append(Need("s3:PutObject", f"arn:{patient.account.partition}:s3:::{bucket}/*", "sessions are lost"))
    # The stack's own policy is put back under its name, so that the stack can still delete its role.
    yield from _rights(patient, roles[0]["Arn"], "desktop" if made else "elephant-desktop", needs)
    return None


@dataclass(frozen=True, slots=True)
class Need:
    """What a role must be allowed, and what happens where it is not."""

    action: str
    resource: str
    otherwise: str


def _rights(patient: Patient, role_arn: str, policy: str, needs: Collection[Need]) -> Iterator[Finding]:
    """Yield whether a role may do all it needs to; the mend puts a policy that grants just that."""
    role = role_arn.rpartition("/")[2]
    lacking = [need for need in needs if not _may(patient.client("iam"), role_arn, need)]
    statements = [{"Effect": "Allow", "Action": need.action, "Resource": need.resource} for need in needs]
    document = shlex.quote(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    put = f"aws iam put-role-policy --role-name {role} --policy-name {policy} --policy-document {document}"
    if lacking:
        yield fail("; ".join(f"{role} may not {n.action} on {n.resource}: {n.otherwise}" for n in lacking), put)
    else:
        yield ok(f"{role} may do what it has to")


def _may(iam: Any, role_arn: str, need: Need) -> bool:
    reply = iam.simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=[need.action], ResourceArns=[need.resource]
    )
    return all(result["EvalDecision"] == "allowed" for result in reply["EvaluationResults"])


# --- names


def zone(patient: Patient) -> Iterator[Finding]:
    """The secret holds a token that may edit the zone, and the domain is the zone's own."""
    secret = patient.outputs.get("DnsSecretName")
    if not secret:
        return (yield ok("the secret for the DNS token will be made by make deploy"))
    fill = patient.aws(f"secretsmanager put-secret-value --secret-id {secret} --secret-string")
    fill += f" '{json.dumps({KEYS[1]: '...'})}'"
    text = None
    with if_there():
        text = patient.client("secretsmanager").get_secret_value(SecretId=secret).get("SecretString", "")
    if text is None:
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
    tables, found = patient.client("dynamodb"), None
    with if_there():
        found = tables.describe_table(TableName=name)["Table"]
    if found is None:
        return (yield fail(f"the table {name} is gone", "docs/deploy.md#the-table"))
    sound = True
    for finding in (_table_status(patient, found), _index(patient, found), _stream(patient, found)):
        if finding:
            sound = False
            yield finding
    if sound:
        yield ok(f"the table {name} is active, with its index and stream")
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        turn_on = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        yield warn(
            f"the table {name} cannot be recovered to a point in time",
            patient.aws(f"dynamodb update-continuous-backups --table-name {name} {turn_on}"),
        )
    return None


def _table_status(patient: Patient, found: Mapping[str, Any]) -> Finding | None:
    if found["TableStatus"] == "ACTIVE":
        return None
    wait = patient.aws(f"dynamodb wait table-exists --table-name {found['TableName']}")
    return fail(f"the table {found['TableName']} is {found['TableStatus']}", wait)


def _index(patient: Patient, found: Mapping[str, Any]) -> Finding | None:
    indexes = {
        index["IndexName"]: index.get("IndexStatus", "ACTIVE") for index in found.get("GlobalSecondaryIndexes", [])
    }
    if (status := indexes.get(OPEN_INDEX)) == "ACTIVE":
        return None
    if status:
        return fail(f"the index {OPEN_INDEX} is {status}", f"wait some minutes, then {patient.make('doctor')}")
    create = {
        "IndexName": OPEN_INDEX,
        "KeySchema": [{"AttributeName": "open", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    add = f"dynamodb update-table --table-name {found['TableName']} --attribute-definitions "
    add += "AttributeName=open,AttributeType=S --global-secondary-index-updates "
    return fail(
        f"the table has no index {OPEN_INDEX}", patient.aws(add + shlex.quote(json.dumps([{"Create": create}])))
    )


def _stream(patient: Patient, found: Mapping[str, Any]) -> Finding | None:
    view = found.get("StreamSpecification", {}).get("StreamViewType")
    if view == "NEW_AND_OLD_IMAGES":
        return None
    update = patient.aws(
        f"dynamodb update-table --table-name {found['TableName']} --stream-specification StreamEnabled="
    )
    wait = patient.aws(f"dynamodb wait table-exists --table-name {found['TableName']}")
    steps = [f"{update}false", wait] if view else []  # a stream's view cannot be changed, only another stream made
    steps += [f"{update}true,StreamViewType=NEW_AND_OLD_IMAGES", wait, patient.make("deploy")]
    return fail(f"the table has a stream of {view or 'nothing'}, not NEW_AND_OLD_IMAGES", " && ".join(steps))


def functions(patient: Patient) -> Iterator[Finding]:
    """Every function is there and active, and knows the table's present stream."""
    absent, sound = [], True
    for name in FUNCTIONS:
        deployed = patient.stage.function(name)
        found = None
        with if_there():
            found = patient.client("lambda").get_function_configuration(FunctionName=deployed)
        if found is None:
            absent.append(name)
            continue
        state, environment = found.get("State", "Active"), found.get("Environment", {}).get("Variables", {})
        if state == "Pending":
            sound = False
            yield fail(
                f"{name} is still being made", patient.aws(f"lambda wait function-active --function-name {deployed}")
            )
        elif state == "Failed":
            sound = False
            anew = patient.aws(f"lambda delete-function --function-name {deployed}")
            why = found.get("StateReason", "no reason given")
            yield fail(f"{name} could not be made: {why}", f"{anew} && {patient.make('deploy')}")
        if environment.get("STREAM_ARN") != patient.stream:
            sound = False
            yield fail(f"{name} was deployed for another stream than the table has", patient.make("deploy"))
    if absent:
        yield fail(f"not deployed: {', '.join(absent)}", patient.make("deploy"))
    elif sound:
        yield ok(f"all {len(FUNCTIONS)} functions are there")


def rules(patient: Patient) -> Iterator[Finding]:
    """The clock sets the sweep off, and EC2's events the watchdog."""
    events = patient.client("events")
    off = []
    for name in ("sweep", "dns_watchdog"):
        target = patient.account.arn("lambda", f"function:{patient.stage.function(name)}")
        found = events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
        if not any(events.describe_rule(Name=rule)["State"] == "ENABLED" for rule in found):
            off.append(name)
    if off:
        yield fail(f"no rule that is on sets off: {', '.join(off)}", patient.make("deploy"))
    else:
        yield ok("the rules that set off sweep and dns_watchdog are on")


def stream(patient: Patient) -> Iterator[Finding]:
    """The table's stream reaches its function, with the settings that keep a bad record from blocking it."""
    name = patient.stage.function("stream_terminator")
    try:
        mapping = triggers.stream_mapping(patient.client("lambda"), name, patient.stream)
    except StageError as error:
        return (yield fail(str(error), patient.make("deploy")))
    if mapping["State"] != "Enabled":
        enable = patient.aws(f"lambda update-event-source-mapping --uuid {mapping['UUID']} --enabled")
        return (yield fail(f"the stream's mapping is {mapping['State']}", enable))
    unset = [key for key, value in triggers.STREAM.items() if mapping.get(key) != value]
    queue = mapping.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if queue != patient.outputs["DeadRecordsArn"]:
        unset.append("its failure queue")
    if unset:
        yield fail(f"the stream's mapping lacks {', '.join(unset)}", patient.make("deploy"))
    elif mapping.get("LastProcessingResult", "").startswith(_BAD_BATCH):
        logs = patient.aws(f"logs tail /aws/lambda/{name} --since 1h")
        yield warn(f"the stream's last batch: {mapping['LastProcessingResult']}", logs)
    else:
        yield ok("the table's stream reaches its function")
    return None


def timers(patient: Patient) -> Iterator[Finding]:
    """Timers have their group, and a role that may fire them and keep those that fail."""
    name = patient.outputs["TimersGroup"]
    state = "gone"
    with if_there():
        state = patient.client("scheduler").get_schedule_group(Name=name)["State"]
    if state == "ACTIVE":
        yield ok(f"timers have their group {name}")
    else:
        yield fail(f"the schedule group {name} is {state}", CHANGED_BY_HAND)
    needs = [
        Need("lambda:InvokeFunction", patient.account.arn("lambda", f"function:{patient.stage.function(target)}"), so)
        for target, so in (("launch_ec2", "desktops wait for the sweep"), ("safety_net", "so do no-shows"))
    ]
    needs.append(Need("sqs:SendMessage", patient.outputs["DeadLettersArn"], "timers that fail leave no trace"))
    yield from _rights(patient, patient.outputs["TimersRoleArn"], "fire", needs)


def alarms(patient: Patient) -> Iterator[Finding]:
    """No alarm rings, and somebody hears it when one does."""
    cloudwatch = patient.client("cloudwatch")
    prefix = f"{patient.stage.stack}-"
    found = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
    made_by = patient.now() - _FIRST_SWEEPS
    # It rings from the moment it is made until the first sweeps are counted.
    ringing = [
        alarm
        for alarm in found
        if alarm["AlarmName"] != f"{prefix}sweep-stopped" or alarm["AlarmConfigurationUpdatedTimestamp"] < made_by
    ]
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

AFTER: dict[str, Check] = {check.__name__: check for check in (table, functions, rules, stream, timers, alarms)}
"""What can be told only once there is a stack."""
