"""What a trigger says, turned into looks: timers, EC2's events, the table's stream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from chalicelib import log
from chalicelib.control.events import RowChange, StateChange, TimerEvent
from chalicelib.control.look import Looker
from chalicelib.control.ports import World
from chalicelib.domain.errors import BadEvent, ElephantError, NoSuchMeeting, SomeFailed
from chalicelib.domain.model import Meeting, Observation, Owner
from chalicelib.rules.facts import Hints
from chalicelib.rules.people import latest_upload, uploaded_at

_STREAMED = Hints(streamed=True)
RETRY_RECORDS_FOR = timedelta(minutes=5)
"""How long a stream record is tried again that tells what no row tells: it blocks its shard meanwhile."""


class Triggers:
    """Looks at the meetings that events tell of."""

    def __init__(self, world: World, looker: Looker) -> None:
        self._world = world
        self._looker = looker

    def launch_timer(self, timer: TimerEvent) -> None:
        """Look at the meeting whose launch is due by its timer, or by force."""
        self._heed(timer, Hints(due=True, force=timer.force))

    def safety_timer(self, timer: TimerEvent) -> None:
        """Look at the meeting whose checkpoint has come by its timer."""
        self._heed(timer, Hints(checkpoint=True))

    def _heed(self, timer: TimerEvent, hints: Hints) -> None:
        done = timer.image and self._looker.look(timer.meeting_id, hints=hints, glimpse=timer.image)
        done = done or self._looker.look(timer.meeting_id, hints=hints)
        if not done and not self._looker.has_told_of(timer.meeting_id):
            log.note(log.Note.TIMER_CHANGED_NOTHING, meeting=timer.meeting_id, why="the row asks for nothing now")

    def state_change(self, change: StateChange) -> None:
        """Look at the meeting that an instance serves; an instance that is not ours is nobody's business.

        Only the tags tell whose it is. A death is final, so the event itself is proof of it; anything
        else may be long past, so the instance is looked at. Where a meeting was just seen to be over, the death of its
        other desktop is no news.
        """
        if change.state.must_be_ended:
            desktop = self._world.desktops.find(change.desktop_id)
        elif desktop := self._world.desktops.whose(change.desktop_id):
            desktop = replace(desktop, state=change.state)
        if desktop is None or desktop.owner is Owner.FOREIGN or not desktop.meeting_id:
            return
        if not change.state.must_be_ended and self._looker.was_just_closed(desktop.meeting_id):
            return
        try:
            self._looker.look(desktop.meeting_id, Observation((desktop,)))
        except NoSuchMeeting as error:
            log.warn(log.Warn.STRAY_DESKTOP, desktop=desktop.id, why=f"{error} The sweep takes the desktop away.")

    def row_changes(self, changes: Iterable[RowChange | BadEvent]) -> None:
        """Look at the meetings whose rows were written, each once, with all that its records told.

        A look that fails is left to the sweep, which is due within the minute, so that it does not
        hold up the shard; except where the record tells what no row will tell again.

        Raises:
            SomeFailed: such a look failed; the batch is to be tried again.
        """
        latest: dict[str, RowChange] = {}
        for change in changes:
            if isinstance(change, BadEvent):
                log.fail(log.Fail.BAD_RECORD, change)
                continue
            latest[change.meeting.id] = _with_what_was_told_by(latest.get(change.meeting.id), change)
        failed = []
        for change in latest.values():
            try:
                self._looker.look(change.meeting.id, hints=_STREAMED, glimpse=change.meeting, outside=change.outside)
            except NoSuchMeeting as error:
                log.note(log.Note.ROW_GONE, meeting=change.meeting.id, why=str(error))
            except Exception as error:
                log.fail(log.Fail.LOOK_FAILED, error, meeting=change.meeting.id)
                now = self._world.clock()
                is_lost = _is_told_only_here(change.meeting) or not self._is_kept(change)
                if is_lost and now < (change.at or now) + RETRY_RECORDS_FOR:
                    failed.append(change.meeting.id)
        if failed:
            raise SomeFailed(f"These meetings could not be looked at, the batch is to be tried again: {failed}.")

    def _is_kept(self, change: RowChange) -> bool:
        """Return whether the row's history has what the record tells of others' writes; keep it where it has not."""
        try:
            self._looker.keep(change.meeting.id, change.outside)
        except ElephantError as error:
            log.fail(log.Fail.LOOK_FAILED, error, meeting=change.meeting.id)
            return False
        return True


def _with_what_was_told_by(earlier: RowChange | None, change: RowChange) -> RowChange:
    """Return a row's latest change with the reports, the uploads and the writes that its earlier ones told of."""
    if earlier is None:
        return change
    reported = change.meeting.reported | earlier.meeting.reported
    first, last = earlier.meeting.uploads, change.meeting.uploads
    dates = {seat.role: latest_upload(seat, first.get(seat.role), last.get(seat.role)) for seat in change.meeting.seats}
    uploads = {role: date for role, date in dates.items() if date}
    meeting = replace(change.meeting, reported=reported, uploads=uploads)
    return replace(change, meeting=meeting, outside=(*earlier.outside, *change.outside))


def _is_told_only_here(meeting: Meeting) -> bool:
    """Return whether a record tells what the sweep would not find out.

    That is a desktop's report that the next report overwrites, when an upload came, and a row that is not listed
    though there is work on it: made by hand, or edited.
    """
    reports = any(meeting.has_reported(seat) and not seat.healthy_at for seat in meeting.seats)
    uploads = any(uploaded_at(meeting, seat) != seat.uploaded_at for seat in meeting.seats)
    return ((reports or uploads) and not meeting.over) or not (meeting.listed or meeting.finished)
