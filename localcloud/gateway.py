"""API Gateway in front of the app: HTTP in, the proxy event to the app, HTTP out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from chalice.app import Chalice, IAMAuthorizer
from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayAuthorizer, RouteMatcher
from werkzeug.http import http_date
from werkzeug.wrappers import Request, Response

from localcloud.clock import Clock
from localcloud.functions import timeout_s
from localcloud.identity import Session
from localcloud.ledger import DESKTOP, Ledger
from localcloud.signatures import SERVICE, Refused, Signatures

_NO_ROUTE = Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
_OF_A_SIGNER = ("accessKey", "accountId", "caller", "user", "userArn")

_identity: ContextVar[dict[str, str | None]] = ContextVar("_identity")


class _Authorizer(LocalGatewayAuthorizer):
    """Tells the app who asks, instead of admitting everybody with a warning where IAM is to decide."""

    def authorize(self, raw_path: str, lambda_event: Any, lambda_context: Any) -> Any:
        lambda_event["requestContext"]["identity"] |= _identity.get()
        route = self._route_for_event(lambda_event)
        if route and isinstance(route.authorizer, IAMAuthorizer):
            return lambda_event, lambda_context
        return super().authorize(raw_path, lambda_event, lambda_context)


class Gateway:
    """A WSGI application that serves the app's routes, pages too.

    As in API Gateway, what no route is for, and what IAM refuses, is answered without the app, and in the way that a
    deploy sets (tools/wiring/gateway.py): as JSON that a page on any host may read, without the app's own mark.
    """

    def __init__(self, app: Chalice, ledger: Ledger, clock: Clock, signatures: Signatures) -> None:
        self._app = app
        self._routes = {path: set(methods) | {"OPTIONS"} for path, methods in app.routes.items()}
        self._matcher = RouteMatcher(list(self._routes))
        self._gateway = LocalGateway(app, Config.create(lambda_timeout=timeout_s("api_handler")))
        self._gateway._authorizer = _Authorizer(app)
        self._ledger = ledger
        self._clock = clock
        self._signatures = signatures

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        trigger = request.path.strip("/").partition("/")[0] or "page"
        with self._ledger.under(trigger):
            response = self._answer(request)
        if trigger == "desktop":
            asked = f"{request.method} {request.path}"
            self._ledger.record(self._clock.now(), DESKTOP, SERVICE, asked, response.status_code)
        response.headers["Date"] = http_date(self._clock.now())
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.full_path if request.query_string else request.path
        try:
            signer = self._signer(request, path)
        except Refused as refused:
            headers = {"Access-Control-Allow-Origin": "*", "x-amzn-ErrorType": refused.kind}
            return Response(json.dumps({"message": refused.message}), 403, headers, content_type="application/json")
        _identity.set(_describe(request, signer))
        answer = self._gateway.handle_request(
            method=request.method, path=path, headers=dict(request.headers), body=request.get_data() or None
        )
        response = Response(answer["body"], status=answer["statusCode"], content_type="application/json")
        for name, value in {**answer["headers"], **answer.get("multiValueHeaders", {})}.items():
            response.headers.setlist(name, value if isinstance(value, list) else [value])
        return response

    def _signer(self, request: Request, path: str) -> Session | None:
        """Return who signed, None where the route is open to all; raise Refused where it is not theirs, or none."""
        try:
            route = self._matcher.match_route(path).route
        except ValueError:
            raise _NO_ROUTE from None
        if request.method not in self._routes[route]:
            raise _NO_ROUTE
        entry = self._app.routes[route].get(request.method)  # none for a preflight, which is nobody's
        if entry and isinstance(entry.authorizer, IAMAuthorizer):
            return self._signatures.signer(request)
        return None


def _describe(request: Request, signer: Session | None) -> dict[str, str | None]:
    """Return the event's identity. Without a signer nothing tells who asks, whatever the request claims."""
    identity: dict[str, str | None] = dict.fromkeys(_OF_A_SIGNER)
    identity |= {"sourceIp": request.remote_addr, "userAgent": request.headers.get("User-Agent")}
    if signer:
        identity |= {
            "accessKey": signer.access_key,
            "accountId": signer.account,
            "caller": signer.user_id,
            "user": signer.user_id,
            "userArn": signer.user_arn,
        }
    return identity
