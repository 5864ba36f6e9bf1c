"""When it is: what a meeting's row, its desktops and a trigger tell of its times, as facts that are worked out once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain.model import Desktop, Meeting, Observation, Owner
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Seat
from chalicelib.rules import people
from chalicelib.rules.pausing import begins
from chalicelib.rules.times import Times, deadline, last_end, times

if TYPE_CHECKING:
    from chalicelib.domain.pause import Pause


@dataclass(frozen=True, slots=True)
class Hints:
    """What a trigger knows beside the row: a timer's word that its time has come, or somebody's that it is time.

    A timer's word counts where the row itself does not say when the meeting is. `force` makes the meeting due
    whatever the row says. `streamed` says that the stream has told all that it will of the row's uploads. `pause` is
    that of the stage, None where it is not paused or nobody has asked. `ends` says that whoever asks has begun the end
    of the meeting, and carries it through.
    """

    due: bool = False
    checkpoint: bool = False
    force: bool = False
    streamed: bool = False
    pause: Pause | None = None
    ends: bool = False


NO_HINTS = Hints()


@dataclass(frozen=True)
class Moments:
    """The facts that only tell when. `seen` is what was observed; `now` and all moments are UTC."""

    meeting: Meeting
    seen: Observation
    now: datetime
    policy: Policy
    hints: Hints = NO_HINTS

    @cached_property
    def times(self) -> Times:
        """T, when the desktops are launched, and the checkpoint."""
        return times(self.meeting, self.policy)

    @cached_property
    def deadline(self) -> datetime | None:
        """The moment that no desktop of the meeting may outlive, None where nothing tells it."""
        return self._deadline_of(self.meeting)

    @cached_property
    def deadline_once_launched(self) -> datetime | None:
        """The deadline as it is once a launch was begun now."""
        begun = replace(self.meeting, begun_at=self.meeting.begun_at or self.now)
        return self._deadline_of(begun)

    def _deadline_of(self, meeting: Meeting) -> datetime | None:
        """Return a meeting's deadline, or the last end of one of its desktops, which no row can move."""
        launched = [desktop.launched_at for desktop in self.ours if desktop.launched_at]
        ends = [last_end(moment, self.policy) for moment in launched]
        moment = deadline(meeting, self.policy, launched)
        return min([*ends, moment] if moment else ends, default=None)

    @cached_property
    def ends_at(self) -> datetime | None:
        """When people's time ends, None where nothing tells it; what is left to the deadline is for uploads."""
        return self.deadline - self.policy.upload_time if self.deadline else None

    @cached_property
    def time_is_up(self) -> bool:
        """Whether people's time has ended."""
        return self.ends_at is not None and self.now >= self.ends_at

    @cached_property
    def is_far(self) -> bool:
        """Whether nobody needs the meeting's desktops for longer than `standby`: it was moved to later."""
        launch_at, meeting = self.times.launch_at, self.meeting
        if launch_at is None or self.now >= launch_at - self.policy.standby:
            return False
        connected = any(map(self.is_connected, meeting.seats))
        return not (meeting.forced or meeting.in_progress or connected or self.uploaded)

    def is_connected(self, seat: Seat) -> bool:
        """Return whether somebody is at this seat's desktop, as far as it has told; nobody is at one that is gone."""
        named = self.desktops.find(seat.desktop_id)
        lives = named.state.serves if named else bool(seat.desktop_id) and not self.desktops.complete
        return seat.is_connected and lives

    @cached_property
    def is_in_time(self) -> bool:
        """Whether the meeting should have its desktops by its own row: from `launch_at` on, or once begun."""
        launch_at = self.times.launch_at
        if launch_at is not None and self.now >= launch_at:
            return True
        if any(seat.attempt_at for seat in self.meeting.seats):
            return not self.is_far
        is_said = self.hints.due or self.meeting.held_at is not None
        return is_said and not self.meeting.is_timed

    @property
    def is_due(self) -> bool:
        """Whether the meeting should have its desktops by now; nobody gets another once people's time is up."""
        return (self.hints.force or self.is_in_time) and not self.time_is_up

    @property
    def begins(self) -> bool:
        """Whether the first launch is due, or will be before long."""
        return (self.is_due or begins(self.meeting, self.now, self.policy)) and not self.time_is_up

    @property
    def is_forced(self) -> bool:
        """Whether the meeting is due by somebody's word alone."""
        return self.hints.force and not self.is_in_time

    @cached_property
    def checkpoint_passed(self) -> bool:
        """Whether the row itself says that the checkpoint's time has come."""
        checkpoint = self.times.checkpoint
        return checkpoint is not None and self.now >= checkpoint

    @property
    def checkpoint_reached(self) -> bool:
        """Whether the checkpoint's time has come, by the row or, where the row does not say, by a timer's word."""
        return self.checkpoint_passed or (self.hints.checkpoint and not self.meeting.is_timed)

    @property
    def checkpoint_open(self) -> bool:
        """Whether the checkpoint's time has come, it was not held yet, and it is known what came before it."""
        return self.checkpoint_reached and self.meeting.checkpoint_at is None and not self.awaits_dating

    @cached_property
    def awaits_dating(self) -> bool:
        """Whether an upload is there at the checkpoint of which only the stream can say when it came, and is about to.

        So the reason for an end does not hang on whether the stream or the sweep comes first. The checkpoint's own
        timer waits for nothing: its word is that what is there has come in time.
        """
        moment = self.times.checkpoint
        if moment is None or self.hints.checkpoint or self.hints.streamed or self.meeting.checkpoint_at:
            return False
        undated = any(people.uploaded_at(self.meeting, seat) is None for seat in self.uploaded)
        return undated and moment <= self.now < moment + self.policy.dating

    def is_settled(self, since: datetime | None) -> bool:
        """Return whether this was long enough ago for EC2 to show what became of it."""
        return self.policy.is_settled(since, self.now)

    @cached_property
    def uploaded(self) -> tuple[Seat, ...]:
        """The seats whose session was uploaded."""
        return tuple(seat for seat in self.meeting.seats if seat.uploaded)

    @cached_property
    def desktops(self) -> Observation:
        """What was observed, with what is another meeting's marked as foreign, even if the row names it."""
        its_own = (None, self.meeting.id)
        if all(d.meeting_id in its_own for d in self.seen.desktops):
            return self.seen
        judged = (d if d.meeting_id in its_own else replace(d, owner=Owner.FOREIGN) for d in self.seen.desktops)
        return replace(self.seen, desktops=tuple(judged))

    @cached_property
    def ours(self) -> tuple[Desktop, ...]:
        """The meeting's desktops that the app owns, dead ones too."""
        return tuple(d for d in self.desktops.desktops if d.owner is Owner.OURS)
