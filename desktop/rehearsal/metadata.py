"""What stands in for EC2's instance metadata: a machine of a meeting, whose tags a launch would have set."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from desktop.rehearsal.server import Answer, Asked, Server, text

ROLE = "rehearsal"
ACCESS_KEY = "ASIAREHEARSAL0000000"
"""The key that the credentials bear, by which the stand-in app knows them."""

_TOKEN, _TTL = "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"
_LIFE = timedelta(hours=6)


class Metadata:
    """Version 2, with a token; the credentials open nothing but the rehearsal's own app."""

    def __init__(self, instance_id: str, region: str, tags: Mapping[str, str]) -> None:
        """Serve what a launch would have said of this instance.

        Raises:
            OSError: there is no port to be had.
        """
        self._token = secrets.token_urlsafe(32)
        meta = "/latest/meta-data"
        self._content = {
            f"{meta}/instance-id": instance_id,
            f"{meta}/placement/region": region,
            f"{meta}/tags/instance": "\n".join(tags),
            **{f"{meta}/tags/instance/{name}": value for name, value in tags.items()},
            f"{meta}/iam/security-credentials": ROLE,
            f"{meta}/iam/security-credentials/{ROLE}": _credentials(),
        }
        self._server = Server(self._answer)
        self.url = self._server.url

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/latest/api/token":
            if asked.method != "PUT" or not asked.headers.get(_TTL, "").isdecimal():
                return text(400, "A token is asked for by PUT, with its life in seconds.")
            return text(200, self._token)
        if asked.headers.get(_TOKEN) != self._token:
            return text(401, "There is no token.")
        found = self._content.get(unquote(asked.path).rstrip("/"))
        return text(404, "There is nothing here.") if found is None else text(200, found)


def _credentials() -> str:
    told = {
        "Code": "Success",
        "Type": "AWS-HMAC",
        "AccessKeyId": ACCESS_KEY,
        "SecretAccessKey": secrets.token_urlsafe(30),
        "Token": secrets.token_urlsafe(60),
        "Expiration": f"{datetime.now(UTC) + _LIFE:%Y-%m-%dT%H:%M:%SZ}",
    }
    return json.dumps(told)
