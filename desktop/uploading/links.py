"""One part to S3 by one link: streamed, with just the headers that were signed, and what S3 says to it."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urlsplit

from desktop.pieces import Part

PATIENCE_S = 30
"""How long S3 may say nothing, or take nothing, in seconds."""

_ANSWER = 4000  # bytes
_CHUNK = 256 * 1024
_CODE = re.compile(r"<Code>([A-Za-z0-9]{1,60})</Code>")
_MESSAGE = re.compile(r"<Message>([^<]{1,160})")
_DEAD = ("ExpiredToken", "TokenRefreshRequired", "InvalidToken", "RequestTimeTooSkewed")
_DIFFERS = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
_PASSES = ("RequestTimeout", "SlowDown", "OperationAborted", "IncompleteBody")


class Cut(Exception):
    """The part did not arrive, for a reason that passes: a connection that was cut, an S3 that is busy."""


class DeadLink(Exception):
    """The link is good no more: it has expired, or the session that signed it has ended."""


class Differs(Exception):
    """What was read is not what the link was asked for: the piece is still being written."""


class NoUpload(Exception):
    """S3 knows nothing of this upload any more."""


class Refused(Exception):
    """S3 refuses; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where one part goes, and the headers that were signed with that."""

    url: str
    headers: Mapping[str, str]


def put(link: Link, source: BinaryIO, part: Part, patience_s: float = PATIENCE_S) -> None:
    """Send one part of an open file, never more of it in memory than a piece of 256 KiB.

    Raises:
        Cut, DeadLink, Differs, NoUpload, Refused: it is not there.
        OSError: the file cannot be read.
    """
    try:
        parts = urlsplit(link.url)
        connection = _connect(parts.scheme, parts.hostname, parts.netloc, patience_s)
    except (ValueError, http.client.HTTPException) as error:
        raise Refused(f"The app's link for part {part.number} leads nowhere: {error}.") from error
    try:
        connection.connect()
    except OSError as error:
        raise Cut(f"S3 at {parts.hostname} cannot be reached: {error}.") from error
    try:
        status, said = _exchange(connection, f"{parts.path or '/'}?{parts.query}", link.headers, source, part)
    except (http.client.HTTPException, ValueError, _Broken) as error:
        raise Cut(f"The connection to {parts.hostname} was cut at part {part.number}: {error}.") from error
    finally:
        connection.close()
    if status != 200:
        _raise(status, said, part)


class _Broken(Exception):
    """The connection broke: an OSError of the network's, and not of the file's."""


def _connect(scheme: str, host: str | None, netloc: str, patience_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(netloc, timeout=patience_s, context=ssl.create_default_context())
    if scheme != "http" or host not in ("127.0.0.1", "localhost"):
        raise Refused(f"The app's link must begin with https://, and begins with {scheme}://{host}.")
    return http.client.HTTPConnection(netloc, timeout=patience_s)


def _exchange(
    connection: http.client.HTTPConnection, target: str, headers: Mapping[str, str], source: BinaryIO, part: Part
) -> tuple[int, str]:
    given = {name.lower() for name in headers}
    connection.putrequest("PUT", target, skip_host="host" in given, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if "content-length" not in given:
        connection.putheader("Content-Length", str(part.length))
    broken: OSError | None = None
    try:
        connection.endheaders()
    except OSError as error:
        broken = error
    for piece in () if broken else read(source, part):
        try:
            connection.send(piece)
        except OSError as error:
            broken = error
            break
    try:  # also where S3 has answered before it had everything, and closed: what it says tells why
        answer = connection.getresponse()
        return answer.status, answer.read(_ANSWER).decode("utf-8", "replace")
    except OSError as error:
        raise _Broken(str(broken or error)) from error


def read(source: BinaryIO, part: Part) -> Iterator[bytes]:
    """Yield a part's bytes, 256 KiB at a time.

    Raises:
        Differs: the file is shorter now.
        OSError: it cannot be read.
    """
    source.seek(part.start)
    left = part.length
    while left:
        piece = source.read(min(_CHUNK, left))
        if not piece:
            raise Differs(f"The piece ends within part {part.number}: it is being written.")
        left -= len(piece)
        yield piece


def _raise(status: int, said: str, part: Part) -> None:
    found, message = _CODE.search(said), _MESSAGE.search(said)
    code = found[1] if found else ""
    tells = f"S3 answers {status} {code} to part {part.number}{f' ({message[1].strip()})' if message else ''}."
    if status >= 500 or status in (408, 429) or code in _PASSES:
        raise Cut(tells)
    if code == "NoSuchUpload":
        raise NoUpload(tells)
    if code in _DIFFERS:
        raise Differs(tells)
    if status == 403 or code in _DEAD:
        raise DeadLink(tells)
    raise Refused(tells)
