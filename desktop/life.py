"""The life of a desktop that belongs to a meeting: from the first word to the app until everybody has gone.

waiting   the app does not name this desktop, now or yet: nothing is changed
meeting   its person may come; when nobody has been there for a while, what was recorded is uploaded
ending    the time is up: the door is shut, and what records is to end
over      everybody was sent out; what was recorded is uploaded, and the rest is the guard's
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from desktop import hooks, notice, room
from desktop.background import Line
from desktop.clock import AppClock
from desktop.config import Config
from desktop.conversation import Conversation, Place
from desktop.dcv import Dcv, DcvUnknown
from desktop.door import Seat
from desktop.ends import Ends
from desktop.hooks import Moment, Runner
from desktop.machine.system import Allows
from desktop.notice import Notice, Phase, Told
from desktop.presence import Watch
from desktop.recordings import Recordings
from desktop.state import State

RECORDER_S = 30
"""How long people stay at the end for what records to end in order, in seconds."""

_DISCONNECT_AGAIN_S = 10
_ALLOW_AGAIN_S = 60
_HELPER_LIVES = timedelta(seconds=30)

log = logging.getLogger("elephant.desktop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a life is put together from."""

    config: Config
    conversation: Conversation
    watch: Watch
    dcv: Dcv
    machine: Allows
    state: State
    recordings: Recordings
    clock: AppClock
    elapsed: Callable[[], float]
    hooks: Line
    """The line in which the operator's commands run."""


class Life:
    """Stepped about once a second; nothing in it waits for long."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; whatever notice was left before is replaced at once."""
        self._parts = parts
        self._notice: Notice | None = None
        self._place: Place | None = None
        self._connected = self._parts.state.get("connected") is True
        self._away_since_s: float | None = None
        self._ending_since_s = 0.0
        self._disconnect_due_s = 0.0
        self._origin = ""
        self._allow_due_s = 0.0
        self._ends = Ends(parts.conversation, parts.clock.now)
        self._minutes_left: int | None = None
        self._notice_fault = ""
        self.phase = Phase.WAITING
        self._leave_notice()

    def seat(self) -> Seat | None:
        """Return whom the door opens for: nobody before the app has told it, and nobody from the meeting's end on."""
        place = self._parts.conversation.place
        return place.seat if place and self.phase is Phase.MEETING else None

    def step(self) -> None:
        """Do what is due."""
        parts = self._parts
        if word := parts.recordings.word:
            parts.conversation.uploaded(word)
        parts.conversation.step(leaving=self.phase in (Phase.ENDING, Phase.OVER))
        if word and parts.conversation.untold is None:
            parts.recordings.took(word)
        self._place = parts.conversation.place or self._place
        if self._place and self.phase is Phase.WAITING:
            self.phase = Phase.MEETING
        self._follow_people()
        self._follow_time()
        self._upload()
        self._leave_notice()

    # --- people

    def _follow_people(self) -> None:
        connected = self._parts.watch.connected
        if connected is None or self._place is None:
            return
        if not connected and self._away_since_s is None:
            self._away_since_s = self._parts.elapsed()
        if connected == self._connected:
            return
        self._connected = connected
        self._parts.state.keep("connected", connected)
        if connected:
            self._away_since_s = None
            self._parts.recordings.visited()
        self._run_hooks(Moment.CONNECT if connected else Moment.DISCONNECT)

    def _upload(self) -> None:
        """Upload, and tell of it where the person has been away for long enough, or everybody was sent out."""
        if self._place is None:
            return
        away = self._away_since_s
        is_away = away is not None and self._parts.elapsed() - away >= self._parts.config.away.total_seconds()
        self._parts.recordings.step(
            self._place,
            self._heard(),
            hooks.environ(self._now_told()),
            is_time=self.phase is Phase.OVER or (self.phase is Phase.MEETING and is_away),
            is_over=self._parts.conversation.is_over,
        )

    # --- time

    def _follow_time(self) -> None:
        place, conversation = self._place, self._parts.conversation
        if place:
            self._allow_capture(place)
        if self.phase is Phase.ENDING:
            self._send_out()
        elif self.phase is not Phase.OVER:
            if place and self.phase is Phase.MEETING:
                self._near_end(place)
            if conversation.is_over or self._minutes_left == 0:
                self._begin_end()

    def _near_end(self, place: Place) -> None:
        self._minutes_left = self._ends.minutes_left(place)
        if self._minutes_left is not None and self._parts.state.is_new("before_end", place.end):
            self._run_hooks(Moment.BEFORE_END)

    def _begin_end(self) -> None:
        log.info("The meeting is at its end: the door is shut.")
        self.phase = Phase.ENDING
        self._ending_since_s = self._disconnect_due_s = self._parts.elapsed()
        if self._parts.state.is_new("end", self._place.end if self._place else None):
            self._run_hooks(Moment.END)

    def _send_out(self) -> None:
        """Disconnect everybody once what records has ended, or had its time."""
        now_s = self._parts.elapsed()
        if self._records() and now_s - self._ending_since_s < RECORDER_S:
            return
        if now_s < self._disconnect_due_s:
            return
        self._disconnect_due_s = now_s + _DISCONNECT_AGAIN_S
        try:
            if self._parts.dcv.session():
                self._parts.dcv.disconnect()
        except DcvUnknown as error:
            log.warning("Nobody could be sent out: %s It is tried again in %d s.", error, _DISCONNECT_AGAIN_S)
            return
        log.info("Everybody was sent out.")
        self.phase = Phase.OVER

    def _records(self) -> bool:
        """Return whether the helper says that it records, or has pieces to hand over."""
        told = self._heard()
        return told is not None and (told.recording or told.pieces_left > 0)

    def _heard(self) -> Told | None:
        """Return the helper's word; one that has not been heard of for a while says nothing."""
        told = notice.read_told(self._parts.config.session)
        if told is None or told.at is None:
            return None
        age = self._parts.clock.now() + self._parts.clock.offset() - told.at
        return told if abs(age) < _HELPER_LIVES else None

    # --- what others are told

    def _allow_capture(self, place: Place) -> None:
        origin = room.origin(place.room) if place.room else None
        if not origin or origin == self._origin or self._parts.elapsed() < self._allow_due_s:
            return
        try:
            self._parts.machine.allow_capture(origin)
        except OSError as error:
            self._allow_due_s = self._parts.elapsed() + _ALLOW_AGAIN_S
            log.error("The browser cannot be told to allow camera and microphone for %s: %s", origin, error)
            return
        self._origin = origin

    def _run_hooks(self, moment: Moment) -> None:
        told, folder = self._now_told(), self._parts.config.hooks
        self._parts.hooks.put(lambda: hooks.run(folder, Runner.SERVICE, moment, told))

    def _now_told(self) -> Notice:
        place = self._place
        offset = self._parts.clock.offset() if self._parts.clock.is_told else timedelta()
        told = Notice(phase=self.phase, clock_ahead_s=round(offset.total_seconds()))
        if place is None:
            return told
        return replace(
            told,
            role=place.seat.role,
            name=place.name,
            other_name=place.other_name,
            room=place.room,
            ends_at=place.end,
            is_announced=place.closes_at is not None,
            minutes_left=self._minutes_left,
            connected=bool(self._connected),
            record=place.record,
            hand_over=self._parts.recordings.hands_over(place),
            instance_id=place.seat.instance_id,
        )

    def _leave_notice(self) -> None:
        told = self._now_told()
        if told == self._notice:
            return
        try:
            notice.write(notice.notice_file(self._parts.config.shared), told)
        except OSError as error:
            if str(error) != self._notice_fault:
                self._notice_fault = str(error)
                log.error("The helper cannot be told how the desktop stands: %s", error)
            return
        self._notice, self._notice_fault = told, ""
