"""An instance's metadata service, on a loopback port of its own.

A program finds it through AWS_EC2_METADATA_SERVICE_ENDPOINT, as botocore does. It tells what the launch allows:
with tokens or without, tags or none, credentials where there is a profile.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from werkzeug.wrappers import Request, Response

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import Clock
from localcloud.identity import Issuer
from localcloud.server import Server

_TOKEN_PATH = "/latest/api/token"
_TOKEN = "X-aws-ec2-metadata-token"
_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_LONGEST_TTL_S = 21600
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Metadata:
    """The metadata of one instance, up until it is stopped."""

    def __init__(self, instance: dict[str, Any], issuer: Issuer, clock: Clock) -> None:
        """Serve what DescribeInstances says of the instance; its role bears the name of its profile."""
        self.instance = instance
        """What is told; put what EC2 says now in its place when tags or options have changed."""
        self.refused: list[str] = []
        """The paths that were asked for without a good token."""
        self._issuer = issuer
        self._clock = clock
        self._tokens: dict[str, datetime] = {}
        self._may_answer = threading.Event()
        self._may_answer.set()
        self._server: Server | None = Server(self._serve)
        self.url = self._server.url

    @property
    def needs_token(self) -> bool:
        """Whether the launch requires a token."""
        return bool(self._options["HttpTokens"] == "required")

    @property
    def role(self) -> str | None:
        """Return the role that the instance speaks as, None without a profile."""
        arn = str(self.instance.get("IamInstanceProfile", {}).get("Arn", ""))
        return arn.rpartition("/")[2] or None

    def hang(self) -> None:
        """Take requests and leave them without an answer until `answer` or `stop`."""
        self._may_answer.clear()

    def refuse(self) -> None:
        """Refuse connections until `answer`; the address stays."""
        self._may_answer.set()
        if self._server:
            self._server.stop()
            self._server = None

    def answer(self) -> None:
        """Answer again after `hang` or `refuse`.

        Raises:
            PortTaken: another program has taken the port meanwhile.
        """
        self._may_answer.set()
        self._server = self._server or Server(self._serve, int(self.url.rpartition(":")[2]))

    def stop(self) -> None:
        """Stop for good."""
        self.refuse()

    @property
    def _options(self) -> dict[str, str]:
        options: dict[str, str] = self.instance["MetadataOptions"]
        return options

    def _serve(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._may_answer.wait()
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if self._options.get("HttpEndpoint") == "disabled":
            return Response(status=403)
        if request.path == _TOKEN_PATH and request.method == "PUT":
            return self._issue_token(request)
        if not self._is_admitted(request.headers.get(_TOKEN)):
            self.refused.append(request.path)
            return Response(status=401)
        if request.method != "GET":
            return Response(status=405)
        content = self._content().get(request.path.rstrip("/"))
        return Response(status=404) if content is None else Response(content, content_type="text/plain")

    def _issue_token(self, request: Request) -> Response:
        if "X-Forwarded-For" in request.headers:
            return Response(status=403)
        ttl = request.headers.get(_TTL, "")
        if not (ttl.isdecimal() and 1 <= int(ttl) <= _LONGEST_TTL_S):
            return Response(status=400)
        token = secrets.token_urlsafe(40)
        self._tokens[token] = self._clock.now() + timedelta(seconds=int(ttl))
        return Response(token, headers={_TTL: ttl}, content_type="text/plain")

    def _is_admitted(self, token: str | None) -> bool:
        if token is None:
            return not self.needs_token
        return token in self._tokens and self._clock.now() < self._tokens[token]

    def _content(self) -> dict[str, str]:
        """Return every path that there is, without a slash at its end, and what it tells now."""
        meta, own_id = "/latest/meta-data", str(self.instance["InstanceId"])
        content = {
            f"{meta}/instance-id": own_id,
            f"{meta}/placement/region": REGION,
            "/latest/dynamic/instance-identity/document": self._document(),
        }
        if self._options.get("InstanceMetadataTags") == "enabled":
            tags = {tag["Key"]: tag["Value"] for tag in self.instance.get("Tags", ())}
            content[f"{meta}/tags/instance"] = "\n".join(tags)
            content |= {f"{meta}/tags/instance/{key}": value for key, value in tags.items()}
        if self.role:
            content[f"{meta}/iam/security-credentials"] = self.role
            content[f"{meta}/iam/security-credentials/{self.role}"] = self._credentials(self.role, own_id)
        return content

    def _document(self) -> str:
        document = {
            "accountId": ACCOUNT,
            "availabilityZone": self.instance.get("Placement", {}).get("AvailabilityZone"),
            "imageId": self.instance.get("ImageId"),
            "instanceId": self.instance["InstanceId"],
            "instanceType": self.instance.get("InstanceType"),
            "region": REGION,
            "version": "2017-09-30",
        }
        return json.dumps(document, indent=2)

    def _credentials(self, role: str, instance_id: str) -> str:
        session = self._issuer.session(role, instance_id)
        credentials = {
            "Code": "Success",
            "LastUpdated": session.issued.strftime(_TIME),
            "Type": "AWS-HMAC",
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "Token": session.token,
            "Expiration": session.expires.strftime(_TIME),
        }
        return json.dumps(credentials, indent=2)
