"""Whose recording is awaited once people's time is up, and so keeps a meeting from its end; where each one lies."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.recordings import prefix
from chalicelib.domain.seat import Role, Seat
from chalicelib.rules.facts import Facts
from chalicelib.rules.times import recorded_on
from chalicelib.rules.views import SeatView

WHEN = "people's time is up, a recording is awaited, before the hard deadline"
THEN = "wait: end nothing, launch nothing"


def is_closing(facts: Facts) -> bool:
    """Return whether people's time is up in a meeting whose desktops upload after it."""
    return facts.time_is_up and facts.policy.upload_time > timedelta()


def awaited(facts: Facts) -> tuple[Role, ...]:
    """Return the roles whose recording is still to come; none where nothing is uploaded, or the deadline has passed."""
    if not is_closing(facts) or facts.deadline is None or facts.ends_at is None or facts.now >= facts.deadline:
        return ()
    ends_at = facts.ends_at
    return tuple(view.seat.role for view in facts.seats if _is_awaited(facts, view, ends_at))


def _is_awaited(facts: Facts, view: SeatView, ends_at: datetime) -> bool:
    """Return whether this role's desktop may hold what is nowhere else; unknown is never gone.

    One that the row does not name yet was entered by nobody.
    """
    may_hold = not (view.is_gone or view.is_found) and _was_visited(view.seat)
    return may_hold and not _is_saved(facts, view.seat, ends_at)


def _was_visited(seat: Seat) -> bool:
    """Return whether somebody may have been at the desktop that the row names.

    A click counts where no desktop was launched since: what becomes of it the desktop cannot tell while the app is out
    of its reach.
    """
    clicked = seat.joined_at is not None and (seat.launched_at is None or seat.joined_at >= seat.launched_at)
    return clicked or seat.connected_at is not None


def _is_saved(facts: Facts, seat: Seat, ends_at: datetime) -> bool:
    """Return whether the desktop has said that all is safe, and would have told of somebody who came back by now.

    What it has said before the end of people's time counts once it would have.
    """
    saved_at = _saved_since_they_came(seat)
    return saved_at is not None and (saved_at >= ends_at or facts.now >= ends_at + facts.policy.presence)


def _saved_since_they_came(seat: Seat) -> datetime | None:
    """Return when the desktop said that all is safe, None where somebody is there, or has come since."""
    came_at = seat.last_came_at
    if seat.saved_at is None or seat.is_connected or (came_at and came_at > seat.saved_at):
        return None
    return seat.saved_at


def lost_with(facts: Facts, seat: Seat) -> str | None:
    """Return what is lost where this seat's desktop is replaced now, as a sentence; None where all of it is safe."""
    visited = facts.policy.records and seat.desktop_id and _was_visited(seat)
    if not visited or _saved_since_they_came(seat):
        return None
    return f"The desktop {seat.desktop_id} was replaced before all that it had recorded was safe."


def prefix_of(meeting: Meeting, seat: Seat, policy: Policy) -> str:
    """Return what the keys of this desktop's pieces begin with: the same ones, wherever its meeting is moved to."""
    return prefix(recorded_on(meeting, policy), meeting.id, seat.role, seat.desktop_id or "")
