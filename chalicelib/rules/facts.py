"""What is known of one meeting at one moment, worked out once: the rules ask here and calculate nothing themselves.

`Facts` takes a row, what was seen of its desktops, the time and the operator's numbers. Each fact is a property,
worked out when it is first asked for. Those that only tell when are in `moments`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.domain import writes
from chalicelib.domain.actions import Cause
from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Owner, Status
from chalicelib.domain.seat import Seat
from chalicelib.domain.update import Update
from chalicelib.rules import doors, people
from chalicelib.rules.moments import NO_HINTS, Hints, Moments
from chalicelib.rules.views import SeatView, Situation, is_anothers

if TYPE_CHECKING:
    from chalicelib.domain.pause import Pause

__all__ = ["NO_HINTS", "Facts", "Hints"]


@dataclass(frozen=True)
class Facts(Moments):
    """All that the rules may ask about a meeting. `seen` is what was observed; `now` and all moments are UTC."""

    # --- who

    @cached_property
    def done(self) -> tuple[Seat, ...]:
        """The seats whose side is done: it has uploaded, and its person is away."""
        return tuple(seat for seat in self.meeting.seats if people.is_done(self.meeting, seat))

    @cached_property
    def done_by_checkpoint(self) -> tuple[Seat, ...]:
        """The seats that are done and had uploaded by the checkpoint, even if the checkpoint is held late.

        An upload whose time is not known counts where the checkpoint's own timer says that it is time.
        """
        moment = self.times.checkpoint or self.now
        dates = [(seat, people.uploaded_at(self.meeting, seat)) for seat in self.done]
        return tuple(seat for seat, came in dates if (came <= moment if came else self.hints.checkpoint))

    @cached_property
    def left_alone(self) -> SeatView | None:
        """The one side that is not done while the other is, None where neither is, or both are."""
        others = [view for view in self.seats if view.seat not in self.done]
        return others[0] if len(others) == 1 else None

    @cached_property
    def nobody_came(self) -> bool:
        """Whether nobody has joined or uploaded, nor is connected."""
        connected = any(map(self.is_connected, self.meeting.seats))
        return not (self.uploaded or self.meeting.in_progress or connected)

    def waits_outside(self, view: SeatView) -> bool:
        """Return whether this role's person waits at a door that is closed."""
        if not people.waits(view.seat, self.now, self.policy):
            return False
        return view.is_gone or doors.entrance(self.meeting, view.seat, self.policy) is None

    @cached_property
    def somebody_waits(self) -> bool:
        """Whether somebody waits at a closed door."""
        return any(map(self.waits_outside, self.seats))

    @cached_property
    def patience_is_out(self) -> bool:
        """Whether it is too late to launch and replace for those who wait and never got in."""
        start = self.times.start
        return start is not None and self.now >= start + self.policy.patience

    @cached_property
    def opened_at(self) -> datetime | None:
        """When a door first stood open, None where none ever did; now where the app launched and it is news."""
        is_news = any(seat.attempt for seat in self.meeting.seats)
        otherwise = self.now if is_news else min(self.times.start or self.now, self.now)
        return doors.opened_at(self.meeting, otherwise, self.policy)

    @property
    def was_ever_open(self) -> bool:
        """Whether a door ever stood open, as far as is known.

        Of what the app has not launched itself, or not as it does now, a row does not tell.
        """
        meeting = self.meeting
        is_known = meeting.begun_at is not None or (meeting.is_timed and not meeting.desktop_ids)
        return self.opened_at is not None or not is_known

    @property
    def may_still_enter(self) -> bool:
        """Whether the first door opened so lately that whoever comes may not have been through it yet.

        Where the row tells no time at all nobody would look again: the timer's word is enough.
        """
        lately = self.policy.is_recent(self.opened_at, self.policy.entering, self.now)
        return lately and self.times.checkpoint is not None

    # --- which desktops

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
        unfit = self._why_unfit(seat, named) if named and named.state.serves else None
        if named and named.state.serves and not unfit:
            return SeatView(seat, Situation.SERVED, named)
        if seat.desktop_id and not named and not self._is_known_gone(seat):
            return SeatView(seat, Situation.UNKNOWN)
        if found := self._found(seat):
            return found
        if self._must_wait(seat):
            return SeatView(seat, Situation.WAITING)
        leaves_it = people.is_done(self.meeting, seat) and not people.waits(seat, self.now, self.policy)
        return SeatView(seat, Situation.WANTED, named, unfit, is_needed=not leaves_it)

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

    def _why_unfit(self, seat: Seat, desktop: Desktop) -> Cause | None:
        """Return why a desktop that lives is to be replaced, None where it is not.

        It is where somebody asks for it, whoever is at it. Otherwise where it was not ready for too long and nobody has
        come: once, before the checkpoint; and for who waits at its door again and again, until patience is out.
        """
        if desktop.owner is not Owner.OURS or not self.is_due:
            return None
        if seat.is_unwanted:
            return Cause.ASKED if seat.attempt < self.policy.max_attempts else None
        cause = Cause.NOT_READY_AGAIN if seat.has_stopped_being_ready else Cause.LATE_BOOT
        if seat.is_given_up:  # and whoever gave it up broke off before it was replaced
            return cause
        came = seat.joined_at or seat.is_connected or seat.uploaded
        since = self._not_ready_since(seat, desktop)
        if came or since is None or seat.attempt >= self.policy.max_attempts:
            return None
        is_awaited = people.waits(seat, self.now, self.policy) and not self.patience_is_out
        if (seat.late_boots or self.checkpoint_passed) and not is_awaited:
            return None
        return cause if self.now >= since + self.policy.boot_limit else None

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

    # --- whether anything is launched

    @cached_property
    def pause(self) -> Pause | None:
        """The pause that the first launch waits for; None where it does not wait, is forced, or a desktop is there."""
        pause = self.hints.pause
        return None if pause is None or self.hints.force or self.noted.is_begun else pause

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
        as_named = writes.after(meeting, writes.together(changes))
        if (status := _status_of(as_named)).rank > meeting.status.rank:
            changes.append(writes.status_restored(meeting, status))
        if self.checkpoint_open and not self.nobody_came:
            changes.append(writes.checkpoint_held(meeting, now))
        as_noted = writes.after(meeting, writes.together(changes))
        if not meeting.opened_at and (opened_at := self.opened_at or doors.opened_at(as_noted, now, self.policy)):
            changes.append(writes.opened(meeting, opened_at))
        if not meeting.listed:
            changes.append(writes.listed(meeting))
        if (day := meeting.day) and meeting.row.get("day") != day:
            changes.append(writes.filed(meeting, day))
        if meeting.row.get("expires") is not None:
            changes.append(writes.kept(meeting))
        changes += [self._dated(as_noted.seat(s.role)) for s in self.uploaded if self._is_to_be_dated(s)]
        return writes.together(changes)

    def _is_to_be_dated(self, seat: Seat) -> bool:
        told = people.uploaded_at(self.meeting, seat)
        return told != seat.uploaded_at or (told is None and not self.awaits_dating)

    def _dated(self, seat: Seat) -> Update:
        """Return the date of an upload: as the stream tells it, or when it was first seen.

        One that nobody has dated was there before its person was let in again, since that is written only then.
        """
        told = people.uploaded_at(self.meeting, seat)
        first_seen = min(self.now, seat.returned_at or self.now)
        return writes.uploaded(self.meeting, seat.role, told or first_seen, is_told=told is not None)

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
