"""AWS calls to IAM statements, each as narrow as AWS allows. Pure.

A call that is not known here is an error and not a guess. Where a statement is on `*`, AWS knows
nothing narrower for the action, and a comment here says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.dynamodb import INDEXES
from chalicelib.domain.model import PROJECT
from chalicelib.settings import image_parameter
from tools.account import Account
from tools.bus import bus_arn
from tools.site import Provider
from tools.stage import APP, FUNCTIONS, OWN_ITEMS, Stage

Statement = dict[str, Any]

_CALL = re.compile(r"([a-z0-9]+):([A-Za-z0-9]+)(?:\(([A-Za-z,/*-]+)\))?")
_FAILS_TO_QUEUE = ("launch_ec2", "safety_net", "dns_watchdog")


class UnknownCall(Exception):
    """The code makes a call for which this module knows no statement."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the statements are narrowed to: the resources of one stage in one account, and its DNS provider's."""

    account: Account
    stage: Stage
    provider: Provider
    table: str
    desktop_role_arn: str
    security_groups: tuple[str, ...]
    bucket: str
    suffix: str = ""

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the stage's Region and account."""
        return self.account.arn(service, resource)


def policy(function: str, calls: Collection[str], names: Names) -> dict[str, Any]:
    """Return the IAM policy of a function whose code makes these calls.

    Raises:
        UnknownCall: for a call that this module has no statement for.
    """
    statements = [_logs(function, names), *_by_trigger(function, names)]
    for call in sorted(calls):
        matched = _CALL.fullmatch(call)
        if not matched:
            raise UnknownCall(f"{call!r} is not of the form service:Operation(Parameter,…).")
        service, operation, marks = matched[1], matched[2], (matched[3] or "").split(",")
        if service in names.provider.services:
            statements.append(names.provider.statement(f"{service}:{operation}", names.stage, names.account))
        elif service in _SERVICES:
            statements += _SERVICES[service](operation, marks, names)
        else:
            raise UnknownCall(f"{function} calls {call}; say in tools/grants.py what that takes.")
    return {"Version": "2012-10-17", "Statement": _merged(statements)}


def render(names: Names, calls: Mapping[str, Collection[str]]) -> dict[str, dict[str, Any]]:
    """Return every function's policy for a stage, by the functions' names."""
    return {function: policy(function, calls.get(function, ()), names) for function in FUNCTIONS}


def _merged(statements: list[Statement]) -> list[Statement]:
    """Join statements of one name: their actions and resources."""
    merged: dict[str, Statement] = {}
    for statement in statements:
        joined = merged.setdefault(statement["Sid"], statement | {"Action": [], "Resource": []})
        joined["Action"] = sorted({*joined["Action"], *statement["Action"]})
        joined["Resource"] = sorted({*joined["Resource"], *statement["Resource"]})
    return [merged[sid] for sid in sorted(merged)]


def _allow(sid: str, actions: list[str], resources: list[str], condition: dict[str, Any] | None = None) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return statement | ({"Condition": condition} if condition else {})


# --- what Lambda does in a function's name


def _logs(function: str, names: Names) -> Statement:
    # Not logs:CreateLogGroup: a deploy makes the groups, so that they expire and none outlives its stage.
    group = f"log-group:{names.stage.log_group(function)}:log-stream:*"
    return _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], [names.arn("logs", group)])


def _by_trigger(function: str, names: Names) -> list[Statement]:
    queue = f"{names.stage.stack}-dead-letters"
    if function in _FAILS_TO_QUEUE:
        return [_allow("GiveUp", ["sqs:SendMessage"], [names.arn("sqs", queue)])]
    if function != "stream_terminator":
        return []
    stream = names.arn("dynamodb", f"table/{names.table}/stream/*")
    reads = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    return [
        _allow("GiveUp", ["sqs:SendMessage"], [names.arn("sqs", f"{names.stage.stack}-dead-records")]),
        _allow("ReadStream", reads, [stream]),
        # dynamodb:ListStreams takes no resource.
        _allow("FindStream", ["dynamodb:ListStreams"], ["*"]),
    ]


# --- what the code calls


def _dynamodb(operation: str, marks: list[str], names: Names) -> list[Statement]:
    if own := [mark for mark in marks if mark in OWN_ITEMS]:
        return [_own_items(operation, pattern, names) for pattern in own]
    table = names.arn("dynamodb", f"table/{names.table}")
    if indexes := [f"{table}/index/{mark}" for mark in marks if mark in INDEXES]:
        return [_allow("ReadIndex", [f"dynamodb:{operation}"], indexes)]
    return [_allow("Meetings", [f"dynamodb:{operation}"], [table])]


def _own_items(operation: str, pattern: str, names: Names) -> Statement:
    """Return the statement for these items of the app's own table, and for no other item there."""
    table = names.arn("dynamodb", f"table/{APP}-state-{names.stage.name}")
    of_these = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [pattern]}}
    sid = "".join(word.capitalize() for word in re.findall("[a-z]+", pattern))
    return _allow(sid, [f"dynamodb:{operation}"], [table], of_these)


_ON_THE_BUCKET = {"ListObjectsV2": "s3:ListBucket", "ListMultipartUploads": "s3:ListBucketMultipartUploads"}
_ON_RECORDINGS = {
    "CreateMultipartUpload": "s3:PutObject",  # and so are its parts, by links, and its end
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
}


def _s3(operation: str, _: list[str], names: Names) -> list[Statement]:
    """Return the statement for the recordings' bucket, as long as it is this account's."""
    bucket = f"arn:{names.account.partition}:s3:::{names.bucket}"
    ours = {"StringEquals": {"aws:ResourceAccount": names.account.id}}
    if action := _ON_THE_BUCKET.get(operation):
        return [_allow("ListRecordings", [action], [bucket], ours)]
    if action := _ON_RECORDINGS.get(operation):
        return [_allow("TakeRecordings", [action], [f"{bucket}/*"], ours)]
    if operation == "HeadObject":  # and what an operator opens by the link that is signed then
        return [_allow("LinkToRecordings", ["s3:GetObject"], [f"{bucket}/*"], ours)]
    raise UnknownCall(f"The code calls s3:{operation}; say in tools/grants.py what that takes.")


def _events(operation: str, _: list[str], names: Names) -> list[Statement]:
    """Return the statement for the bus on which others are told; none where nobody is."""
    bus = names.stage.event_bus
    if not bus:
        return []
    return [_allow("TellOthers", [f"events:{operation}"], [bus_arn(bus, names.account)])]


def _scheduler(operation: str, marks: list[str], names: Names) -> list[Statement]:
    timers = names.arn("scheduler", f"schedule/{names.stage.stack}/*")
    found = [_allow("Timers", [f"scheduler:{operation}"], [timers])]
    if "Target" in marks:
        role = names.account.arn("iam", f"role/{names.stage.stack}-timers{names.suffix}", regional=False)
        to = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
        found.append(_allow("PassTimersRole", ["iam:PassRole"], [role], to))
    return found


def _ec2(operation: str, marks: list[str], names: Names) -> list[Statement]:
    if operation.startswith("Describe"):
        # EC2's Describe actions take no resource and no condition on tags.
        return [_allow("LookAtEc2", [f"ec2:{operation}"], ["*"])]
    if operation == "TerminateInstances":
        # IfExists: a desktop that was launched by hand bears no stage and is ended with its meeting all the same.
        of_stage = {
            "StringEquals": {"aws:ResourceTag/Project": PROJECT},
            "StringEqualsIfExists": {"aws:ResourceTag/Stage": names.stage.name},
        }
        return [_allow("EndDesktops", ["ec2:TerminateInstances"], [names.arn("ec2", "instance/*")], of_stage)]
    if operation == "RunInstances":
        return _run_instances(marks, names)
    if operation == "CreateTags":
        # A desktop's deadline moves with its meeting; no other tag changes, and no other project's instance.
        deadline = {
            "StringEquals": {"aws:ResourceTag/Project": PROJECT},
            "StringEqualsIfExists": {"aws:ResourceTag/Stage": names.stage.name},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["Deadline"]},
        }
        return [_allow("MoveDeadline", ["ec2:CreateTags"], [names.arn("ec2", "instance/*")], deadline)]
    raise UnknownCall(f"The code calls ec2:{operation}; say in tools/grants.py what that takes.")


def _run_instances(marks: list[str], names: Names) -> list[Statement]:
    made = [names.arn("ec2", "instance/*"), names.arn("ec2", "volume/*")]
    tagged = {"aws:RequestTag/Project": PROJECT, "aws:RequestTag/Stage": names.stage.name}
    public = f"arn:{names.account.partition}:ec2:{names.account.region}:"
    parameter = image_parameter(names.stage.ami_id)
    used = [
        *(names.arn("ec2", f"security-group/{group}") for group in names.security_groups),
        # Subnets, and the snapshots of an image's volumes, are found at run time, and network interfaces are made:
        # none of them can be named here.
        names.arn("ec2", "subnet/*"),
        names.arn("ec2", "network-interface/*"),
        f"{public}:snapshot/*",
    ]
    used += [names.arn("ec2", f"key-pair/{names.stage.key_name}")] if names.stage.key_name else []
    used += [] if parameter else [f"{public}:image/{names.stage.ami_id}"]
    found = [
        _allow("LaunchTagged", ["ec2:RunInstances"], made, {"StringEquals": tagged}),
        _allow("LaunchFrom", ["ec2:RunInstances"], used),
    ]
    if parameter:
        # Which image the parameter will name is not known here; it is one of the account's own, or Amazon's.
        owned = {"StringEquals": {"ec2:Owner": [names.account.id, "amazon"]}}
        found.append(_allow("LaunchImage", ["ec2:RunInstances"], [f"{public}:image/*"], owned))
        found.append(_allow("ReadImageId", ["ssm:GetParameters"], [_parameter_arn(parameter, names)]))
    found += _encrypted(names)
    if "TagSpecifications" in marks:
        at_launch = {"StringEquals": tagged | {"ec2:CreateAction": "RunInstances"}}
        found.append(_allow("TagAtLaunch", ["ec2:CreateTags"], made, at_launch))
    if "IamInstanceProfile" in marks:
        to = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
        found.append(_allow("PassDesktopRole", ["iam:PassRole"], [names.desktop_role_arn], to))
    return found


def _parameter_arn(parameter: str, names: Names) -> str:
    """Return the ARN of an SSM parameter, which may be named with a version or a label; AWS's own have no account."""
    name = parameter.partition(":")[0].removeprefix("/")
    if name.startswith("aws/"):
        return f"arn:{names.account.partition}:ssm:{names.account.region}::parameter/{name}"
    return names.arn("ssm", f"parameter/{name}")


def _encrypted(names: Names) -> list[Statement]:
    """Return what EC2 needs, in the name of who launches, of the customer key that volumes are encrypted with."""
    key = names.stage.kms_key
    if not key:
        return []
    through_ec2 = {"StringEquals": {"kms:ViaService": f"ec2.{names.account.region}.amazonaws.com"}}
    uses = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext"]
    uses += ["kms:ReEncryptFrom", "kms:ReEncryptTo"]
    for_aws = through_ec2 | {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [_allow("UseDiskKey", uses, [key], through_ec2), _allow("GrantDiskKey", ["kms:CreateGrant"], [key], for_aws)]


_SERVICES: dict[str, Callable[[str, list[str], Names], list[Statement]]] = {
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "events": _events,
    "s3": _s3,
    "scheduler": _scheduler,
}
