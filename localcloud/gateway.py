"""API Gateway in front of the app: HTTP in, the proxy event to the app, HTTP out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalGateway, LocalGatewayException
from werkzeug.wrappers import Request, Response

from localcloud.functions import timeout_s
from localcloud.ledger import Ledger


class Gateway:
    """A WSGI application that serves the app's routes, pages too."""

    def __init__(self, app: Chalice, ledger: Ledger) -> None:
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
        try:
            answer = self._gateway.handle_request(
                method=request.method, path=path, headers=dict(request.headers), body=request.get_data() or None
            )
        except LocalGatewayException as error:
            return Response(error.body, status=error.CODE, headers=error.headers, content_type="application/json")
        response = Response(answer["body"], status=answer["statusCode"], content_type="application/json")
        for name, value in {**answer["headers"], **answer.get("multiValueHeaders", {})}.items():
            response.headers.setlist(name, value if isinstance(value, list) else [value])
        return response
