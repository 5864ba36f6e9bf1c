"""What must always hold, whatever goes wrong: the design's nine invariants as named checks.

They judge by what truly happened in the world, not by what the app believes, and by rules of their
own, written apart from the plan. Where the app needs a chance to notice (a lost event, an outage),
the chance is counted in clean sweeps: sweeps that began after the fact, ran undisturbed and returned.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib import rows
from chalicelib.model import DnsRecord, Meeting, Observation, Observe, Owner, Role, State, attribute
from chalicelib.plan import plan
from chalicelib.runtime import current
from tests.fakes import Instance, Row
from tests.simulation.world import DOMAIN, Checks, Life, Process, World

LEAD = timedelta(minutes=10)
CHECKPOINT = timedelta(minutes=15)
GRACE = timedelta(minutes=30)
SETTLING = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
CHANCES = 2
"""How many clean sweeps the app has to notice something before it counts as overlooked."""


class Violation(BaseException):
    """An invariant did not hold. The message tells the story and how to see it again.

    It is no `Exception`, because it may be noticed inside a handler, and handlers survive those.
    """


@dataclass(slots=True)
class Figures:
    """What the worlds came to, for the report."""

    meetings: int = 0
    calls: int = 0
    sweeps: int = 0
    launched: int = 0
    leaked: int = 0
    overdue_min: list[float] = field(default_factory=list)
    orphaned: int = 0
    let_in: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    recovery_s: list[float] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Add another run's figures to these."""
        for name in ("meetings", "calls", "sweeps", "launched", "leaked", "orphaned", "let_in"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.overdue_min += other.overdue_min
        self.recovery_s += other.recovery_s
        self.reasons += other.reasons
        self.faults += other.faults


class Invariants(Checks):
    """Checks after every step; collects the figures on the way."""

    def __init__(self, *, measure_recovery: bool = False) -> None:
        self.figures = Figures()
        self.measure_recovery = measure_recovery
        self.foreign_instances: list[Instance] = []
        self.foreign_records: dict[str, str] = {}

    # --- as things happen

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """1. Never two live desktops for one role of one meeting."""
        self.figures.launched += 1
        uploaded_at = life.uploaded.get(instance.role) if instance.role else None
        if uploaded_at and uploaded_at < world.now - timedelta(minutes=2):
            self._fail(
                world, life, "9 nothing is wasted", f"the {instance.role} has uploaded, and a desktop is launched"
            )
        before = world.now - timedelta(minutes=2)  # what somebody launches by hand at the same moment nobody can see
        living = [
            other.id
            for other in world.desktops.of(life.id)
            if other.role is instance.role
            and other.state(world.now).costs
            and (other.owner is Owner.OURS or (other.owner is Owner.BY_HAND and other.launched_at < before))
        ]
        if len(living) > 1:
            self._fail(world, life, "1 one desktop a role", f"{' and '.join(living)} live for the {instance.role}")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """4. TERMINATED is final and has a reason. 6. Nobody's meeting is ended, except by the rules."""
        if life is None or old is None:
            return
        before, after = old.get("termination_reason"), new.get("termination_reason")
        if before and before != after:
            self._fail(world, life, "4 the end is final", f"the reason went from {before} to {after}")
        if old.get("ended_at") and old.get("ended_at") != new.get("ended_at"):
            self._fail(world, life, "4 the end is final", "it was ended twice")
        if new.get("status") == "TERMINATED" and not after and not life.edited:
            self._fail(world, life, "4 the end is final", "it is TERMINATED without a reason")
        if after and not before:
            self.figures.reasons[str(after)] += 1
            problem = _unjust(str(after), world, life, new)
            if problem and not life.edited:
                self._fail(world, life, "6 nobody is cut off", f"it ends as {after}, but {problem}")

    def published(self, world: World, record: DnsRecord) -> None:
        """3. No handler publishes a name of a meeting that it has itself ended."""
        if world.running and record.meeting_id in world.running.ended:
            life = world.lives.get(record.meeting_id)
            self._fail(world, life, "3 no record outlives its desktop", f"{record.name} comes back after the end")

    def let_in(self, world: World, life: Life, role: Role, link: str, asked_at: datetime) -> None:
        """5. A 200 from join: this role's own desktop is alive, healthy and resolvable."""
        self.figures.let_in += 1
        ending_at = world.meetings.rows.get(life.id, {}).get("ending_at")
        if ending_at and rows.parse_time(ending_at) < asked_at:
            self._fail(world, life, "5 an open door is real", f"the {role} was let in, it ended at {ending_at}")
        name = link.removeprefix("https://").removesuffix(":8443")
        instance = world.desktops.instances.get(name.removesuffix(f".{DOMAIN}"))
        if instance is None or instance.meeting_id != life.id or instance.role is not role:
            self._fail(world, life, "5 an open door is real", f"the {role} was sent to {link}, not their own desktop")
        elif instance.id not in life.reported:
            self._fail(world, life, "5 an open door is real", f"the {role}'s {instance.id} has not reported healthy")
        elif instance.dies_at and instance.dies_at <= world.now and self._had_chances(world, instance.dies_at):
            self._fail(world, life, "5 an open door is real", f"the {role}'s {instance.id} died at {instance.dies_at}")
        elif instance.state(world.now).costs and name not in world.dns.records:
            self._fail(world, life, "5 an open door is real", f"{name} does not resolve")

    def returned(self, world: World, process: Process) -> None:
        """9. A handler that fails says so. People are told by a status, and stream records are the sweep's too."""
        answers_to_people = process.name.startswith(("join", "schedule", "stream"))
        if process.refused and process.outcome == "done" and not answers_to_people:
            life = world.lives.get(process.meeting_id or "")
            self._fail(
                world, life, "9 nothing is swallowed", f"{process.name} says that all is well; a call of it failed"
            )

    def after_look(self, world: World, life: Life, process: Process) -> None:
        """Measure how long a meeting that something went wrong with stays as it should not be."""
        if self.measure_recovery:
            self._measure(world, life)

    def after_sweep(self, world: World, alone: bool) -> None:
        """2, 3, 4, 7: what an undisturbed sweep must have put right."""
        for instance in world.desktops.alive():
            self._check_deadline(world, instance)
        for record in world.dns.records.values():
            self._check_record(world, record)
        for meeting_id, life in world.lives.items():
            if world.meetings.rows.get(meeting_id, {}).get("open"):
                self._check_served(world, life)
                self._check_ended(world, life)
                if alone and world.sweeps % 5 == 0:
                    self._check_idempotence(world, life)
            if self.measure_recovery:
                self._measure(world, life)

    def add_look_alikes(self, world: World, life: Life) -> None:
        """Foreign things that look like this meeting's: none of them may ever be changed."""
        foreign = world.desktops.add(life.id, Role.TEACHER, owner=Owner.FOREIGN)
        self.foreign_instances.append(foreign)
        self.foreign_records[f"{foreign.id}.{DOMAIN}"] = "198.51.100.7"
        world.dns.foreign[f"{foreign.id}.{DOMAIN}"] = "198.51.100.7"

    def take_name(self, world: World, instance: Instance) -> None:
        """A foreign record under the very name of a desktop: the desktop cannot be published, the others must be."""
        name = f"{instance.id}.{DOMAIN}"
        self.foreign_records[name] = world.dns.foreign[name] = "198.51.100.8"

    def at_the_end(self, world: World) -> None:
        """All faults are over for a while: nothing is left, everything has ended, nothing foreign was touched."""
        figures = self.figures
        figures.meetings += len(world.lives)
        figures.calls += world.wire.count
        figures.sweeps += world.sweeps
        figures.faults += world.wire.injected
        for instance in world.desktops.instances.values():
            if instance.owner is Owner.OURS:
                self._check_left(world, instance)
        for record in world.dns.records.values():
            named = world.desktops.instances.get(record.name.removesuffix(f".{DOMAIN}"))
            if named and named.owner is Owner.BY_HAND and named.state(world.now).costs:
                continue  # it is served as long as it lives, and never collected
            figures.orphaned += 1
            life = world.lives.get(record.meeting_id)
            self._fail(world, life, "3 no record outlives its desktop", f"{record.name} is left at the end")
        for life in world.lives.values():
            self._check_over(world, life)
        for foreign in self.foreign_instances:
            if foreign.dies_at is not None:
                life = world.lives.get(foreign.meeting_id or "")
                self._fail(world, life, "3 what is foreign is left alone", f"{foreign.id} was terminated")
        if world.dns.foreign != self.foreign_records:
            self._fail(world, None, "3 what is foreign is left alone", "a foreign record was changed")

    # --- the checks

    def _check_deadline(self, world: World, instance: Instance) -> None:
        """2. No desktop lives past its hard deadline by more than a sweep."""
        life = world.lives.get(instance.meeting_id or "")
        if instance.owner is not Owner.OURS or life is None or instance.shown_at > world.now:
            return
        deadline = _deadline(life)
        if life.deleted or life.edited:
            deadline = max(deadline, instance.launched_at + life.duration + LEAD)
        if world.now > deadline and self._had_chances(world, max(deadline, instance.shown_at)):
            self._fail(world, life, "2 no desktop outlives its deadline", f"{instance.id} lives, {deadline} has passed")

    def _check_record(self, world: World, record: DnsRecord) -> None:
        """3. No owned record outlives its desktop by more than a sweep."""
        instance = world.desktops.instances.get(record.name.removesuffix(f".{DOMAIN}"))
        died = instance.dies_at if instance else None
        if died and died <= world.now:
            since = max(died, (record.created_at or died) + SETTLING)
            if self._had_chances(world, since):
                life = world.lives.get(record.meeting_id)
                self._fail(world, life, "3 no record outlives its desktop", f"{record.name}; it died at {died}")

    def _check_served(self, world: World, life: Life) -> None:
        """9. Whatever failed was repaired: a meeting that is due has a desktop for everybody who still needs one."""
        row = world.meetings.rows.get(life.id)
        if row is None or life.edited or row.get("termination_reason") or world.desktops.full:
            return
        for role in Role:
            launches = [i for i in world.desktops.of(life.id) if i.role is role and i.owner is not Owner.FOREIGN]
            if role in life.uploaded or any(i.state(world.now).costs for i in launches):
                continue
            tried_at = row.get(attribute(role, "attempt_at"))
            since = [_start(life) - LEAD, *(i.dies_at for i in launches if i.dies_at)]
            since += [rows.parse_time(tried_at) + LEASE] if tried_at else []
            if self._had_chances(world, max(since)):
                self._fail(world, life, "9 nothing is swallowed", f"the {role} has no desktop since {max(since)}")

    def _check_ended(self, world: World, life: Life) -> None:
        """9. Whatever failed was repaired: a meeting whose end has come is ended, or ending."""
        row = world.meetings.rows[life.id]
        if life.edited or row.get("termination_reason"):
            return
        checkpoint = _start(life) + CHECKPOINT
        ends = [_deadline(life)]
        uploads = [row.get(attribute(role, "uploaded_at")) for role in Role]
        known = [rows.parse_time(at) for at in uploads if at]
        if len(life.uploaded) == len(Role):
            ends.append(max(checkpoint, *life.uploaded.values()))
        elif len(known) == 1:
            ends.append(max(checkpoint, known[0] + GRACE))
        elif not life.uploaded and not any(row.get(attribute(role, "joined_at")) for role in Role):
            ends.append(checkpoint)
        if self._had_chances(world, min(ends)):
            self._fail(world, life, "9 nothing is swallowed", f"its end came at {min(ends)}, and it goes on")

    def _check_idempotence(self, world: World, life: Life) -> None:
        """7. Planning after applying yields nothing."""
        actions = self._truth(world, world.meetings.understood(life.id))
        taken = any(f"{instance.id}.{DOMAIN}" in world.dns.foreign for instance in world.desktops.of(life.id))
        if actions and not taken:
            self._fail(world, life, "7 planning again yields nothing", f"it yields {actions}")

    def _check_left(self, world: World, instance: Instance) -> None:
        life = world.lives.get(instance.meeting_id or "")
        died = instance.dies_at
        if died is None or died > world.now:
            self.figures.leaked += 1
            self._fail(world, life, "2 no desktop outlives its deadline", f"{instance.id} is left at the end")
            return
        if life and not life.edited:
            self.figures.overdue_min.append(max(0.0, (died - _deadline(life)) / timedelta(minutes=1)))

    def _check_over(self, world: World, life: Life) -> None:
        """9. Whatever failed was repaired: every meeting has come to its end, and the row says so."""
        row = world.meetings.rows.get(life.id)
        if row is None:
            if not life.deleted:
                self._fail(world, life, "9 nothing is swallowed", "its row is gone")
            return
        if row.get("status") != "TERMINATED" or not row.get("termination_reason"):
            launched = [i for i in world.desktops.of(life.id) if i.owner is Owner.OURS]
            if life.edited and rows.meeting(row).meet_time is None and not launched:
                return  # it never had desktops, and nobody can tell when it was to be
            self._fail(world, life, "9 nothing is swallowed", f"it has not ended: {row}")
        if row.get("open"):
            self._fail(world, life, "9 nothing is swallowed", "it is still listed as open")

    def _truth(self, world: World, meeting: Meeting) -> list[object]:
        """Return what the rules would do if they saw everything as it is."""
        seen = Observation(tuple(world.desktops.shown_of(meeting.id)), complete=True)
        return list(plan(meeting, seen, world.now, policy=current().policy))

    # --- how long until it is right again

    def _measure(self, world: World, life: Life) -> None:
        meeting = world.meetings.rows.get(life.id) and world.meetings.understood(life.id)
        wrong = bool(meeting) and any(not isinstance(a, Observe) for a in self._truth(world, meeting))  # type: ignore[arg-type]
        if wrong and life.wrong_since is None:
            life.wrong_since = world.now
        elif not wrong and life.wrong_since is not None:
            faults = (life.wrong_since, life.last_fault, world.last_sweep_fault, self._outage_before(world))
            last = max(fault for fault in faults if fault)
            self.figures.recovery_s.append((world.now - last).total_seconds())
            life.wrong_since = None

    def _outage_before(self, world: World) -> datetime | None:
        ended = [min(o.end, world.now) for o in world.wire.outages if o.begin <= world.now]
        return max(ended, default=None)

    # --- helpers

    def _had_chances(self, world: World, since: datetime) -> bool:
        """Whether the app has had its clean sweeps since then."""
        return len(world.clean_sweeps) - bisect_right(world.clean_sweeps, since) >= CHANCES

    def _fail(self, world: World, life: Life | None, name: str, problem: str) -> None:
        story = "\n  ".join(life.story) if life else "(no meeting)"
        which = life.id if life else "-"
        raise Violation(
            f"Invariant {name!r} broken in meeting {which} at {world.now:%d %H:%M:%S}: {problem}\n  {story}\n"
            f"To see it again: make simulate WORLD={world.seed}"
        )


def _start(life: Life) -> datetime:
    return max(life.meet_time, life.scheduled_at + LEAD)


def _deadline(life: Life) -> datetime:
    return _start(life) + life.duration


def _unjust(reason: str, world: World, life: Life, row: Row) -> str | None:
    """Return why a meeting should not have ended so, by what truly happened in it."""
    now, slack = world.now, timedelta(seconds=2)
    begin = _start(life) - slack
    inside = {role for role in Role if life.entered.get(role) or row.get(attribute(role, "joined_at"))}
    match reason:
        case "NO_SHOW_TIMEOUT":
            if inside:
                return f"{', '.join(inside)} had come"
            return None if now >= begin + CHECKPOINT else "it is too early for that"
        case "PARTIAL_NO_SHOW_TIMEOUT":
            if len(life.uploaded) != 1:
                return f"{len(life.uploaded)} had uploaded"
            return None if now >= begin + CHECKPOINT else "it is too early for that"
        case "15_MIN_SUCCESS" | "SUCCESS":
            if len(life.uploaded) != len(Role):
                return "not both had uploaded"
            return None if now >= begin + CHECKPOINT else "it is too early for that"
        case "PARTIAL_UPLOAD_TIMEOUT":
            late = [at for at in life.uploaded.values() if now >= at + GRACE]
            return None if late and len(life.uploaded) == 1 else "nobody had uploaded that long ago, or both had"
        case "MAX_DURATION":
            return None if now >= _deadline(life) - slack else "its time is not up"
        case "LAUNCH_FAILED":
            tried = max(int(row.get(attribute(role, "attempt"), 0)) for role in Role)
            return None if tried >= current().policy.max_attempts else f"only {tried} attempts were made"
        case "DESKTOPS_GONE":
            living = [i for i in world.desktops.of(life.id) if i.owner is Owner.OURS and i.state(now) in _LIVING]
            return "a desktop lives" if living else None
        case _:
            return "nobody asked for that"


_LIVING = (State.PENDING, State.RUNNING)
