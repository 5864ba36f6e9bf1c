"""What API Gateway does in the app's stead: it limits who asks how often, and answers what never reaches the app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tools.errors import ignore_not_found
from tools.stage import APP, Stage
from tools.wiring import settings

_ANYWHERE = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
LIKE_THE_APP: dict[str, Any] = {
    "responseParameters": _ANYWHERE,
    "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
}
"""JSON with a message that a page on any host may read, as the contract promises of errors too."""

TOO_OFTEN: dict[str, Any] = {
    "statusCode": "429",
    "responseParameters": _ANYWHERE
    | {
        "gatewayresponse.header.Access-Control-Expose-Headers": "'Retry-After'",
        "gatewayresponse.header.Retry-After": "'5'",
    },
    "responseTemplates": {
        "application/json": '{"message":"Too many people ask at this moment; try again in a few seconds."}'
    },
}
"""The same, with when to try again: it passes. A page that waits asks again after five seconds anyhow."""

ERRORS = {"DEFAULT_4XX": LIKE_THE_APP, "DEFAULT_5XX": LIKE_THE_APP, "THROTTLED": TOO_OFTEN}

LIMITS: dict[str, tuple[float, int]] = {
    "~1schedule/POST": (5, 20),
    "~1/POST": (5, 20),
    "~1join~1{meetingId}~1{role}/GET": (1000, 2000),
    "*/*": (500, 1000),
}
"""By method, as API Gateway spells paths: requests a second, and how many may come at once.

A school's form schedules a class in one go, and nobody schedules faster. 2,000 people who wait ask 400 times a second;
all of them may open their link at the same full minute. Everything else, what desktops call too, has the last row: all
routes are one function, so that none may take every execution from those who join.
"""


def wire(api: str, stage: Stage, gateway: Any) -> list[str]:
    """Let the gateway limit each method, and answer like the app; return what had to be changed. `api` is its id.

    A deployment takes limits away, so they come last.
    """
    changes = []
    current = {kind: gateway.get_gateway_response(restApiId=api, responseType=kind) for kind in ERRORS}
    others = {kind: wanted for kind, wanted in ERRORS.items() if not settings.hold(current[kind], wanted)}
    for kind, wanted in others.items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **wanted)
    if others:
        gateway.create_deployment(restApiId=api, stageName=stage.name)
        changes.append("pages elsewhere may read the gateway's own errors")
    if lacking := unlimited(api, stage, gateway):
        patches = [patch for method in lacking for patch in _patches(method)]
        gateway.update_stage(restApiId=api, stageName=stage.name, patchOperations=patches)
        changes.append("the gateway limits how often each method is called")
    return changes


def unlimited(api: str, stage: Stage, gateway: Any) -> list[str]:
    """Return the methods, as `LIMITS` spells them, that have not their limits."""
    settings_ = gateway.get_stage(restApiId=api, stageName=stage.name).get("methodSettings", {})
    stands = {_plain(method): found for method, found in settings_.items()}
    return [
        method
        for method, (rate, burst) in LIMITS.items()
        if not settings.hold(
            stands.get(_plain(method), {}), {"throttlingRateLimit": float(rate), "throttlingBurstLimit": burst}
        )
    ]


def apis(stage: Stage, gateway: Any) -> Iterator[str]:
    """Yield the ids of the REST APIs that are deployed for a stage."""
    for page in gateway.get_paginator("get_rest_apis").paginate():
        for api in page["items"]:
            if api["name"] == APP:
                with ignore_not_found():
                    gateway.get_stage(restApiId=api["id"], stageName=stage.name)
                    yield api["id"]


def _plain(method: str) -> str:
    """Return a method as it is read back, whether its path's slashes are escaped and whether it begins with one."""
    return method.replace("~1", "/").lstrip("/")


def _patches(method: str) -> list[dict[str, str]]:
    rate, burst = LIMITS[method]
    return [
        {"op": "replace", "path": f"/{method}/throttling/rateLimit", "value": str(rate)},
        {"op": "replace", "path": f"/{method}/throttling/burstLimit", "value": str(burst)},
    ]
