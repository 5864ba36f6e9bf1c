"""An instance's metadata: what they tell, to whom, and that the real SDK gets its credentials from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.credentials import InstanceMetadataProvider
from botocore.utils import InstanceMetadataFetcher

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import VirtualClock
from localcloud.identity import Issuer
from localcloud.metadata import Metadata

META = "/latest/meta-data"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_http = build_opener(ProxyHandler({}))
Make = Callable[..., Metadata]


@pytest.fixture
def clock() -> VirtualClock:
    """Return a clock near the real one: botocore judges an expiry by the latter."""
    return VirtualClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def make(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return what makes an instance's metadata."""
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    issuer, made = Issuer(clock), list[Metadata]()

    def start(*, tokens: str = "required", tags: str = "enabled", profile: bool = True) -> Metadata:
        instance: dict[str, Any] = {
            "InstanceId": f"i-0000000{len(made)}",
            "MetadataOptions": {"HttpTokens": tokens, "InstanceMetadataTags": tags},
            "Tags": [{"Key": "MeetingID", "Value": "m-1"}, {"Key": "Stage", "Value": "dev"}],
        }
        if profile:
            instance["IamInstanceProfile"] = {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/kit"}
        made.append(Metadata(instance, issuer, clock))
        return made[-1]

    yield start
    for metadata in made:
        metadata.stop()


def ask(metadata: Metadata, path: str, token: str = "", method: str = "GET", **headers: str) -> tuple[int, str]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["X-aws-ec2-metadata-token"] = token
    try:
        with _http.open(Request(f"{metadata.url}{path}", method=method, headers=sent), timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, ""


def token_of(metadata: Metadata, seconds: int = 60) -> str:
    code, token = ask(metadata, "/latest/api/token", method="PUT", X_aws_ec2_metadata_token_ttl_seconds=str(seconds))
    assert code == 200
    return token


@pytest.mark.parametrize("ttl", ["", "0", "21601", "an hour", "-1"])
def test_a_token_lives_between_a_second_and_six_hours(make: Make, ttl: str) -> None:
    headers = {TTL: ttl} if ttl else {}
    assert ask(make(), "/latest/api/token", method="PUT", **headers)[0] == 400
    assert token_of(make(), 1)
    assert token_of(make(), 21600)


def test_a_token_is_not_given_to_whom_a_proxy_forwards(make: Make) -> None:
    headers = {TTL: "60", "X-Forwarded-For": "203.0.113.9"}
    assert ask(make(), "/latest/api/token", method="PUT", **headers)[0] == 403


def test_where_a_token_is_required_nothing_is_told_without_a_good_one(make: Make, clock: VirtualClock) -> None:
    metadata, other = make(), make()
    token = token_of(metadata, 60)
    assert ask(metadata, f"{META}/instance-id", token) == (200, "i-00000000")
    assert ask(metadata, f"{META}/instance-id")[0] == 401
    assert ask(metadata, f"{META}/instance-id", "made-up")[0] == 401
    assert ask(metadata, f"{META}/instance-id", token_of(other))[0] == 401
    clock.sleep(60)
    assert ask(metadata, f"{META}/instance-id", token)[0] == 401


def test_where_a_token_is_optional_both_ways_lead_in_but_a_wrong_one_does_not(make: Make) -> None:
    metadata = make(tokens="optional")
    assert ask(metadata, f"{META}/instance-id")[0] == 200
    assert ask(metadata, f"{META}/instance-id", token_of(metadata))[0] == 200
    assert ask(metadata, f"{META}/instance-id", "made-up")[0] == 401


def test_tags_are_told_only_where_the_launch_lets_them(make: Make) -> None:
    told, silent = make(tokens="optional"), make(tokens="optional", tags="disabled")
    assert ask(told, f"{META}/tags/instance/") == (200, "MeetingID\nStage")
    assert ask(told, f"{META}/tags/instance/MeetingID") == (200, "m-1")
    assert ask(told, f"{META}/tags/instance/Deadline")[0] == 404
    assert ask(silent, f"{META}/tags/instance/")[0] == 404
    assert ask(silent, f"{META}/tags/instance/MeetingID")[0] == 404


def test_where_it_is_and_whose_it_is_stand_in_the_document(make: Make) -> None:
    metadata = make(tokens="optional")
    document = json.loads(ask(metadata, "/latest/dynamic/instance-identity/document")[1])
    assert (document["instanceId"], document["accountId"], document["region"]) == ("i-00000000", ACCOUNT, REGION)
    assert ask(metadata, f"{META}/placement/region") == (200, REGION)
    assert ask(metadata, f"{META}/nothing")[0] == 404


def test_without_a_profile_there_are_no_credentials(make: Make) -> None:
    metadata = make(tokens="optional", profile=False)
    assert ask(metadata, f"{META}/iam/security-credentials/")[0] == 404
    assert ask(metadata, f"{META}/iam/security-credentials/kit")[0] == 404


def test_credentials_stay_until_they_near_their_end_and_are_anothers_on_another_instance(
    make: Make, clock: VirtualClock
) -> None:
    metadata, other = make(tokens="optional"), make(tokens="optional")
    path = f"{META}/iam/security-credentials/kit"
    first = json.loads(ask(metadata, path)[1])
    assert (first["Code"], first["Type"], first["AccessKeyId"][:4]) == ("Success", "AWS-HMAC", "ASIA")
    assert json.loads(ask(other, path)[1])["AccessKeyId"] != first["AccessKeyId"]
    clock.sleep(timedelta(hours=4).total_seconds())
    assert json.loads(ask(metadata, path)[1]) == first
    clock.sleep(timedelta(hours=1).total_seconds())
    second = json.loads(ask(metadata, path)[1])
    assert second["AccessKeyId"] != first["AccessKeyId"]
    assert second["Expiration"] > first["Expiration"] > f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("tokens", ["required", "optional"])
def test_the_real_sdk_finds_its_credentials(make: Make, tokens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    metadata = make(tokens=tokens)
    config = {"ec2_metadata_service_endpoint": metadata.url, "ec2_metadata_service_endpoint_mode": "ipv4"}
    fetcher = InstanceMetadataFetcher(timeout=5, num_attempts=1, base_url=metadata.url, config=config)
    credentials = InstanceMetadataProvider(fetcher).load()
    assert credentials is not None
    session = metadata._issuer.session("kit", "i-00000000")
    frozen = credentials.get_frozen_credentials()
    assert tuple(frozen)[:3] == (session.access_key, session.secret_key, session.token)


def test_on_a_bad_day_they_refuse_or_hang_and_answer_again_at_the_same_address(make: Make) -> None:
    metadata = make(tokens="optional")
    metadata.refuse()
    with pytest.raises(URLError):
        ask(metadata, f"{META}/instance-id")
    metadata.answer()
    assert ask(metadata, f"{META}/instance-id")[0] == 200
    metadata.hang()
    with pytest.raises(TimeoutError):
        _http.open(f"{metadata.url}{META}/instance-id", timeout=0.1)
    metadata.answer()
    assert ask(metadata, f"{META}/instance-id")[0] == 200
