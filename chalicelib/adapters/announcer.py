"""Events on a bus of EventBridge, as few calls as there can be."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.announcement import Announcement
from chalicelib.domain.errors import NotAnnounced

MOST_AT_ONCE = 10
"""The most events that a call takes. Ten of the largest are less than the 256 KiB that it takes at the most."""

_LASTING = frozenset(
    {
        "AccessDeniedException",
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""What is said of an event, or of a call, that would be said of it again: the bus is another one, or closed to us."""

Entry = dict[str, Any]


class BusAnnouncer:
    """The port `Announcer` on one bus."""

    def __init__(self, client: Any, bus: str, stage: str) -> None:
        """Take a client of the bus's own Region, its name or ARN, and the stage whose meetings are told of."""
        self._client = client
        self._bus = bus
        self._source = source(stage)

    def announce(self, announcements: Collection[Announcement]) -> None:
        """Tell others of all of these, in this order; what the bus did not take it is offered once more.

        Raises:
            NotAnnounced: it did not take some of them then either.
        """
        left = [self._entry(each) for each in announcements]
        for _ in range(2):
            left, why = self._put(left)
            if not why:
                return
            if why <= _LASTING:
                break
        details = tuple(json.loads(entry["Detail"]) | {"detail-type": entry["DetailType"]} for entry in left)
        raise NotAnnounced(
            f"{len(left)} events could not be put on the bus {self._bus}: {', '.join(sorted(why))}; see that it is "
            "there and that the function may put events on it (make doctor).",
            details,
            passes=not why <= _LASTING,
        )

    def _put(self, entries: list[Entry]) -> tuple[list[Entry], set[str]]:
        """Put events on the bus; return those that it did not take, and why it did not."""
        left: list[Entry] = []
        why: set[str] = set()
        for first in range(0, len(entries), MOST_AT_ONCE):
            offered = entries[first : first + MOST_AT_ONCE]
            try:
                answers = self._client.put_events(Entries=offered)["Entries"]
            except ClientError as error:
                refused = [(entry, error.response["Error"]["Code"]) for entry in offered]
            except BotoCoreError as error:
                refused = [(entry, type(error).__name__) for entry in offered]
            else:
                told = zip(offered, answers, strict=True)
                refused = [(entry, answer["ErrorCode"]) for entry, answer in told if answer.get("ErrorCode")]
            left += [entry for entry, _ in refused]
            why |= {code for _, code in refused}
        return left, why

    def _entry(self, announcement: Announcement) -> Entry:
        return {
            "Time": announcement.at,
            "Source": self._source,
            "DetailType": announcement.kind.value,
            "Detail": json.dumps(announcement.detail),
            "EventBusName": self._bus,
        }


def source(stage: str) -> str:
    """Return what the events of a stage bear as their `source`."""
    return f"elephant.{stage}"


def region_of(bus: str) -> str | None:
    """Return the Region of a bus that is named by its ARN, None for the functions' own."""
    return bus.split(":")[3] if bus.startswith("arn:") else None
