"""What lies in a recordings' bucket: of one meeting, whatever its day, and at all.

A recording is looked for under every day, since a meeting may have been moved, and with the names that desktops with
scripts give, `<meeting>_<role>_…`. Every question names the account that the bucket must belong to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.recordings import NO_DAY, of_meeting
from chalicelib.domain.seat import Role
from tools.errors import code_of
from tools.stage import StageError

HISTORY = "history/"
"""Under this the bucket itself keeps what was done with recordings of a meeting that has no row (tools/history.py)."""

_DAY = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}}|{NO_DAY})/")
_AT_ONCE = 1000  # as many as one request deletes
_TRIES = 6


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a key: what lies there, what lay there before, or the mark of a deletion."""

    key: str
    id: str
    size: int
    at: datetime
    is_marker: bool = False
    is_latest: bool = True


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload that was begun and is not finished; its parts are kept, and paid for."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything of a meeting that a bucket keeps."""

    versions: tuple[Version, ...] = ()
    uploads: tuple[Unfinished, ...] = ()

    @property
    def recordings(self) -> tuple[Version, ...]:
        """What can be opened now."""
        return tuple(each for each in self.versions if each.is_latest and not each.is_marker)

    def __bool__(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.versions or self.uploads)


class Bucket:
    """A bucket of an account."""

    def __init__(self, client: Any, name: str, owner: str, sleep: Callable[[float], None] = time.sleep) -> None:
        """Take S3's client, the bucket's name, and the id of the account that it must belong to."""
        self.name = name
        self._client = client
        self._owner = owner
        self._sleep = sleep

    @property
    def _asked(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self._owner}

    def exists(self) -> bool:
        """Return whether there is such a bucket, of this account.

        Raises:
            StageError: another account has it, or these credentials may not look at it.
        """
        try:
            self._client.head_bucket(**self._asked)
        except ClientError as error:
            if code_of(error) in ("404", "NoSuchBucket"):
                return False
            if code_of(error) in ("400", "403", "301", "AccessDenied", "PermanentRedirect"):
                raise StageError(
                    f"The bucket {self.name} belongs to another account or Region, or these credentials may not look "
                    f"at it (s3:ListBucket). Use others, or name a bucket of your own as desktops.upload_bucket."
                ) from error
            raise
        return True

    def region(self) -> str:
        """Return the Region that the bucket is in."""
        told = self._client.get_bucket_location(**self._asked).get("LocationConstraint")
        return {None: "us-east-1", "": "us-east-1", "EU": "eu-west-1"}.get(told) or str(told)

    def holds(self) -> tuple[int, int]:
        """Return how many recordings there are, those that were deleted lately too, and unfinished uploads."""
        versions = sum(not each.is_marker and not each.key.startswith(HISTORY) for each in self._versions(""))
        return versions, sum(1 for _ in self._uploads(""))

    def of_meeting(self, meeting_id: str, named: Collection[str] = ()) -> Kept:
        """Return everything that is kept of a meeting, under whichever day; `named` are keys that its row names."""
        prefixes = [f"{day}{of_meeting(meeting_id)}" for day in sorted(self._days())]
        prefixes += [f"{meeting_id}_{role}_" for role in Role]
        versions = [each for prefix in prefixes for each in self._versions(prefix)]
        uploads = [each for prefix in prefixes for each in self._uploads(prefix)]
        for key in named:
            versions += [each for each in self._versions(key) if each.key == key and each not in versions]
            uploads += [each for each in self._uploads(key) if each.key == key and each not in uploads]
        return Kept(tuple(versions), tuple(uploads))

    def _days(self) -> set[str]:
        found: set[str] = set()
        for operation in ("list_object_versions", "list_multipart_uploads"):
            for page in self._client.get_paginator(operation).paginate(**self._asked, Delimiter="/"):
                found |= {each["Prefix"] for each in page.get("CommonPrefixes", [])}
        return {prefix for prefix in found if _DAY.fullmatch(prefix)}

    def _versions(self, prefix: str) -> Iterator[Version]:
        for page in self._client.get_paginator("list_object_versions").paginate(**self._asked, Prefix=prefix):
            for each in page.get("Versions", []):
                yield Version(
                    each["Key"], each["VersionId"], each["Size"], each["LastModified"], is_latest=each["IsLatest"]
                )
            for each in page.get("DeleteMarkers", []):
                yield Version(each["Key"], each["VersionId"], 0, each["LastModified"], True, each["IsLatest"])

    def _uploads(self, prefix: str) -> Iterator[Unfinished]:
        for page in self._client.get_paginator("list_multipart_uploads").paginate(**self._asked, Prefix=prefix):
            yield from (Unfinished(each["Key"], each["UploadId"]) for each in page.get("Uploads", []))

    def delete(self, kept: Kept) -> None:
        """Delete these versions, marks and uploads for good; one that is gone already is fine.

        Raises:
            StageError: S3 refuses one of them; what was deleted before is gone.
        """
        left = list(kept.versions)
        for attempt in range(_TRIES):
            left = [each for begin in range(0, len(left), _AT_ONCE) for each in self._delete(left[begin:][:_AT_ONCE])]
            if not left:
                break
            self._sleep(2.0**attempt)
        if left:
            raise StageError(f"S3 is too busy to delete {left[0].key} and {len(left) - 1} more; run this again.")
        for upload in kept.uploads:
            try:
                self._client.abort_multipart_upload(**self._asked, Key=upload.key, UploadId=upload.id)
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    def _delete(self, versions: list[Version]) -> list[Version]:
        """Delete some versions; return those that S3 was too busy for."""
        asked = {"Objects": [{"Key": each.key, "VersionId": each.id} for each in versions], "Quiet": True}
        told = self._client.delete_objects(**self._asked, Delete=asked).get("Errors", [])
        for each in told:
            if each["Code"] not in ("SlowDown", "InternalError", "ServiceUnavailable"):
                raise StageError(
                    f"S3 does not delete {each['Key']}, version {each.get('VersionId')}: {each['Code']}, "
                    f"{each.get('Message', '')}. What lies before it is erased; put that right, and run this again."
                )
        busy = {(each["Key"], each.get("VersionId")) for each in told}
        return [each for each in versions if (each.key, each.id) in busy]

    def remove(self) -> None:
        """Delete the bucket, in which no recording is, with the marks of deletions and the history that it keeps.

        Raises:
            StageError: recordings have come meanwhile.
        """
        rest = tuple(each for each in self._versions("") if each.is_marker or each.key.startswith(HISTORY))
        self.delete(Kept(rest))
        try:
            self._client.delete_bucket(**self._asked)
        except ClientError as error:
            if code_of(error) == "BucketNotEmpty":
                told = f"Something has come into the bucket {self.name} meanwhile, so it stays; run this again."
                raise StageError(told) from error
            raise

    def history(self, meeting_id: str) -> list[str]:
        """Return the texts of what is kept here of a meeting that has no row, the oldest first."""
        prefix = f"{HISTORY}{of_meeting(meeting_id)}"
        keys = sorted(each.key for each in self._versions(prefix) if each.is_latest and not each.is_marker)
        found = (self._client.get_object(**self._asked, Key=key)["Body"].read() for key in keys)
        return [body.decode("utf-8", "replace") for body in found]

    def put(self, key: str, body: str) -> None:
        """Store a text."""
        self._client.put_object(**self._asked, Key=key, Body=body.encode(), ContentType="application/json")


def size(number: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
