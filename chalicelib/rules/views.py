"""How each role of a meeting is served: a seat beside the desktop that was seen for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.model import Desktop, Owner
from chalicelib.domain.seat import Seat


class Situation(Enum):
    """How a role is served."""

    UNKNOWN = auto()  # not observed, or not long enough ago: no conclusion
    SERVED = auto()  # the named desktop is there
    FOUND = auto()  # another live desktop of the role is there, the row does not name it
    WAITING = auto()  # a launch is under way, or was refused a moment ago
    WANTED = auto()  # known to have no desktop of use


@dataclass(frozen=True, slots=True)
class SeatView:
    """A seat and how it is served.

    `unfit` says why the named desktop is to be replaced though it lives. `is_needed` says whether the role needs
    a desktop: not where its side is done and nobody waits.
    """

    seat: Seat
    situation: Situation
    desktop: Desktop | None = None
    unfit: Cause | None = None
    is_needed: bool = True

    @property
    def late(self) -> bool:
        """Whether the named desktop lives and is to be replaced."""
        return self.unfit is not None

    @property
    def kept(self) -> Desktop | None:
        """The live desktop that this role has, None where it has none."""
        return self.desktop if self.situation in (Situation.SERVED, Situation.FOUND) else None

    @property
    def is_found(self) -> bool:
        """Whether the role has a live desktop that its row does not name."""
        return self.situation is Situation.FOUND

    @property
    def is_its_own(self) -> bool:
        """Whether the role is served by the desktop that its row names, and this bears the app's tags for the role."""
        desktop = self.desktop
        own = desktop is not None and desktop.owner is Owner.OURS and desktop.role is self.seat.role
        return own and self.situation is Situation.SERVED

    @property
    def is_gone(self) -> bool:
        """Whether the role is known to have no desktop of use."""
        return self.situation is Situation.WANTED

    @property
    def wants_launch(self) -> bool:
        """Whether a desktop is to be launched for the role as soon as the meeting is due."""
        return self.is_gone and self.is_needed

    @property
    def next_attempt(self) -> Attempt:
        """The attempt that a launch for this seat would make: the open one again, or a new one."""
        seat = self.seat
        if seat.attempt and not seat.desktop_id and not seat.refused and seat.subnet:
            return Attempt(seat.role, seat.attempt, seat.subnet, Cause.RESUMED)
        if self.unfit:
            cause = self.unfit
        elif seat.desktop_id:
            cause = Cause.GONE
        else:
            cause = Cause.REFUSED if seat.refused else Cause.DUE
        after = seat.subnet if cause in (Cause.GONE, Cause.REFUSED) else None
        reason = self.desktop.state_reason if self.desktop and cause is Cause.GONE else None
        return Attempt(seat.role, seat.attempt + 1, None, cause, after, reason)


def is_anothers(desktop: Desktop, seat: Seat) -> bool:
    """Return whether an instance is not this seat's, though the row names it: a foreign one, or the other role's."""
    wrong_role = desktop.owner is Owner.OURS and desktop.role not in (None, seat.role)
    return desktop.owner is Owner.FOREIGN or wrong_role
