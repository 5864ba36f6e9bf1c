"""What the desktops' role and the timers' role may do."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.settings import Client
from tools.errors import ignore_not_found
from tools.findings import CHANGED_BY_HAND, Finding, fail, ok, warn
from tools.site import Site

WRITTEN_BY_SCRIPTS = ("id", "status", "instance_id", "teacher_session_data", "student_session_data")
"""The attributes that desktops with scripts write, and the key by which they name the row."""

_NARROWED: dict[str, Any] = {
    "ForAllValues:StringEquals": {"dynamodb:Attributes": list(WRITTEN_BY_SCRIPTS)},
    "Null": {"dynamodb:Attributes": "false"},
    "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
}
"""On which condition desktops with scripts may update rows, as the template has it."""


def instance_profile(site: Site) -> Iterator[Finding]:
    """The desktops' role may read DCV's licence, and what its client needs: the table and the bucket, or the API."""
    if not site.profile:
        yield ok("the instance profile will be made by make deploy")
        return
    if not site.roles:
        yield fail(
            f"the instance profile {site.profile} does not exist or holds no role",
            f"leave desktops.instance_profile in {site.file} empty to have one made"
            if site.stage.instance_profile
            else CHANGED_BY_HAND,
        )
        return
    made = not site.stage.instance_profile
    licence = f"arn:{site.account.partition}:s3:::dcv-license.{site.stage.region}/*"
    needs = [Need("s3:GetObject", licence, "DCV refuses sessions without its licence")]
    scripts = site.desktop_client is Client.SCRIPTS
    if (table := site.outputs.get("TableName")) and scripts:
        arn = site.account.arn("dynamodb", f"table/{table}")
        needs.append(Need("dynamodb:Scan", arn, "a desktop cannot find its meeting"))
        sent = {"dynamodb:Attributes": WRITTEN_BY_SCRIPTS, "dynamodb:ReturnValues": ("NONE",)}
        needs.append(
            Need("dynamodb:UpdateItem", arn, "a desktop cannot report that it is healthy", sent, condition=_NARROWED)
        )
    if made and scripts and (bucket := site.stage.upload_bucket or site.outputs.get("RecordingsBucket", "")):
        needs.append(Need("s3:PutObject", f"arn:{site.account.partition}:s3:::{bucket}/*", "sessions are lost"))
    if not scripts and site.api:
        routes = site.account.arn("execute-api", f"{site.api}/{site.stage.name}/*/desktop/*")
        needs.append(Need("execute-api:Invoke", routes, "a desktop cannot ask whose it is, nor say that it is ready"))
    # The stack's own policy is put back under its name, so that the stack can still delete its role.
    yield from _rights(site, site.roles[0]["Arn"], "desktop" if made else "elephant-desktop", needs)
    if table and scripts:
        yield from _wider(site, site.account.arn("dynamodb", f"table/{table}"))
    if not scripts:
        yield from _trust(site.roles[0])


def _wider(site: Site, table: str) -> Iterator[Finding]:
    """Yield whether desktops with scripts may write more of a row than their scripts do."""
    role, sent = site.roles[0], {"dynamodb:Attributes": ("id", "meet_time"), "dynamodb:ReturnValues": ("NONE",)}
    if may(site, role["Arn"], "dynamodb:UpdateItem", table, sent):
        narrow = f"let it dynamodb:UpdateItem on this condition only: {json.dumps(_NARROWED)}"
        yield warn(
            f"{role['RoleName']} may write every attribute of every meeting: a desktop's scripts write four",
            narrow if site.stage.instance_profile else f"{site.make('deploy')}, or {CHANGED_BY_HAND}",
        )


def _trust(role: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield whether others than EC2 may assume the role: who assumes it chooses in whose name it speaks."""
    document = role.get("AssumeRolePolicyDocument") or {}
    listed = document.get("Statement", [])
    statements = listed if isinstance(listed, list) else [listed]
    others = {
        str(who)
        for statement in statements
        if statement.get("Effect") == "Allow"
        for who in _principals(statement.get("Principal", "*"))
        if not who.startswith("ec2.amazonaws.com")
    }
    if others:
        name = role["RoleName"]
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        alone = shlex.quote(json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
        yield warn(
            f"{name} may be assumed by {', '.join(sorted(others))}, who could speak for any desktop",
            f"aws iam update-assume-role-policy --role-name {name} --policy-document {alone}",
        )


def _principals(told: Any) -> Iterator[str]:
    for named in told.values() if isinstance(told, Mapping) else [told]:
        yield from [named] if isinstance(named, str) else named


def timers(site: Site) -> Iterator[Finding]:
    """Timers have their group, and a role that may fire them and keep those that fail."""
    name = site.outputs["TimersGroup"]
    state = "gone"
    with ignore_not_found():
        state = site.client("scheduler").get_schedule_group(Name=name)["State"]
    if state == "ACTIVE":
        yield ok(f"timers have their group {name}")
    else:
        yield fail(f"the schedule group {name} is {state}", CHANGED_BY_HAND)
    needs = [
        Need("lambda:InvokeFunction", site.account.arn("lambda", f"function:{site.stage.function(target)}"), so)
        for target, so in (("launch_ec2", "desktops wait for the sweep"), ("safety_net", "so do no-shows"))
    ]
    needs.append(Need("sqs:SendMessage", site.outputs["DeadLettersArn"], "timers that fail leave no trace"))
    yield from _rights(site, site.outputs["TimersRoleArn"], "fire", needs)


@dataclass(frozen=True, slots=True)
class Need:
    """What a role must be allowed, and what happens where it is not.

    `sent` are the keys of conditions that such a request bears, `condition` is the one that it is allowed on.
    """

    action: str
    resource: str
    otherwise: str
    sent: Mapping[str, Collection[str]] = field(default_factory=dict)
    condition: Mapping[str, Any] = field(default_factory=dict)

    def statement(self) -> dict[str, Any]:
        """Return the statement that allows it."""
        allowed = {"Effect": "Allow", "Action": self.action, "Resource": self.resource}
        return allowed | ({"Condition": self.condition} if self.condition else {})


def _rights(site: Site, role_arn: str, policy: str, needs: Collection[Need]) -> Iterator[Finding]:
    """Yield whether a role may do all it needs to; the remedy puts a policy that grants just that."""
    role = role_arn.rpartition("/")[2]
    lacking = [need for need in needs if not may(site, role_arn, need.action, need.resource, need.sent)]
    statements = [need.statement() for need in needs]
    document = shlex.quote(json.dumps({"Version": "2012-10-17", "Statement": statements}))
    put = f"aws iam put-role-policy --role-name {role} --policy-name {policy} --policy-document {document}"
    if lacking:
        yield fail("; ".join(f"{role} may not {n.action} on {n.resource}: {n.otherwise}" for n in lacking), put)
    else:
        yield ok(f"{role} may do what it has to")


def may(
    site: Site, role_arn: str, action: str, resource: str, context: Mapping[str, Collection[str]] | None = None
) -> bool:
    """Return whether a role is allowed this; `context` are the keys that its policies' conditions ask for."""
    entries = [
        {
            "ContextKeyName": name,
            "ContextKeyValues": list(values),
            "ContextKeyType": "stringList" if len(values) > 1 else "string",
        }
        for name, values in (context or {}).items()
    ]
    reply = site.client("iam").simulate_principal_policy(
        PolicySourceArn=role_arn, ActionNames=[action], ResourceArns=[resource], ContextEntries=entries
    )
    return all(result["EvalDecision"] == "allowed" for result in reply["EvaluationResults"])
