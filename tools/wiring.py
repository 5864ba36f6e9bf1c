"""What Chalice cannot say of the functions that it deploys.

How often an event is tried again, and where it goes when it is given up; how long logs are kept; that rules are
on; that a function may do what its policy says and nothing else.

Each setting is read first and written only where it differs, so that a second run changes nothing, and
what somebody has changed by hand is put right.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from tools import triggers
from tools.account import Clients
from tools.build import Record, mappings
from tools.errors import ignore_not_found
from tools.stage import FUNCTIONS, Stage, StageError
from tools.triggers import STREAM, stream_mapping

RETRIES: dict[str, tuple[int, int]] = {
    "launch_ec2": (2, 3600),
    "safety_net": (2, 3600),
    "dns_watchdog": (2, 3600),
    "sweep": (0, 60),
}
"""How often Lambda tries a failed event again, and for how long (seconds). The next sweep is a minute away anyhow."""

LOSES_NOTHING = "sweep"
"""The function whose failed events are not kept: the next sweep makes them good, and an alarm tells of failures."""

ERRORS = ("DEFAULT_4XX", "DEFAULT_5XX")
"""What API Gateway answers in the app's stead: an unknown path, a throttled request, a function that timed out."""

LIKE_THE_APP: dict[str, Any] = {
    "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
    "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
}
"""JSON with a message that a page on any host may read, as the contract promises of errors too."""

_POLL_S = 1.0
_POLLS = 120
_SETTLED = ("Enabled", "Disabled")
_OFF = ("Disabled", "Disabling")
_ROLE_LAGS = ("execution role", "The destination ARN", "Please ensure the role can perform")
"""In the words with which Lambda refuses a queue or a stream that a new role may not use yet."""


def prepare(stage: Stage, outputs: Mapping[str, str], record: Record, client: Clients) -> list[str]:
    """Make ready what Chalice's deploy relies on; return what had to be changed."""
    kept = [name for name in FUNCTIONS if _keep_log(stage, name, client("logs"))]
    changed = [f"logs are kept for {stage.log_retention_days} days: {', '.join(kept)}"] if kept else []
    if _unmap_others(stage, outputs["StreamArn"], record, client):
        changed.append("an earlier table's stream was unmapped")
    return changed


def _keep_log(stage: Stage, name: str, logs: Any) -> bool:
    """Make sure of a function's log group, tagged, and of its days, before the function makes one for ever."""
    group, tags = stage.log_group(name), {"Project": "Elephant", "Stage": stage.name}
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=group)
    stands = next((g for page in pages for g in page["logGroups"] if g["logGroupName"] == group), None)
    if stands is None:
        logs.create_log_group(logGroupName=group, tags=tags)
    else:
        arn = stands["arn"].removesuffix(":*")
        if stands.get("retentionInDays") == stage.log_retention_days and _holds(
            logs.list_tags_for_resource(resourceArn=arn)["tags"], tags
        ):
            return False
        logs.tag_resource(resourceArn=arn, tags=tags)
    logs.put_retention_policy(logGroupName=group, retentionInDays=stage.log_retention_days)
    return True


def _unmap_others(stage: Stage, stream: str, record: Record, client: Clients) -> bool:
    """Take every stream but this one from its function.

    Chalice compares the stream that it recorded with itself, so of its own accord it would never map another.
    """
    forgotten = [found for found in record.resources("dynamodb_event") if found["stream_arn"] != stream]
    for found in forgotten:
        record.forget(found)
    others = [mapping for mapping, of in mappings(stage, client).items() if of != stream]
    for mapping in others:
        with ignore_not_found():
            client("lambda").delete_event_source_mapping(UUID=mapping)
    return bool(forgotten or others)


def wire(
    stage: Stage,
    outputs: Mapping[str, str],
    policies: Mapping[str, Mapping[str, Any]],
    client: Clients,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Bring the deployed functions to the settings above and to their policies; return what had to be changed.

    Raises:
        StageError: the stream is not mapped to its function, or not exactly once.
    """
    functions = client("lambda")
    changed = [
        f"{name} is tried again {retries} times within {age_s} s"
        for name, (retries, age_s) in RETRIES.items()
        if _wire_events(
            functions,
            stage.function(name),
            retries,
            age_s,
            None if name == LOSES_NOTHING else outputs["DeadLettersArn"],
            sleep,
        )
    ]
    if _wire_stream(functions, stage.function("stream_terminator"), outputs, sleep):
        changed.append("the stream's mapping bisects, gives up and filters")
    changed += [
        f"{name} has its own policy again, and no other"
        for name in FUNCTIONS
        if _wire_role(client("iam"), stage.role(name), policies[name])
    ]
    events = client("events")
    for rule in triggers.rules(stage, client):
        if rule["State"] != "ENABLED":
            events.enable_rule(Name=rule["Name"])
            changed.append(f"the rule {rule['Name']} is on again")
    return changed


def wire_api(api: str, stage: Stage, gateway: Any) -> list[str]:
    """Let API Gateway's own errors be like the app's; return what had to be changed. `api` is the REST API's id."""
    stand = {kind: gateway.get_gateway_response(restApiId=api, responseType=kind) for kind in ERRORS}
    astray = [kind for kind, stands in stand.items() if not _holds(stands, LIKE_THE_APP)]
    for kind in astray:
        gateway.put_gateway_response(restApiId=api, responseType=kind, **LIKE_THE_APP)
    if astray:
        gateway.create_deployment(restApiId=api, stageName=stage.name)
    return ["pages elsewhere may read the gateway's own errors"] if astray else []


def _wire_role(iam: Any, role: str, policy: Mapping[str, Any]) -> bool:
    """Leave a function's role the policy that Chalice gives it, under the role's own name, and no other."""
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    stand = {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    if stand == {role: policy} and not attached:
        return False
    iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=json.dumps(policy))
    for name in stand.keys() - {role}:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for other in attached:
        iam.detach_role_policy(RoleName=role, PolicyArn=other["PolicyArn"])
    return True


def _wire_events(
    functions: Any, name: str, retries: int, age_s: int, queue: str | None, sleep: Callable[[float], None]
) -> bool:
    wanted: dict[str, Any] = {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": age_s}
    stands: Mapping[str, Any] = {}
    with ignore_not_found():
        stands = functions.get_function_event_invoke_config(FunctionName=name)
    kept_in = stands.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if _holds(stands, wanted) and kept_in == queue:
        return False
    if queue:
        wanted["DestinationConfig"] = {"OnFailure": {"Destination": queue}}
    once_role_holds(lambda: functions.put_function_event_invoke_config(FunctionName=name, **wanted), sleep)
    return True


def once_role_holds(change: Callable[[], object], sleep: Callable[[float], None] = time.sleep) -> None:
    """Make a change that Lambda refuses while IAM has not spread a function's policy yet."""
    for _ in range(_POLLS):
        try:
            change()
        except ClientError as error:
            if not any(words in str(error) for words in _ROLE_LAGS):
                raise
            sleep(_POLL_S)
        else:
            return
    change()


def _wire_stream(functions: Any, name: str, outputs: Mapping[str, str], sleep: Callable[[float], None]) -> bool:
    wanted = STREAM | {"DestinationConfig": {"OnFailure": {"Destination": outputs["DeadRecordsArn"]}}}
    mapping = stream_mapping(functions, name, outputs["StreamArn"])
    if _holds(mapping, wanted) and mapping["State"] not in _OFF:
        return False
    _settle(functions, mapping["UUID"], sleep)  # Lambda takes no change while it still makes the mapping
    once_role_holds(lambda: functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True, **wanted), sleep)
    _settle(functions, mapping["UUID"], sleep)
    return True


def _settle(functions: Any, mapping: str, sleep: Callable[[float], None]) -> None:
    for _ in range(_POLLS):
        state = functions.get_event_source_mapping(UUID=mapping)["State"]
        if state in _SETTLED:
            return
        sleep(_POLL_S)
    raise StageError(f"The mapping of the stream is still {state} after {_POLLS * _POLL_S:.0f} s; deploy again.")


def _holds(stands: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether every wanted setting stands; AWS adds empty ones of its own to the nested ones."""
    for key, value in wanted.items():
        current = stands.get(key)
        if isinstance(value, Mapping):
            if not isinstance(current, Mapping) or not _holds(current, value):
                return False
        elif current != value:
            return False
    return True
