"""One meeting: observe, plan, apply. Every hint that a trigger gives ends here.

Nothing here waits or sleeps: what cannot be done now is done by the next look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib import log
from chalicelib.control.apply import apply
from chalicelib.control.persist import Overtaken
from chalicelib.control.ports import World
from chalicelib.domain import history, writes
from chalicelib.domain.actions import Action, Launch, Observe, is_undecided
from chalicelib.domain.errors import Conflict, ElephantError
from chalicelib.domain.history import Entry
from chalicelib.domain.model import UNKNOWN, Desktop, Meeting, Observation, State
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.rules.facts import NO_HINTS, Hints
from chalicelib.rules.plan import plan, strangers

LOOKS = 4
"""How often a look starts again because the row changed under it, before it leaves that to the next trigger."""


CLOSED = timedelta(minutes=1)
"""How long it is remembered that a meeting was over and nothing was left to do: the sweep looks again by then."""


class Looker:
    """Brings one meeting at a time to what the rules say."""

    def __init__(self, world: World) -> None:
        """Read the policy at once: a setting that cannot be used fails the trigger, not one meeting after the other."""
        self._world = world
        self._policy = world.policy
        self._problems_told: dict[str, tuple[str, ...]] = {}
        self._strangers_told: dict[str, set[str | None]] = {}
        self._closed: dict[str, datetime] = {}

    def look(
        self,
        meeting_id: str,
        seen: Observation = UNKNOWN,
        hints: Hints = NO_HINTS,
        *,
        glimpse: Meeting | None = None,
        outside: tuple[Entry, ...] = (),
    ) -> list[Action]:
        """Do what is to be done for this meeting now, and return what was done.

        `seen` is what the trigger knows of desktops. `glimpse` is the row as a stream record or a timer carried it; it
        may be old, so it is relied on in two cases only: (1) Its plan asks for nothing: then nothing is called at
        all. (2) Its plan starts with a conditional write: apply it; were the row stale, the table would refuse
        and the row is read again.

        `outside` is what the row's history is to have of others' writes. It goes with the first write of the plan, and
        where the plan does not begin with one, it is a write by itself.

        Raises:
            NoSuchMeeting: there is no such row.
            Conflict: the row kept changing; the next trigger looks again.
            Unavailable, DnsError, LaunchRefused, ConfigError: a step failed; what was done before it stands.
        """
        told = glimpse
        failures: list[ElephantError] = []
        for _ in range(LOOKS):
            meeting = glimpse or self._world.meetings.get(meeting_id)
            if told:
                meeting = replace(meeting, reported=meeting.reported | told.reported, uploads=told.uploads)
                hints = replace(hints, streamed=hints.streamed and _uploads(meeting) <= _uploads(told))
            is_on_time = glimpse is not None and hints.due
            actions, hints = self._plan(meeting, seen, hints, is_on_time=is_on_time)
            untold = history.not_in(meeting, outside)
            if glimpse and not untold and not any(_is_urgent(action) for action in actions):
                return []
            if is_undecided(actions):
                seen = self._observe(meeting, seen)
                actions, hints = self._plan(meeting, seen, hints, is_on_time=is_on_time)
            is_current = glimpse is None or not actions or isinstance(actions[0], Update | Launch)
            glimpse = None
            if not is_current:
                continue
            if untold and not (actions and isinstance(actions[0], Update)):
                actions = [writes.noted(), *actions]
            try:
                apply(self._world, meeting, actions, untold)
            except Overtaken as overtaken:
                log.note(log.Note.OVERTAKEN, meeting=meeting_id, why=str(overtaken))
                seen = _merge(seen, overtaken.launched)
                failures += overtaken.failures
                hints = replace(hints, ends=hints.ends or any(map(writes.is_ending, overtaken.done)))
            except ElephantError:
                self._leave_end(meeting, actions, hints)
                raise
            else:
                self.report_problems(meeting, seen)
                if failures:
                    raise failures[0]
                if meeting.finished and not actions:
                    self._remember_closed(meeting.id)
                return actions
        raise Conflict(f"Meeting {meeting_id} kept changing during {LOOKS} looks; the sweep looks again.")

    def _leave_end(self, meeting: Meeting, actions: list[Action], hints: Hints) -> None:
        """Let others end the meeting at once, where this look has begun that and a step of it failed."""
        begun = next((action for action in actions if isinstance(action, Update) and writes.is_ending(action)), None)
        if begun is None and not hints.ends:
            return
        meeting = writes.after(meeting, begun) if begun else meeting
        try:
            apply(self._world, meeting, [writes.end_left(meeting)])
        except ElephantError as error:
            log.note(log.Note.OVERTAKEN, meeting=meeting.id, why=str(error))

    def keep(self, meeting_id: str, outside: tuple[Entry, ...]) -> None:
        """See to it that the row's history has what others have written, whatever else is to be done for the meeting.

        Raises:
            NoSuchMeeting, Conflict, Unavailable: it was not done.
        """
        meeting = self._world.meetings.get(meeting_id) if outside else None
        if meeting and (untold := history.not_in(meeting, outside)):
            apply(self._world, meeting, [writes.noted()], untold)

    def _plan(
        self, meeting: Meeting, seen: Observation, hints: Hints, *, is_on_time: bool
    ) -> tuple[list[Action], Hints]:
        """Return the plan, and the hints with what was asked before a first launch: whether the stage is paused.

        A launch timer that is on time, with the row as it was when it was armed, need not ask. In a paused stage a
        sweep has held the meeting on its row by then, so that the intent, which rests on that, is refused.
        """
        actions = plan(meeting, seen, self._world.clock(), hints, policy=self._policy)
        first = any(isinstance(action, Launch | Observe) for action in actions) and not meeting.is_begun
        if not first or is_on_time or hints.force or hints.pause or self._world.pausing is None:
            return actions, hints
        if pause := self._world.pausing.standing():
            hints = replace(hints, pause=pause)
            actions = plan(meeting, seen, self._world.clock(), hints, policy=self._policy)
        return actions, hints

    def _observe(self, meeting: Meeting, seen: Observation) -> Observation:
        named = meeting.desktop_ids
        found = tuple(self._world.desktops.of_meeting(meeting.id, named))
        return _merge(Observation(found, complete=True, looked_for=frozenset(named)), seen.desktops)

    def was_just_closed(self, meeting_id: str) -> bool:
        """Return whether the meeting was over, with nothing left to do, a minute ago or less."""
        seen_at = self._closed.get(meeting_id)
        return seen_at is not None and self._world.clock() < seen_at + CLOSED

    def _remember_closed(self, meeting_id: str) -> None:
        now = self._world.clock()
        self._closed = {name: at for name, at in self._closed.items() if now < at + CLOSED} | {meeting_id: now}

    def report_problems(self, meeting: Meeting, seen: Observation) -> None:
        """Log what is wrong with a row, once for as long as that is the same: every sweep sees it."""
        self._report_unreadable(meeting)
        if meeting.over:
            return
        for seat, what in strangers(meeting, seen, self._world.clock(), self._policy):
            told = self._strangers_told.setdefault(meeting.id, set())
            if seat.desktop_id not in told:
                told.add(seat.desktop_id)
                why = f"{seat.attribute('ec2_id')} is {seat.desktop_id}, {what}; correct it in the table"
                log.warn(log.Warn.BAD_ROW, meeting=meeting.id, why=why)

    def has_told_of(self, meeting_id: str) -> bool:
        """Return whether something that is wrong with this meeting's row was logged."""
        return meeting_id in self._problems_told or meeting_id in self._strangers_told

    def _report_unreadable(self, meeting: Meeting) -> None:
        told = self._problems_told.pop(meeting.id, ())
        if meeting.problems:
            self._problems_told[meeting.id] = meeting.problems
        for problem in meeting.problems:
            if problem not in told:
                log.warn(log.Warn.BAD_ROW, meeting=meeting.id, why=f"{problem}; correct it in the table")


def _uploads(meeting: Meeting) -> set[Role]:
    return {seat.role for seat in meeting.seats if seat.uploaded}


def _is_urgent(action: Action) -> bool:
    return action.urgent if isinstance(action, Update) else True


def _merge(seen: Observation, evidence: Iterable[Desktop]) -> Observation:
    """Return what was seen plus what a trigger knows; where both know a desktop, the later state stands.

    States only move on, so the later one is the newer one, whichever was heard last.
    """
    order = list(State)
    desktops = {desktop.id: desktop for desktop in seen.desktops}
    for desktop in evidence:
        known = desktops.get(desktop.id)
        if known is None or order.index(desktop.state) > order.index(known.state):
            desktops[desktop.id] = desktop
    return replace(seen, desktops=tuple(desktops.values()))
