"""API Gateway in front of the app: HTTP in, the proxy event to the app, HTTP out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway, RouteMatcher
from werkzeug.wrappers import Request, Response

from localcloud.functions import timeout_s
from localcloud.ledger import Ledger

_NO_ROUTE = '{"message":"Missing Authentication Token"}'
_READABLE = {"Access-Control-Allow-Origin": "*"}


class Gateway:
    """A WSGI application that serves the app's routes, pages too.

    As in API Gateway, what no route is for is answered without the app, and in the way that a deploy sets
    (tools/wiring/gateway.py): as JSON that a page on any host may read, without the app's own mark.
    """

    def __init__(self, app: Chalice, ledger: Ledger) -> None:
        self._routes = {path: set(methods) | {"OPTIONS"} for path, methods in app.routes.items()}
        self._matcher = RouteMatcher(list(self._routes))
        self._gateway = LocalGateway(app, Config.create(lambda_timeout=timeout_s("api_handler")))
        self._ledger = ledger

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        with self._ledger.under(request.path.strip("/").partition("/")[0] or "page"):
            response = self._answer(request)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        path = request.full_path if request.query_string else request.path
        if not self._is_routed(request.method, path):
            return Response(_NO_ROUTE, 403, _READABLE, content_type="application/json")
        answer = self._gateway.handle_request(
            method=request.method, path=path, headers=dict(request.headers), body=request.get_data() or None
        )
        response = Response(answer["body"], status=answer["statusCode"], content_type="application/json")
        for name, value in {**answer["headers"], **answer.get("multiValueHeaders", {})}.items():
            response.headers.setlist(name, value if isinstance(value, list) else [value])
        return response

    def _is_routed(self, method: str, path: str) -> bool:
        try:
            return method in self._routes[self._matcher.match_route(path).route]
        except ValueError:
            return False
