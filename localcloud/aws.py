"""AWS's API on a loopback port: moto, behind a door that notes every call.

The app reaches it with the real SDK over real HTTP, through AWS_ENDPOINT_URL, and so can any other
process. What moto's services lack is added to their backends by `ec2` and `triggers`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localcloud.clock import Clock
from localcloud.ledger import Ledger
from localcloud.quick import quicken
from localcloud.s3 import S3, asked_of, operation_of
from localcloud.server import Server

ACCOUNT = "123456789012"
"""The account that moto answers for."""

REGION = "us-west-2"
_SECRET = "local"

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_LINK = re.compile(r"X-Amz-Credential=([^%&]+)%2F\d+%2F[^%]+%2Fs3%2F")
_REST_OPERATIONS = {"POST": "CreateSchedule", "PUT": "UpdateSchedule", "DELETE": "DeleteSchedule", "GET": "GetSchedule"}


@cache
def _moto() -> DomainDispatcherApplication:
    """Build moto's application once per process: it is slow to import and holds no state of its own."""
    quicken()
    return DomainDispatcherApplication(create_backend_app)


@cache
def _session(caller: str) -> boto3.Session:
    """Keep one session for each caller: it is what holds the parsed service models."""
    return boto3.Session(aws_access_key_id=caller, aws_secret_access_key=_SECRET, region_name=REGION)


class Aws:
    """The endpoint, empty at first. moto keeps its state per process, so there is one at a time."""

    def __init__(self, clock: Clock, ledger: Ledger, port: int = 0) -> None:
        """Take the port, 0 for any that is free.

        Raises:
            PortTaken: another program has it.
        """
        self._clock = clock
        self._ledger = ledger
        self.listeners: list[Callable[[str, str], object]] = []
        """Hear the service and operation of every call that succeeded."""
        self.s3 = S3(ACCOUNT, _SECRET)
        BackendDict.reset()
        reset_model_data()
        self._server = Server(self._serve, port)
        self.url = self._server.url

    def client(self, service: str, caller: str) -> Any:
        """Return a boto3 client that signs as this caller."""
        session: Any = _session(caller)  # its stubs know each service by a literal name only
        return session.client(service, endpoint_url=self.url, config=Config(retries={"total_max_attempts": 1}))

    def stop(self) -> None:
        """Release the port."""
        self._server.stop()

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        caller, service, operation = _identify(environ)
        status = 0

        def note(line: str, *rest: Any) -> Any:
            nonlocal status
            status = int(line.split(maxsplit=1)[0])
            return start_response(line, *rest)

        answer = self.s3.serve(environ, note, _moto()) if service == "s3" else _moto()(environ, note)
        self._ledger.record(self._clock.now(), caller, service, operation, status)
        if status < 300:
            for listener in self.listeners:
                listener(service, operation)
        return answer


def _identify(environ: dict[str, Any]) -> tuple[str, str, str]:
    """Return who calls, which service and which operation, as the signature and the protocol tell."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    caller, service = scope.groups() if scope else ("", "")
    if link := _LINK.search(environ.get("QUERY_STRING", "")):
        caller, service = link[1], "s3"
    if service == "s3":
        return caller, service, operation_of(asked_of(environ))
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return caller, service, target.rpartition(".")[2]
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if path.startswith("/schedules/"):
        return caller, service, _REST_OPERATIONS[method]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if action := parse_qs(body.decode()).get("Action"):
            return caller, service, action[0]
    return caller, service, f"{method} {path}"
