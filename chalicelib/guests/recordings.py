"""What a desktop asks about what it has recorded: links for parts, that a piece be whole, that all of it be noted.

A piece goes up in parts, each by a link of its own. Which parts are there is asked of the bucket every time, so a
desktop that was cut off goes on where it was; and every question may come twice. A desktop reaches what its own
instance has uploaded for its own meeting and role, and nothing else: all of that stands in the key.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Meetings, Recordings
from chalicelib.domain import writes
from chalicelib.domain.errors import BadRequest, MeetingOver, NoSuchUpload, UploadRefused
from chalicelib.domain.policy import Policy
from chalicelib.domain.recordings import Link, Part, StoredPart
from chalicelib.guests.desk import LONGEST_SENTENCE, Desk, is_known, is_line, write
from chalicelib.rules.recordings import prefix_of

MOST_LINKS = 20
"""How many links are signed at once: they are good for a quarter of an hour only."""

MOST_PARTS = 10_000
LARGEST = 5 * 2**40
"""The size of the largest piece, in bytes: what every S3 takes as one object."""

MOST_LOST = 10

_PIECE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_UPLOAD = re.compile(r"[!-~]{0,1024}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a desktop says of one piece: name, size in bytes, the upload's id (empty: none yet), and parts of it."""

    piece: str
    size: int
    upload: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a piece has come: its upload, what of it is there, links for what was asked; or that it is safe."""

    upload: str = ""
    there: tuple[StoredPart, ...] = ()
    links: tuple[Link, ...] = ()
    safe: bool = False

    def answer(self) -> dict[str, Any]:
        """Return it as a desktop is told."""
        there = [{"number": p.part.number, "sha256": p.part.sha256, "bytes": p.size} for p in self.there]
        links = [{"number": link.number, "url": link.url, "headers": link.headers} for link in self.links]
        told = {"upload": self.upload, "there": there, "links": links}
        return told | ({"safe": True, "message": "It is safe."} if self.safe else {"message": "It is on its way."})


def refuse_erased(desk: Desk) -> None:
    """Refuse to take anything more of a meeting whose recordings were erased.

    Raises:
        MeetingOver: they were.
    """
    if desk.meeting.recordings_erased:
        told = "The recordings of this meeting were erased on somebody's wish, and nothing more of it is kept."
        raise MeetingOver(told, desk.meeting.reason)


def links(store: Recordings, desk: Desk, asked: Asked, policy: Policy) -> Progress:
    """Return what of a piece is there, and links for the parts that were asked for.

    Without an upload's id, the piece's unfinished upload is gone on with, or one is begun.

    Raises:
        NoSuchUpload: S3 does not know the upload that is named, or no longer.
        BucketUnavailable: S3 does not answer now.
    """
    key = prefix_of(desk.meeting, desk.seat, policy) + asked.piece
    upload = asked.upload
    if not upload:
        if store.kept(key).get(key) == asked.size:
            return Progress(safe=True)
        upload = store.unfinished(key) or store.begin(key)
    there = store.parts(key, upload)
    return Progress(upload, tuple(there), tuple(store.links(key, upload, asked.parts)))


def finish(store: Recordings, desk: Desk, asked: Asked, policy: Policy) -> None:
    """Make a piece whole of its parts; one that is whole already is fine.

    Raises:
        NoSuchUpload: S3 does not know the upload, and the piece is not there.
        UploadRefused: a part is missing or another, or the piece has another size.
        BucketUnavailable: S3 does not answer now.
    """
    key = prefix_of(desk.meeting, desk.seat, policy) + asked.piece
    try:
        _put_together(store, key, asked)
    except NoSuchUpload:
        if store.kept(key).get(key) != asked.size:
            raise
        return
    lies = store.kept(key).get(key)
    if lies != asked.size:
        raise UploadRefused(
            f"The piece has {asked.size} bytes, and {lies or 'nothing'} lies in the bucket; send it anew."
        )
    seat = desk.seat
    why = f"{asked.piece}, {asked.size} bytes in {len(asked.parts)} parts"
    log.note(log.Note.RECORDING_SAFE, meeting=desk.meeting.id, why=why, role=seat.role)


def _put_together(store: Recordings, key: str, asked: Asked) -> None:
    there = {stored.part: stored for stored in store.parts(key, asked.upload)}
    missing = [part.number for part in asked.parts if part not in there]
    if missing:
        told = ", ".join(map(str, missing[:MOST_LINKS]))
        raise UploadRefused(f"Of {len(asked.parts)} parts {len(missing)} are not there as they are named: {told}.")
    parts = [there[part] for part in asked.parts]
    if (size := sum(each.size for each in parts)) != asked.size:
        raise UploadRefused(f"The parts have {size} bytes together, and the piece has {asked.size}; send them anew.")
    store.finish(key, asked.upload, parts)


def note(
    meetings: Meetings,
    store: Recordings,
    desk: Desk,
    told: tuple[int, tuple[str, ...]],
    policy: Policy,
    said_at: datetime,
) -> None:
    """Note on the row what became of all that a desktop has recorded: how many pieces are safe, and what was lost.

    What lies in the bucket is looked at here, and not believed. `said_at` is when the desktop said so (UTC).

    Raises:
        UploadRefused: there are fewer pieces.
        BucketUnavailable: S3 does not answer now.
        Unavailable: the row changed at the same time, or cannot be written now.
    """
    pieces, lost = told
    meeting, seat = desk.meeting, desk.seat
    url = None
    if pieces:
        own = prefix_of(desk.meeting, desk.seat, policy)
        lying = len(store.kept(own))
        if lying < pieces:
            raise UploadRefused(
                f"{pieces} pieces were told, and {lying} are in the bucket; ask about each, and send what is not there."
            )
        url = store.address(own)
    if lost == seat.lost_here and is_known(desk, url, said_at):
        return
    write(meetings, meeting, writes.reported_recordings(meeting, seat, url, lost, said_at))
    if url:
        log.note(log.Note.UPLOADED, meeting=meeting.id, why=f"{pieces} pieces are in the bucket", role=seat.role)
    if lost:
        log.warn(log.Warn.RECORDING_LOST, meeting=meeting.id, role=seat.role, why=" ".join(lost))


# --- what is sent


def parse_piece(body: object, *, whole: bool) -> Asked:
    """Return what a desktop says of one piece: some parts that it wants links for, or its `whole` list of parts.

    Raises:
        BadRequest: the body is not `{"piece", "bytes", "upload", "parts": [{"number", "sha256"}, …]}`.
    """
    held = _exactly(body, {"piece", "bytes", "upload", "parts"})
    piece, size, upload = held["piece"], held["bytes"], held["upload"]
    if not (isinstance(piece, str) and _PIECE.fullmatch(piece)):
        raise BadRequest(
            "`piece` is a name of 1 to 80 letters, digits, dots, hyphens and underscores, a letter or digit first."
        )
    if not _is_whole(size, 1, LARGEST):
        raise BadRequest(f"`bytes` is the size of the piece, from 1 to {LARGEST}: one of 0 bytes holds no recording.")
    if not (isinstance(upload, str) and _UPLOAD.fullmatch(upload)) or (whole and not upload):
        raise BadRequest("`upload` is the id that the app has told, or empty where a piece is begun.")
    return Asked(piece, size, upload, _parts(held["parts"], whole=whole))


def _parts(listed: object, *, whole: bool) -> tuple[Part, ...]:
    most = MOST_PARTS if whole else MOST_LINKS
    if not isinstance(listed, list) or len(listed) > most or (whole and not listed):
        raise BadRequest(f"`parts` is a list of up to {most} parts{', all of the piece' if whole else ''}.")
    parts = tuple(_part(each) for each in listed)
    if len({part.number for part in parts}) < len(parts):
        raise BadRequest("Two of `parts` have one number; each part has its own.")
    if whole and any(part.number != number for part, number in zip(parts, count(1), strict=False)):
        raise BadRequest("`parts` is the whole piece, in order: the numbers from 1 without a gap.")
    return parts


def _part(each: object) -> Part:
    if isinstance(each, Mapping) and set(each) == {"number", "sha256"}:
        number, digest = each["number"], each["sha256"]
        if _is_whole(number, 1, MOST_PARTS) and isinstance(digest, str) and _is_sha256(digest):
            return Part(number, digest)
    raise BadRequest(f"Each part has a `number` from 1 to {MOST_PARTS} and its `sha256` in base64, and nothing else.")


def _is_sha256(text: str) -> bool:
    try:
        return len(text) == 44 and len(b64decode(text, validate=True)) == 32
    except (NotBase64, ValueError):
        return False


def parse_told(body: object) -> tuple[int, tuple[str, ...]]:
    """Return how many pieces a desktop has in the bucket, and what it could not save, a sentence each.

    Raises:
        BadRequest: the body is not `{"pieces": number, "lost": [sentence, …]}`.
    """
    held = _exactly(body, {"pieces", "lost"})
    pieces, lost = held["pieces"], held["lost"]
    if not _is_whole(pieces, 0, MOST_PARTS):
        raise BadRequest(f"`pieces` is how many pieces are safe, from 0 to {MOST_PARTS}.")
    if not isinstance(lost, list) or len(lost) > MOST_LOST:
        raise BadRequest(f"`lost` is a list of up to {MOST_LOST} sentences, empty where nothing was lost.")
    if not all(map(is_line, lost)):
        raise BadRequest(f"Each of `lost` is a line of 1 to {LONGEST_SENTENCE} characters.")
    return pieces, tuple(lost)


def _exactly(body: object, names: Collection[str]) -> Mapping[str, Any]:
    if not isinstance(body, Mapping) or set(body) != set(names):
        listed = ", ".join(f"`{name}`" for name in sorted(names))
        raise BadRequest(f"The body is a JSON object that holds {listed}, and nothing else.")
    return body


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
