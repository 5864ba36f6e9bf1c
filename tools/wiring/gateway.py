"""What API Gateway does in the app's stead: it limits who asks how often, and answers what never reaches the app."""

from __future__ import annotations

from typing import Any

from tools import inventory
from tools.limits import LIMITS, unlimited
from tools.record import Record
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


_AT_ONCE = 10  # methods of one request


def make(stage: Stage, record: Record, gateway: Any) -> str:
    """Make the API, still empty, and return its id. Chalice finds it in its record, and fills it.

    So its address is known before the functions are deployed, which tell it to desktops.
    """
    api = str(gateway.create_rest_api(name=APP, tags=inventory.tags(stage))["id"])
    record.bring_up([inventory.as_recorded(stage, api)])
    return api


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
        for first in range(0, len(lacking), _AT_ONCE):
            patches = [patch for method in lacking[first : first + _AT_ONCE] for patch in _patches(method)]
            gateway.update_stage(restApiId=api, stageName=stage.name, patchOperations=patches)
        changes.append("the gateway limits how often each method is called")
    return changes


def _patches(method: str) -> list[dict[str, str]]:
    rate, burst = LIMITS[method]
    return [
        {"op": "replace", "path": f"/{method}/throttling/rateLimit", "value": str(rate)},
        {"op": "replace", "path": f"/{method}/throttling/burstLimit", "value": str(burst)},
    ]
