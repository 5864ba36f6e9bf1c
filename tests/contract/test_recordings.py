"""The port of recordings on S3: what the adapter asks, and what it makes of what S3 says.

The way of a piece through it is in tests/app, over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from chalicelib.adapters.s3 import SIGNING, S3Recordings
from chalicelib.domain.errors import BucketUnavailable, NoSuchUpload, Unavailable, UploadRefused
from chalicelib.domain.recordings import Part, StoredPart, of_meeting, prefix
from chalicelib.domain.seat import Role
from chalicelib.runtime import Runtime

KEY = "2026-03-01/m-1/teacher/i-0abc-0001.mkv"
SHA = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def client(region: str = "us-west-2", **keys: str) -> Any:
    session: Any = boto3
    given = {"aws_access_key_id": "ASIAEXAMPLE", "aws_secret_access_key": "secret", "aws_session_token": "token"}
    return session.client("s3", region_name=region, config=Config(**SIGNING), **(given | keys))


def said(code: str, operation: str = "ListParts") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "so"}}, operation)


class Pages:
    """A client whose lists come by pages, and whose every other call is noted; it may fail with `error`."""

    meta = SimpleNamespace(region_name="us-west-2")

    def __init__(self, *pages: dict[str, Any], error: Exception | None = None, aborts: Exception | None = None) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._pages, self._error, self._aborts = pages, error, aborts

    def get_paginator(self, operation: str) -> Any:
        def paginate(**asked: Any) -> Iterator[dict[str, Any]]:
            self.asked.append((operation, asked))
            if self._error:
                raise self._error
            yield from self._pages

        return SimpleNamespace(paginate=paginate)

    def abort_multipart_upload(self, **asked: Any) -> None:
        self.asked.append(("abort", asked))
        if self._aborts:
            raise self._aborts

    def complete_multipart_upload(self, **asked: Any) -> None:
        self.asked.append(("complete", asked))
        if self._error:
            raise self._error

    def create_multipart_upload(self, **asked: Any) -> dict[str, str]:
        self.asked.append(("create", asked))
        if self._error:
            raise self._error
        return {"UploadId": "u"}


def begun(upload: str, minutes: int, key: str = KEY) -> dict[str, Any]:
    return {"Key": key, "UploadId": upload, "Initiated": NOON + timedelta(minutes=minutes)}


def store(*pages: dict[str, Any], **more: Any) -> tuple[S3Recordings, Pages]:
    s3 = Pages(*pages, **more)
    return S3Recordings(s3, "recordings"), s3


# --- links


@pytest.mark.parametrize("region", ["us-west-2", "eu-central-1", "us-east-1"])
def test_a_link_is_for_the_buckets_own_host_in_its_region_and_binds_the_bytes(region: str) -> None:
    [link] = S3Recordings(client(region), "recordings").links(KEY, "u", [Part(7, SHA)])
    assert link.number == 7
    assert link.url.startswith(f"https://recordings.s3.{region}.amazonaws.com/{KEY}?")
    for told in (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "X-Amz-Expires=900",
        "X-Amz-SignedHeaders=host%3Bx-amz-checksum-sha256",
        "uploadId=u",
        "partNumber=7",
        f"%2F{region}%2Fs3%2Faws4_request",
        "X-Amz-Security-Token=token",
    ):
        assert told in link.url
    assert link.headers == {"x-amz-checksum-sha256": SHA}
    assert SHA not in link.url


def test_a_bucket_whose_name_no_certificate_covers_is_asked_by_its_path() -> None:
    [link] = S3Recordings(client(), "our.recordings").links(KEY, "u", [Part(1, SHA)])
    assert link.url.startswith(f"https://s3.us-west-2.amazonaws.com/our.recordings/{KEY}?")


def test_the_app_signs_for_the_region_that_is_set_for_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name, value in (("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    for region, expected in (("eu-central-1", "eu-central-1"), ("", "us-west-2")):
        here = Runtime(environ={"RECORDINGS_BUCKET": "recordings", "RECORDINGS_REGION": region}).recordings
        assert here.address("2026-03-01/m-1/") == f"https://recordings.s3.{expected}.amazonaws.com/2026-03-01/m-1/"
        [link] = here.links(KEY, "u", [Part(1, SHA)])
        assert f"//recordings.s3.{expected}.amazonaws.com/" in link.url


def test_without_credentials_there_are_no_links() -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise NoCredentialsError

    s3 = client()
    s3.generate_presigned_url = refuse
    with pytest.raises(BucketUnavailable, match="NoCredentialsError"):
        S3Recordings(s3, "recordings").links(KEY, "u", [Part(1, SHA)])


# --- what is there


def test_all_pages_are_read() -> None:
    found, _ = store({"Contents": [{"Key": "a", "Size": 1}]}, {}, {"Contents": [{"Key": "b", "Size": 2}]})
    assert found.kept("2026") == {"a": 1, "b": 2}
    parts = [{"PartNumber": n, "ChecksumSHA256": SHA, "Size": 5, "ETag": f"e{n}"} for n in (1, 2)]
    found, _ = store({"Parts": parts[:1]}, {"Parts": parts[1:]})
    assert found.parts(KEY, "u") == [StoredPart(Part(1, SHA), 5, "e1"), StoredPart(Part(2, SHA), 5, "e2")]


def test_the_newest_upload_of_just_this_key_is_gone_on_with_and_those_before_are_ended() -> None:
    found, s3 = store(
        {"Uploads": [begun("old", 0), begun("newest", 9), begun("others", 10, f"{KEY}.old")]},
        {"Uploads": [begun("older", -5)]},
    )
    assert found.unfinished(KEY) == "newest"
    assert [asked["UploadId"] for call, asked in s3.asked if call == "abort"] == ["older", "old"]


def test_one_that_somebody_else_has_just_ended_is_fine() -> None:
    pages = {"Uploads": [begun("old", 0), begun("newest", 9)]}
    assert store(pages, aborts=said("NoSuchUpload"))[0].unfinished(KEY) == "newest"
    with pytest.raises(BucketUnavailable, match="AccessDenied"):
        store(pages, aborts=said("AccessDenied"))[0].unfinished(KEY)


def test_where_nothing_was_begun_there_is_nothing_to_go_on_with() -> None:
    assert store({})[0].unfinished(KEY) is None


def test_an_upload_is_begun_with_a_checksum_of_each_part_and_ended_with_all_of_them() -> None:
    found, s3 = store()
    assert found.begin(KEY) == "u"
    found.finish(KEY, "u", [StoredPart(Part(1, SHA), 5, "e1"), StoredPart(Part(2, SHA), 3, "e2")])
    (_, created), (_, completed) = s3.asked
    assert (created["ChecksumAlgorithm"], created["ChecksumType"]) == ("SHA256", "COMPOSITE")
    assert completed["MpuObjectSize"] == 8
    assert completed["MultipartUpload"]["Parts"] == [
        {"PartNumber": 1, "ETag": "e1", "ChecksumSHA256": SHA},
        {"PartNumber": 2, "ETag": "e2", "ChecksumSHA256": SHA},
    ]


# --- what S3 says


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (said("NoSuchUpload"), NoSuchUpload),
        (said("InvalidPart"), UploadRefused),
        (said("EntityTooSmall"), UploadRefused),
        (said("BadDigest"), UploadRefused),
        (said("InvalidRequest"), UploadRefused),
        (said("SlowDown"), BucketUnavailable),
        (said("InternalError"), BucketUnavailable),
        (said("AccessDenied"), BucketUnavailable),
        (said("NoSuchBucket"), BucketUnavailable),
        (said("ExpiredToken"), BucketUnavailable),
        (EndpointConnectionError(endpoint_url="https://s3"), BucketUnavailable),
    ],
    ids=lambda value: str(value)[:50],
)
def test_every_question_understands_what_s3_says(error: Exception, kind: type[Exception]) -> None:
    found, _ = store(error=error)
    for ask in (
        lambda: found.kept("2026"),
        lambda: found.unfinished(KEY),
        lambda: found.parts(KEY, "u"),
        lambda: found.begin(KEY),
        lambda: found.finish(KEY, "u", []),
    ):
        with pytest.raises(kind) as caught:
            ask()
        assert type(caught.value) is kind
        assert str(caught.value).endswith(".")
    assert issubclass(BucketUnavailable, Unavailable), "so that a handler tries it again"


# --- keys


@pytest.mark.parametrize(
    ("meeting_id", "step"),
    [
        ("m-1", "m-1/"),
        ("4f2c_A.b~", "4f2c_A.b~/"),
        ("a/b", "a%2Fb/"),
        ("%2F", "%252F/"),
        (".", "%2E/"),
        ("..", "%2E%2E/"),
        ("..a", "..a/"),
        ("ä b", "%C3%A4%20b/"),
        ("\ud800", "%ED%A0%80/"),
    ],
)
def test_an_id_is_one_step_of_a_key_and_no_other_id_has_the_same(meeting_id: str, step: str) -> None:
    assert of_meeting(meeting_id) == step


def test_a_day_is_that_of_utc() -> None:
    late = datetime.fromisoformat("2026-03-01T23:30:00-05:00")
    assert prefix(late, "m-1", Role.STUDENT, "i-0abc") == "2026-03-02/m-1/student/i-0abc-"
    assert prefix(None, "m-1", Role.TEACHER, "i-0abc") == "undated/m-1/teacher/i-0abc-"
