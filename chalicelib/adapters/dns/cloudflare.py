"""Desktops' names on Cloudflare: one proxied A record each, marked as ours in its comment.

The mark is what is owned: a record without it is never changed, whatever its name. It names the stage and the
installation, since two installations may share a zone and a stage's name. What version 0.1.0 published names the stage
alone: that is ours where somebody asks for it by the name of our own desktop, and is only shown, as such, otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from threading import Lock
from typing import Any

from chalicelib.adapters.dns.batches import Batches, Change, Rejected
from chalicelib.adapters.dns.cloudflare_api import ZoneApi
from chalicelib.adapters.dns.waiting import TableWait
from chalicelib.adapters.secrets import SecretToken
from chalicelib.adapters.threads import Joined
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
_SHOWN = 10
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
        shared: TableWait | None = None,
    ) -> None:
        """Take the clock to honour a wait, sleep for the pauses (seconds) between tries, and the wait of all functions.

        Without an installation, records are marked with the stage alone.
        """
        self._api = ZoneApi(api_url, zone_id, token, clock, sleep, shared)
        self._batches = Batches(self._api)
        self._zone_id = zone_id
        self._mark = mark_of(stage, installation)
        self._marks = (self._mark, mark_of(stage))
        self._marks_begin = mark_of(stage).removesuffix(":") if installation else self._mark
        self._listed: dict[str, list[dict[str, str]]] = {}  # what `owned` showed last, by name
        turn = Lock()  # one thread at a time changes the zone, for all that wait
        self._published = Joined(partial(self._put, look=False), turn)
        self._repaired = Joined(partial(self._put, look=True), turn)
        self._withdrawn = Joined(self._remove, turn)

    def publish(self, records: Collection[DnsRecord]) -> None:
        """Make these new names resolve to their addresses; repeating it changes nothing.

        A new desktop's name is its own, so it is created without looking, and looked at only where
        Cloudflare says that it exists.
        """
        self._published(records)

    def repair(self, records: Collection[DnsRecord]) -> None:
        """Make these names resolve to their addresses and to no others; repeating it changes nothing.

        The zone is looked at first, because Cloudflare lets two addresses share a name.
        """
        self._repaired(records)

    def _put(self, records: Collection[DnsRecord], *, look: bool) -> dict[DnsRecord, DnsError]:
        """Publish these names; return what became of those that could not be."""
        for record in records:
            self._listed.pop(one_form(record.name), None)
        rejected: list[Rejected] = []
        if not look:
            posts = [Change("posts", self._body(record), record) for record in records]
            records, rejected = _parted(self._batches.make(posts, settled=EXISTS), EXISTS)
        taken, more = self._settle(records)
        problems = _problems("published", [*rejected, *more])
        if taken:
            problem = DnsError(
                f"{_named(taken)} exists in zone {self._zone_id} without our comment {self._mark}…, so it was left "
                "alone; where nobody needs it, delete it there, then the desktop is published."
            )
            problems |= dict.fromkeys(taken, problem)
        return problems

    def _settle(self, records: Collection[DnsRecord]) -> tuple[list[DnsRecord], list[Rejected]]:
        """Publish names that may be there already, correcting what is ours.

        Return those that are somebody else's, and what Cloudflare refused.
        """
        if not records:
            return [], []
        names = {one_form(record.name) for record in records}
        there: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for found in self._list({"name": names.pop()} if len(names) == 1 else {}):
            if found.get("type") in _ADDRESSES:
                there[one_form(found["name"])].append(found)
        taken: list[DnsRecord] = []
        deletes: list[Change] = []
        others: list[Change] = []
        for record in records:
            body, found_ones = self._body(record), there[one_form(record.name)]
            if not all(map(self._is_ours, found_ones)):
                taken.append(record)
                continue
            deletes += [Change("deletes", {"id": found["id"]}, record) for found in found_ones[1:]]
            if not found_ones:
                others.append(Change("posts", body, record))
            elif not self._is_as_wanted(found_ones[0], body):
                others.append(Change("patches", {"id": found_ones[0]["id"], **body}, record))
        return taken, self._batches.make([*deletes, *others])

    def withdraw(self, records: Collection[DnsRecord]) -> None:
        """Remove whatever these names hold of these meetings; a name that is not there is fine.

        What `owned` showed last is deleted by the ids that it had then. Anything else is looked for first, and so
        is what has gone since. What goes while it is looked for, time and again, is the next sweep's, and so is what
        bears the old mark: to look for that too would cost a call a desktop for ever.
        """
        self._withdrawn(records)

    def _remove(self, records: Collection[DnsRecord]) -> dict[DnsRecord, DnsError]:
        """Remove what these names hold; return what became of those that could not be."""
        ids, left = self._ids_listed_last(records)
        gone, rejected = self._delete(ids)
        left += gone
        for _ in range(_LOOKS):
            left, more = self._delete(self._ids_in_zone(left))
            rejected += more
        return _problems("withdrawn", rejected)

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

    def _delete(self, ids: Mapping[str, DnsRecord]) -> tuple[list[DnsRecord], list[Rejected]]:
        """Delete records by their ids.

        Return those that may be there still, because one of their batch was not, and what Cloudflare refused.
        """
        deletes = [Change("deletes", {"id": id_}, record) for id_, record in ids.items()]
        return _parted(self._batches.make(deletes, settled={NOT_FOUND}), {NOT_FOUND})

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


def _parted(rejected: Iterable[Rejected], codes: Collection[int]) -> tuple[list[DnsRecord], list[Rejected]]:
    """Return the records of what was refused with one of these codes, and what was refused for another reason."""
    records: list[DnsRecord] = []
    others: list[Rejected] = []
    for each in rejected:
        if each.refused.codes & set(codes):
            records += each.records
        else:
            others.append(each)
    return records, others


def _problems(done: str, rejected: Iterable[Rejected]) -> dict[DnsRecord, DnsError]:
    """Return what became of records: for each reason of Cloudflare's, the names of what was not `done` by it."""
    by_reason: dict[str, list[DnsRecord]] = defaultdict(list)
    for each in rejected:
        by_reason[str(each.refused)] += each.records
    problems: dict[DnsRecord, DnsError] = {}
    for reason, records in by_reason.items():
        error = DnsError(f"{_named(records)} could not be {done}: {reason.rstrip('.')}.")
        problems |= dict.fromkeys(records, error)
    return problems


def _named(records: Iterable[DnsRecord]) -> str:
    """Return the names of records as a sentence bears them: the first ones, and how many more there are."""
    names = list(dict.fromkeys(record.name for record in records))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
