"""One meeting as an operator asks for it: which one, the row, the buckets of its recordings, and who asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chalicelib.domain import rows
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.history import Entry
from chalicelib.domain.model import Meeting
from chalicelib.domain.recordings import of_meeting
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role, attribute
from chalicelib.people import links
from tools import bucket
from tools.account import Account, Clients, enter
from tools.desktops import living, whose
from tools.history import Rows
from tools.kept_recordings import Bucket, Kept
from tools.stack import Stack
from tools.stage import Stage, StageError


@dataclass(frozen=True)
class Asked:
    """A meeting of a stage, and when an operator asks for it (`now` is UTC)."""

    stage: Stage
    id: str
    client: Clients
    now: datetime

    def __post_init__(self) -> None:
        """Refuse what can be no meeting's id."""
        if not self.id or not self.id.isprintable() or self.id != self.id.strip():
            raise StageError("Name one meeting by its id, as its row has it: MEETING=<id>.")

    @cached_property
    def account(self) -> Account:
        """The account, entered."""
        return enter(self.stage, self.client)

    @cached_property
    def rows(self) -> Rows:
        """The stage's table, which may be gone."""
        stack = Stack(self.client, self.stage.stack)
        outputs = stack.outputs() if stack.exists() else {}
        return Rows(self.client("dynamodb"), outputs.get("TableName", self.stage.table_name))

    @cached_property
    def row(self) -> dict[str, Any] | None:
        """The meeting's row, None where it has none any more."""
        return self.rows.get(self.id)

    @cached_property
    def meeting(self) -> Meeting | None:
        """The row, understood."""
        return rows.meeting(self.row) if self.row is not None else None

    @cached_property
    def buckets(self) -> list[Bucket]:
        """The stage's buckets."""
        return bucket.of_stage(self.stage, self.account, self.client)

    def kept(self, where: Bucket) -> Kept:
        """Return everything of the meeting in one of the buckets."""
        named = [place[1] for url in self._addresses() if (place := self._own_place(url)) and place[0] == where.name]
        return where.of_meeting(self.id, named)

    def elsewhere(self) -> list[str]:
        """Return the addresses of uploads that the row names and that lie somewhere else: they are not touched here."""
        names = {where.name for where in self.buckets}
        places = {url: self._own_place(url) for url in self._addresses()}
        return [url for url, place in places.items() if place is None or place[0] not in names]

    def _addresses(self) -> list[str]:
        values = [(self.row or {}).get(attribute(role, "session_data")) for role in Role]
        return [value for value in values if isinstance(value, str) and value]

    def _own_place(self, url: str) -> tuple[str, str] | None:
        """Return the bucket and the key that an address names, None where the key does not bear the meeting's own id.

        Desktops with scripts write rows as they like: by this row nobody opens or erases another meeting's.
        """
        place = place_of(url)
        own = rf"(^|[/_])({re.escape(self.id)}|{re.escape(of_meeting(self.id)[:-1])})[/_.]"
        return place if place and re.search(own, place[1]) else None

    def entry(self, what: str, why: str) -> Entry:
        """Return what is kept of an operator's deed."""
        return Entry(timestamp(self.now), what, self.account.caller, why)

    def living(self) -> list[str]:
        """Return the ids of the meeting's desktops that are alive."""
        named = self.meeting.desktop_ids if self.meeting else ()
        return [
            desktop["InstanceId"]
            for desktop in living(self.stage, self.client)
            if {"Key": "MeetingID", "Value": self.id} in desktop.get("Tags", []) or desktop["InstanceId"] in named
        ]


def meant(text: str, stage: Stage, client: Clients) -> str:
    """Return the id of the meeting that an operator means: by its id, a link to it, a link's `id`, or a desktop of it.

    Raises:
        StageError: it is nothing, an address without an id, or a desktop of no meeting.
    """
    text = text.strip()
    if not text:
        raise StageError("Name one meeting: ID=<its id, a link to it, or the instance id of a desktop of it>.")
    if re.fullmatch("i-[0-9a-f]{8,17}", text):
        return whose(text, stage, client)
    if "://" in text:
        parts = urlsplit(text)
        queries = (parse_qs(part.partition("?")[2] or part) for part in (parts.query, parts.fragment))
        ids = [found for query in queries for found in query.get("id", ())]
        if not ids:
            raise StageError(f"The address {text} names no meeting: a link to one has its id, as ?id=…")
        text = ids[0]
    try:
        return links.meeting_id_in(text, Role.TEACHER)  # a meeting's own id looks the same in a link of either role
    except BadRequest:
        return text  # of a row that was made by hand: it may be called anything


def place_of(url: str) -> tuple[str, str] | None:
    """Return the bucket and the key that an address of S3 names, None for any other address."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    if parts.scheme == "s3":
        return (host, path) if path else None
    if found := re.fullmatch(r"(.+)\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?", host):
        return (found[1], path) if path else None
    if re.fullmatch(r"s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?", host):
        name, _, key = path.partition("/")
        return (name, key) if key else None
    return None


def now() -> datetime:
    """Return the time, UTC."""
    return datetime.now(UTC)
