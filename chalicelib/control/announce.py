"""Tells others what happens to meetings: what the table's stream says, turned into events on a bus.

The stream has room for two readers, and this is no further one: the function that looks at the meetings tells others
too, once it has. What cannot be sent is sent again with the batch, which costs the meetings nothing but that their
rows wait in the stream meanwhile, where the sweep sees to them; so that ends after a while.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from chalicelib import log
from chalicelib.control.events import RowImages
from chalicelib.control.ports import Announcer
from chalicelib.domain.announcement import Announcement
from chalicelib.domain.errors import NotAnnounced
from chalicelib.domain.policy import Policy
from chalicelib.rules.announcements import announcements

RETRY_FOR = timedelta(minutes=5)
"""How long after a write its batch is tried again because others could not be told of it."""


class Announcing:
    """Tells others of the writes of a batch."""

    def __init__(self, announcer: Announcer, clock: Callable[[], datetime], policy: Policy) -> None:
        """Take the bus, the time (UTC), and the numbers in the rules."""
        self._announcer = announcer
        self._clock = clock
        self._policy = policy

    def row_changes(self, writes: Iterable[RowImages]) -> None:
        """Tell others of these writes, each event once for a batch; a row that spoils a rule spoils only its own.

        Raises:
            NotAnnounced: they could not be told now; the batch is to be tried again.
        """
        told: dict[str, Announcement] = {}
        latest: datetime | None = None
        for write in writes:
            try:
                found = announcements(write.before, write.after, write.at, self._policy)
            except Exception as error:
                log.fail(log.Fail.NOT_ANNOUNCED, error, meeting=write.after.id)
                continue
            if found:
                latest = write.at if latest is None else max(latest, write.at)
            told |= {each.id: each for each in found}
        if latest is None:
            return
        try:
            self._announcer.announce(list(told.values()))
        except NotAnnounced as error:
            if error.passes and self._clock() < latest + RETRY_FOR:
                raise
            log.fail(log.Fail.NOT_ANNOUNCED, error, events=error.left)
            log.count(log.Metric.UNANNOUNCED, len(error.left), stage=self._policy.stage)
