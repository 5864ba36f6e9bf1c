"""Changes of a zone's records in as few calls as it takes.

Cloudflare applies a batch whole or not at all and names no change that it refuses. So a refused batch is halved until
the bad change is alone, and the good ones go through.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from chalicelib.adapters.dns.cloudflare_api import Refused, ZoneApi
from chalicelib.domain.model import DnsRecord

FULL = 81045
"""The code of the refusal of a record more than the zone may hold."""

_SMALL = 200
_LARGE = 3500
_METHODS = {"deletes": "DELETE", "patches": "PATCH", "posts": "POST"}
_BAD_ONES = 4


class Change(NamedTuple):
    """One change of a record: its kind and its body as they stand in a batch, and what it is for."""

    kind: Literal["deletes", "patches", "posts"]
    body: Mapping[str, Any]
    record: DnsRecord


class Rejected(NamedTuple):
    """Changes that were not made, and why."""

    changes: Sequence[Change]
    refused: Refused

    @property
    def records(self) -> list[DnsRecord]:
        """Whose changes they are."""
        return [change.record for change in self.changes]


class Batches:
    """The batches of one zone: at most 200 changes on a Free plan and 3,500 on those that are paid for.

    Which plan it is need not be asked for, which would take a right that the token may not have. The first batch that
    is too large for the small size tells: where it is refused and all its parts are not, its size was what was wrong.
    """

    def __init__(self, api: ZoneApi) -> None:
        """Take the zone's API."""
        self._api = api
        self._largest = _LARGE

    def make(self, changes: Collection[Change], *, settled: Collection[int] = ()) -> list[Rejected]:
        """Make these changes, deletions first; return those that were refused.

        What is refused with a code of those `settled` comes back as it was sent, good changes among it: whoever calls
        settles it in fewer calls than halving takes. So does what is left once many more were refused than four bad
        changes explain: then it is no change that is bad, and the calls are as good as lost.

        Raises:
            DnsError: the token was refused.
            Unavailable: Cloudflare does not answer, or asks to wait; whatever was not made yet is left.
        """
        rejected: list[Rejected] = []
        refusals, most = 0, _BAD_ONES * len(changes).bit_length()
        full: Refused | None = None
        room, largest = math.inf, self._largest
        waiting = deque(_cut(list(changes), largest))
        while waiting:
            piece = waiting.popleft()
            if len(piece) > largest:
                waiting.extend(_cut(piece, largest))
                continue
            new = sum(change.kind == "posts" for change in piece)
            why = full if full and new > room else self._send(piece)
            if why is None:
                room -= new
                continue
            if why.codes & set(settled):
                rejected.append(Rejected(piece, why))
                continue
            if why is not full:
                refusals += 1
                if FULL in why.codes:
                    full, room = why, new - 1
                elif len(piece) > _SMALL:
                    largest = _SMALL
                    waiting.append(piece)
                    continue
            if refusals > most:
                return [*rejected, *(Rejected(left, why) for left in (piece, *waiting))]
            if len(piece) == 1:
                rejected.append(Rejected(piece, why))
            else:
                waiting.extend(_cut(piece, -(-len(piece) // 2)))
        if refusals == 1:  # of what was too large, and of nothing in it
            self._largest = largest
        return rejected

    def _send(self, changes: Sequence[Change]) -> Refused | None:
        """Make changes in one call; return why none of them was made, None where all were."""
        try:
            if len(changes) == 1:
                self._send_one(changes[0])
            else:
                kinds: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in _METHODS}
                for change in changes:
                    kinds[change.kind].append(change.body)
                self._api.call("POST", "/batch", json={kind: some for kind, some in kinds.items() if some})
        except Refused as refused:
            return refused
        return None

    def _send_one(self, change: Change) -> None:
        body = {name: value for name, value in change.body.items() if name != "id"}
        path = f"/{change.body['id']}" if "id" in change.body else ""
        self._api.call(_METHODS[change.kind], path, **({"json": body} if body else {}))


def _cut(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    return (changes[i : i + size] for i in range(0, len(changes), size))
