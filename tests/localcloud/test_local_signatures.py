"""API Gateway's IAM authorization: whom it lets through, what it then tells the app, and how it refuses."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from chalice.app import Chalice, IAMAuthorizer

from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import VirtualClock
from localcloud.gateway import Gateway
from localcloud.identity import LASTING, Issuer
from localcloud.ledger import Ledger
from localcloud.metadata import Metadata
from localcloud.server import Server
from localcloud.signatures import Signatures
from tests.localcloud.worlds import START

_http = build_opener(ProxyHandler({}))
OF_A_SIGNER = ("accessKey", "accountId", "caller", "user", "userArn")


def make_app() -> Chalice:
    """Return an app with two routes for those who sign and one for all; each answers with what it was told."""
    app = Chalice("signed")

    def told(**_: str) -> dict[str, Any]:
        asked = app.current_request
        assert asked is not None
        return {"identity": asked.context["identity"], "body": asked.json_body if asked.raw_body else None}

    app.route("/desktop/{name}", methods=["GET"], authorizer=IAMAuthorizer())(told)
    app.route("/desktop/hello", methods=["POST"], authorizer=IAMAuthorizer())(told)
    app.route("/open", methods=["GET"])(told)
    return app


class Site:
    """A gateway, and instances that ask it."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.issuer = Issuer(self.clock)
        self.signatures = Signatures(self.issuer, self.clock)
        self.server = Server(Gateway(make_app(), Ledger(), self.clock, self.signatures))
        self.metadata: list[Metadata] = []

    def boot(self, instance_id: str) -> Credentials:
        """Return the credentials that this instance's metadata give."""
        options = {"HttpTokens": "optional", "InstanceMetadataTags": "disabled"}
        profile = {"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/kit"}
        instance = {"InstanceId": instance_id, "MetadataOptions": options, "IamInstanceProfile": profile}
        self.metadata.append(Metadata(instance, self.issuer, self.clock))
        with _http.open(f"{self.metadata[-1].url}/latest/meta-data/iam/security-credentials/kit") as answer:
            told = json.loads(answer.read())
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])

    def sign(
        self,
        credentials: Credentials,
        path: str = "/desktop/hello",
        body: bytes | None = b'{"a": 1}',
        *,
        at: datetime | None = None,
        region: str = REGION,
        service: str = "execute-api",
    ) -> Request:
        """Return a request that is signed at this moment, now by default."""
        method = "GET" if body is None else "POST"
        headers = {"Content-Type": "application/json"} if body else {}
        asked = AWSRequest(method, f"{self.server.url}{path}", headers=headers, data=body)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("botocore.auth.get_current_datetime", lambda: at or self.clock.now())
            SigV4Auth(credentials, service, region).add_auth(asked)
        return Request(str(asked.url), body, dict(asked.headers.items()), method=method)

    def ask(self, request: Request | str) -> tuple[int, str, dict[str, Any]]:
        """Return the status, the kind of the refusal, and the content."""
        if isinstance(request, str):
            request = Request(f"{self.server.url}{request}")
        try:
            answer = _http.open(request)
        except HTTPError as error:
            answer = error
        with answer:
            assert parsedate_to_datetime(answer.headers["Date"]) == self.clock.now()
            return answer.status, answer.headers.get("x-amzn-ErrorType", ""), json.loads(answer.read())

    def refusal(self, request: Request) -> tuple[str, str]:
        """Return how the gateway refuses this request."""
        status, kind, content = self.ask(request)
        assert status == 403
        return kind, content["message"]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """Return a site, gone when the test ends."""
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    site = Site()
    yield site
    site.server.stop()
    for metadata in site.metadata:
        metadata.stop()


def test_who_signs_is_told_to_the_app_without_a_warning(site: Site) -> None:
    for instance_id in ("i-0aaaaaaa", "i-0bbbbbbb"):
        credentials = site.boot(instance_id)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            status, _, content = site.ask(site.sign(credentials))
        identity = content["identity"]
        assert (status, content["body"]) == (200, {"a": 1})
        assert identity["userArn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/kit/{instance_id}"
        assert identity["caller"] == identity["user"]
        assert identity["user"].startswith("AROA")
        assert identity["user"].endswith(f":{instance_id}")
        assert (identity["accountId"], identity["accessKey"]) == (ACCOUNT, credentials.access_key)
        assert identity["sourceIp"] == "127.0.0.1"
        assert identity["userAgent"].startswith("Python-urllib")


@pytest.mark.parametrize("path", ["/desktop/b%C3%A9b%C3%A9%20a", "/desktop/x?b=2&a=1&a=%2F%20%C3%A9&empty="])
def test_paths_and_queries_are_signed_too(site: Site, path: str) -> None:
    credentials = site.boot("i-0aaaaaaa")
    request = site.sign(credentials, path, None)
    assert site.ask(request)[0] == 200
    request.full_url += "&a=3" if "?" in path else "?a=3"
    assert site.refusal(request)[0] == "InvalidSignatureException"


def test_a_route_that_is_open_tells_of_nobody_whatever_the_request_claims(site: Site) -> None:
    for request in ("/open", site.sign(site.boot("i-0aaaaaaa"), "/open", None)):
        status, _, content = site.ask(request)
        assert status == 200
        assert [content["identity"][name] for name in OF_A_SIGNER] == [None] * 5


def test_without_a_signature_the_request_is_refused_as_on_a_route_that_is_not_there(site: Site) -> None:
    missing = (403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})
    assert site.ask("/desktop/x") == missing
    assert site.ask("/nowhere") == missing


def test_a_body_or_a_header_that_was_changed_on_the_way_is_refused(site: Site) -> None:
    credentials = site.boot("i-0aaaaaaa")
    changed = site.sign(credentials)
    changed.data = b'{"a": 2}'
    kind, message = site.refusal(changed)
    assert kind == "InvalidSignatureException"
    assert message.startswith("The request signature we calculated does not match the signature you provided.")
    for name, value in (("Content-type", "text/plain"), ("Host", "elsewhere.example")):
        request = site.sign(credentials)
        request.add_header(name, value)
        assert site.refusal(request) == (kind, message)


def test_a_hash_that_the_sender_claims_does_not_stand_for_the_body(site: Site) -> None:
    request = site.sign(site.boot("i-0aaaaaaa"), body=b"1")
    request.data = b"2"
    request.add_header("X-Amz-Content-SHA256", "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b")
    assert site.refusal(request)[0] == "InvalidSignatureException"


def test_keys_secrets_and_tokens_are_judged_by_what_was_issued(site: Site) -> None:
    one, two = site.boot("i-0aaaaaaa"), site.boot("i-0bbbbbbb")
    unknown = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert site.refusal(site.sign(Credentials("ASIAXXXXXXXXXXXXXXXX", one.secret_key, one.token))) == unknown
    assert site.refusal(site.sign(Credentials(one.access_key, one.secret_key, two.token))) == unknown
    assert site.refusal(site.sign(Credentials(one.access_key, one.secret_key))) == unknown
    kind, _ = site.refusal(site.sign(Credentials(one.access_key, two.secret_key, one.token)))
    assert kind == "InvalidSignatureException"


def test_a_signature_is_good_for_five_minutes_of_the_clouds_clock(site: Site) -> None:
    credentials, now = site.boot("i-0aaaaaaa"), site.clock.now()
    for minutes in (-5, 5):
        assert site.ask(site.sign(credentials, at=now + timedelta(minutes=minutes)))[0] == 200
    early = site.refusal(site.sign(credentials, at=now - timedelta(minutes=10)))
    late = site.refusal(site.sign(credentials, at=now + timedelta(minutes=10)))
    assert early == (
        "InvalidSignatureException",
        "Signature expired: 20261207T175030Z is now earlier than 20261207T175530Z (20261207T180030Z - 5 min.)",
    )
    assert late == (
        "InvalidSignatureException",
        "Signature not yet current: 20261207T181030Z is still later than 20261207T180530Z (20261207T180030Z + 5 min.)",
    )


def test_a_session_that_is_over_is_refused_until_new_credentials_are_fetched(site: Site) -> None:
    credentials = site.boot("i-0aaaaaaa")
    site.clock.sleep(LASTING.total_seconds())
    expired = ("ExpiredTokenException", "The security token included in the request is expired")
    assert site.refusal(site.sign(credentials)) == expired
    assert site.ask(site.sign(site.boot("i-0aaaaaaa")))[0] == 200


def test_a_foreign_region_and_a_foreign_service_are_named(site: Site) -> None:
    credentials = site.boot("i-0aaaaaaa")
    region = "Credential should be scoped to a valid region, not 'eu-west-1'. "
    service = "Credential should be scoped to correct service: 'execute-api'. "
    kind = "InvalidSignatureException"
    assert site.refusal(site.sign(credentials, region="eu-west-1")) == (kind, region)
    assert site.refusal(site.sign(credentials, service="s3")) == (kind, service)
    assert site.refusal(site.sign(credentials, region="eu-west-1", service="s3")) == (kind, region + service)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("Bearer x", "Authorization header requires 'Credential' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/b", "Authorization header requires 'Signature' parameter."),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=1", "Credential must have exactly 5"),
    ],
)
def test_a_malformed_header_is_refused_with_what_it_lacks(site: Site, header: str, says: str) -> None:
    request = site.sign(site.boot("i-0aaaaaaa"))
    request.add_header("Authorization", header)
    kind, message = site.refusal(request)
    assert kind == "IncompleteSignatureException"
    assert says in message


def test_what_the_profile_does_not_allow_is_denied_and_the_rest_is_not(site: Site) -> None:
    site.signatures.may_invoke = lambda role, method, path: (role, method, path) == ("kit", "POST", "/desktop/hello")
    credentials = site.boot("i-0aaaaaaa")
    assert site.ask(site.sign(credentials))[0] == 200
    kind, message = site.refusal(site.sign(credentials, "/desktop/x", None))
    assert kind == "AccessDeniedException"
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/kit/i-0aaaaaaa"
    assert message.startswith(f"User: {who} is not authorized to perform: execute-api:Invoke on resource: arn:aws:")
    assert "/GET/desktop/x" in message
