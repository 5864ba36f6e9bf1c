"""Who this machine is, by EC2's own word: the instance metadata, version 2, with a token.

The metadata are refused to the person's user by the image's firewall, so only the service can ask.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

ENDPOINT = "http://169.254.169.254"
TAGS = ("MeetingID", "Role", "Stage", "Deadline", "Api")
"""The tags of the launch that the service reads; a desktop without the first of them is nobody's."""

_TOKEN_LIFE = timedelta(hours=6)
_PATIENCE_S = 5
_LONGEST = 64_000
_INSTANCE_ID = re.compile(r"i-[0-9a-f]{8,17}")


class MetadataUnavailable(Exception):
    """The metadata do not answer, or not as EC2's do."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What requests are signed with until `expires_at` (UTC); EC2 renews it before."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Machine:
    """This instance: its id, its Region, and what the launch has said of it."""

    instance_id: str
    region: str
    tags: Mapping[str, str]


class Metadata:
    """The metadata service, asked over a connection of its own each time: it is on the machine's own link."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        """Take where it is; no proxy is ever asked for it."""
        self._netloc = urlsplit(endpoint).netloc
        self._token = ""

    def machine(self) -> Machine:
        """Return which instance this is. A tag that is absent is left out.

        Raises:
            MetadataUnavailable: nobody answers, or not as EC2 does.
        """
        instance_id = self._get("/latest/meta-data/instance-id")
        if not _INSTANCE_ID.fullmatch(instance_id):
            raise MetadataUnavailable(f"The metadata tell {instance_id!r:.40} for the instance's id.")
        tags = {name: self._get_if_there(f"/latest/meta-data/tags/instance/{quote(name)}") for name in TAGS}
        region = self._get("/latest/meta-data/placement/region")
        return Machine(instance_id, region, {name: value for name, value in tags.items() if value is not None})

    def credentials(self) -> Credentials:
        """Return the credentials of the instance's profile.

        Raises:
            MetadataUnavailable: nobody answers, or the instance has no profile.
        """
        folder = "/latest/meta-data/iam/security-credentials/"
        role = (self._get_if_there(folder) or "").strip().split("\n")[0]
        if not role:
            raise MetadataUnavailable("The instance has no profile, so it cannot sign what it asks of the app.")
        return _understand(role, self._get(folder + quote(role)))

    def _get(self, path: str) -> str:
        found = self._get_if_there(path)
        if found is None:
            raise MetadataUnavailable(f"The metadata have no {path}.")
        return found

    def _get_if_there(self, path: str) -> str | None:
        if not self._token:
            self._token = self._new_token()
        status, body = self._ask("GET", path, {"X-aws-ec2-metadata-token": self._token})
        if status == 401:  # the token has expired, or the instance was stopped and started
            self._token = self._new_token()
            status, body = self._ask("GET", path, {"X-aws-ec2-metadata-token": self._token})
        if status == 404:
            return None
        if status != 200:
            raise MetadataUnavailable(f"The metadata answer {status} for {path}.")
        return body

    def _new_token(self) -> str:
        life = {"X-aws-ec2-metadata-token-ttl-seconds": str(int(_TOKEN_LIFE.total_seconds()))}
        status, body = self._ask("PUT", "/latest/api/token", life)
        if status != 200 or not body or not body.isprintable():
            raise MetadataUnavailable(f"The metadata give no token (status {status}).")
        return body

    def _ask(self, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(self._netloc, timeout=_PATIENCE_S)
        try:
            connection.request(method, path, headers=dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise MetadataUnavailable(f"The metadata at {self._netloc} do not answer ({error}).") from error
        finally:
            connection.close()


def _understand(role: str, text: str) -> Credentials:
    try:
        told: dict[str, Any] = json.loads(text)
        expires_at = datetime.fromisoformat(told["Expiration"]).astimezone(UTC)
        found = Credentials(str(told["AccessKeyId"]), str(told["SecretAccessKey"]), str(told["Token"]), expires_at)
    except (ValueError, KeyError, TypeError) as error:
        raise MetadataUnavailable(f"The credentials of {role} are not as EC2 gives them ({error!r:.80}).") from None
    return found
