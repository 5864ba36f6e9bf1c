"""The events that Lambda hands to the handlers, and the context beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class _Context:
    """What Lambda tells a handler of itself."""

    function_name = "simulated"
    invoked_function_arn = "arn:aws:lambda:us-west-2:123456789012:function:elephant-sim"

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


CONTEXT: Any = _Context()


def eventbridge_event(source: str, kind: str, detail: Mapping[str, str]) -> dict[str, Any]:
    """Return an EventBridge event."""
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-03-01T08:00:00Z",
        "region": "us-west-2",
        "resources": [],
        "detail": dict(detail),
    }


def http_event(
    method: str,
    resource: str,
    path: Mapping[str, str],
    headers: Mapping[str, str],
    body: str,
    identity: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return an API Gateway proxy event; `identity` is who has signed the request."""
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
        "pathParameters": dict(path),
        "stageVariables": None,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": method,
            "identity": dict(identity or {}),
            "path": resource,
        },
        "body": body,
        "isBase64Encoded": False,
    }
