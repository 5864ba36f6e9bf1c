"""S3 as strict as S3 is, before moto's: what is uploaded in parts, and links that were signed beforehand.

moto takes parts whatever their checksum is, tells no checksum of what it has, completes with parts that it has not,
and looks at no signature (tests/localcloud/test_s3_of_moto.py shows it). A recording is safe only where such things are
refused: so uploads in parts are kept here, and only what is whole is handed to moto, which has all the rest.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from moto.s3.models import s3_backends
from werkzeug.datastructures import EnvironHeaders
from werkzeug.wrappers import Response

from localcloud.presigned import Asked, Refused, judge, query_of

SMALLEST = 5 * 2**20
"""The fewest bytes that a part may have which is not the last."""

MOST_PARTS = 10_000
_PAGE = 1000
_SHA256 = "x-amz-checksum-sha256"
_GONE = (
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
    "completed."
)
_WITH_BODY = ("UploadPart", "CompleteMultipartUpload")
_PART = re.compile(r"<Part>(.*?)</Part>", re.DOTALL)

Moto = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part that has arrived."""

    body: bytes
    tag: str
    sha256: str


@dataclass(slots=True)
class Upload:
    """An upload in parts that is not finished; `checksum` is the algorithm that its parts must bear, empty for none."""

    bucket: str
    key: str
    checksum: str
    begun: datetime
    parts: dict[int, Part] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What S3 answers once in place of doing what it is asked: a code, under a status that may be 200 all the same."""

    operation: str
    code: str
    status: int = 503


class S3:
    """The bucket's side of recordings. A test looks at `uploads`, sets `faults`, and ends sessions."""

    def __init__(self, account: str, secret: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Take whose buckets they are, and the secret of all access keys here. `now` is the time that signers keep."""
        self.now = now
        self.uploads: dict[str, Upload] = {}
        self.faults: list[Fault] = []
        self._account = account
        self._secret = secret
        self._ended_at: datetime | None = None

    def end_sessions(self) -> None:
        """Let whatever was signed up to now be of a session that has ended, as when a function's own does."""
        self._ended_at = self.now()

    def serve(self, environ: dict[str, Any], start_response: Callable[..., Any], moto: Moto) -> Iterable[bytes]:
        """Answer one request, by moto where it is none about parts."""
        asked = asked_of(environ)
        operation, (bucket, key) = operation_of(asked), _place(environ)
        try:
            # Before anything is refused: whoever still sends would not hear of it.
            body = _body(environ) if operation in _WITH_BODY else b""
            self._admit(asked, bucket)
            self._fail(operation)
            answer = self._answer(operation, asked, bucket, key, body)
        except Refused as refused:
            answer = _error(refused.status, refused.code, refused.message)
        if answer is None:
            return moto(environ, start_response)
        return answer(environ, start_response)

    def _admit(self, asked: Asked, bucket: str) -> None:
        owner = asked.headers.get("x-amz-expected-bucket-owner", self._account)
        if owner != self._account:
            raise Refused(403, "AccessDenied", "Access Denied")
        if asked.has("X-Amz-Signature"):
            judge(asked, self._region_of(bucket), self.now(), self._secret_of)

    def _region_of(self, bucket: str) -> str:
        found = s3_backends[self._account]["aws"].buckets.get(bucket)
        if found is None:
            raise Refused(404, "NoSuchBucket", "The specified bucket does not exist")
        return str(found.region_name)

    def _secret_of(self, access_key: str, signed_at: datetime) -> str | None:
        if self._ended_at and signed_at <= self._ended_at:
            raise Refused(400, "ExpiredToken", "The provided token has expired.")
        return self._secret if access_key else None

    def _fail(self, operation: str) -> None:
        fault = next((fault for fault in self.faults if fault.operation == operation), None)
        if fault:
            self.faults.remove(fault)
            raise Refused(fault.status, fault.code, "Please reduce your request rate, or try again.")

    def _answer(self, operation: str, asked: Asked, bucket: str, key: str, body: bytes) -> Response | None:
        if operation == "CreateMultipartUpload":
            self._region_of(bucket)
            begun = secrets.token_urlsafe(48)
            checksum = asked.headers.get("x-amz-checksum-algorithm", "").upper()
            self.uploads[begun] = Upload(bucket, key, checksum, self.now())
            return _xml("InitiateMultipartUploadResult", Bucket=bucket, Key=key, UploadId=begun)
        if operation == "ListMultipartUploads":
            return self._list_uploads(asked, bucket)
        if operation not in ("UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts"):
            return None
        upload_id = asked.parameter("uploadId")
        upload = self.uploads.get(upload_id)
        if upload is None or (upload.bucket, upload.key) != (bucket, key):
            raise Refused(404, "NoSuchUpload", _GONE)
        if operation == "UploadPart":
            return _take(upload, asked, body)
        if operation == "ListParts":
            return _list_parts(upload, upload_id, asked)
        if operation == "CompleteMultipartUpload":
            whole = _whole(upload, asked, body.decode("utf-8", "replace"))
            stored = s3_backends[self._account]["aws"].put_object(bucket, key, whole)
            del self.uploads[upload_id]
            answer = _xml("CompleteMultipartUploadResult", Bucket=bucket, Key=key, ETag=stored.etag)
            answer.headers["x-amz-version-id"] = str(stored.version_id)
            return answer
        del self.uploads[upload_id]
        return Response(status=204)

    def _list_uploads(self, asked: Asked, bucket: str) -> Response:
        self._region_of(bucket)
        prefix, delimiter = asked.parameter("prefix"), asked.parameter("delimiter")
        found = sorted(
            (upload.key, upload.begun, upload_id)
            for upload_id, upload in self.uploads.items()
            if upload.bucket == bucket and upload.key.startswith(prefix)
        )
        marker = (asked.parameter("key-marker"), asked.parameter("upload-id-marker"))
        common: dict[str, None] = {}
        listed: list[tuple[str, datetime, str]] = []
        for key, begun, upload_id in found:
            head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if cut:
                common[prefix + head + cut] = None
            else:
                listed.append((key, begun, upload_id))
        ids = [(key, upload_id) for key, _, upload_id in listed]
        start = ids.index(marker) + 1 if marker in ids else 0
        page = listed[start : start + _PAGE]
        truncated = len(listed) > start + _PAGE
        more = {"NextKeyMarker": page[-1][0], "NextUploadIdMarker": page[-1][2]} if truncated else {}
        uploads = "".join(
            f"<Upload>{_elements(Key=key, UploadId=upload_id, Initiated=_iso(begun))}</Upload>"
            for key, begun, upload_id in page
        )
        prefixes = "".join(f"<CommonPrefixes>{_elements(Prefix=each)}</CommonPrefixes>" for each in common)
        told = _elements(Bucket=bucket, Prefix=prefix, IsTruncated=str(truncated).lower(), **more)
        return _document("ListMultipartUploadsResult", told + uploads + prefixes)


def asked_of(environ: dict[str, Any]) -> Asked:
    """Return a request as it has arrived."""
    headers = {name.lower(): value for name, value in EnvironHeaders(environ)}
    path, _, query = str(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")
    return Asked(environ["REQUEST_METHOD"], path, query_of(query or environ.get("QUERY_STRING", "")), headers)


def operation_of(asked: Asked) -> str:
    """Return the operation as S3 names it, or method and path where it is none of those that recordings need."""
    on_key = asked.path.strip("/").count("/") > 0
    match asked.method, on_key:
        case "PUT", True if asked.has("partNumber"):
            return "UploadPart"
        case "POST", True if asked.has("uploads"):
            return "CreateMultipartUpload"
        case "POST", True if asked.has("uploadId"):
            return "CompleteMultipartUpload"
        case "DELETE", True if asked.has("uploadId"):
            return "AbortMultipartUpload"
        case "GET", True:
            return "ListParts" if asked.has("uploadId") else "GetObject"
        case "GET", False if asked.has("uploads"):
            return "ListMultipartUploads"
        case "GET", False if asked.has("versions"):
            return "ListObjectVersions"
        case "GET", False if asked.has("list-type"):
            return "ListObjectsV2"
        case "POST", False if asked.has("delete"):
            return "DeleteObjects"
    return f"{asked.method} {asked.path}"


def _place(environ: dict[str, Any]) -> tuple[str, str]:
    bucket, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    return bucket, key.encode("latin-1").decode("utf-8", "replace")


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body: bytes = environ["wsgi.input"].read(length)
    if len(body) < length:
        told = "You did not provide the number of bytes specified by the Content-Length HTTP header"
        raise Refused(400, "IncompleteBody", told)
    return body


def _take(upload: Upload, asked: Asked, body: bytes) -> Response:
    """Keep a part whose checksum is that of its bytes."""
    number = asked.parameter("partNumber")
    if not (number.isdecimal() and 1 <= int(number) <= MOST_PARTS):
        raise Refused(400, "InvalidArgument", f"Part number must be an integer between 1 and {MOST_PARTS}, inclusive")
    told = asked.headers.get(_SHA256, "")
    if upload.checksum == "SHA256" and not told:
        kinds = "expected checksum Type: sha256, actual checksum Type: null"
        raise Refused(400, "InvalidRequest", f"Checksum Type mismatch occurred, {kinds}")
    sha256 = b64encode(hashlib.sha256(body).digest()).decode()
    if told and not _is_sha256(told):
        raise Refused(400, "InvalidRequest", f"Value for {_SHA256} header is invalid.")
    if told and told != sha256:
        raise Refused(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")
    tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    upload.parts[int(number)] = Part(body, tag, sha256)
    return Response(status=200, headers={"ETag": tag} | ({_SHA256: sha256} if told else {}))


def _is_sha256(text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == 32
    except ValueError:
        return False


def _whole(upload: Upload, asked: Asked, body: str) -> bytes:
    """Return what the parts that are named make together.

    Raises:
        Refused: they are not all there, not in order, too small, or not what they are said to be.
    """
    named = list(_named(body))
    if not named:
        raise Refused(400, "MalformedXML", "The XML you provided was not well-formed or did not validate")
    numbers = [number for number, _, _ in named]
    if numbers != sorted(set(numbers)):
        raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending order.")
    if upload.checksum and numbers != list(range(1, len(numbers) + 1)):
        raise Refused(400, "InvalidRequest", "The parts of an upload with a checksum must be numbered from 1 on.")
    for number, tag, sha256 in named:
        part = upload.parts.get(number)
        if part is None or part.tag.strip('"') != tag:
            raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found.")
        if upload.checksum and not sha256:
            missing = f"It was missing for part {number} in the request."
            needs = "The complete request must include the checksum for each part."
            raise Refused(400, "InvalidRequest", f"The upload was created using a sha256 checksum. {needs} {missing}")
        if sha256 and sha256 != part.sha256:
            raise Refused(400, "InvalidPart", "One or more of the specified parts could not be found: its checksum.")
        if number != numbers[-1] and len(part.body) < SMALLEST:
            small = "Your proposed upload is smaller than the minimum allowed size"
            raise Refused(400, "EntityTooSmall", small)
    whole = b"".join(upload.parts[number].body for number in numbers)
    size = asked.headers.get("x-amz-mp-object-size", str(len(whole)))
    if size != str(len(whole)):
        differs = f"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed"
        raise Refused(400, "InvalidRequest", f"{differs}: {len(whole)}")
    return whole


def _named(body: str) -> Iterator[tuple[int, str, str]]:
    for part in _PART.findall(body):
        number, tag, sha256 = (
            found[1].strip() if (found := re.search(rf"<{name}>(.*?)</{name}>", part, re.DOTALL)) else ""
            for name in ("PartNumber", "ETag", "ChecksumSHA256")
        )
        yield int(number or 0), tag.replace("&quot;", "").replace("&#34;", "").strip('"'), sha256


def _list_parts(upload: Upload, upload_id: str, asked: Asked) -> Response:
    after, most = int(asked.parameter("part-number-marker") or 0), int(asked.parameter("max-parts") or _PAGE)
    numbers = sorted(number for number in upload.parts if number > after)
    page = numbers[: min(most, _PAGE)]
    parts = ""
    for number in page:
        part = upload.parts[number]
        told = {"PartNumber": str(number), "ETag": part.tag, "Size": str(len(part.body))}
        told |= {"LastModified": _iso(upload.begun)} | ({"ChecksumSHA256": part.sha256} if upload.checksum else {})
        parts += f"<Part>{_elements(**told)}</Part>"
    head = {"Bucket": upload.bucket, "Key": upload.key, "UploadId": upload_id, "PartNumberMarker": str(after)}
    head |= {"MaxParts": str(most), "IsTruncated": str(len(numbers) > len(page)).lower()}
    head |= {"NextPartNumberMarker": str(page[-1])} if page else {}
    return _document("ListPartsResult", _elements(**head) + parts)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _elements(**texts: str) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in texts.items())


def _xml(name: str, **texts: str) -> Response:
    return _document(name, _elements(**texts))


def _document(name: str, content: str) -> Response:
    xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} {xmlns}>{content}</{name}>'
    return Response(text, content_type="application/xml")


def _error(status: int, code: str, message: str) -> Response:
    told = _elements(Code=code, Message=message, RequestId=secrets.token_hex(8).upper())
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{told}</Error>'
    return Response(text, status, content_type="application/xml")
