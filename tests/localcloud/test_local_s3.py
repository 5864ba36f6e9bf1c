"""The embedded S3 refuses what S3 refuses; of each such thing it is shown that moto alone lets it through."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

import app
from chalicelib.adapters.s3 import SIGNING
from localcloud import loopback
from localcloud.aws import Aws, _moto
from localcloud.clock import RealClock, VirtualClock
from localcloud.cloud import Cloud
from localcloud.ledger import APP, Ledger
from localcloud.s3 import SMALLEST, Fault

BUCKET, KEY = "recordings", "2026-03-01/m-1/teacher/i-0abc-0001 ä+b.mkv"
HEADER = "x-amz-checksum-sha256"
BODY = b"recorded"


def sha256(body: bytes) -> str:
    return b64encode(hashlib.sha256(body).digest()).decode()


class Side:
    """S3 as one client of the app sees it; `links` are for parts of one upload."""

    def __init__(self, url: str) -> None:
        session: Any = boto3
        self.client = session.client(
            "s3",
            region_name="us-west-2",
            endpoint_url=url,
            aws_access_key_id=APP,
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}, **SIGNING),
        )
        self.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        self.upload = self.begin()

    def begin(self) -> str:
        made = self.client.create_multipart_upload(Bucket=BUCKET, Key=KEY, ChecksumAlgorithm="SHA256")
        return str(made["UploadId"])

    def link(self, number: int = 1, body: bytes = BODY, lasts_s: int = 900, **more: Any) -> str:
        asked = {"Bucket": BUCKET, "Key": KEY, "UploadId": self.upload, "PartNumber": number}
        asked |= {"ChecksumSHA256": sha256(body)} | more
        link: str = self.client.generate_presigned_url("upload_part", Params=asked, ExpiresIn=lasts_s)
        return link

    def put(self, number: int = 1, body: bytes = BODY) -> str:
        answer = requests.put(self.link(number, body), body, headers={HEADER: sha256(body)}, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.headers["ETag"]

    def complete(self, *parts: dict[str, Any], **more: Any) -> Any:
        asked = {"Bucket": BUCKET, "Key": KEY, "UploadId": self.upload, "MultipartUpload": {"Parts": list(parts)}}
        return self.client.complete_multipart_upload(**asked, **more)


def part(number: int, tag: str, body: bytes = BODY) -> dict[str, Any]:
    return {"PartNumber": number, "ETag": tag, "ChecksumSHA256": sha256(body)}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in loopback.exempt(os.environ).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    served = Aws(RealClock(), Ledger())
    yield served
    served.stop()


@pytest.fixture
def strict(aws: Aws) -> Side:
    return Side(aws.url)


@pytest.fixture
def lax(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Side:
    """What moto does by itself."""
    monkeypatch.setattr(aws.s3, "serve", lambda environ, start, _: _moto()(environ, start))
    return Side(aws.url)


def another_body(side: Side) -> tuple[int, str]:
    answer = requests.put(side.link(), b"another", headers={HEADER: sha256(BODY)}, timeout=10)
    return answer.status_code, answer.text


def another_checksum(side: Side) -> tuple[int, str]:
    answer = requests.put(side.link(), b"another", headers={HEADER: sha256(b"another")}, timeout=10)
    return answer.status_code, answer.text


def no_checksum(side: Side) -> tuple[int, str]:
    answer = requests.put(side.link(), BODY, timeout=10)
    return answer.status_code, answer.text


def a_link_without_checksum(side: Side) -> tuple[int, str]:
    asked = {"Bucket": BUCKET, "Key": KEY, "UploadId": side.upload, "PartNumber": 1}
    answer = requests.put(side.client.generate_presigned_url("upload_part", Params=asked), BODY, timeout=10)
    return answer.status_code, answer.text


def another_signature(side: Side) -> tuple[int, str]:
    link = side.link()
    signed = link[:-1] + ("0" if link[-1] != "0" else "1")
    answer = requests.put(signed, BODY, headers={HEADER: sha256(BODY)}, timeout=10)
    return answer.status_code, answer.text


def another_part(side: Side) -> tuple[int, str]:
    link = side.link().replace("partNumber=1", "partNumber=2")
    answer = requests.put(link, BODY, headers={HEADER: sha256(BODY)}, timeout=10)
    return answer.status_code, answer.text


def another_method(side: Side) -> tuple[int, str]:
    answer = requests.get(side.link(), headers={HEADER: sha256(BODY)}, timeout=10)
    return answer.status_code, answer.text


def a_header_that_is_not_signed(side: Side) -> tuple[int, str]:
    more = {HEADER: sha256(BODY), "x-amz-tagging": "a=b"}
    answer = requests.put(side.link(), BODY, headers=more, timeout=10)
    return answer.status_code, answer.text


def another_regions_link(side: Side) -> tuple[int, str]:
    link = side.link().replace("us-west-2", "eu-central-1")
    answer = requests.put(link, BODY, headers={HEADER: sha256(BODY)}, timeout=10)
    return answer.status_code, answer.text


def a_part_of_another_checksum(side: Side) -> tuple[int, str]:
    return refused(lambda: side.complete(part(1, side.put(), b"another")))


def no_checksum_of_a_part(side: Side) -> tuple[int, str]:
    return refused(lambda: side.complete({"PartNumber": 1, "ETag": side.put()}))


def another_size(side: Side) -> tuple[int, str]:
    return refused(lambda: side.complete(part(1, side.put()), MpuObjectSize=7))


def anothers_key(side: Side) -> tuple[int, str]:
    return refused(lambda: side.client.list_parts(Bucket=BUCKET, Key="other", UploadId=side.upload))


def another_accounts_bucket(side: Side) -> tuple[int, str]:
    return refused(lambda: side.client.head_bucket(Bucket=BUCKET, ExpectedBucketOwner="999999999999"))


def refused(ask: Callable[[], Any]) -> tuple[int, str]:
    try:
        answer = ask()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], str(error)
    status: int = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, ""


REFUSED: list[tuple[Callable[[Side], tuple[int, str]], int, str]] = [
    (another_body, 400, "BadDigest"),
    (another_checksum, 403, "SignatureDoesNotMatch"),
    (no_checksum, 403, "SignatureDoesNotMatch"),
    (a_link_without_checksum, 400, "InvalidRequest"),
    (another_signature, 403, "SignatureDoesNotMatch"),
    (another_part, 403, "SignatureDoesNotMatch"),
    (another_method, 403, "SignatureDoesNotMatch"),
    (a_header_that_is_not_signed, 403, "AccessDenied"),
    (another_regions_link, 400, "AuthorizationQueryParametersError"),
    (a_part_of_another_checksum, 400, "InvalidPart"),
    (no_checksum_of_a_part, 400, "InvalidRequest"),
    (another_size, 400, "InvalidRequest"),
    (anothers_key, 404, "NoSuchUpload"),
    (another_accounts_bucket, 403, "403"),
]


@pytest.mark.parametrize(("deed", "status", "code"), REFUSED, ids=lambda value: getattr(value, "__name__", ""))
def test_what_s3_refuses_is_refused(
    strict: Side, deed: Callable[[Side], tuple[int, str]], status: int, code: str
) -> None:
    found, text = deed(strict)
    assert (found, code in text) == (status, True), text


@pytest.mark.parametrize("deed", [deed for deed, _, _ in REFUSED], ids=lambda deed: deed.__name__)
def test_moto_alone_lets_it_through(lax: Side, deed: Callable[[Side], tuple[int, str]]) -> None:
    assert deed(lax)[0] == 200


def test_parts_too_small_unknown_or_out_of_order_are_refused(strict: Side) -> None:
    first, second = strict.put(1), strict.put(2)
    for parts, code in (
        ([part(1, first), part(2, second)], "EntityTooSmall"),
        ([part(2, second), part(1, first)], "InvalidPartOrder"),
        ([part(2, second)], "InvalidRequest"),
        ([part(1, '"0123"')], "InvalidPart"),
        ([part(1, first), part(3, second)], "InvalidRequest"),
    ):
        assert code in refused(lambda parts=parts: strict.complete(*parts))[1]  # type: ignore[misc]


def test_what_is_whole_is_there_byte_by_byte_and_its_upload_is_not(strict: Side, aws: Aws) -> None:
    large = b"a" * SMALLEST
    tags = [strict.put(1, large), strict.put(2, BODY)]
    strict.complete(part(1, tags[0], large), part(2, tags[1]), MpuObjectSize=SMALLEST + len(BODY))
    assert strict.client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == large + BODY
    assert "NoSuchUpload" in refused(lambda: strict.complete(part(1, tags[0], large)))[1]
    assert aws.s3.uploads == {}


def test_a_part_that_is_sent_again_takes_its_own_place(strict: Side) -> None:
    strict.put(1, b"first")
    strict.put(1, b"second")
    [there] = strict.client.list_parts(Bucket=BUCKET, Key=KEY, UploadId=strict.upload)["Parts"]
    assert (there["Size"], there["ChecksumSHA256"]) == (6, sha256(b"second"))


@pytest.mark.parametrize(("later", "status"), [(0, 200), (899, 200), (901, 403), (-899, 200), (-901, 403)])
def test_a_link_is_good_for_its_time_alone(strict: Side, aws: Aws, later: int, status: int) -> None:
    link, now = strict.link(), datetime.now(UTC).replace(microsecond=0)
    aws.s3.now = lambda: now + timedelta(seconds=later)
    assert requests.put(link, BODY, headers={HEADER: sha256(BODY)}, timeout=10).status_code == status


def test_links_end_with_the_session_that_has_signed_them(strict: Side, aws: Aws) -> None:
    link = strict.link()
    aws.s3.end_sessions()
    answer = requests.put(link, BODY, headers={HEADER: sha256(BODY)}, timeout=10)
    assert (answer.status_code, "ExpiredToken" in answer.text) == (400, True)


def test_many_parts_and_uploads_are_listed_by_pages(strict: Side, aws: Aws) -> None:
    strict.put()
    upload = aws.s3.uploads[strict.upload]
    upload.parts |= dict.fromkeys(range(2, 1101), upload.parts[1])
    pages = strict.client.get_paginator("list_parts").paginate(Bucket=BUCKET, Key=KEY, UploadId=strict.upload)
    assert [each["PartNumber"] for page in pages for each in page["Parts"]] == list(range(1, 1101))
    begun = {strict.upload, *(strict.begin() for _ in range(3))}
    monkey = pytest.MonkeyPatch()
    with monkey.context() as small:
        small.setattr("localcloud.s3._PAGE", 2)
        found = strict.client.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET)
        assert {each["UploadId"] for page in found for each in page["Uploads"]} == begun
    by_day = strict.client.list_multipart_uploads(Bucket=BUCKET, Delimiter="/")
    assert [each["Prefix"] for each in by_day["CommonPrefixes"]] == ["2026-03-01/"]
    assert "Uploads" not in by_day


def test_a_body_that_breaks_off_is_no_part(strict: Side, aws: Aws) -> None:
    import http.client

    link = strict.link()
    host = aws.url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.putrequest("PUT", link.removeprefix(aws.url))
    for name, value in ((HEADER, sha256(BODY)), ("Content-Length", str(len(BODY)))):
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(BODY[:3])
    connection.sock.shutdown(1)
    assert b"IncompleteBody" in connection.getresponse().read()
    connection.close()
    assert aws.s3.uploads[strict.upload].parts == {}


def test_a_fault_comes_once(strict: Side, aws: Aws) -> None:
    aws.s3.faults.append(Fault("ListParts", "SlowDown"))
    asked = {"Bucket": BUCKET, "Key": KEY, "UploadId": strict.upload}
    assert refused(lambda: strict.client.list_parts(**asked))[0] == 503
    assert refused(lambda: strict.client.list_parts(**asked))[0] == 200


def test_the_ledger_names_what_was_asked_as_s3_does(strict: Side, aws: Aws) -> None:
    strict.complete(part(1, strict.put()))
    strict.client.list_objects_v2(Bucket=BUCKET)
    named = [(call.caller, call.service, call.operation) for call in aws._ledger.calls]
    assert [operation for caller, service, operation in named if (caller, service) == (APP, "s3")][-4:] == [
        "CreateMultipartUpload",
        "UploadPart",
        "CompleteMultipartUpload",
        "ListObjectsV2",
    ]


def test_a_cloud_signs_as_its_own_app_whoever_asked_aws_in_this_process_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session: Any = boto3
    other = session.Session(aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="of somebody else")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", other)
    with Cloud(app.app, VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))):
        assert session.client("s3")._request_signer._credentials.access_key == APP
    assert other is session.DEFAULT_SESSION
