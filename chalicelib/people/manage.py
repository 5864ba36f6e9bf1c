"""A meeting of one's own: who may look at it and change it, and the ways in which a change takes effect.

The row comes first, together with what it wants of the calendar; its timers follow. Whatever is lost on the way after
the row, the sweep makes up for: it goes by the row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib import log
from chalicelib.control.ports import Meetings, Pausing, Timers
from chalicelib.domain import history, writes
from chalicelib.domain.access import AccessKey, Scope, by_key
from chalicelib.domain.errors import Conflict, Forbidden, StagePaused, Unavailable
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.prices import Prices
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.people import links
from chalicelib.people.booking import TRIES, Bookings, give_way
from chalicelib.people.overview import behind, overview
from chalicelib.people.timers import Targets, arm
from chalicelib.people.wishes import Wish
from chalicelib.rules.pausing import begins

if TYPE_CHECKING:
    from chalicelib.people.budget import Budget


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who asks for a meeting. `by` is what its history calls them.

    `link` is what they have shown, None where they brought a key instead, whose scope says what they may see.
    """

    meeting_id: str
    by: str
    link: links.Link | None
    sees_links: bool = True

    def refuse_stranger(self, meeting: Meeting) -> None:
        """Refuse whoever may not manage this meeting, in words that say who may.

        Raises:
            Forbidden: it is the student's link, or one that was replaced.
        """
        if self.link is None:
            return
        links.refuse_dead(self.link, meeting)
        if self.link.role is not Role.TEACHER:
            teacher = meeting.row.get("teacher_name")
            whom = f"ask {teacher}" if isinstance(teacher, str) and teacher else "ask your teacher"
            raise Forbidden(f"Only the teacher's link can look after this meeting; {whom} to change it.")


def by_link(public_id: str, link_keys: Callable[[], Keys | None]) -> Actor:
    """Return who shows the `id` of a link.

    Raises:
        BadRequest: it is none.
        Forbidden: it opens nothing.
    """
    link = links.parse_of_any_role(public_id, link_keys)
    return Actor(link.meeting_id, f"the {link.role}'s link", link)


def with_key(public_id: str, key: AccessKey) -> Actor:
    """Return who brings a key and asks for the meeting with this id, be it the row's or that in a link.

    Raises:
        BadRequest: it is none.
    """
    meeting_id = links.meeting_id_in(public_id, Role.TEACHER)
    return Actor(meeting_id, by_key(key.name), None, sees_links=key.scope.covers(Scope.OPERATE))


class Manager:
    """Shows meetings to those who may manage them, and grants their wishes."""

    def __init__(
        self,
        *,
        meetings: Meetings,
        bookings: Bookings | None,
        timers: Timers,
        targets: Targets,
        clock: Callable[[], datetime],
        policy: Policy,
        sleep: Callable[[float], None],
        link_keys: Keys | None,
        recorded: bool,
        budget: Budget | None = None,
        prices: Prices | None = None,
        pausing: Pausing | None = None,
    ) -> None:
        """Take what is needed. `bookings` is None where nothing limits how many meetings there are.

        `budget` is None where nothing limits what they cost, and `pausing` where nobody can pause. Where meetings are
        `recorded`, it is told how the recordings stand.
        """
        self._pausing = pausing
        self._meetings = meetings
        self._bookings = bookings
        self._budget = budget
        self._timers = timers
        self._targets = targets
        self._clock = clock
        self._policy = policy
        self._sleep = sleep
        self._link_keys = link_keys
        self._recorded = recorded
        self._prices = prices

    def show(self, actor: Actor) -> dict[str, Any]:
        """Return what is told of the actor's meeting.

        Raises:
            Forbidden: they may not see it.
            NoSuchMeeting: there is no such row.
            Unavailable: the table cannot be read now.
        """
        return self._told(actor, self._read(actor), "This is how the meeting stands.")

    def grant(self, actor: Actor, wish: Wish) -> dict[str, Any]:
        """Change the actor's meeting as they wish, and return what is told of it then.

        Who changes it at the same moment is waited for, and what they did is looked at.

        Raises:
            Forbidden: they may not change it.
            NoSuchMeeting: there is no such row.
            NotPossible: it cannot be had.
            TimeFull: there is no room at that time.
            StagePaused: it would have to be launched now, and nothing is.
            Unavailable: the table cannot be read or written now; nothing was changed.
        """
        for attempt in range(1, TRIES + 1):
            meeting, now = self._read(actor), self._clock()
            change = wish.change(meeting, actor.by, now, self._policy)
            change = change and replace(change, reason=wish.reason)
            if change and wish.times:
                self._refuse_while_paused(writes.after(meeting, change), now)
            try:
                if change:
                    self._write(meeting, change)
            except Conflict:
                give_way(self._sleep, attempt)
                continue
            if change:
                values: dict[Any, Any] = {**change.set, **history.added(meeting.row, change.entries(now), now)}
                meeting = writes.after(meeting, replace(change, set=values))
            if wish.times:
                arm(self._timers, meeting, self._targets, now, self._policy)
            return self._told(actor, meeting, wish.done)
        raise Unavailable(f"Meeting {actor.meeting_id} is being changed by many at once; try again in a moment.")

    def _refuse_while_paused(self, meeting: Meeting, now: datetime) -> None:
        """Refuse a time at which the meeting would have to be launched now, while the stage is paused.

        To any later time it can be moved: that is the best that can be done of it then.
        """
        if self._pausing and begins(meeting, now, self._policy) and self._pausing.standing():
            raise StagePaused(
                "The meeting cannot be moved to so near a time, because the operator has paused this service. Please "
                "choose a later time, or try again later."
            )

    def _read(self, actor: Actor) -> Meeting:
        meeting = self._meetings.get(actor.meeting_id)
        actor.refuse_stranger(meeting)
        return meeting

    def _write(self, meeting: Meeting, change: Update) -> None:
        def write() -> None:
            if not (self._bookings and self._bookings.update(meeting, change)):
                self._meetings.update(meeting.id, change)

        if self._budget:
            self._budget.update(meeting, change, write)
        else:
            write()
        reason = {"reason": change.reason} if change.reason else {}
        log.note(log.Note.MANAGE, meeting=meeting.id, why=change.why, by=change.by, **reason)

    def _told(self, actor: Actor, meeting: Meeting, message: str) -> dict[str, Any]:
        now, policy = self._clock(), self._policy
        room = self._bookings.room_after(meeting) if self._bookings and not meeting.over else None
        told = overview(meeting, now, policy, room=room, recorded=self._recorded)
        if actor.link is None:
            told |= behind(meeting, now, policy, self._prices)
        if actor.sees_links:
            told["link_ids"] = {role.value: links.public_id(meeting, role, self._link_keys) for role in Role}
        return {"message": message} | told
