"""What Chalice made of a stage, found in the account by the names that it bears: no record is needed for that."""

from __future__ import annotations

from typing import Any

from botocore.session import Session

from tools import triggers
from tools.account import Clients
from tools.errors import ignore_not_found
from tools.record import Record
from tools.stage import APP, FUNCTIONS, Stage

_STREAM_FUNCTION = "stream_terminator"


def functions(stage: Stage, client: Clients) -> dict[str, dict[str, Any]]:
    """Return the configurations of those functions of the stage that are there, by their names in Chalice."""
    found: dict[str, dict[str, Any]] = {}
    for name in FUNCTIONS:
        with ignore_not_found():
            found[name] = client("lambda").get_function_configuration(FunctionName=stage.function(name))
    return found


def apis(stage: Stage, client: Clients) -> list[str]:
    """Return the ids of the APIs that call the stage's function, the oldest first: every stage's bears the same name.

    There is more than one where Chalice was run without its record. All of them work; the oldest is the one whose
    address people have.
    """
    gateway, target = client("apigateway"), f":function:{stage.function('api_handler')}/"
    named = [
        api
        for page in gateway.get_paginator("get_rest_apis").paginate()
        for api in page["items"]
        if api["name"] == APP and _calls(gateway, api["id"], target)
    ]
    return [api["id"] for api in sorted(named, key=lambda api: api["createdDate"])]


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
    return found + [
        {"name": "rest_api", "resource_type": "rest_api", "rest_api_id": calls, "rest_api_url": _url(stage, calls)}
        for calls in calling[:1]
    ]


def find_again(stage: Stage, record: Record, client: Clients, *, stream: str = "") -> bool:
    """Bring Chalice's record to what is in the account, wherever it was deployed from; return whether that changed it.

    `stream` is the one that the table has, empty where that does not matter.
    """
    api = next((str(api["rest_api_id"]) for api in record.resources("rest_api")), "")
    return record.bring_up(resources(stage, client, stream=stream, api=api))


def _url(stage: Stage, api: str) -> str:
    resolver = Session().get_component("endpoint_resolver")
    suffix = resolver.construct_endpoint("apigateway", stage.region)["dnsSuffix"]
    return f"https://{api}.execute-api.{stage.region}.{suffix}/{stage.name}/"
