"""What the functions may do: what their policies say and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tools.stage import FUNCTIONS, Stage


def wire(stage: Stage, policies: Mapping[str, Mapping[str, Any]], iam: Any) -> list[str]:
    """Leave every function's role its policy alone; return what had to be changed. `policies` are by function."""
    return [
        f"{name} has its own policy again, and no other"
        for name in FUNCTIONS
        if _wire_one(iam, stage.role(name), policies[name])
    ]


def _wire_one(iam: Any, role: str, policy: Mapping[str, Any]) -> bool:
    """Leave a role the policy that Chalice gives it, under the role's own name, and no other."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    current = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if current == {role: policy} and not attached:
        return False
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))
    for name in current.keys() - {role}:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for other in attached:
        iam.detach_role_policy(RoleName=role, PolicyArn=other["PolicyArn"])
    return True
