"""Desktops' names on Cloudflare: one proxied A record each, marked as ours in its comment.

The mark is what is owned: a record without it is never changed, whatever its name. Cloudflare
blocks a user for five minutes who goes over its limit, so calls are few (batches) and a block is
respected at once instead of being waited for. Nor is a silence waited out again and again:
a function's time is short, and desktops must be ended while names cannot be changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import requests

from chalicelib.adapters.secrets import SecretToken
from chalicelib.domain.errors import DnsError, Unavailable
from chalicelib.domain.model import DnsRecord
from chalicelib.domain.rows import parse_time

EXISTS = frozenset({81053, 81054, 81055, 81057, 81058})
NOT_FOUND = 81044
WRONG_TOKEN = 10000

_ADDRESSES = ("A", "AAAA", "CNAME")
_TIMEOUT_S = (3.05, 10)
_PAUSES_S = (0.3, 1.0)
_LONGEST_WAIT_S = 2.0
_SILENCE = timedelta(seconds=60)
_COMMENT_LENGTH = 100
_BATCH = 200
_PAGE = 5000
_LOOKS = 2


def mark_of(stage: str) -> str:
    """Return how the comments of a stage's records begin; a meeting's id follows."""
    return f"elephant:{stage}:"


class CloudflareDns:
    """The port `Dns` on one zone."""

    def __init__(
        self,
        *,
        api_url: str,
        zone_id: str,
        token: SecretToken,
        stage: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        """Take the clock to honour a block, and sleep for the pauses (seconds) between tries."""
        self._url = f"{api_url}/zones/{zone_id}/dns_records"
        self._zone_id = zone_id
        self._token = token
        self._mark = mark_of(stage)
        self._clock = clock
        self._sleep = sleep
        self._session = requests.Session()
        self._blocked_until: datetime | None = None
        self._blocked_why = ""
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
            self._listed.pop(record.name, None)
        taken: list[str] = []
        for chunk in _chunks(records):
            if look or not self._create(chunk):
                taken += self._settle(chunk)
        if taken:
            raise DnsError(
                f"{', '.join(taken)} exists in zone {self._zone_id} without our comment {self._mark}…, so it was left "
                "alone; delete it there, then the desktop is published."
            )

    def _create(self, records: list[DnsRecord]) -> bool:
        """Create records in one call; return whether none of them was in the way of another."""
        bodies = [self._body(record) for record in records]
        try:
            if len(bodies) == 1:
                self._call("POST", json=bodies[0])
            else:
                self._call("POST", "/batch", json={"posts": bodies})
        except _Refused as refused:
            if not refused.codes & EXISTS:
                raise
            return False
        return True

    def _settle(self, records: list[DnsRecord]) -> list[str]:
        """Publish names that may be there already, correcting what is ours; return those that are somebody else's."""
        there: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for found in self._list({"name": records[0].name} if len(records) == 1 else {}):
            if found.get("type") in _ADDRESSES:
                there[found["name"]].append(found)
        taken = [r.name for r in records if not all(map(self._is_ours, there[r.name]))]
        changes: dict[str, list[dict[str, Any]]] = {"deletes": [], "patches": [], "posts": []}
        for record in records:
            body, found_ones = self._body(record), there[record.name]
            if record.name in taken:
                continue
            changes["deletes"] += [{"id": found["id"]} for found in found_ones[1:]]
            if not found_ones:
                changes["posts"].append(body)
            elif any(found_ones[0].get(key) != body[key] for key in ("type", "content")):
                changes["patches"].append({"id": found_ones[0]["id"], **body})
        if wanted := {kind: some for kind, some in changes.items() if some}:
            self._call("POST", "/batch", json=wanted)
        return taken

    def withdraw(self, records: Collection[DnsRecord]) -> None:
        """Remove whatever these names hold of these meetings; a name that is not there is fine.

        What `owned` showed last is deleted by the ids that it had then. Anything else is looked for first, and so
        is what has gone since. What goes while it is looked for, time and again, is the next sweep's.
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
            shown = [found["id"] for found in self._listed.pop(record.name, ()) if self._is_of(found, record)]
            ids |= dict.fromkeys(shown, record)
            if not shown:
                unlisted.append(record)
        return ids, unlisted

    def _ids_in_zone(self, records: Collection[DnsRecord]) -> dict[str, DnsRecord]:
        """Look for these records in one listing, of their meeting or else of the stage; return them by their ids."""
        if not records:
            return {}
        meetings = {record.meeting_id for record in records}
        comment = self._comment(meetings.pop()) if len(meetings) == 1 else self._mark
        by_name: dict[str, list[DnsRecord]] = defaultdict(list)
        for record in records:
            by_name[record.name].append(record)
        return {
            found["id"]: record
            for found in self._list_ours(comment)
            for record in by_name.get(found["name"], ())
            if self._is_of(found, record)
        }

    def _delete_all(self, ids: Mapping[str, DnsRecord]) -> list[DnsRecord]:
        """Delete records by their ids; return those that may be there still, because one of their batch was not."""
        return [ids[id_] for chunk in _chunks(ids) if not self._delete(chunk) for id_ in chunk]

    def _delete(self, ids: list[str]) -> bool:
        """Delete records in one call; return whether all of them were there. Of several, none is deleted if not."""
        try:
            if len(ids) == 1:
                self._call("DELETE", f"/{ids[0]}")
            else:
                self._call("POST", "/batch", json={"deletes": [{"id": id_} for id_ in ids]})
        except _Refused as refused:
            if NOT_FOUND not in refused.codes:
                raise
            return False
        return True

    def owned(self) -> list[DnsRecord]:
        """Return every record that bears our mark, and remember their ids for those that are withdrawn next."""
        self._listed = {}  # a listing that fails must not leave an older one behind
        ours = list(self._list_ours(self._mark))
        for found in ours:
            self._listed.setdefault(found["name"], []).append({"id": found["id"], "comment": found["comment"]})
        return [
            DnsRecord(
                name=found["name"],
                address=found.get("content", ""),
                meeting_id=found["comment"].removeprefix(self._mark),
                created_at=parse_time(found["created_on"]) if found.get("created_on") else None,
            )
            for found in ours
        ]

    def _body(self, record: DnsRecord) -> dict[str, Any]:
        """Return the record as Cloudflare takes it; a proxied record's TTL is automatic, which is spelled 1."""
        return {
            "type": "A",
            "name": record.name,
            "content": record.address,
            "ttl": 1,
            "proxied": True,
            "comment": self._comment(record.meeting_id),
        }

    def _comment(self, meeting_id: str) -> str:
        return f"{self._mark}{meeting_id}"[:_COMMENT_LENGTH]

    def _is_ours(self, found: Mapping[str, Any]) -> bool:
        return str(found.get("comment") or "").startswith(self._mark)

    def _is_of(self, found: Mapping[str, Any], record: DnsRecord) -> bool:
        return not record.meeting_id or found["comment"] == self._comment(record.meeting_id)

    def _list_ours(self, comment: str) -> Iterator[dict[str, Any]]:
        """Yield our records whose comments begin so; Cloudflare's filter makes no difference of case, the mark does."""
        return (found for found in self._list({"comment.startswith": comment}) if self._is_ours(found))

    def _list(self, filters: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        page = 1
        while True:
            reply = self._call("GET", params={**filters, "per_page": _PAGE, "page": page})
            yield from reply.get("result") or []
            if page >= (reply.get("result_info") or {}).get("total_pages", 1):
                return
            page += 1

    # --- the wire

    def _call(self, method: str, path: str = "", **content: Any) -> dict[str, Any]:
        """Call the API; try again after a passing failure, and once with a fresh token.

        Raises:
            Unavailable: no answer, a 5xx that stays, or a block for too many requests.
            DnsError: Cloudflare refused the request, with a 200 that says `success: false` too.
        """
        self._respect_block()
        fresh_token = False
        pauses = iter(_PAUSES_S)
        while True:
            answer = self._send(method, path, **content)
            pause = self._pause_after(answer, pauses)
            if pause is not None:
                self._sleep(pause)
                continue
            if isinstance(answer, Exception):
                raise Unavailable(f"Cloudflare did not answer {method} for zone {self._zone_id}: {answer}") from answer
            if answer.status_code == 429 or answer.status_code >= 500:
                raise Unavailable(f"Cloudflare answered {method} for zone {self._zone_id} with {answer.status_code}.")
            reply = _json(answer)
            if answer.ok and reply.get("success") is True:
                return reply
            refused = _Refused(f"{method} for zone {self._zone_id}", answer.status_code, reply.get("errors"))
            if WRONG_TOKEN in refused.codes and not fresh_token:
                self._token.forget()
                fresh_token = True
                continue
            raise refused

    def _send(self, method: str, path: str, **content: Any) -> requests.Response | requests.RequestException:
        headers = {"Authorization": f"Bearer {self._token.get()}"}
        try:
            return self._session.request(method, self._url + path, headers=headers, timeout=_TIMEOUT_S, **content)
        except requests.RequestException as error:
            return error

    def _pause_after(
        self, answer: requests.Response | requests.RequestException, pauses: Iterator[float]
    ) -> float | None:
        """Return how long to wait before the next try, None where there is to be none."""
        if isinstance(answer, requests.Response):
            if answer.status_code == 429:
                wait_s = _retry_after_s(answer)
                if wait_s > _LONGEST_WAIT_S:
                    self._block(timedelta(seconds=wait_s), "too many were made")
                    return None
                return wait_s if next(pauses, None) is not None else None
            if answer.status_code < 500:
                return None
        elif isinstance(answer, requests.Timeout):
            next(pauses, None)  # a silence takes long itself, so there is one more try and not two
            pause = next(pauses, None)
            if pause is None:
                self._block(_SILENCE, "it did not answer the last one")
            return pause
        return next(pauses, None)

    def _block(self, length: timedelta, why: str) -> None:
        self._blocked_until, self._blocked_why = self._clock() + length, why

    def _respect_block(self) -> None:
        if self._blocked_until and self._clock() < self._blocked_until:
            until = f"{self._blocked_until:%H:%M:%S} UTC"
            raise Unavailable(f"Cloudflare is sent no requests until {until}: {self._blocked_why}.")
        self._blocked_until = None


class _Refused(DnsError):
    """Cloudflare's own refusal, with its error codes."""

    def __init__(self, what: str, status: int, errors: object) -> None:
        listed = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
        self.codes = {error.get("code") for error in listed}
        said = "; ".join(f"{error.get('code')} {error.get('message')}" for error in listed) or "no reason given"
        super().__init__(f"Cloudflare refused {what} with HTTP {status}: {said}")


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        reply = answer.json()
    except ValueError:
        return {}
    return reply if isinstance(reply, dict) else {}


def _retry_after_s(answer: requests.Response) -> float:
    text = answer.headers.get("Retry-After", "")
    return float(text) if text.isdecimal() else 300.0


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    items = list(items)
    return (items[i : i + _BATCH] for i in range(0, len(items), _BATCH))
