"""Everything, every minute: the same plan for every open meeting, and for what belongs to none.

The sweep is what makes certain what events make fast. It costs calls per page, not per meeting: the meetings,
the fleet and the zone are listed once, and only a meeting whose plan asks for something is looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from chalicelib import log
from chalicelib.control import recount
from chalicelib.control.apply import do
from chalicelib.control.look import Looker
from chalicelib.control.measure import Measure
from chalicelib.control.ports import Lately, World
from chalicelib.control.swept import SweepReport
from chalicelib.domain.actions import Action, Effect, Publish, Terminate, Withdraw, is_undecided
from chalicelib.domain.calendar import Week
from chalicelib.domain.errors import NoSuchMeeting, SomeFailed
from chalicelib.domain.model import UNKNOWN, Desktop, DnsRecord, Meeting, Observation
from chalicelib.rules.facts import NO_HINTS, Hints
from chalicelib.rules.pausing import begins
from chalicelib.rules.plan import plan
from chalicelib.rules.readiness import is_not_ready
from chalicelib.rules.strays import Inventory, plan_strays
from chalicelib.rules.times import ends_by

if TYPE_CHECKING:
    from chalicelib.control.spending import Spendings
    from chalicelib.domain.spending import Spending


SideBySide = Callable[[Iterable[Callable[[], "_Came"]]], "list[_Came]"]
"""Does several things at once, and returns what each came to, in their order."""

_Asked = tuple[Meeting, Observation, Hints]
"""A look to be made, and what it begins with."""

_Came = list[Action] | Exception | None
"""What a look came to: what was done, what it raised, or None where there was no time left to begin it."""

FEW = 4
"""So many looks are made one after the other: threads would cost more than they save."""


class Sweeper:
    """Looks at everything; one instance goes on where its last sweep ran out of time."""

    def __init__(
        self,
        world: World,
        looker: Looker,
        certificate_ends_at: Callable[[], datetime | None] = lambda: None,
        lately: Lately | None = None,
        spendings: Spendings | None = None,
        side_by_side: tuple[SideBySide, int] | None = None,
    ) -> None:
        """Take the world, what looks at a meeting, what tells when the certificate ends, where boots are noted.

        `spendings` is what counts what months cost, None where nothing limits that. `side_by_side` is what does several
        things at once, and how many; None does one after the other.
        """
        self._world = world
        self._measure = Measure(lately, world.clock)
        self._looker = looker
        self._certificate_ends_at = certificate_ends_at
        self._spendings = spendings
        self._side_by_side = side_by_side
        self._resume_after = ""
        self._not_ours: set[str] = set()

    def sweep(self, stop_at: datetime) -> SweepReport:
        """Look at every open meeting and at all that belongs to none; return the counts.

        After `stop_at` (UTC) nothing new is begun; the next sweep goes on behind the last meeting that was
        looked at.

        Raises:
            SomeFailed: something failed; it was logged, everything else was done.
        """
        sweep = _Sweep(self._world, self._looker, stop_at, self._not_ours, self._spendings)
        sweep.list_all()
        sweep.correct_calendar()
        sweep.correct_costs()
        self._resume_after = sweep.visit(self._in_turn(sweep.known), self._side_by_side) or self._resume_after
        if not sweep.report.unfinished:
            self._resume_after = ""
        sweep.tidy()
        sweep.tell_days_left(self._certificate_ends_at)
        with sweep.report.tolerate("note how long desktops take to be ready"):
            self._measure.take(filter(None, sweep.known.values()))
        sweep.conclude()
        return sweep.report

    def _in_turn(self, known: dict[str, Meeting | None]) -> list[Meeting]:
        ids = sorted(known)
        ids = [i for i in ids if i > self._resume_after] + [i for i in ids if i <= self._resume_after]
        return [meeting for meeting in map(known.get, ids) if meeting]


class _Sweep:
    """One sweep: its listings, and what it came to. A listing that failed is None: then nothing is concluded.

    `not_ours` is kept from sweep to sweep: the meetings that records with the old mark name and that have no row.
    """

    def __init__(
        self, world: World, looker: Looker, stop_at: datetime, not_ours: set[str], spendings: Spendings | None
    ) -> None:
        self.report = SweepReport()
        self.known: dict[str, Meeting | None] = {}
        self._knows_all = False
        self._world = world
        self._looker = looker
        self._stop_at = stop_at
        self._fleet: list[Desktop] | None = None
        self._records: list[DnsRecord] | None = None
        self._by_meeting: dict[str | None, list[Desktop]] | None = None
        self._by_id: dict[str, Desktop] = {}
        self._looked_for: frozenset[str] = frozenset()
        self._withdrawn: set[str] = set()
        self._not_ours = not_ours
        self._terminated: set[str] = set()
        self._weeks: dict[int, Week] = {}
        self._spendings = spendings
        self._months: dict[str, Spending] = {}

    def list_all(self) -> None:
        """List the calendar, the open meetings, the fleet and the zone, each whether or not another fails."""
        world = self._world
        with self.report.tolerate("read the calendar"):
            self._weeks = recount.weeks_before(world)
        if self._spendings:
            with self.report.tolerate("read what months cost"):
                self._months = self._spendings.before(world.clock())
        with self.report.tolerate("list the open meetings"):
            for meetings in world.meetings.open():
                self.known |= {meeting.id: meeting for meeting in meetings}
            self._knows_all = True
        with self.report.tolerate("list the desktops"):
            self._fleet = [desktop for page in world.desktops.fleet() for desktop in page]
            self._by_meeting = _grouped(self._fleet)
            self._by_id = {desktop.id: desktop for desktop in self._fleet}
            self._look_for_named()
        with self.report.tolerate("list the records"):
            self._records = world.dns.owned()

    def _look_for_named(self) -> None:
        """Ask for what open rows name and the fleet does not show: somebody else's, by a slip or not, or long gone."""
        named = {i for meeting in self.known.values() if meeting and not meeting.over for i in meeting.desktop_ids}
        if rest := named - self._by_id.keys():
            self._by_id |= {desktop.id: desktop for desktop in self._world.desktops.named(rest)}
            self._looked_for = frozenset(rest)

    def correct_calendar(self) -> None:
        """Bring the calendar to what the open meetings want, where all of them could be listed."""
        if self._knows_all:
            with self.report.tolerate("correct the calendar"):
                recount.correct(self._world, self._weeks, filter(None, self.known.values()))

    def correct_costs(self) -> None:
        """Bring what months cost to what the meetings do, where all that are open could be listed."""
        if self._spendings and self._knows_all:
            with self.report.tolerate("correct what months cost"):
                self._spendings.correct(self._world, self._months, filter(None, self.known.values()))

    def has_time(self) -> bool:
        """Return whether something new may be begun; count it as unfinished where it may not."""
        late = self._is_late()
        self.report.unfinished += late
        return not late

    def _is_late(self) -> bool:
        return self._world.clock() >= self._stop_at

    def visit(self, meetings: Sequence[Meeting], side_by_side: tuple[SideBySide, int] | None) -> str:
        """Look at those meetings whose plan from the listings asks for it, in this order.

        Where there is what does them `side_by_side`, several are looked at at a time. Return the id of the last one
        before the first that was left for want of time, empty where that is the very first.
        """
        several, at_once = side_by_side or (_one_by_one, 1)
        asked: list[_Asked] = []
        left: set[str] = set()
        planned = 0
        for meeting in meetings:
            if self._is_late():
                break
            planned += 1
            with self.report.tolerate("look at the meeting", meeting.id):
                asked += filter(None, [self._asked(meeting)])
            if len(asked) == at_once or planned == len(meetings):
                left |= self._look_at(asked, several if len(asked) > FEW else _one_by_one)
                asked.clear()
        left |= {meeting.id for meeting in (*(meeting for meeting, *_ in asked), *meetings[planned:])}
        self.report.unfinished += len(left)
        done = next((n for n, meeting in enumerate(meetings) if meeting.id in left), len(meetings))
        return meetings[done - 1].id if done else ""

    def _look_at(self, asked: Sequence[_Asked], several: SideBySide) -> set[str]:
        """Make these looks, note what they came to, and return the ids of those that there was no time for."""
        left = set()
        looks = [partial(self._look_in_time, *one) for one in asked]
        for (meeting, *_), came in zip(asked, several(looks), strict=True):
            with self.report.tolerate("look at the meeting", meeting.id):
                if isinstance(came, Exception):
                    raise came
                if came is None:
                    left.add(meeting.id)
                else:
                    self._note(came)
        return left

    def _look_in_time(self, meeting: Meeting, seen: Observation, hints: Hints) -> _Came:
        """Look at the meeting; nothing of the sweep's own is changed, since other threads look at others meanwhile."""
        if self._is_late():
            return None
        try:
            return self._looker.look(meeting.id, seen, hints)
        except Exception as error:
            return error

    def _asked(self, meeting: Meeting) -> _Asked | None:
        """Return the look that the meeting's plan from the listings asks for, None where it asks for none."""
        fleet = self._by_meeting
        seen = UNKNOWN if fleet is None else self._sight(meeting, fleet.get(meeting.id, ()))
        hints = self._hints(meeting)
        actions = plan(meeting, seen, self._world.clock(), hints, policy=self._world.policy)
        self._looker.report_problems(meeting, seen)
        return None if not actions or (fleet is None and is_undecided(actions)) else (meeting, seen, hints)

    def _note(self, done: list[Action]) -> None:
        """Note what a look has done."""
        self.report.acted += 1
        self._withdrawn |= {r.name for action in done if isinstance(action, Withdraw) for r in action.records}
        self._terminated |= {i for action in done if isinstance(action, Terminate) for i in action.desktop_ids}

    def _hints(self, meeting: Meeting) -> Hints:
        """Return whether the stage is paused, where that matters to the meeting; else nobody asks."""
        pausing = self._world.pausing
        if pausing and begins(meeting, self._world.clock(), self._world.policy):
            return Hints(pause=pausing.standing())
        return NO_HINTS

    def _sight(self, meeting: Meeting, own: Iterable[Desktop]) -> Observation:
        """Return what the listings show of a meeting: what bears its id, and what its row names, whosever it is."""
        shown = {desktop.id: desktop for desktop in own}
        shown |= {i: self._by_id[i] for i in meeting.desktop_ids if i in self._by_id}
        return Observation(tuple(shown.values()), complete=True, looked_for=self._looked_for)

    def tidy(self) -> None:
        """Read the meetings that something names and no listing showed, then tidy what belongs to none."""
        if self._fleet is None:
            return
        seen = self._inventory(self._fleet, self._records)
        for meeting_id in sorted(seen.unread(self._not_ours)):
            if self.has_time():
                with self.report.tolerate("read the meeting of a desktop or record", meeting_id):
                    self._read_and_visit(meeting_id)
        # What bears the old mark may be another installation's; only a row tells, if the fleet does not.
        doubtful = {record.meeting_id for record in seen.doubtful if record.meeting_id}
        self._not_ours |= {meeting_id for meeting_id in doubtful if self.known.get(meeting_id, "unread") is None}
        # A name that was just withdrawn is not in the zone any more, whatever the listing says.
        records = self._records and [record for record in self._records if record.name not in self._withdrawn]
        for effect in plan_strays(self._inventory(self._fleet, records)):
            with self.report.tolerate("tidy what belongs to no meeting"):
                if wanted := self._still_wanted(effect):
                    do(self._world, wanted)
                    self.report.acted += 1

    def _inventory(self, fleet: list[Desktop], records: list[DnsRecord] | None) -> Inventory:
        return Inventory(fleet, records, self.known, self._world.clock(), self._world.policy)

    def _read_and_visit(self, meeting_id: str) -> None:
        try:
            self.known[meeting_id] = meeting = self._world.meetings.get(meeting_id)
        except NoSuchMeeting:
            self.known[meeting_id] = None
        else:
            if asked := self._asked(meeting):
                self._note(self._looker.look(meeting_id, *asked[1:]))

    def _still_wanted(self, effect: Effect) -> Effect | None:
        """Return what is left of it to do: the listings it was planned from may be older than the end of a meeting.

        What was terminated in this sweep is not terminated again. A record whose meeting cannot be read waits for the
        next sweep; the others do not wait for it.
        """
        if isinstance(effect, Terminate):
            left = tuple(desktop_id for desktop_id in effect.desktop_ids if desktop_id not in self._terminated)
            return replace(effect, desktop_ids=left) if left else None
        if not isinstance(effect, Publish):
            return effect
        linked: list[DnsRecord] = []
        for record in effect.records:
            with self.report.tolerate("read the meeting of a record", record.meeting_id):
                if self._is_linked(record):
                    linked.append(record)
        return replace(effect, records=tuple(linked)) if linked else None

    def _is_linked(self, record: DnsRecord) -> bool:
        """Whether people have a link to this name now."""
        try:
            meeting = self._world.meetings.get(record.meeting_id)
        except NoSuchMeeting:
            return False
        linked = (seat.desktop_id for seat in meeting.seats if seat.link and seat.desktop_id)
        return not meeting.over and record.name in map(self._world.policy.record_name, linked)

    def tell_days_left(self, certificate_ends_at: Callable[[], datetime | None]) -> None:
        """Count, in the first minute of each hour, the whole days until the desktops' certificate ends."""
        now = self._world.clock()
        if now.minute:
            return
        with self.report.tolerate("look when the certificate ends"):
            if ends_at := certificate_ends_at():
                left = (ends_at - now) // timedelta(days=1)
                log.count(log.Metric.CERTIFICATE_DAYS, left, stage=self._world.policy.stage)

    def conclude(self) -> None:
        """Log and count what the sweep came to.

        Raises:
            SomeFailed: something failed.
        """
        report, now = self.report, self._world.clock()
        report.meetings = sum(meeting is not None for meeting in self.known.values())
        stage = self._world.policy.stage
        if self._fleet is not None:  # what could not be listed is unknown, not none
            ends = [ends_by(d, self._world.policy) for d in self._fleet if d.state.must_be_ended]
            report.overdue = sum(end is not None and now >= end for end in ends)
            log.count(log.Metric.DESKTOPS_OVERDUE, report.overdue, stage=stage)
        if self._knows_all:
            late = [m for m in self.known.values() if m and is_not_ready(m, now, self._world.policy)]
            log.count(log.Metric.NOT_READY, len(late), stage=stage)
        records = None if self._records is None else len(self._records)
        log.note(log.Note.SWEEP, why="every minute", **report.counts(), records=records)
        log.count(log.Metric.SWEEP_FAILURES, report.failed, stage=stage)
        if report.failed:
            raise SomeFailed(f"The sweep failed in {report.failed} places; each is logged, the next sweep tries again.")


def _one_by_one(looks: Iterable[Callable[[], _Came]]) -> list[_Came]:
    return [look() for look in looks]


def _grouped(fleet: Iterable[Desktop]) -> dict[str | None, list[Desktop]]:
    grouped: dict[str | None, list[Desktop]] = defaultdict(list)
    for desktop in fleet:
        grouped[desktop.meeting_id].append(desktop)
    return grouped
