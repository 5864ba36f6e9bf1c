"""What is known of one meeting at one moment, worked out once: the rules ask here and calculate nothing themselves.

`Facts` takes a row, what was seen of its desktops, the time and the operator's numbers. Each fact is a property,
worked out when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from chalicelib.domain import writes
from chalicelib.domain.actions import Update
from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Observation, Owner, Status
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Seat
from chalicelib.rules.times import Times, deadline, last_end, times
from chalicelib.rules.views import SeatView, Situation, is_anothers


@dataclass(frozen=True, slots=True)
class Hints:
    """What a trigger knows beside the row: a timer's word that its time has come, or somebody's that it is time.

    A timer's word counts where the row itself does not say when the meeting is. `force` makes the meeting due
    whatever the row says. `streamed` says that the stream has told all that it will of the row's uploads.
    """

    due: bool = False
    checkpoint: bool = False
    force: bool = False
    streamed: bool = False


NO_HINTS = Hints()


@dataclass(frozen=True)
class Facts:
    """All that the rules may ask about a meeting. `seen` is what was observed; `now` and all moments are UTC."""

    meeting: Meeting
    seen: Observation
    now: datetime
    policy: Policy
    hints: Hints = NO_HINTS

    # --- when

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
        return not (meeting.forced or meeting.in_progress or self.uploaded)

    @cached_property
    def is_in_time(self) -> bool:
        """Whether the meeting should have its desktops by its own row: from `launch_at` on, or once begun."""
        launch_at = self.times.launch_at
        if launch_at is not None and self.now >= launch_at:
            return True
        if any(seat.attempt_at for seat in self.meeting.seats):
            return not self.is_far
        return self.hints.due and not self.meeting.is_timed

    @property
    def is_due(self) -> bool:
        """Whether the meeting should have its desktops by now; nobody gets another once people's time is up."""
        return (self.hints.force or self.is_in_time) and not self.time_is_up

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
        undated = any(self.uploaded_at(seat) is None for seat in self.uploaded)
        return undated and moment <= self.now < moment + self.policy.dating

    def uploaded_at(self, seat: Seat) -> datetime | None:
        """Return when this seat's upload came, as far as the row or the stream tells."""
        return seat.uploaded_at or self.meeting.uploads.get(seat.role)

    def is_settled(self, since: datetime | None) -> bool:
        """Return whether this was long enough ago for EC2 to show what became of it."""
        return self.policy.is_settled(since, self.now)

    # --- who

    @cached_property
    def uploaded(self) -> tuple[Seat, ...]:
        """The seats whose session was uploaded."""
        return tuple(seat for seat in self.meeting.seats if seat.uploaded)

    @cached_property
    def uploaded_by_checkpoint(self) -> tuple[Seat, ...]:
        """The seats whose session was uploaded by the checkpoint, even if the checkpoint is held late.

        An upload whose time is not known counts where the checkpoint's own timer says that it is time.
        """
        moment = self.times.checkpoint or self.now
        dates = [(seat, self.uploaded_at(seat)) for seat in self.uploaded]
        return tuple(seat for seat, came in dates if (came <= moment if came else self.hints.checkpoint))

    # --- which desktops

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

    @cached_property
    def seats(self) -> tuple[SeatView, SeatView]:
        """Each seat and how it is served, the teacher's first."""
        return self._view(self.meeting.teacher), self._view(self.meeting.student)

    def _view(self, seat: Seat) -> SeatView:
        named = self.desktops.find(seat.desktop_id)
        if named and is_anothers(named, seat):
            return self._found(seat) or SeatView(
                seat, Situation.UNKNOWN
            )  # a wrong id on the row: somebody's to correct
        serves = named is not None and named.state.serves
        late = named is not None and serves and self._is_late(seat, named)
        if serves and not late:
            return SeatView(seat, Situation.SERVED, named)
        if seat.desktop_id and not named and not self._is_known_gone(seat):
            return SeatView(seat, Situation.UNKNOWN)
        if found := self._found(seat):
            return found
        if self._must_wait(seat):
            return SeatView(seat, Situation.WAITING)
        return SeatView(seat, Situation.WANTED, named, late)

    def _found(self, seat: Seat) -> SeatView | None:
        """Return the view of a seat with a live desktop that its row does not name, None where there is none."""
        others = [d for d in self.desktops.desktops if self._could_serve(d, seat) and d.id != seat.desktop_id]
        if not others:
            return None
        return SeatView(seat, Situation.FOUND, min(others, key=lambda d: (d.launched_at or self.now, d.id)))

    def _is_known_gone(self, seat: Seat) -> bool:
        """Return whether a named desktop that was not seen is gone; unknown is never gone.

        It is gone if it would have been seen, and its launch, as the row tells it, is older than `settling`.
        """
        settled = seat.launched_at is not None and self.is_settled(seat.launched_at)
        return settled and self.desktops.complete and self.sees(seat)

    def sees(self, seat: Seat) -> bool:
        """Return whether all of this seat's desktops are known: what lives, and what the row names.

        The app's own bear the meeting's id. What somebody else wrote on the row may be anything, so that is known
        once it was asked for by name.
        """
        if not self.desktops.complete:
            return self.meeting.accounts_for(seat)
        name = seat.desktop_id
        known = name is None or self.desktops.find(name) is not None or name in self.desktops.looked_for
        return known or self.meeting.vouches_for(seat)

    @cached_property
    def strangers(self) -> tuple[tuple[Seat, str], ...]:
        """The seats whose row names what is no desktop of theirs, and what is known of it instead."""
        found = []
        for seat in self.meeting.seats:
            named = self.desktops.find(seat.desktop_id)
            if named and is_anothers(named, seat):
                found.append((seat, "an instance that is not its own"))
            elif not named and seat.desktop_id in self.desktops.looked_for and self.is_settled(seat.launched_at):
                found += [] if self.meeting.vouches_for(seat) else [(seat, "no instance that EC2 shows")]
        return tuple(found)

    def _is_late(self, seat: Seat, desktop: Desktop) -> bool:
        """Return whether a desktop that lives is to be replaced, since it was not ready for too long."""
        came = seat.joined_at or seat.is_connected or seat.uploaded
        if came or seat.late_boots or desktop.owner is not Owner.OURS or not self.is_due:
            return False
        if seat.is_given_up:  # and whoever gave it up broke off before it was replaced
            return True
        since = self._not_ready_since(seat, desktop)
        if since is None or self.checkpoint_passed or seat.attempt >= self.policy.max_attempts:
            return False
        return self.now >= since + self.policy.boot_limit

    def _not_ready_since(self, seat: Seat, desktop: Desktop) -> datetime | None:
        """Return since when a desktop should have been ready and is not, None where it is or that is not known."""
        if seat.has_stopped_being_ready:
            return seat.missing_since
        if seat.healthy_at or self.meeting.is_ready(seat.role):
            return None
        return seat.launched_at or desktop.launched_at

    def _could_serve(self, desktop: Desktop, seat: Seat) -> bool:
        its_own = desktop.meeting_id == self.meeting.id and desktop.owner is not Owner.FOREIGN
        return its_own and desktop.role is seat.role and desktop.state.serves

    def _must_wait(self, seat: Seat) -> bool:
        """Return whether a launch for this seat is somebody else's now, or was refused a moment ago.

        Each refusal is waited out longer than the one before, so that attempts outlast a want of room.
        """
        if seat.refused:
            pause = self.policy.refusal_pause * seat.attempt
        elif seat.attempt and not seat.desktop_id:
            pause = self.policy.lease
        else:
            return False
        return self.policy.is_recent(seat.attempt_at, pause, self.now)

    def has_attempts_left(self, view: SeatView) -> bool:
        """Return whether one more launch may be tried for this seat."""
        return view.next_attempt.number <= self.policy.max_attempts

    def may_live(self, desktop_id: str) -> bool:
        """Return whether this desktop of the meeting's row may still be alive, as far as is known.

        One that was not seen may be, if the app itself has launched it: nothing is ended unseen on the word of a row.
        """
        if seen := self.desktops.find(desktop_id):
            return seen.state.must_be_ended and seen.owner is not Owner.FOREIGN
        own = [seat for seat in self.meeting.seats if seat.desktop_id == desktop_id and self.meeting.vouches_for(seat)]
        if not self.desktops.complete:
            return bool(own)
        return any(not self.is_settled(seat.launched_at) for seat in own)

    # --- which names

    @cached_property
    def has_a_forged_link(self) -> bool:
        """Whether a row's link is not that of the desktop that it names, and it is not known yet where this is."""
        domain, link = self.policy.domain, self.policy.link
        odd = [s for s in self.meeting.seats if s.desktop_id and s.link and domain and s.link != link(s.desktop_id)]
        return any(not self.desktops.complete and self.desktops.find(seat.desktop_id) is None for seat in odd)

    def records_of(self, desktop_ids: Iterable[str]) -> tuple[DnsRecord, ...]:
        """Return the records that these desktops may have as the meeting's own: what is to be withdrawn of them."""
        return tuple(DnsRecord(self.policy.record_name(name), meeting_id=self.meeting.id) for name in desktop_ids)

    # --- what the row does not say yet

    @cached_property
    def news(self) -> Update | None:
        """The one write that records all that was learnt, None where the row says it already."""
        meeting, now = self.meeting, self.now
        changes = []
        for view in self.seats:
            if view.is_found and view.desktop:
                owned = view.desktop.owner is Owner.OURS
                changes.append(writes.adopted(meeting, view.seat.role, view.desktop, vouched=owned, now=now))
            elif view.is_its_own and (vouched := writes.vouched(meeting, view.seat)):
                changes.append(vouched)
        as_named = writes.after(meeting, writes.together(changes))
        changes += [
            writes.reported_healthy(meeting, seat.role, now)
            for seat in as_named.seats
            if meeting.has_reported(seat) and not seat.healthy_at
        ]
        if (status := _status_of(as_named)).rank > meeting.status.rank:
            changes.append(writes.status_restored(meeting, status))
        if self.checkpoint_open:
            changes.append(writes.checkpoint_held(meeting, now))
        if not meeting.listed:
            changes.append(writes.listed(meeting))
        changes += [writes.uploaded(meeting, seat.role, now) for seat in self.uploaded if self._is_to_be_dated(seat)]
        return writes.together(changes)

    def _is_to_be_dated(self, seat: Seat) -> bool:
        told = seat.role in self.meeting.uploads
        return not seat.uploaded_at and (told or not self.awaits_dating)

    @cached_property
    def noted(self) -> Meeting:
        """The meeting as its row says it once the news are on it."""
        return writes.after(self.meeting, self.news)


def _status_of(meeting: Meeting) -> Status:
    """Return how far a meeting has come by what its seats say."""
    if any(seat.joined_at for seat in meeting.seats):
        return Status.IN_PROGRESS
    if any(seat.healthy_at or meeting.has_reported(seat) for seat in meeting.seats if seat.desktop_id):
        return Status.HEALTHY
    if any(seat.link for seat in meeting.seats):
        return Status.DNS_WRITTEN
    if any(seat.desktop_id for seat in meeting.seats):
        return Status.LAUNCHED
    return meeting.status
