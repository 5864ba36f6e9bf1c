"""Recordings on S3: multipart uploads whose parts desktops put by links, each with its own SHA-256.

What is there is told by listing it. Nothing here reads a recording, but links that an operator is given do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import BucketUnavailable, NoSuchUpload, UploadRefused
from chalicelib.domain.recordings import Link, Part, StoredPart

LINKS_LAST_S = 15 * 60
"""How long a link is good, in seconds; the session that signs it may end sooner, and the link with it."""

SIGNING: dict[str, Any] = {
    "signature_version": "s3v4",
    "s3": {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
}
"""What a client's Config must say: boto3 by itself signs links with the old version 2, for a host of all Regions."""

_REFUSES = {"BadDigest", "EntityTooSmall", "EntityTooLarge", "InvalidPart", "InvalidPartOrder", "InvalidRequest"}


class S3Recordings:
    """The port `Recordings` on one bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        """Take a client of the bucket's own Region, made with SIGNING, and the bucket's name."""
        self._client = client
        self._bucket = bucket

    def address(self, prefix: str) -> str:
        """Return the address of everything whose key begins with this; nobody can open it without a link."""
        return f"https://{self._bucket}.s3.{self._client.meta.region_name}.amazonaws.com/{quote(prefix)}"

    def kept(self, prefix: str) -> dict[str, int]:
        """Return the keys that begin with this, and the size in bytes of what lies there."""
        found: dict[str, int] = {}
        with self._telling():
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                found |= {each["Key"]: each["Size"] for each in page.get("Contents", [])}
        return found

    def unfinished(self, key: str) -> str | None:
        """Return the newest upload to just this key that was begun and not finished, and end those before it."""
        uploads: list[dict[str, Any]] = []
        with self._telling():
            for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=key):
                uploads += [each for each in page.get("Uploads", []) if each["Key"] == key]
        uploads.sort(key=lambda each: each["Initiated"])
        for older in uploads[:-1]:
            with suppress(NoSuchUpload), self._telling():
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=older["UploadId"])
        return str(uploads[-1]["UploadId"]) if uploads else None

    def begin(self, key: str) -> str:
        """Begin an upload to this key, each of whose parts must bear its SHA-256; return its id."""
        with self._telling():
            begun = self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
            )
        return str(begun["UploadId"])

    def parts(self, key: str, upload: str) -> list[StoredPart]:
        """Return the parts of an upload that have arrived, by their numbers."""
        found: list[StoredPart] = []
        with self._telling():
            pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload)
            for page in pages:
                found += [
                    StoredPart(Part(each["PartNumber"], each.get("ChecksumSHA256", "")), each["Size"], each["ETag"])
                    for each in page.get("Parts", [])
                ]
        return found

    def links(self, key: str, upload: str, parts: Collection[Part]) -> list[Link]:
        """Sign a link for each of these parts, good for its bytes alone."""
        with self._telling():  # there may be no credentials to sign with
            return [self._link(key, upload, part) for part in parts]

    def _link(self, key: str, upload: str, part: Part) -> Link:
        asked = {"Bucket": self._bucket, "Key": key, "UploadId": upload, "PartNumber": part.number}
        asked["ChecksumSHA256"] = part.sha256
        url = self._client.generate_presigned_url("upload_part", Params=asked, ExpiresIn=LINKS_LAST_S)
        return Link(part.number, url, {"x-amz-checksum-sha256": part.sha256})

    def link_to(self, key: str, lasts: timedelta) -> str:
        """Sign a link to what lies under this key, for so long. S3 is asked first whether it is there to be read."""
        asked = {"Bucket": self._bucket, "Key": key}
        with self._telling():
            self._client.head_object(**asked)
            seconds = int(lasts.total_seconds())
            return str(self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=seconds))

    def finish(self, key: str, upload: str, parts: Collection[StoredPart]) -> None:
        """Make one object of these parts; S3 refuses where one of them, or the sum of their sizes, is another."""
        with self._telling():
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": [_listed(each) for each in parts]},
                ChecksumType="COMPOSITE",
                MpuObjectSize=sum(each.size for each in parts),
            )

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Tell what boto3 raises inside as the port has it."""
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> Exception:
        code = str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""
        if code == "NoSuchUpload":
            return NoSuchUpload("S3 knows nothing of this upload, or no longer; begin it anew.")
        if code in _REFUSES:
            return UploadRefused(f"S3 refuses what was uploaded ({code}); ask which parts are there, and send others.")
        return BucketUnavailable(f"The bucket {self._bucket} cannot be used now ({code or type(error).__name__}).")


def _listed(each: StoredPart) -> dict[str, Any]:
    return {"PartNumber": each.part.number, "ETag": each.tag, "ChecksumSHA256": each.part.sha256}
