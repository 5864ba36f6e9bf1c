"""Desktops' names on Cloudflare: one proxied A record each, marked as ours in its comment.

The mark is what is owned: a record without it is never changed, whatever its name. It names the stage and the
installation, since two installations may share a zone and a stage's name. What version 0.1.0 published names the stage
alone: that is ours where somebody asks for it by the name of our own desktop, and is only shown, as such, otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib.adapters.dns.cloudflare_api import Refused, ZoneApi
from chalicelib.adapters.secrets import SecretToken
from chalicelib.domain.errors import DnsError
from chalicelib.domain.model import DnsRecord
from chalicelib.domain.rows import parse_time
from chalicelib.names import one_form

EXISTS = frozenset({81053, 81054, 81055, 81057, 81058})
NOT_FOUND = 81044
MARKED = "elephant:"
"""How every mark of every installation begins."""

_ADDRESSES = ("A", "AAAA", "CNAME")
_COMMENT_LENGTH = 100
_BATCH = 200
_PAGE = 5000
_LOOKS = 2


def mark_of(stage: str, installation: str | None = None) -> str:
    """Return how the comments of an installation's records begin; a meeting's id follows.

    Without an installation it is the mark of version 0.1.0, with which none that names one begins: an installation that
    was not upgraded yet must not take the others' for its own.
    """
    return f"{MARKED}{stage}@{installation}:" if installation else f"{MARKED}{stage}:"


class CloudflareDns:
    """The port `Dns` on one zone."""

    def __init__(
        self,
        *,
        api_url: str,
        zone_id: str,
        token: SecretToken,
        stage: str,
        installation: str | None = None,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        """Take the clock to honour a block, and sleep for the pauses (seconds) between tries.

        Without an installation, records are marked with the stage alone.
        """
        self._api = ZoneApi(api_url, zone_id, token, clock, sleep)
        self._zone_id = zone_id
        self._mark = mark_of(stage, installation)
        self._marks = (self._mark, mark_of(stage))
        self._marks_begin = mark_of(stage).removesuffix(":") if installation else self._mark
        self._listed: dict[str, list[dict[str, str]]] = {}  # what `owned` showed last, by name

    def publish(self, records: Collection[DnsRecord]) -> None:
        """Make these new names resolve to their addresses; repeating it changes nothing.

        A new desktop's name is its own, so it is created without looking, and looked at only where
        Cloudflare says that it exists.
        """
        self._put(records, look=False)

    def repair(self, records: Collection[DnsRecord]) -> None:
        """Make these names resolve to their addresses and to no others; repeating it changes nothing.

        The zone is looked at first, because Cloudflare lets two addresses share a name.
        """
        self._put(records, look=True)

    def _put(self, records: Collection[DnsRecord], *, look: bool) -> None:
        for record in records:
            self._listed.pop(one_form(record.name), None)
        taken: list[str] = []
        for chunk in _chunks(records):
            if look or not self._create(chunk):
                taken += self._settle(chunk)
        if taken:
            raise DnsError(
                f"{', '.join(taken)} exists in zone {self._zone_id} without our comment {self._mark}…, so it was left "
                "alone; where nobody needs it, delete it there, then the desktop is published."
            )

    def _create(self, records: list[DnsRecord]) -> bool:
        """Create records in one call; return whether none of them was in the way of another."""
        bodies = [self._body(record) for record in records]
        try:
            if len(bodies) == 1:
                self._api.call("POST", json=bodies[0])
            else:
                self._api.call("POST", "/batch", json={"posts": bodies})
        except Refused as refused:
            if not refused.codes & EXISTS:
                raise
            return False
        return True

    def _settle(self, records: list[DnsRecord]) -> list[str]:
        """Publish names that may be there already, correcting what is ours; return those that are somebody else's."""
        there: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for found in self._list({"name": one_form(records[0].name)} if len(records) == 1 else {}):
            if found.get("type") in _ADDRESSES:
                there[one_form(found["name"])].append(found)
        taken = []
        changes: dict[str, list[dict[str, Any]]] = {"deletes": [], "patches": [], "posts": []}
        for record in records:
            body, found_ones = self._body(record), there[one_form(record.name)]
            if not all(map(self._is_ours, found_ones)):
                taken.append(record.name)
                continue
            changes["deletes"] += [{"id": found["id"]} for found in found_ones[1:]]
            if not found_ones:
                changes["posts"].append(body)
            elif not self._is_as_wanted(found_ones[0], body):
                changes["patches"].append({"id": found_ones[0]["id"], **body})
        if wanted := {kind: some for kind, some in changes.items() if some}:
            self._api.call("POST", "/batch", json=wanted)
        return taken

    def withdraw(self, records: Collection[DnsRecord]) -> None:
        """Remove whatever these names hold of these meetings; a name that is not there is fine.

        What `owned` showed last is deleted by the ids that it had then. Anything else is looked for first, and so
        is what has gone since. What goes while it is looked for, time and again, is the next sweep's, and so is what
        bears the old mark: to look for that too would cost a call a desktop for ever.
        """
        ids, left = self._ids_listed_last(records)
        left += self._delete_all(ids)
        for _ in range(_LOOKS):
            left = self._delete_all(self._ids_in_zone(left))

    def _ids_listed_last(self, records: Collection[DnsRecord]) -> tuple[dict[str, DnsRecord], list[DnsRecord]]:
        """Return by their ids what `owned` showed last of these records, forgetting it, and which it did not show."""
        ids: dict[str, DnsRecord] = {}
        unlisted: list[DnsRecord] = []
        for record in {(record.name, record.meeting_id): record for record in records}.values():
            listed = self._listed.pop(one_form(record.name), ())
            shown = [found["id"] for found in listed if self._is_of(found, record)]
            ids |= dict.fromkeys(shown, record)
            if not shown:
                unlisted.append(record)
        return ids, unlisted

    def _ids_in_zone(self, records: Collection[DnsRecord]) -> dict[str, DnsRecord]:
        """Look for these records in one listing, of their meeting or else of the stage; return them by their ids."""
        if not records:
            return {}
        meetings = {record.meeting_id for record in records}
        comment = _comment(self._mark, meetings.pop()) if len(meetings) == 1 else self._mark
        by_name: dict[str, list[DnsRecord]] = defaultdict(list)
        for record in records:
            by_name[one_form(record.name)].append(record)
        return {
            found["id"]: record
            for found in self._list_ours(comment)
            for record in by_name.get(one_form(found["name"]), ())
            if self._is_of(found, record)
        }

    def _delete_all(self, ids: Mapping[str, DnsRecord]) -> list[DnsRecord]:
        """Delete records by their ids; return those that may be there still, because one of their batch was not."""
        return [ids[id_] for chunk in _chunks(ids) if not self._delete(chunk) for id_ in chunk]

    def _delete(self, ids: list[str]) -> bool:
        """Delete records in one call; return whether all of them were there. Of several, none is deleted if not."""
        try:
            if len(ids) == 1:
                self._api.call("DELETE", f"/{ids[0]}")
            else:
                self._api.call("POST", "/batch", json={"deletes": [{"id": id_} for id_ in ids]})
        except Refused as refused:
            if NOT_FOUND not in refused.codes:
                raise
            return False
        return True

    def owned(self) -> list[DnsRecord]:
        """Return every record that bears our mark, and remember their ids for those that are withdrawn next."""
        self._listed = {}  # a listing that fails must not leave an older one behind
        ours = [found | {"name": one_form(found["name"])} for found in self._list_ours(self._marks_begin)]
        for found in ours:
            self._listed.setdefault(found["name"], []).append({"id": found["id"], "comment": found["comment"]})
        return [
            DnsRecord(
                name=found["name"],
                address=found.get("content", ""),
                meeting_id=found["comment"].partition(self._mark_on(found))[2],
                created_at=parse_time(found["created_on"]) if found.get("created_on") else None,
                old_mark=self._mark_on(found) != self._mark,
            )
            for found in ours
        ]

    def _body(self, record: DnsRecord) -> dict[str, Any]:
        """Return the record as Cloudflare takes it; a proxied record's TTL is automatic, which is spelled 1."""
        return {
            "type": "A",
            "name": one_form(record.name),
            "content": record.address,
            "ttl": 1,
            "proxied": True,
            "comment": _comment(self._mark, record.meeting_id),
        }

    def _is_as_wanted(self, found: Mapping[str, Any], body: Mapping[str, Any]) -> bool:
        """Return whether one of our records leads where it should and bears the mark of today."""
        leads = all(found.get(key) == body[key] for key in ("type", "content"))
        return leads and self._mark_on(found) == self._mark

    def _mark_on(self, found: Mapping[str, Any]) -> str:
        """Return which of our marks a record bears, empty where it bears none; case makes a difference."""
        comment = str(found.get("comment") or "")
        return next((mark for mark in self._marks if comment.startswith(mark)), "")

    def _is_ours(self, found: Mapping[str, Any]) -> bool:
        return bool(self._mark_on(found))

    def _is_of(self, found: Mapping[str, Any], record: DnsRecord) -> bool:
        return not record.meeting_id or found["comment"] in [_comment(mark, record.meeting_id) for mark in self._marks]

    def _list_ours(self, comment: str) -> Iterator[dict[str, Any]]:
        """Yield our records whose comments begin so; Cloudflare's filter makes no difference of case, a mark does."""
        return (found for found in self._list({"comment.startswith": comment}) if self._is_ours(found))

    def _list(self, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            reply = self._api.call("GET", params={**filters, "per_page": _PAGE, "page": page})
            yield from reply.get("result") or []
            if page >= (reply.get("result_info") or {}).get("total_pages", 1):
                return
            page += 1


def _comment(mark: str, meeting_id: str) -> str:
    return f"{mark}{meeting_id}"[:_COMMENT_LENGTH]


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = list(items)
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))
