"""Handing operators what was recorded of a meeting: links that are good for minutes, and it is kept who took them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib import log
from chalicelib.control.ports import Meetings, Recordings
from chalicelib.domain import writes
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.recordings import on_day
from chalicelib.people.manage import Actor
from chalicelib.rules.times import recorded_on

LASTS = timedelta(minutes=5)
"""How long a link is good."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Hands out links to recordings. The bucket is asked for where there is something to look for."""

    meetings: Meetings
    recordings: Callable[[], Recordings]
    policy: Policy

    def links(self, actor: Actor, why: str) -> dict[str, Any]:
        """Return a link to each recording of the actor's meeting; its history is told first who takes them.

        What desktops with scripts have uploaded is told by the addresses that they have written: `elsewhere`.

        Raises:
            Forbidden: they bring no key: who holds a meeting's link is in it, and not its operator.
            NoSuchMeeting: there is no such row.
            Unavailable: the table or the bucket cannot be used now; nobody has a link then that is not in the history.
        """
        if actor.link is not None:
            raise Forbidden("Recordings are handed out by the operator alone; ask them for yours.")
        meeting, bucket = self.meetings.get(actor.meeting_id), self.recordings()
        found = bucket.kept(on_day(recorded_on(meeting, self.policy), meeting.id))
        told = [{"name": key, "bytes": size, "url": bucket.link_to(key, LASTS)} for key, size in sorted(found.items())]
        if told:
            change = replace(writes.recordings_taken(len(told), by=actor.by), reason=why)
            self.meetings.update(meeting.id, change)
            log.note(log.Note.MANAGE, meeting=meeting.id, why=change.why, by=actor.by, reason=why)
        return {
            "message": f"The meeting has {len(told)} recordings.",
            "recordings": told,
            "elsewhere": [url for url in _addresses(meeting) if not url.startswith(bucket.address(""))],
            "good_for_s": int(LASTS.total_seconds()),
        }


def _addresses(meeting: Meeting) -> list[str]:
    """Return the addresses that desktops have written on the row."""
    values = (meeting.row.get(seat.attribute("session_data")) for seat in meeting.seats)
    return [value for value in values if isinstance(value, str) and value]
