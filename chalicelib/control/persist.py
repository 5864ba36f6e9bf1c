"""Writing a change to a meeting's row: one write, one line in the log, and what it means for whoever goes on."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib import log
from chalicelib.control.ports import World
from chalicelib.domain.actions import Action
from chalicelib.domain.errors import Conflict, ElephantError
from chalicelib.domain.model import Desktop, Meeting
from chalicelib.domain.update import Update


class Overtaken(Conflict):
    """The row changed while a plan was applied.

    `launched` is evidence for the next look, `failures` are raised after it. `done` are the steps before it, which
    stand.
    """

    def __init__(
        self,
        message: str,
        launched: Iterable[Desktop],
        failures: Iterable[ElephantError],
        done: Iterable[Action] = (),
    ) -> None:
        super().__init__(message)
        self.launched = tuple(launched)
        self.failures = tuple(failures)
        self.done = tuple(done)


def persist(world: World, meeting: Meeting, change: Update) -> None:
    """Write the change, if the row still is what it expects.

    Raises:
        Conflict: the row is no longer what the change expects.
        Unavailable: the table cannot be written now.
    """
    world.meetings.update(meeting.id, change)
    log.note(log.Note.UPDATE, meeting=meeting.id, why=change.why, set=dict(change.set), remove=list(change.remove))
    if change.set.get("ended_at"):
        reason = str(change.set["termination_reason"])
        log.count(log.Metric.ENDED, 1, stage=world.policy.stage, reason=reason, meeting=meeting.id)
