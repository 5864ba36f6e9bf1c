"""Observe, plan, apply: for one meeting, and for everything.

Every trigger ends here. `look` is what makes the app fast: one meeting, as soon as something hints
at it. `sweep` is what makes it certain: the same plan for every open meeting, every minute, and for
what belongs to no meeting. Both only ever apply what `plan` says, so it does not matter which of
them comes first, or how often.

Nothing here waits or sleeps: what cannot be done now is done by the next look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never

from chalicelib import journal
from chalicelib.errors import (
    BadEvent,
    Conflict,
    ElephantError,
    LaunchRefused,
    NoCapacity,
    NoSuchMeeting,
    SomeFailed,
)
from chalicelib.events import RowChange, StateChange, Timer
from chalicelib.model import (
    UNKNOWN,
    Action,
    Attempt,
    Cause,
    Desktop,
    DnsRecord,
    DropTimers,
    Launch,
    Meeting,
    Observation,
    Observe,
    Owner,
    Policy,
    Publish,
    Rearm,
    State,
    Status,
    Terminate,
    Update,
    Withdraw,
    attribute,
    voucher,
)
from chalicelib.plan import hard_deadline, plan, plan_strays
from chalicelib.ports import Desktops, Dns, Meetings, Timers
from chalicelib.rows import timestamp

LOOKS = 4
"""How often a look starts again because the row changed under it, before it leaves that to the next trigger."""

RETRY_RECORDS_FOR = timedelta(minutes=5)
"""How long a stream record is tried again that tells what no row tells: it blocks its shard meanwhile."""


class Reconciler:
    """Brings the world to what the rules say. The ports are passed in; the clock is one of them."""

    def __init__(
        self,
        *,
        meetings: Callable[[], Meetings],
        desktops: Callable[[], Desktops],
        dns: Callable[[], Dns],
        timers: Callable[[], Timers],
        clock: Callable[[], datetime],
        policy: Policy,
    ) -> None:
        """Take the ports as factories, so that a trigger only builds the clients that it uses."""
        self._meetings = meetings
        self._desktops = desktops
        self._dns = dns
        self._timers = timers
        self._clock = clock
        self._policy = policy
        self._resume_after = ""
        self._complained_of: dict[str, tuple[str, ...]] = {}

    # --- what triggers say

    def launch_timer(self, timer: Timer) -> None:
        """Look at the meeting whose launch is due by its timer, or by force."""
        self._say_if_idle(timer, self.look(timer.meeting_id, due=True, force=timer.force))

    def safety_timer(self, timer: Timer) -> None:
        """Look at the meeting whose checkpoint has come by its timer."""
        self._say_if_idle(timer, self.look(timer.meeting_id, checkpoint=True))

    def _say_if_idle(self, timer: Timer, done: list[Action]) -> None:
        if not done:
            journal.note("timer_changed_nothing", meeting=timer.meeting_id, why="the row asks for nothing now")

    def state_change(self, change: StateChange) -> None:
        """Look at the meeting that an instance serves; an instance that is not ours is nobody's business.

        Only the tags tell whose it is. A death is final, so the event itself is proof of it; anything
        else may be long past, so the instance is looked at.
        """
        if change.state.costs:
            desktop = self._desktops().find(change.desktop_id)
        elif desktop := self._desktops().whose(change.desktop_id):
            desktop = replace(desktop, state=change.state)
        if desktop is None or desktop.owner is Owner.FOREIGN or not desktop.meeting_id:
            return
        try:
            self.look(desktop.meeting_id, Observation((desktop,)))
        except NoSuchMeeting as error:
            journal.warn("stray_desktop", desktop=desktop.id, why=f"{error} The sweep takes the desktop away.")

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
                journal.fail("bad_record", change)
                continue
            meeting = change.meeting
            if earlier := latest.get(meeting.id):
                meeting = replace(meeting, reported=meeting.reported | earlier.meeting.reported)
            latest[meeting.id] = replace(change, meeting=meeting)
        failed = []
        for change in latest.values():
            try:
                self.look(change.meeting.id, glimpse=change.meeting)
            except NoSuchMeeting as error:
                journal.note("row_gone", meeting=change.meeting.id, why=str(error))
            except Exception as error:
                journal.fail("look_failed", error, meeting=change.meeting.id)
                if _told_only_here(change.meeting) and self._clock() < (change.at or self._clock()) + RETRY_RECORDS_FOR:
                    failed.append(change.meeting.id)
        if failed:
            raise SomeFailed(f"These meetings could not be looked at, the batch is to be tried again: {failed}.")

    # --- one meeting

    def look(
        self,
        meeting_id: str,
        seen: Observation = UNKNOWN,
        *,
        checkpoint: bool = False,
        due: bool = False,
        force: bool = False,
        glimpse: Meeting | None = None,
    ) -> list[Action]:
        """Do what is to be done for this meeting now, and return what was done.

        `seen` is what the trigger knows of desktops, `checkpoint`, `due` and `force` are a timer's evidence.
        `glimpse` is the row as a stream record carried it: where it asks for nothing, nothing is
        called at all; where its plan opens with a write that rests on the row, that write itself
        proves the row current, and it is not read again.

        Raises:
            NoSuchMeeting: there is no such row.
            Conflict: the row kept changing; the next trigger looks again.
            Unavailable, DnsError, LaunchRefused, ConfigError: a step failed; what was done before it stands.
        """
        reported = glimpse.reported if glimpse else frozenset()
        failures: list[ElephantError] = []
        for _ in range(LOOKS):
            meeting = glimpse or self._meetings().get(meeting_id)
            if not reported <= meeting.reported:
                meeting = replace(meeting, reported=meeting.reported | reported)
            actions = self._plan(meeting, seen, checkpoint, due, force)
            if glimpse and not any(_urgent(action) for action in actions):
                return []
            if _undecided(actions):
                seen = self._observe(meeting, seen)
                actions = self._plan(meeting, seen, checkpoint, due, force)
            proven = glimpse is None or not actions or isinstance(actions[0], Update | Launch)
            glimpse = None
            if not proven:
                continue
            try:
                self._apply(meeting, actions)
            except _Overtaken as overtaken:
                journal.note("overtaken", meeting=meeting_id, why=str(overtaken))
                seen = _merge(seen, overtaken.launched)
                failures += overtaken.failures
            else:
                self._complain(meeting)
                if failures:
                    raise failures[0]
                return actions
        raise Conflict(f"Meeting {meeting_id} kept changing during {LOOKS} looks; the sweep looks again.")

    def _plan(self, meeting: Meeting, seen: Observation, checkpoint: bool, due: bool, force: bool) -> list[Action]:
        return plan(meeting, seen, self._clock(), checkpoint, due=due, force=force, policy=self._policy)

    def _observe(self, meeting: Meeting, seen: Observation) -> Observation:
        named = [seat.desktop_id for seat in meeting.seats if seat.desktop_id]
        found = Observation(tuple(self._desktops().of_meeting(meeting.id, named)), complete=True)
        return _merge(found, seen.desktops)

    def _complain(self, meeting: Meeting) -> None:
        """Say what cannot be understood in a row, once for as long as that is the same: every sweep sees it."""
        if meeting.problems == self._complained_of.get(meeting.id, ()):
            return
        self._complained_of[meeting.id] = meeting.problems
        for problem in meeting.problems:
            journal.warn("bad_row", meeting=meeting.id, why=f"{problem}; correct it in the table")

    # --- applying

    def _apply(self, meeting: Meeting, actions: Iterable[Action]) -> None:
        """Apply a plan in its order.

        A write that fails ends it: whatever follows may rest on it. Anything else that fails is left
        out, with what is to come after it; the rest is done, and then the failure is raised.
        """
        succeeded: list[bool] = []
        failures: list[ElephantError] = []
        for action in actions:
            if isinstance(action, Update | Launch | Withdraw) and not all(succeeded[len(succeeded) - action.after :]):
                succeeded.append(False)
                continue
            try:
                if isinstance(action, Update):
                    meeting = self._persist(meeting, action)
                elif isinstance(action, Launch):
                    self._launch(meeting, action)
                else:
                    self._do(action, meeting.id)
            except _Overtaken as overtaken:
                overtaken.failures = (*failures, *overtaken.failures)
                raise
            except Conflict as conflict:
                raise _Overtaken(str(conflict), (), failures) from conflict
            except ElephantError as error:
                if isinstance(action, Update):
                    raise
                failures.append(error)
                succeeded.append(False)
            else:
                succeeded.append(True)
        if failures:
            raise failures[0]

    def _do(self, action: Action, meeting_id: str | None) -> None:
        """Apply an action that does not touch a row."""
        match action:
            case Publish(why, records, mend):
                with self._counting_dns_failures(meeting_id):
                    self._dns().publish(records, mend=mend)
                _log("publish", meeting_id, why, records=[record.name for record in records])
            case Withdraw(why, records, _):
                with self._counting_dns_failures(meeting_id):
                    self._dns().withdraw(records)
                _log("withdraw", meeting_id, why, records=[record.name for record in records])
            case Terminate(why, desktop_ids):
                self._desktops().terminate(desktop_ids)
                _log("terminate", meeting_id, why, desktops=list(desktop_ids))
            case Rearm(why, desktop_ids, deadline):
                self._desktops().rearm(desktop_ids, deadline)
                _log("rearm", meeting_id, why, desktops=list(desktop_ids), deadline=deadline)
            case DropTimers(why, names):
                self._timers().drop(names)
                _log("drop_timers", meeting_id, why, timers=list(names))
            case Observe() | Update() | Launch():
                raise AssertionError(f"{action} is not to be applied without its meeting's row")
            case _:
                assert_never(action)

    def _persist(self, meeting: Meeting, change: Update) -> Meeting:
        """Write the change; return the meeting with what later writes of the same plan may rest on."""
        self._meetings().update(meeting.id, change)
        _log("update", meeting.id, change.why, set=dict(change.set), remove=list(change.remove))
        if "ended_at" in change.set:
            self._count("Ended", 1, reason=str(change.set["termination_reason"]), meeting=meeting.id)
        row = {name: value for name, value in meeting.row.items() if name not in change.remove} | dict(change.set)
        return replace(meeting, row=row, status=change.set.get("status", meeting.status))

    def _count(self, metric: str, number: int, **facts: Any) -> None:
        journal.count(metric, number, stage=self._policy.stage, **facts)

    @contextmanager
    def _counting_dns_failures(self, meeting_id: str | None) -> Iterator[None]:
        try:
            yield
        except ElephantError as error:
            self._count("DnsFailures", 1, meeting=meeting_id, why=str(error))
            raise

    # --- launching

    def _launch(self, meeting: Meeting, launch: Launch) -> None:
        """Persist the intents, launch, write the outcomes: a crash between any two is resumed, never repeated.

        The intent is a lease: until it runs out, only the handler that wrote it launches for that
        role, so that two handlers never launch in two subnets at once.
        """
        attempts = [replace(a, subnet=a.subnet or self._desktops().subnets()[0]) for a in launch.attempts]
        leased_at = self._clock()
        self._persist(meeting, _intent(meeting, launch, attempts, leased_at))
        for attempt in attempts:
            if meeting.seat(attempt.role).desktop_id:
                self._count("Replaced", 1, reason=attempt.cause, meeting=meeting.id, role=attempt.role, why=attempt.why)
        outcomes: dict[str, Any] = {}
        rests_on = meeting.as_stored("termination_reason")
        launched: list[Desktop] = []
        failures: list[ElephantError] = []
        for begun in attempts:
            role = begun.role
            try:
                attempt, outcome = self._launch_one(meeting, begun, leased_at)
            except Conflict as conflict:  # the lease is lost: somebody else launches now, for either role
                raise _Overtaken(str(conflict), launched, failures) from conflict
            except ElephantError as error:
                failures.append(error)
                continue
            rests_on |= {
                attribute(role, "subnet"): attempt.subnet,
                attribute(role, "attempt"): attempt.number,
            }
            if isinstance(outcome, Desktop):
                launched.append(outcome)
                outcomes |= {
                    attribute(role, "ec2_id"): outcome.id,
                    attribute(role, "launched_at"): self._clock(),
                    attribute(role, "launched"): voucher(meeting.id, outcome.id),
                }
                rests_on[attribute(role, "ec2_id")] = None
            else:
                journal.fail("launch_refused", outcome, meeting=meeting.id, role=role)
                self._count("LaunchFailures", 1, reason=outcome.code, meeting=meeting.id, role=role)
                outcomes[attribute(role, "refused")] = outcome.code
        if launched and meeting.status.rank < Status.LAUNCHED.rank:
            outcomes["status"] = Status.LAUNCHED
            rests_on |= meeting.as_stored("status")
        if outcomes:
            try:
                self._persist(meeting, Update("the launch is done", outcomes, (), rests_on))
            except Conflict as conflict:
                raise _Overtaken(str(conflict), launched, failures) from conflict
        if failures:
            raise failures[0]

    def _launch_one(
        self, meeting: Meeting, attempt: Attempt, leased_at: datetime
    ) -> tuple[Attempt, Desktop | LaunchRefused]:
        """Launch in the attempt's subnet, or in the next that has room; return the attempt as it ended.

        A refusal for want of room proves that nothing was launched, so the attempt may move on.
        """
        tried: set[str | None] = set()
        best = self._desktops().subnets()[0]
        if attempt.cause is not Cause.RESUMED and attempt.subnet != best:  # the other role has just found it full
            attempt = replace(attempt, subnet=best)
            self._persist(meeting, _move(meeting, attempt, leased_at))
        known = hard_deadline(replace(meeting, begun_at=meeting.begun_at or leased_at), policy=self._policy)
        deadline = known or leased_at + self._policy.lead + self._policy.max_duration
        while True:
            try:
                desktop = self._desktops().launch(meeting.id, attempt, deadline)
            except NoCapacity as error:
                journal.warn("no_capacity", meeting=meeting.id, role=attempt.role, why=str(error))
                tried.add(attempt.subnet)
                rest = [subnet for subnet in self._desktops().subnets() if subnet not in tried]
                if not rest:
                    return attempt, LaunchRefused(str(error), code="InsufficientInstanceCapacity")
                attempt = replace(attempt, subnet=rest[0])
                self._persist(meeting, _move(meeting, attempt, leased_at))
            except LaunchRefused as error:
                return attempt, error
            else:
                _log(
                    "launch",
                    meeting.id,
                    attempt.why,
                    role=attempt.role,
                    desktop=desktop.id,
                    subnet=attempt.subnet,
                )
                return attempt, desktop

    # --- everything

    def sweep(self, stop_at: datetime) -> SweepReport:
        """Look at every open meeting and at all that belongs to none; return the counts.

        Costs calls per page, not per meeting: the meetings, the fleet and the zone are listed once,
        and only a meeting whose plan asks for something is looked at. After `stop_at` (UTC) nothing
        new is begun; the next sweep goes on behind the last meeting that was tended.

        Raises:
            SomeFailed: something failed; it was logged, everything else was done.
        """
        report = SweepReport()
        known: dict[str, Meeting | None] = {}
        fleet: list[Desktop] | None = None
        records: list[DnsRecord] | None = None
        with report.tolerate("list the open meetings"):
            for meetings in self._meetings().open():
                known |= {meeting.id: meeting for meeting in meetings}
        with report.tolerate("list the desktops"):
            fleet = [desktop for page in self._desktops().fleet() for desktop in page]
        with report.tolerate("list the records"):
            records = self._dns().owned()
        seen = _by_meeting(fleet) if fleet is not None else None
        withdrawn: set[str] = set()
        for meeting in self._in_turn(known):
            if self._clock() >= stop_at:
                report.unfinished += 1
                continue
            with report.tolerate("tend the meeting", meeting.id):
                withdrawn |= self._tend(meeting, seen, report)
            self._resume_after = meeting.id
        if not report.unfinished:
            self._resume_after = ""
        if fleet is not None and seen is not None:
            rest = [record for record in records if record.name not in withdrawn] if records is not None else None
            self._tend_strays(fleet, rest, known, seen, report, stop_at)
        report.meetings = len(known)
        now = self._clock()
        report.overdue = sum(d.state.costs and d.deadline is not None and now >= d.deadline for d in fleet or ())
        journal.note("sweep", why="every minute", **report.counts(), records=len(records or ()))
        self._count("DesktopsOverdue", report.overdue)
        self._count("SweepFailures", report.failed)
        if report.failed:
            raise SomeFailed(f"The sweep failed in {report.failed} places; each is logged, the next sweep tries again.")
        return report

    def _in_turn(self, known: dict[str, Meeting | None]) -> list[Meeting]:
        ids = sorted(known)
        ids = [i for i in ids if i > self._resume_after] + [i for i in ids if i <= self._resume_after]
        return [meeting for meeting in map(known.get, ids) if meeting]

    def _tend(self, meeting: Meeting, seen: dict[str | None, list[Desktop]] | None, report: SweepReport) -> set[str]:
        """Look at the meeting if the plan from the listings asks for it; return the names that were withdrawn."""
        sight = Observation(tuple(seen.get(meeting.id, ())), complete=True) if seen is not None else UNKNOWN
        actions = plan(meeting, sight, self._clock(), policy=self._policy)
        self._complain(meeting)
        if not actions or (seen is None and _undecided(actions)):
            return set()
        done = self.look(meeting.id, sight)
        report.acted += 1
        return {record.name for action in done if isinstance(action, Withdraw) for record in action.records}

    def _tend_strays(
        self,
        fleet: list[Desktop],
        records: list[DnsRecord] | None,
        known: dict[str, Meeting | None],
        seen: dict[str | None, list[Desktop]],
        report: SweepReport,
        stop_at: datetime,
    ) -> None:
        for meeting_id in sorted({d.meeting_id for d in fleet if d.meeting_id and d.state.costs} - known.keys()):
            if self._clock() >= stop_at:
                report.unfinished += 1
                continue
            with report.tolerate("read the meeting of a desktop", meeting_id):
                try:
                    known[meeting_id] = meeting = self._meetings().get(meeting_id)
                except NoSuchMeeting:
                    known[meeting_id] = None
                else:
                    self._tend(meeting, seen, report)
        for action in plan_strays(fleet, records, known, self._clock(), self._policy):
            with report.tolerate("tend strays"):
                if wanted := self._still_wanted(action, report):
                    self._do(wanted, None)
                    report.acted += 1

    def _still_wanted(self, action: Action, report: SweepReport) -> Action | None:
        """Return what is left of an action: the listings that it rests on may be older than the end of a meeting.

        A record whose meeting cannot be read waits for the next sweep; the others do not wait for it.
        """
        if not isinstance(action, Publish):
            return action
        linked: list[DnsRecord] = []
        for record in action.records:
            with report.tolerate("read the meeting of a record", record.meeting_id):
                if self._is_linked(record):
                    linked.append(record)
        return replace(action, records=tuple(linked)) if linked else None

    def _is_linked(self, record: DnsRecord) -> bool:
        """Whether people have a link to this name now."""
        try:
            meeting = self._meetings().get(record.meeting_id)
        except NoSuchMeeting:
            return False
        linked = (seat.desktop_id for seat in meeting.seats if seat.link and seat.desktop_id)
        return not meeting.over and record.name in map(self._policy.record_name, linked)


@dataclass(slots=True)
class SweepReport:
    """What one sweep came to.

    `overdue` counts desktops that were seen alive past the deadline they bear, `unfinished` what the
    time budget left to the next sweep.
    """

    meetings: int = 0
    acted: int = 0
    failed: int = 0
    overdue: int = 0
    unfinished: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts by name, for the log."""
        return asdict(self)

    @contextmanager
    def tolerate(self, what: str, meeting_id: str | None = None) -> Iterator[None]:
        """Log and count what fails inside, so that one bad meeting, record or call never stops the others."""
        try:
            yield
        except Exception as error:
            self.failed += 1
            journal.fail("sweep_failed", error, meeting=meeting_id, why=f"could not {what}")


class _Overtaken(Conflict):
    """The row changed while a plan was applied: what it launched is evidence for the next look, failures stay so."""

    def __init__(self, message: str, launched: Iterable[Desktop], failures: Iterable[ElephantError]) -> None:
        super().__init__(message)
        self.launched = tuple(launched)
        self.failures = tuple(failures)


def _intent(meeting: Meeting, launch: Launch, attempts: Iterable[Attempt], now: datetime) -> Update:
    """Return the write that must stand before a launch: which attempt, where, since when."""
    intent: dict[str, Any] = {"forced": True} if launch.forced else {}
    if not meeting.begun_at:
        intent["begun_at"] = now
    rests_on = meeting.as_stored("termination_reason", "meet_time")
    stale: list[str] = []
    for attempt in attempts:
        role = attempt.role
        intent |= {
            attribute(role, "attempt"): attempt.number,
            attribute(role, "attempt_at"): now,
            attribute(role, "subnet"): attempt.subnet,
        }
        seat = meeting.seat(role)
        if attempt.cause is Cause.LATE_BOOT:
            intent[attribute(role, "late_boots")] = seat.late_boots + 1
        if seat.desktop_id:
            given_up = f"{timestamp(now)} {seat.desktop_id}: {attempt.why}"
            intent[attribute(role, "replaced")] = [*seat.replaced, given_up]
        replaced = [attribute(role, n) for n in ("ec2_id", "ec2_link", "launched_at", "healthy_at", "refused")]
        rests_on |= meeting.as_stored(attribute(role, "attempt"), attribute(role, "attempt_at"), *replaced)
        stale += replaced
    return Update(launch.why, intent, tuple(name for name in stale if name in meeting.row), rests_on)


def _move(meeting: Meeting, attempt: Attempt, leased_at: datetime) -> Update:
    rests_on = meeting.as_stored("termination_reason")
    rests_on[attribute(attempt.role, "attempt")] = attempt.number
    rests_on[attribute(attempt.role, "attempt_at")] = leased_at
    where = {attribute(attempt.role, "subnet"): attempt.subnet}
    return Update("no room there; the next subnet is tried", where, (), rests_on)


def _told_only_here(meeting: Meeting) -> bool:
    """Whether a record tells what the sweep would not find out.

    That is a desktop's report that the next report overwrites, and a row that is not listed though
    there is work on it: made by hand, or edited.
    """
    reports = any(s.desktop_id in meeting.reported and not s.healthy_at for s in meeting.seats)
    return (reports and not meeting.over) or not (meeting.listed or meeting.finished)


def _urgent(action: Action) -> bool:
    return action.urgent if isinstance(action, Update) else True


def _undecided(actions: Iterable[Action]) -> bool:
    return any(isinstance(action, Observe) for action in actions)


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


def _by_meeting(fleet: Iterable[Desktop]) -> dict[str | None, list[Desktop]]:
    grouped: dict[str | None, list[Desktop]] = defaultdict(list)
    for desktop in fleet:
        grouped[desktop.meeting_id].append(desktop)
    return grouped


def _log(event: str, meeting_id: str | None, why: str, **facts: Any) -> None:
    journal.note(event, meeting=meeting_id, why=why, **facts)
