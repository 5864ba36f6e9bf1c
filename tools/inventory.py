"""What Chalice made of a stage, found in the account by the names that it bears: no record is needed for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from boto3 import Session

from chalicelib.domain.model import PROJECT
from tools import triggers
from tools.account import Clients
from tools.errors import ignore_not_found
from tools.record import Record
from tools.stage import APP, FUNCTIONS, Stage

_STREAM_FUNCTION = "stream_terminator"
_DOMAINS = {"aws-cn": "amazonaws.com.cn", "aws-iso": "c2s.ic.gov", "aws-iso-b": "sc2s.sgov.gov"}
"""Where AWS's addresses end, by partition, where that is not amazonaws.com."""


def functions(stage: Stage, client: Clients) -> dict[str, dict[str, Any]]:
    """Return the configurations of those functions of the stage that are there, by their names in Chalice."""
    found: dict[str, dict[str, Any]] = {}
    for name in FUNCTIONS:
        with ignore_not_found():
            found[name] = client("lambda").get_function_configuration(FunctionName=stage.function(name))
    return found


def environment(stage: Stage, client: Clients) -> dict[str, str]:
    """Return the environment that the functions have now, empty where there are none."""
    found = functions(stage, client).get("api_handler", {})
    return dict((found.get("Environment") or {}).get("Variables", {}))


def apis(stage: Stage, client: Clients) -> list[str]:
    """Return the ids of the APIs that are the stage's, the oldest first: every stage's bears the same name.

    They call its function, or bear its tags.

    There is more than one where Chalice was run without its record. All of them work; the oldest is the one whose
    address people have.
    """
    gateway, target = client("apigateway"), f":function:{stage.function('api_handler')}/"
    named = [
        api
        for page in gateway.get_paginator("get_rest_apis").paginate()
        for api in page["items"]
        if api["name"] == APP and (_is_made_for(stage, api) or _calls(gateway, api["id"], target))
    ]
    return [api["id"] for api in sorted(named, key=lambda api: api["createdDate"])]


def _is_made_for(stage: Stage, api: Mapping[str, Any]) -> bool:
    """Return whether a deploy has made this API for the stage, be it still empty."""
    return bool(api.get("tags", {}) | tags(stage) == api.get("tags", {}))


def tags(stage: Stage) -> dict[str, str]:
    """Return the tags of an API that a deploy makes for the stage."""
    return {"Project": PROJECT, "Stage": stage.name}


def api(stage: Stage, record: Record, client: Clients) -> str:
    """Return the id of the API that the stage has: the recorded one where that is there; empty where there is none."""
    found = apis(stage, client)
    return next((api for api in _recorded_apis(record) if api in found), next(iter(found), ""))


def _recorded_apis(record: Record) -> list[str]:
    return [str(api["rest_api_id"]) for api in record.resources("rest_api")]


def _calls(gateway: Any, api: str, target: str) -> bool:
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
    return any(
        target in method.get("methodIntegration", {}).get("uri", "")
        for page in pages
        for resource in page["items"]
        for method in resource.get("resourceMethods", {}).values()
    )


def resources(stage: Stage, client: Clients, *, stream: str = "", api: str = "") -> list[dict[str, Any]]:
    """Return what Chalice made of the stage as Chalice itself records it.

    Where there are several streams mapped or several APIs, those named here are preferred. Roles are not Chalice's:
    `wiring.roles` makes them.
    """
    there = functions(stage, client)
    found: list[dict[str, Any]] = [
        {"name": name, "resource_type": "lambda_function", "lambda_arn": configuration["FunctionArn"]}
        for name, configuration in there.items()
    ]
    for rule in triggers.rules(stage, client):
        name = rule["Name"].removeprefix(f"{stage.stack}-")
        found.append({"name": name, "resource_type": "cloudwatch_event", "rule_name": rule["Name"]})
    if _STREAM_FUNCTION in there:
        mapped = sorted(triggers.mappings(stage, client).items(), key=lambda mapping: mapping[1] != stream)
        found += [
            {
                "name": f"{_STREAM_FUNCTION}-dynamodb-event-source",
                "resource_type": "dynamodb_event",
                "stream_arn": of,
                "event_uuid": uuid,
                "lambda_arn": there[_STREAM_FUNCTION]["FunctionArn"],
            }
            for uuid, of in mapped[:1]
        ]
    calling = sorted(apis(stage, client), key=lambda calls: calls != api)
    return found + [as_recorded(stage, calls) for calls in calling[:1]]


def as_recorded(stage: Stage, api: str) -> dict[str, Any]:
    """Return an API as Chalice records it."""
    return {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": api, "rest_api_url": address(stage, api)}


def find_again(stage: Stage, record: Record, client: Clients, *, stream: str = "") -> bool:
    """Bring Chalice's record to what is in the account, wherever it was deployed from; return whether that changed it.

    `stream` is the one that the table has, empty where that does not matter.
    """
    api = next(iter(_recorded_apis(record)), "")
    return record.bring_up(resources(stage, client, stream=stream, api=api))


def address(stage: Stage, api: str) -> str:
    """Return the address of an API of the stage."""
    suffix = _DOMAINS.get(Session().get_partition_for_region(stage.region), "amazonaws.com")
    return f"https://{api}.execute-api.{stage.region}.{suffix}/{stage.name}/"
