"""What answers the SDK in place of the network: services in memory, each call with the time that it takes.

The SDK is the real one: it builds, signs and sends every request, reads every answer, and tries again as the app has
configured it, with pauses of the world's time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import unquote, urlsplit

import boto3
import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from localcloud.aws import REGION
from localcloud.ledger import APP, Ledger

TAKES_S = {
    "RunInstances": 1.5,
    "TerminateInstances": 0.5,
    "CreateTags": 0.3,
    "DescribeInstances": 0.2,
    "cloudflare": 0.3,
    "meetings": 0.01,
}
"""How long calls take, in seconds, as is usual of them; nobody publishes it. Any other call takes `OTHERS_S`."""

OTHERS_S = 0.03
ARRIVES_S = 0.05
"""How long a request is on its way, in seconds; the answer of one that is refused takes no longer."""

VARIES = (0.7, 1.5)
"""Between which parts of what is usual a call takes."""


class Answer(NamedTuple):
    """An answer, as it comes over the wire."""

    status: int
    body: str
    headers: Mapping[str, str] = {}


class Request(NamedTuple):
    """A request, as it comes over the wire; its method stands in its operation."""

    operation: str
    path: str
    body: str


Service = Callable[[Request], Answer]
"""Answers for a service of AWS: what is asked for is done, and told."""


class Wires:
    """Brings requests of the app to services, and notes each in the ledger once it is answered."""

    def __init__(
        self, services: Mapping[str, Service], ledger: Ledger, clock: Callable[[], datetime], rng: random.Random
    ) -> None:
        """Take the services by the names that the SDK gives them."""
        self.pause: Callable[[timedelta], None] = lambda delay: None
        self._services = services
        self._ledger = ledger
        self._clock = clock
        self._rng = rng

    @contextmanager
    def connected(self, seed: str) -> Iterator[None]:
        """Let every client that is built meanwhile be served here; the SDK draws its pauses by the seed."""
        before, drawn = boto3.DEFAULT_SESSION, random.getstate()
        session = boto3.DEFAULT_SESSION = boto3.Session(APP, "burst", region_name=REGION)
        events: Any = session.events  # its stubs know of no handler that answers
        events.register("before-send", self._answer)
        random.seed(seed)
        try:
            with mock.patch("time.sleep", self.sleep), self._cloudflare_takes_time():
                yield
        finally:
            random.setstate(drawn)
            boto3.DEFAULT_SESSION = before

    def sleep(self, seconds: float) -> None:
        """Let the world's time pass for whoever sleeps."""
        self.pause(timedelta(seconds=seconds))

    def take_time(self, what: str) -> None:
        """Let a call take its time."""
        self.sleep(TAKES_S.get(what, OTHERS_S) * self._rng.uniform(*VARIES))

    def _answer(self, request: AWSPreparedRequest, event_name: str, **more: Any) -> AWSResponse:
        """Answer a request: it arrives at once, what it asks for is done then, and the answer takes its time."""
        _, service, operation = event_name.split(".")
        body: Any = request.body or ""
        asked = Request(
            operation, unquote(urlsplit(request.url).path), body if isinstance(body, str) else body.decode()
        )
        self.sleep(ARRIVES_S)
        answer = self._services[service](asked)
        if answer.status < 300:  # whoever throttles does so at once
            self.take_time(operation)
        self._ledger.record(self._clock(), APP, service, operation, answer.status)
        headers: Any = answer.headers
        return AWSResponse(request.url, answer.status, headers, _Stream(answer.body.encode()))

    @contextmanager
    def _cloudflare_takes_time(self) -> Iterator[None]:
        send = requests.Session.request

        def take_time_and_send(session: requests.Session, method: str, url: str, **content: Any) -> requests.Response:
            self.take_time("cloudflare")
            return send(session, method, url, **content)

        with mock.patch.object(requests.Session, "request", take_time_and_send):
            yield


class _Stream:
    """What the body of an answer is read from."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self._body
