"""What the service says to the app: signed with the instance's own credentials, by the app's time.

The app takes the instance's id from AWS's word, which is this signature, and from nothing that is sent.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Never
from urllib.parse import urlsplit

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from desktop.clock import NOTEWORTHY, AppClock
from desktop.metadata import Credentials

SERVICE = "execute-api"
_PATIENCE_S = 15
_LONGEST = 1_000_000  # bytes
_HOST_OF_A_REGION = re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")

log = logging.getLogger("elephant.desktop")


class AppUnreachable(Exception):
    """Nobody answered, or somebody who is not the app: a gateway, a proxy, a network's sign-in page. It passes."""


class AppRefused(Exception):
    """The app itself refuses; `status` is HTTP's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class App:
    """The app's routes for desktops."""

    def __init__(self, url: str, region: str, credentials: Callable[[], Credentials], clock: AppClock) -> None:
        """Take the API's address, the machine's Region, where credentials come from, and what learns the app's time.

        Raises:
            ValueError: the address is none that a desktop may send its signature to.
        """
        parts = urlsplit(url)
        if not parts.hostname or (parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost")):
            raise ValueError(f"The app's address must begin with https://, and is {url!r:.100}.")
        self._parts = parts
        in_its_name = _HOST_OF_A_REGION.fullmatch(parts.hostname)
        self._region = in_its_name[1] if in_its_name else region
        self._credentials = credentials
        self._clock = clock
        self._told_offset = False

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the app's answer to a request for this path, which begins with a slash.

        A refusal tells the time as well: the first request of a machine whose clock is off is sent again by it.

        Raises:
            AppUnreachable: it passes; ask again later.
            AppRefused: it is the app's word.
            MetadataUnavailable: there are no credentials to sign with.
        """
        was_told = self._clock.is_told
        status, headers, said = self._send(method, path, body)
        if status == 403 and not was_told and self._clock.is_told and headers.get("Elephant") != "1":
            status, headers, said = self._send(method, path, body)
        if headers.get("Elephant") != "1":
            self._not_the_app(status, headers)
        try:
            told = json.loads(said)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise AppUnreachable(f"The app's answer to {path} is no JSON object (status {status}).")
        if status >= 500 or status == 429:
            raise AppUnreachable(f"The app cannot answer now: {told.get('message')}")
        if status >= 300:
            raise AppRefused(status, str(told.get("message")))
        return told

    def _not_the_app(self, status: int, headers: http.client.HTTPMessage) -> Never:
        if error := headers.get("x-amzn-ErrorType"):
            raise AppUnreachable(f"The gateway refuses ({status}, {error.partition(':')[0]:.80}); see docs/desktop.md.")
        raise AppUnreachable(f"{self._parts.netloc} answers {status} without the app's mark; is it the app's address?")

    def _send(
        self, method: str, path: str, body: Mapping[str, Any] | None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        data = b"" if body is None else json.dumps(body).encode()
        headers = self._signed(method, path, data)
        connection = self._connect()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, data or None, headers)
            answer = connection.getresponse()
            said = answer.read(_LONGEST)
        except (OSError, http.client.HTTPException) as error:
            raise AppUnreachable(f"The app at {self._parts.netloc} cannot be reached: {error}") from error
        finally:
            connection.close()
        self._learn_time(answer.headers)
        return answer.status, answer.headers, said

    def _connect(self) -> http.client.HTTPConnection:
        if self._parts.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(self._parts.netloc, timeout=_PATIENCE_S, context=context)
        return http.client.HTTPConnection(self._parts.netloc, timeout=_PATIENCE_S)

    def _signed(self, method: str, path: str, data: bytes) -> dict[str, str]:
        own = self._credentials()
        url = f"{self._parts.scheme}://{self._parts.netloc}{self._parts.path.rstrip('/')}{path}"
        request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
        keys = Keys(own.access_key, own.secret_key, own.token)
        _Signer(keys, SERVICE, self._region, self._clock).add_auth(request)
        return {name: str(value) for name, value in request.headers.items()}

    def _learn_time(self, headers: http.client.HTTPMessage) -> None:
        if not self._clock.learn(headers.get("Date")):
            return
        offset = self._clock.offset()
        if abs(offset) > NOTEWORTHY and not self._told_offset:
            self._told_offset = True
            how = "ahead of" if offset.total_seconds() > 0 else "behind"
            log.warning("The machine's clock is %.0f s %s the app's.", abs(offset.total_seconds()), how)


class _Signer(SigV4Auth):
    """Signs by a clock of one's own; botocore's takes the machine's."""

    def __init__(self, keys: Keys, service: str, region: str, clock: AppClock) -> None:
        super().__init__(keys, service, region)
        self._clock = clock

    def add_auth(self, request: AWSRequest) -> None:
        # What botocore's own add_auth does, whose parts its stubs leave out.
        request.context["timestamp"] = self._clock.now().strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]
        to_sign = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(to_sign, request))  # type: ignore[attr-defined]
