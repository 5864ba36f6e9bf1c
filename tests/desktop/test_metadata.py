"""What a desktop learns of itself from metadata that want a token, and from some that do not answer as EC2's do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from desktop.metadata import Credentials, Machine, Metadata, MetadataUnavailable
from tests.desktop.http_server import Answer, Asked, serving

ROLE = "elephant-dev-desktop"
BASE = "/latest/meta-data/"
CREDENTIALS = {
    "Code": "Success",
    "AccessKeyId": "ASIAEXAMPLE",
    "SecretAccessKey": "a/secret+key",
    "Token": "a-token==",
    "Expiration": "2026-03-01T20:00:00Z",
}


class Instance:
    """The metadata of one instance: a token is needed, and can be taken back."""

    def __init__(self) -> None:
        self.tokens = 0
        self.pages: dict[str, Any] = {
            f"{BASE}instance-id": "i-0123456789abcdef0",
            f"{BASE}placement/region": "us-west-2",
            f"{BASE}tags/instance/MeetingID": "m-1",
            f"{BASE}tags/instance/Role": "teacher",
            f"{BASE}iam/security-credentials/": ROLE,
            f"{BASE}iam/security-credentials/{ROLE}": json.dumps(CREDENTIALS),
        }
        self.broken: Answer | None = None

    def __call__(self, asked: Asked) -> Answer:
        if self.broken:
            return self.broken
        if (asked.method, asked.path) == ("PUT", "/latest/api/token"):
            assert asked.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            self.tokens += 1
            return Answer(200, f"token-{self.tokens}")
        if asked.headers.get("x-aws-ec2-metadata-token") != f"token-{self.tokens}":
            return Answer(401)
        page = self.pages.get(asked.path)
        return Answer(404) if page is None else Answer(200, page)

    def forget_token(self) -> None:
        """Let the token that was given be no longer good, as after a stop and a start."""
        self.tokens += 1


@pytest.fixture
def instance() -> Instance:
    return Instance()


@pytest.fixture
def metadata(instance: Instance) -> Iterator[Metadata]:
    with serving(instance) as url:
        yield Metadata(url)


def test_a_machine_learns_what_it_is(metadata: Metadata, instance: Instance) -> None:
    """A tag that was not set is left out, not made up; one token does for all."""
    assert metadata.machine() == Machine("i-0123456789abcdef0", "us-west-2", {"MeetingID": "m-1", "Role": "teacher"})
    assert instance.tokens == 1


def test_credentials_are_those_of_the_profile(metadata: Metadata) -> None:
    expires_at = datetime(2026, 3, 1, 20, tzinfo=UTC)
    assert metadata.credentials() == Credentials("ASIAEXAMPLE", "a/secret+key", "a-token==", expires_at)


def test_a_token_that_is_good_no_more_is_replaced(metadata: Metadata, instance: Instance) -> None:
    metadata.machine()
    instance.forget_token()
    assert metadata.machine().instance_id == "i-0123456789abcdef0"


def test_secrets_are_not_shown(metadata: Metadata) -> None:
    assert "secret" not in repr(metadata.credentials())
    assert "a-token" not in repr(metadata.credentials())


@pytest.mark.parametrize("page", ["", "i-xyz", "<html>sign in</html>", "i-0123456789abcdef0\n"])
def test_an_id_that_is_none_is_not_taken(metadata: Metadata, instance: Instance, page: str) -> None:
    instance.pages[f"{BASE}instance-id"] = page
    with pytest.raises(MetadataUnavailable, match="for the instance's id"):
        metadata.machine()


def test_an_instance_without_a_profile_cannot_sign(metadata: Metadata, instance: Instance) -> None:
    del instance.pages[f"{BASE}iam/security-credentials/"]
    with pytest.raises(MetadataUnavailable, match="has no profile"):
        metadata.credentials()


@pytest.mark.parametrize(
    "page",
    [
        "",
        "null",
        "[]",
        '{"Code": "Failed"}',
        json.dumps(CREDENTIALS | {"Expiration": "soon"}),
        json.dumps(CREDENTIALS | {"Expiration": None}),
    ],
)
def test_credentials_that_are_none_are_told(metadata: Metadata, instance: Instance, page: str) -> None:
    instance.pages[f"{BASE}iam/security-credentials/{ROLE}"] = page
    with pytest.raises(MetadataUnavailable, match="not as EC2 gives them"):
        metadata.credentials()


@pytest.mark.parametrize("answer", [Answer(403), Answer(500), Answer(200, ""), Answer(200, "a\nb"), Answer(401)])
def test_metadata_that_give_no_token_are_unavailable(metadata: Metadata, instance: Instance, answer: Answer) -> None:
    instance.broken = answer
    with pytest.raises(MetadataUnavailable):
        metadata.machine()


def test_where_nobody_answers_they_are_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(MetadataUnavailable, match="do not answer"):
        Metadata(f"http://127.0.0.1:{port}").machine()
