"""Launching: the intent is persisted, desktops are launched, the outcomes are written.

A crash between any two is resumed by whoever looks next, and never repeated. The intent is a lease: until it
runs out, only the handler that wrote it launches for that role, so that two handlers never launch in two
subnets at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import log
from chalicelib.control.persist import Overtaken, persist
from chalicelib.control.ports import World
from chalicelib.domain import writes
from chalicelib.domain.actions import Attempt, Cause, Launch
from chalicelib.domain.errors import Conflict, ElephantError, LaunchRefused, NoCapacity
from chalicelib.domain.model import Desktop, Meeting
from chalicelib.domain.update import Update
from chalicelib.rules.times import deadline_once_begun, movable


def launch(world: World, meeting: Meeting, action: Launch) -> list[ElephantError]:
    """Launch the desktops of these attempts, each in the first subnet that has room.

    Return the failures of attempts that have no outcome; each is logged, and the others were made.

    Raises:
        Overtaken: the row changed meanwhile, so the lease is lost; it tells what was launched.
        ElephantError: nothing could be begun, or the outcomes could not be written.
    """
    attempts = [replace(attempt, subnet=attempt.subnet or _best(world, attempt)) for attempt in action.attempts]
    leased_at = world.clock()
    intent = writes.launch_begun(meeting, attempts, action.why, forced=action.forced, leased_at=leased_at)
    persist(world, meeting, intent)
    lease = _Lease(world, writes.after(meeting, intent), leased_at)
    for attempt in attempts:
        if meeting.seat(attempt.role).desktop_id:
            stage, role, why = world.policy.stage, attempt.role, attempt.why
            log.count(
                log.Metric.REPLACED, 1, stage=stage, reason=attempt.reason, meeting=meeting.id, role=role, why=why
            )
    outcomes: list[Update] = []
    launched: list[Desktop] = []
    failures: list[ElephantError] = []
    for attempt in attempts:
        try:
            change, desktop = lease.make(attempt)
        except Conflict as conflict:  # the lease is lost: somebody else launches now, for either role
            raise Overtaken(str(conflict), launched, failures) from conflict
        except ElephantError as error:
            log.fail(log.Fail.STEP_FAILED, error, meeting=meeting.id, why=f"{attempt.role}: {attempt.why}")
            failures.append(error)
            continue
        outcomes.append(change)
        launched += [desktop] if desktop else []
    if outcome := writes.together(outcomes, why="the launch is done"):
        try:
            persist(world, lease.meeting, outcome)
        except Conflict as conflict:
            raise Overtaken(str(conflict), launched, failures) from conflict
    return failures


def _best(world: World, attempt: Attempt) -> str | None:
    """Return the subnet to begin in; None where there is none: that is told when it is tried, and counts as tried."""
    try:
        return world.desktops.subnets(attempt.after)[0]
    except LaunchRefused:
        return None


@dataclass(frozen=True, slots=True)
class _Lease:
    """The right to launch for some roles of a meeting, whose row bears the intent. `leased_at` is UTC."""

    world: World
    meeting: Meeting
    leased_at: datetime

    def make(self, attempt: Attempt) -> tuple[Update, Desktop | None]:
        """Launch one desktop; return the outcome as it is to be written, and the desktop, None for a refusal."""
        attempt, outcome = self._launch(attempt)
        meeting, role, stage = self.meeting, attempt.role, self.world.policy.stage
        if isinstance(outcome, Desktop):
            where, why = attempt.subnet, attempt.why
            log.note(log.Note.LAUNCH, meeting=meeting.id, why=why, role=role, desktop=outcome.id, subnet=where)
            return writes.launched(meeting, attempt, outcome, self.world.clock()), outcome
        log.fail(log.Fail.LAUNCH_REFUSED, outcome, meeting=meeting.id, role=role)
        log.count(log.Metric.LAUNCH_FAILURES, 1, stage=stage, reason=outcome.code, meeting=meeting.id, role=role)
        return writes.launch_refused(meeting, attempt, outcome.code), None

    def _launch(self, attempt: Attempt) -> tuple[Attempt, Desktop | LaunchRefused]:
        """Launch in the attempt's subnet, or in the next that has room; return the attempt as it ended.

        A refusal for want of room proves that nothing was launched, so the attempt may move on.
        """
        desktops = self.world.desktops
        begun_at = self.meeting.begun_at or self.leased_at
        deadline = deadline_once_begun(self.meeting, self.world.policy, begun_at)
        between = movable(self.world.policy, begun_at)
        refused: dict[str | None, NoCapacity] = {}
        try:
            if attempt.cause is not Cause.RESUMED:
                best = desktops.subnets(attempt.after)[0]
                attempt = attempt if attempt.subnet == best else self._move(attempt, best)  # full, as was just found
            while True:
                try:
                    return attempt, desktops.launch(self.meeting.id, attempt, deadline, between)
                except NoCapacity as error:
                    log.warn(log.Warn.NO_CAPACITY, meeting=self.meeting.id, role=attempt.role, why=str(error))
                    refused[attempt.subnet] = error
                rest = [subnet for subnet in desktops.subnets(attempt.after) if subnet not in refused]
                if not rest:
                    return attempt, _by_all(refused.values())
                attempt = self._move(attempt, rest[0])
        except LaunchRefused as error:
            return attempt, error

    def _move(self, attempt: Attempt, subnet: str) -> Attempt:
        attempt = replace(attempt, subnet=subnet)
        persist(self.world, self.meeting, writes.attempt_moved(self.meeting, attempt, self.leased_at))
        return attempt


def _by_all(refusals: Iterable[NoCapacity]) -> LaunchRefused:
    """Return the refusal of every subnet as one, under the code of one that may pass: a want, not a lack."""
    told = sorted(refusals, key=lambda refusal: not refusal.code.startswith("Insufficient"))
    return LaunchRefused("; ".join(map(str, told)), told[0].code)
