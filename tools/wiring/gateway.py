"""What API Gateway answers in the app's stead: an unknown path, a throttled request, a function that timed out."""

from __future__ import annotations

from typing import Any

from tools.stage import Stage
from tools.wiring import settings

ERRORS = ("DEFAULT_4XX", "DEFAULT_5XX")

LIKE_THE_APP: dict[str, Any] = {
    "responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"},
    "responseTemplates": {"application/json": '{"message":$context.error.messageString}'},
}
"""JSON with a message that a page on any host may read, as the contract promises of errors too."""


def wire(api: str, stage: Stage, gateway: Any) -> list[str]:
    """Let the gateway's own errors be like the app's; return what had to be changed. `api` is the REST API's id."""
    current = {kind: gateway.get_gateway_response(restApiId=api, responseType=kind) for kind in ERRORS}
    others = [kind for kind, response in current.items() if not settings.hold(response, LIKE_THE_APP)]
    for kind in others:
        gateway.put_gateway_response(restApiId=api, responseType=kind, **LIKE_THE_APP)
    if others:
        gateway.create_deployment(restApiId=api, stageName=stage.name)
    return ["pages elsewhere may read the gateway's own errors"] if others else []
