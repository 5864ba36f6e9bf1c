"""How long the functions' logs are kept."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.model import PROJECT
from tools.stage import FUNCTIONS, Stage
from tools.wiring import settings


def wire(stage: Stage, logs: Any) -> list[str]:
    """Keep every function's log for the stage's days; return what had to be changed. `logs` is CloudWatch's client."""
    changed = [name for name in FUNCTIONS if _keep(stage, name, logs)]
    return [f"logs are kept for {stage.log_retention_days} days: {', '.join(changed)}"] if changed else []


def _keep(stage: Stage, name: str, logs: Any) -> bool:
    """Make sure of a function's log group, tagged, and of its days, before the function makes one for ever."""
    group, tags = stage.log_group(name), {"Project": PROJECT, "Stage": stage.name}
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
    current = next((g for page in pages for g in page["logGroups"] if g["logGroupName"] == group), None)
    if current is None:
        logs.create_log_group(logGroupName=group, tags=tags)
    else:
        arn = current["arn"].removesuffix(":*")
        if current.get("retentionInDays") == stage.log_retention_days and settings.hold(
            logs.list_tags_for_resource(resourceArn=arn)["tags"], tags
        ):
            return False
        logs.tag_resource(resourceArn=arn, tags=tags)
    logs.put_retention_policy(logGroupName=group, retentionInDays=stage.log_retention_days)
    return True
