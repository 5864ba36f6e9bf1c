"""The functions' roles: made before Chalice needs them, wide while functions are replaced, and narrow in the end.

Chalice would put a function's new policy before it replaces the function, which goes on with its old environment until
then: whatever is named in that alone (the image before, its security groups) would be refused meanwhile. And it would
name the roles without the Region, though all Regions of an account share their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chalicelib.domain.model import PROJECT
from tools.errors import ignore_not_found
from tools.place import regions_of
from tools.stage import FUNCTIONS, Stage

RUNS_S = 50.0
"""The longest that a function runs on with the environment that it was called with (seconds)."""

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

Policy = Mapping[str, Any]


def widen(stage: Stage, suffix: str, policies: Mapping[str, Policy], iam: Any) -> list[str]:
    """Make the roles that are missing, and let every one do what its function does now and what it will do.

    What has to be changed is returned. `suffix` ends the roles' names, `policies` are by function.
    """
    widened = [name for name in FUNCTIONS if _widen_one(iam, stage, stage.role(name, suffix), policies[name])]
    return [f"may do more, until all functions are replaced: {', '.join(widened)}"] if widened else []


def _widen_one(iam: Any, stage: Stage, role: str, policy: Policy) -> bool:
    found = None
    with ignore_not_found():
        found = iam.get_role(RoleName=role)["Role"]
    if found is None:
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(_TRUST), Tags=_tags(stage))
    elif {"Key": "Region", "Value": stage.region} not in found.get("Tags", []):
        iam.tag_role(RoleName=role, Tags=_tags(stage))
    current = _inline(iam, role).get(role)
    wide = policy if current is None else union(current, policy)
    if wide == current:
        return False
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(wide))
    return True


def union(current: Policy, wanted: Policy) -> Policy:
    """Return a policy that allows what either allows; `current` itself where that is it.

    Statements that differ in their resources alone are joined, so that a policy does not grow out of IAM's limit.
    """
    statements = _statements(current)
    for statement in _statements(wanted):
        same = next((found for found in statements if _but_for_resources(found) == _but_for_resources(statement)), None)
        if same is None:
            statements.append(statement)
        elif not _resources(statement) <= _resources(same):
            same["Resource"] = sorted(_resources(same) | _resources(statement))
    for number, statement in enumerate(statements):
        if statement.get("Sid") in [other.get("Sid") for other in statements[:number]]:
            statement.pop("Sid", None)
    return {**current, "Statement": statements}


def _statements(policy: Policy) -> list[dict[str, Any]]:
    """Return copies of a policy's statements; IAM takes one alone without a list, too."""
    listed = policy["Statement"]
    return [dict(statement) for statement in (listed if isinstance(listed, list) else [listed])]


def _but_for_resources(statement: Policy) -> dict[str, Any]:
    rest = {key: value for key, value in statement.items() if key not in ("Sid", "Resource")}
    return rest if "Resource" in statement else dict(statement)


def _resources(statement: Policy) -> set[str]:
    resources = statement.get("Resource", [])
    return {resources} if isinstance(resources, str) else set(resources)


def narrow(
    stage: Stage, suffix: str, policies: Mapping[str, Policy], iam: Any, before: Callable[[], object]
) -> list[str]:
    """Leave every function's role its policy alone; return what had to be changed.

    `before` is called before the first role loses anything.
    """
    changed: list[str] = []
    for name in FUNCTIONS:
        role = stage.role(name, suffix)
        inline, attached = _inline(iam, role), iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        if inline == {role: policies[name]} and not attached:
            continue
        if not changed:
            before()
        _leave(iam, role, policies[name], inline, attached)
        changed.append(f"{name} has its own policy again, and no other")
    return changed


def _leave(iam: Any, role: str, policy: Policy, inline: Iterable[str], attached: Iterable[Mapping[str, str]]) -> None:
    """Leave a role this policy, under the role's own name, and no other."""
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))
    for name in set(inline) - {role}:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for other in attached:
        iam.detach_role_policy(RoleName=role, PolicyArn=other["PolicyArn"])


def of_stage(stage: Stage, iam: Any) -> list[str]:
    """Return the names of the functions' roles that are this stage's here, and not those of its namesake elsewhere."""
    names = [stage.role(name, suffix) for name in FUNCTIONS for suffix in ("", f"-{stage.region}")]
    return [name for name in names if _is_here(iam, name, stage.region)]


def _is_here(iam: Any, role: str, region: str) -> bool:
    """Return whether a role is there, and of this Region; one that names none was never used."""
    with ignore_not_found():
        regions = _regions(iam, role)
        return not regions or region in regions
    return False


def _regions(iam: Any, role: str) -> set[str]:
    """Return the Regions that a role is for. Until 0.2.0 only its last use and its policies said so."""
    found = iam.get_role(RoleName=role)["Role"]
    tagged = {tag["Value"] for tag in found.get("Tags", []) if tag["Key"] == "Region"}
    used = {found.get("RoleLastUsed", {}).get("Region", "")} - {""}
    return tagged or used or regions_of(_inline(iam, role).values())


def regions_of_stage(stage: Stage, iam: Any) -> set[str]:
    """Return the Regions of the account for which a stage of this name has roles."""
    own = re.compile(f"{stage.stack}-({'|'.join((*FUNCTIONS, 'timers'))})(-[a-z0-9-]+)?")
    listed = [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
    return {region for role in listed if own.fullmatch(role) for region in _regions(iam, role)}


def remove(role: str, iam: Any) -> None:
    """Remove a role with its policies; one that is gone already is fine."""
    with ignore_not_found():
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=policy)
        for attached in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=role, PolicyArn=attached["PolicyArn"])
        iam.delete_role(RoleName=role)


def _inline(iam: Any, role: str) -> dict[str, Any]:
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}


def _tags(stage: Stage) -> list[dict[str, str]]:
    of = {"Project": PROJECT, "Stage": stage.name, "Region": stage.region}
    return [{"Key": key, "Value": value} for key, value in of.items()]
