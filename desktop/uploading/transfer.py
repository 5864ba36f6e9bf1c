"""One piece, from the disk to S3: which parts are there is asked, and what is not is sent.

Nothing of a transfer is kept. After a cut, a kill or a reboot it begins as at first, and the app tells which parts have
arrived, each with its SHA-256: so no more is sent twice than what was on its way.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

from desktop.api import AppRefused, AppUnreachable
from desktop.metadata import MetadataUnavailable
from desktop.outbox import Piece
from desktop.pieces import Part, cut
from desktop.uploading.links import PATIENCE_S, Cut, DeadLink, Differs, Link, NoUpload, Refused, put, read

BY = 20
"""For how many parts links are asked at once: the app signs no more, and they are good for 15 minutes."""

_ANEW = 3
"""How often one transfer is begun anew since S3 knows nothing of the upload, or is asked for fresh links in a row."""


class Trouble(Exception):
    """The piece is not safe yet; the text is a sentence, and the same is tried again later."""


class Erased(Exception):
    """The app takes nothing more of this meeting: its recordings were erased on somebody's wish."""


class Asks(Protocol):
    """The app, as `desktop.api` asks it."""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the app's answer."""


@dataclass(slots=True)
class Digests:
    """The SHA-256 of each part of one piece, as base64, read once; forgotten when the piece has changed."""

    mark: object = None
    known: dict[int, str] = field(default_factory=dict)

    def of(self, source: BinaryIO, part: Part) -> str:
        """Return the digest of a part.

        Raises:
            Differs: the file is shorter now.
            OSError: it cannot be read.
        """
        if part.number not in self.known:
            digest = hashlib.sha256()
            for piece in read(source, part):
                digest.update(piece)
            self.known[part.number] = b64encode(digest.digest()).decode("ascii")
        return self.known[part.number]


@dataclass(slots=True)
class Tally:
    """What a transfer comes to over all tries: parts that S3 took, parts that were begun in vain, and bytes of both.

    `there` is how many parts S3 had when that was asked last: also those of which it could not tell any more.
    """

    taken: int = 0
    failed: int = 0
    bytes: int = 0
    there: int = 0

    @property
    def arrived(self) -> int:
        """A number that grows with every part that arrives."""
        return self.taken + self.there


class _Anew(Exception):
    """S3 does not know the upload that was continued, or does not take it as it is."""


class Transfer:
    """Sends one piece after the other for one meeting's desktop."""

    def __init__(self, app: Asks, path: str, patience_s: float = PATIENCE_S) -> None:
        """Take the app, its path for this desktop's recordings, and how long S3 may be silent, in seconds."""
        self._app = app
        self._path = path
        self._patience_s = patience_s

    def send(
        self, piece: Piece, source: BinaryIO, digests: Digests, look: Callable[[], Piece], tally: Tally | None = None
    ) -> None:
        """Send a piece that is open; when this returns, it is safe.

        `look` tells what is known of it now: what has changed meanwhile is not safe.

        Raises:
            Trouble: it is not safe yet.
            Erased: it never is to be.
            OSError: the file cannot be read.
        """
        if digests.mark != piece.mark:
            digests.mark, digests.known = piece.mark, {}
        why = ""
        for _ in range(_ANEW):
            try:
                _Sending(self, piece, source, digests, look, tally or Tally()).run()
            except _Anew as error:
                why = str(error)
                continue
            except Differs as error:
                digests.known.clear()
                raise Trouble(f"{piece.name} is still being written: {error}") from error
            except (AppUnreachable, MetadataUnavailable, Cut, DeadLink, Refused) as error:
                raise Trouble(str(error)) from error
            except AppRefused as error:
                if error.status == 410:
                    raise Erased(str(error)) from error
                raise Trouble(f"The app refuses ({error.status}): {error}") from error
            return
        raise Trouble(f"{piece.name} was begun anew {_ANEW} times: {why}")

    def ask(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Ask the app about the recordings."""
        return self._app.ask("POST", f"{self._path}{what}", body)

    def put(self, link: Link, source: BinaryIO, part: Part) -> None:
        """Send one part by one link."""
        put(link, source, part, self._patience_s)


@dataclass(slots=True)
class _Sending:
    """One piece under way."""

    by: Transfer
    piece: Piece
    source: BinaryIO
    digests: Digests
    look: Callable[[], Piece]
    tally: Tally
    upload: str = ""
    is_safe: bool = False

    def run(self) -> None:
        parts = cut(self.piece.size)
        there: set[tuple[int, str]] = set()
        for begin in range(0, len(parts), BY):
            group = parts[begin : begin + BY]
            links: dict[int, Link] = {}
            if begin == 0:
                links, there = self._ask_links(group)
                self.tally.there = len(there)
            self._send([part for part in group if (part.number, self._digest(part)) not in there], links)
            if self.is_safe:
                return
        if self.look() != self.piece:
            raise Differs("it has changed meanwhile.")
        told = self._ask(
            "/safe",
            {"upload": self.upload, "parts": [{"number": p.number, "sha256": self._digest(p)} for p in parts]},
        )
        if told.get("safe") is not True:
            raise Trouble(f"The app does not say that {self.piece.name} is safe: {told.get('message')}")

    def _send(self, parts: list[Part], links: dict[int, Link]) -> None:
        """Send these parts, with fresh links as often as they are needed."""
        dead = 0
        while parts and not self.is_safe:
            if parts[0].number not in links:
                links, _ = self._ask_links(parts)
                if parts[0].number not in links and not self.is_safe:
                    raise Trouble(f"The app gives no link for part {parts[0].number} of {self.piece.name}.")
                continue
            try:
                self._put(links.pop(parts[0].number), parts[0])
            except DeadLink:
                links, dead = {}, dead + 1
                if dead == _ANEW:
                    raise
                continue
            parts, dead = parts[1:], 0

    def _put(self, link: Link, part: Part) -> None:
        self.tally.bytes += part.length
        try:
            self.by.put(link, self.source, part)
        except NoUpload as error:
            raise _Anew(str(error)) from error
        except Exception:
            self.tally.failed += 1
            raise
        self.tally.taken += 1

    def _digest(self, part: Part) -> str:
        return self.digests.of(self.source, part)

    def _ask_links(self, parts: list[Part]) -> tuple[dict[int, Link], set[tuple[int, str]]]:
        wanted = [{"number": part.number, "sha256": self._digest(part)} for part in parts]
        told = self._ask("", {"upload": self.upload, "parts": wanted})
        self.is_safe = told.get("safe") is True
        try:
            self.upload = str(told["upload"])
            links = {int(each["number"]): Link(str(each["url"]), dict(each["headers"])) for each in told["links"]}
            lengths = {part.number: part.length for part in cut(self.piece.size)}
            there = {
                (int(each["number"]), str(each["sha256"]))
                for each in told["there"]
                if each["bytes"] == lengths.get(int(each["number"]))
            }
        except (KeyError, TypeError, ValueError) as error:
            raise Trouble(f"The app's answer about {self.piece.name} is not understood ({error!r:.80}).") from error
        return links, there

    def _ask(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.by.ask(what, {"piece": self.piece.name, "bytes": self.piece.size, **body})
        except AppRefused as refusal:
            if refusal.status == 409 and self.upload:
                raise _Anew(str(refusal)) from refusal
            raise
