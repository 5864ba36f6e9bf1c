"""What must always hold, whatever goes wrong: the design's nine invariants as named checks.

They judge by what truly happened in the world, not by what the app believes, and by rules of their
own, written apart from the plan. Where the app needs a chance to notice (a lost event, an outage),
the chance is counted in sweeps that began after the fact and of whose calls to the ports concerned none failed:
that the zone cannot be reached is no excuse for a desktop, nor one meeting's trouble for another.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib import rows
from chalicelib.actions import Launch, Observe, Publish, Terminate, Update
from chalicelib.model import DnsRecord, Meeting, Observation, Owner, Role, State, attribute
from chalicelib.plan import plan
from chalicelib.runtime import current
from tests.fakes import Instance, Row
from tests.simulation.world import (
    ALL_PORTS,
    CHECKPOINT,
    DOMAIN,
    FLEET,
    FLEET_AND_ROWS,
    LEAD,
    RECORD_LASTS,
    Checks,
    Life,
    Process,
    World,
)

STANDBY = timedelta(hours=1)
BOOT_LIMIT = timedelta(minutes=15)
GRACE = timedelta(minutes=30)
SETTLING = timedelta(minutes=5)
LEASE = timedelta(seconds=60)
CHANCES = 2
"""How many sweeps the app has to notice something before it counts as overlooked."""
SLACK = timedelta(seconds=2)
RARELY = 3
"""What lasts is looked for in every so many sweeps only."""


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
    cut_off: int = 0
    let_in: int = 0
    not_ready: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    recovery_s: list[float] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Add another run's figures to these."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.overdue_min += other.overdue_min
        self.recovery_s += other.recovery_s
        self.reasons += other.reasons
        self.faults += other.faults


_COUNTS = ("meetings", "calls", "sweeps", "launched", "leaked", "orphaned", "cut_off", "let_in", "not_ready")


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
        just_now = world.now - timedelta(minutes=2)
        if (
            not life.edited
            and not life.entered
            and (life.moved_at or life.scheduled_at) < just_now
            and world.now < _start(life) - LEAD - STANDBY
        ):
            self._fail(world, life, "9 nothing is wasted", f"a desktop is launched, it begins at {_start(life)}")
        living = [
            other.id
            for other in world.desktops.of(life.id)
            if other.role is instance.role
            and other.state(world.now).must_be_ended
            and other.owner is not Owner.FOREIGN
            and (
                other.token or other.launched_at < just_now
            )  # what somebody launches at the same moment nobody can see
        ]
        if len(living) > 1:
            self._fail(world, life, "1 one desktop a role", f"{' and '.join(living)} live for the {instance.role}")

    def terminated(self, world: World, instance: Instance) -> None:
        """6. No desktop that serves somebody is ended, whatever any row says. 3. Nothing foreign is."""
        if world.running is None:
            return
        life = world.lives.get(instance.meeting_id or "")
        if instance.owner is Owner.FOREIGN:
            self._fail(world, life, "3 what is foreign is left alone", f"{instance.id} is terminated")
        if life is None or life.edited or instance.role is None or not instance.state(world.now).serves:
            return
        row = world.meetings.rows.get(life.id, {})
        if row.get("termination_reason") or world.now >= _borne(world, life) or self._stands_down(world, life):
            return
        if instance.deadline and world.now >= instance.deadline and _is_unreadable(world, life):
            return  # all that is known of it then is the deadline that it bears
        named = row.get(attribute(instance.role, "ec2_id")) == instance.id
        young = bool(instance.token) and world.now < instance.launched_at + SETTLING
        late = world.now >= instance.launched_at + BOOT_LIMIT and instance.id not in _noted(row)
        if (named or young) and not late:
            who = world.running.name
            self._fail(world, life, "6 nobody is cut off", f"{who} ends {instance.id}, the {instance.role}'s own")

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """4. TERMINATED is final and has a reason. 6. Nobody's meeting is ended, except by the rules."""
        if life is None or old is None:
            return
        begun = any(new.get(attribute(role, "attempt_at")) for role in Role)
        life.begun_at = (life.begun_at or _stated(new.get("begun_at"), world.now)) if begun else None
        before, after = old.get("termination_reason"), new.get("termination_reason")
        if before and before != after:
            self._fail(world, life, "4 the end is final", f"the reason went from {before} to {after}")
        if old.get("ended_at") and old.get("ended_at") != new.get("ended_at"):
            self._fail(world, life, "4 the end is final", "it was ended twice")
        if new.get("status") == "TERMINATED" and not after and not life.edited:
            self._fail(world, life, "4 the end is final", "it is TERMINATED without a reason")
        if new.get("ended_at") and not old.get("ended_at") and (life.cancelled or not life.edited):
            self._check_finished(world, life)
        if life.edited:
            return
        if after and not before:
            self.figures.reasons[str(after)] += 1
            if problem := _unjust(str(after), world, life, new):
                self._fail(world, life, "6 nobody is cut off", f"it ends as {after}, but {problem}")
        for role in Role:
            joined, attempt, late, refused = (
                attribute(role, name) for name in ("joined_at", "attempt", "late_boots", "refused")
            )
            room = set(world.desktops.zones) - world.desktops.full
            told_now = new.get(refused) == "InsufficientInstanceCapacity" and not old.get(refused)
            if told_now and room and world.running and not world.running.broken:
                problem = f"the {role} is told that there is no room, {', '.join(sorted(room))} has some"
                self._fail(world, life, "9 nothing is swallowed", problem)
            if before and new.get(joined) and not old.get(joined):
                self._fail(world, life, "5 an open door is real", f"the {role} is let in, it ends as {before}")
            if int(new.get(attempt, 0)) > current().policy.max_attempts:
                self._fail(world, life, "9 nothing is wasted", f"attempt {new[attempt]} is made for the {role}")
            if int(new.get(late, 0)) > 1:
                self._fail(
                    world, life, "9 nothing is wasted", f"the {role}'s desktop is given up again for booting late"
                )

    def published(self, world: World, record: DnsRecord) -> None:
        """3. No handler publishes a name of a meeting that it has itself ended."""
        if world.running and record.meeting_id in world.running.ended:
            life = world.lives.get(record.meeting_id)
            self._fail(world, life, "3 no record outlives its desktop", f"{record.name} comes back after the end")
        instance = world.desktops.instances.get(record.name.removesuffix(f".{DOMAIN}"))
        if instance and instance.meeting_id not in (None, record.meeting_id):
            life = world.lives.get(record.meeting_id)
            problem = f"{record.name} is published for it, the desktop is {instance.meeting_id}'s"
            self._fail(world, life, "5 an open door is real", problem)

    def withdrawn(self, world: World, name: str) -> None:
        """5. Nobody's link is made to lead nowhere. 3. No foreign record is removed."""
        if self.foreign_records.keys() - world.dns.foreign.keys():
            self._fail(world, None, "3 what is foreign is left alone", f"{name} is withdrawn")
        instance = world.desktops.instances.get(name.removesuffix(f".{DOMAIN}"))
        life = world.lives.get(instance.meeting_id or "") if instance else None
        if instance is None or life is None or life.edited or instance.role is None:
            return
        row = world.meetings.rows.get(life.id, {})
        linked = name in str(row.get(attribute(instance.role, "ec2_link")))
        spared = row.get("termination_reason") or self._stands_down(world, life) or world.now >= _borne(world, life)
        if linked and not spared and instance.state(world.now).serves:
            self._fail(world, life, "5 an open door is real", f"{name} is withdrawn, the {instance.role} has its link")

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
        elif not instance.state(world.now).serves and self._had_chances(world, _gone(instance), life=life):
            self._fail(
                world, life, "5 an open door is real", f"the {role}'s {instance.id} is gone since {_gone(instance)}"
            )
        elif instance.state(world.now).serves and name not in world.dns.records and not self._is_lost(world, life):
            self._fail(world, life, "5 an open door is real", f"{name} does not resolve")

    def returned(self, world: World, process: Process) -> None:
        """9. A handler that fails says so. People are told by a status, and stream records are the sweep's too."""
        life = world.lives.get(process.meetings[0]) if process.meetings else None
        answers_to_people = process.name.startswith(("join", "schedule"))
        if process.outcome != "done":
            return
        if process.batch:
            self._check_batch(world, process)
        elif process.refused and not answers_to_people:
            problem = f"{process.name} says that all is well; a call of it failed"
            self._fail(world, life, "9 nothing is swallowed", problem)
        elif process.nonsense:
            self._fail(world, life, "9 nothing is swallowed", f"{process.name} says nothing about what it cannot read")
        elif process.death and life and not process.disturbed:
            self._check_heard(world, life, process.death)

    def after_look(self, world: World, life: Life, process: Process) -> None:
        """Measure how long a meeting that something went wrong with stays as it should not be."""
        if self.measure_recovery:
            self._measure(world, life)

    def after_sweep(self, world: World, process: Process) -> None:
        """2, 3, 4, 7, 8, 9: what a sweep must have put right, as far as the ports that it needs for that did answer."""
        rows_read = not process.failing & FLEET_AND_ROWS
        clean = not process.failing
        if not process.failing & FLEET:
            for instance in world.desktops.alive():
                self._check_deadline(world, instance)
        if clean:
            for record in world.dns.records.values():
                self._check_record(world, record)
        rarely = world.sweeps % RARELY == 0
        for meeting_id, life in world.lives.items():
            row = world.meetings.rows.get(meeting_id)
            if row and row.get("open") == rows.LISTED and rows_read:
                self._check_served(world, life)
                self._check_ended(world, life)
                if rarely:
                    self._check_lasting(world, life, row)
                    if clean:
                        self._check_resolves(world, life, row)
                if process.refused and meeting_id not in process.cursed:
                    self._check_others(world, life, process)
                elif clean and world.sweeps % 5 == 0 and meeting_id not in process.cursed:
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
            if named and named.owner is Owner.BY_HAND and named.state(world.now).must_be_ended:
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
        """2. No desktop lives past its hard deadline by more than a sweep; if no row can be read, the one it bears."""
        life = world.lives.get(instance.meeting_id or "")
        if instance.owner is not Owner.OURS or life is None or instance.shown_at > world.now:
            return
        deadline = _deadline(life)
        if life.deleted or life.edited:
            deadline = max(deadline, instance.launched_at + current().policy.max_duration + LEAD)
        if world.now > deadline:
            since = max(deadline, instance.shown_at, life.moved_at or deadline)
            if self._had_chances(world, since, FLEET_AND_ROWS, life):
                problem = f"{instance.id} lives, {deadline} has passed"
                self._fail(world, life, "2 no desktop outlives its deadline", problem)
        borne = instance.deadline
        if borne is None or world.now <= borne or life.edited or life.moved_at:
            return
        if self._had_chances(world, max(borne, instance.shown_at), FLEET, life):
            problem = f"{instance.id} lives, it bears {borne}, and EC2 answers"
            self._fail(world, life, "2 no desktop outlives its deadline", problem)

    def _check_record(self, world: World, record: DnsRecord) -> None:
        """3. No owned record outlives its desktop by more than a sweep."""
        instance = world.desktops.instances.get(record.name.removesuffix(f".{DOMAIN}"))
        died = instance.dies_at if instance else None
        if died and died <= world.now:
            since = max(died, (record.created_at or died) + SETTLING)
            life = world.lives.get(record.meeting_id)
            if self._had_chances(world, since, life=life):
                self._fail(world, life, "3 no record outlives its desktop", f"{record.name}; it died at {died}")

    def _check_served(self, world: World, life: Life) -> None:
        """9. Whatever failed was repaired: a meeting that is due has a desktop for everybody who still needs one."""
        row = world.meetings.rows.get(life.id)
        no_room = world.desktops.full >= set(world.desktops.zones) or world.desktops.refusal
        if row is None or life.edited or row.get("termination_reason") or no_room or world.now < _start(life) - LEAD:
            return
        for role in Role:
            launches = [i for i in world.desktops.of(life.id) if i.role is role and i.owner is not Owner.FOREIGN]
            if role in life.uploaded or any(i.state(world.now).serves for i in launches):
                continue
            tried_at = row.get(attribute(role, "attempt_at"))
            since = [_start(life) - LEAD, *map(_gone, launches), life.moved_at or life.scheduled_at]
            tries = int(row.get(attribute(role, "attempt"), 0))
            patience = LEASE * tries if row.get(attribute(role, "refused")) else LEASE
            since += [rows.parse_time(tried_at) + patience] if tried_at else []
            if tries >= current().policy.max_attempts:
                continue  # it may not be tried again; when the meeting ends for that is another check's
            if self._had_chances(world, max(since), FLEET_AND_ROWS, life):
                self._fail(world, life, "9 nothing is swallowed", f"the {role} has no desktop since {max(since)}")

    def _check_lasting(self, world: World, life: Life, row: Row) -> None:
        """1, 2, 9: what may be for a moment and must not last."""
        if life.edited:
            return

        def lasts(*since: datetime | None) -> bool:
            return self._had_chances(world, max(at for at in since if at), FLEET_AND_ROWS, life)

        ours = [i for i in world.desktops.of(life.id) if i.owner is Owner.OURS and i.state(world.now).must_be_ended]
        for role in Role:
            own = [i for i in ours if i.role is role]
            if len(own) > 1 and lasts(*(max(i.launched_at + SETTLING, i.shown_at) for i in own)):
                problem = f"{' and '.join(i.id for i in own)} live for the {role}"
                self._fail(world, life, "1 one desktop a role", problem)
        over_at = rows.parse_time(row["ended_at"]) if row.get("ended_at") else None
        for instance in ours:
            problem = ""
            since = max(instance.launched_at, instance.shown_at)
            if over_at:
                problem = f"it ended at {over_at}" if lasts(since, over_at) else ""
            elif self._stands_down(world, life):
                problem = f"it was moved to {_start(life)}" if lasts(since + SETTLING, life.moved_at) else ""
            elif instance.id in _named(row) and not _is(instance.deadline, _borne(world, life)):
                wrong = f"it bears {instance.deadline}, that should be {_borne(world, life)}"
                problem = wrong if lasts(since, life.moved_at) else ""
            if problem:
                self._fail(world, life, "2 no desktop outlives its deadline", f"{instance.id} lives, {problem}")
        checkpoint = _start(life) + CHECKPOINT
        held = row.get("checkpoint_at") or row.get("termination_reason")
        if not held and lasts(checkpoint, life.moved_at):
            self._fail(world, life, "9 nothing is swallowed", f"no checkpoint was held at {checkpoint}")

    def _check_resolves(self, world: World, life: Life, row: Row) -> None:
        """5. A link that people have leads to their desktop, even if somebody deleted its record."""
        if life.edited or row.get("termination_reason"):
            return
        for role in Role:
            instance = world.desktops.instances.get(row.get(attribute(role, "ec2_id"), ""))
            name = f"{instance.id}.{DOMAIN}" if instance else ""
            if instance is None or name in world.dns.records or name in world.dns.foreign:
                continue
            if not row.get(attribute(role, "ec2_link")) or instance.state(world.now) is not State.RUNNING:
                continue
            since = max(instance.launched_at + SETTLING, instance.has_address_at, life.record_deleted_at)
            if self._had_chances(world, since, life=life):
                self._fail(world, life, "5 an open door is real", f"{name} does not resolve since {since}")

    def _check_others(self, world: World, life: Life, process: Process) -> None:
        """8. One bad meeting, record or payload never stops the others: what fails of one is no other's loss."""
        if life.edited:
            return
        for action in self._truth(world, world.meetings.understood(life.id)):
            noted = (
                isinstance(action, Update) and action.urgent and not action.needs and action.set.keys() != {"status"}
            )
            if isinstance(action, Terminate | Launch) or noted:
                what = ", ".join([*process.cursed, *sorted(process.failing)])
                problem = f"a sweep in which {what} failed left undone: {action}"
                self._fail(world, life, "8 one never stops the others", problem)

    def _check_batch(self, world: World, process: Process) -> None:
        """8. A batch that is said to be done was heard: the sweep sees each meeting, each report is on its row."""
        for record in process.batch:
            life = world.lives.get(record.meeting_id)
            row = world.meetings.rows.get(record.meeting_id)
            if life is None or row is None or life.edited or row.get("termination_reason") or not record.row:
                continue
            if world.now >= record.at + RECORD_LASTS or (process.refused and world.now >= record.at + SETTLING):
                continue
            if row.get("open") != rows.LISTED:
                self._fail(world, life, "8 one never stops the others", "its row was written, and no sweep will see it")
            if record.row.get("instance_id") not in _named(row) or record.row.get("status") != "HEALTHY":
                continue
            if record.row["instance_id"] not in _noted(row):
                problem = f"{record.row['instance_id']} has reported healthy, and nobody knows it any more"
                self._fail(world, life, "8 one never stops the others", problem)

    def _check_heard(self, world: World, life: Life, instance: Instance) -> None:
        """5. Once a death is known, nobody is sent to that desktop any more, and its name is gone."""
        row = world.meetings.rows.get(life.id)
        forgotten = world.now >= _gone(instance) + world.desktops.FORGOTTEN_AFTER
        if row is None or life.edited or row.get("termination_reason") or instance.owner is Owner.FOREIGN or forgotten:
            return
        for role in Role:
            if row.get(attribute(role, "ec2_id")) == instance.id and row.get(attribute(role, "ec2_link")):
                self._fail(world, life, "5 an open door is real", f"{instance.id}'s death was told, its link stands")
        # Whoever stands still in the midst of replacing it, or was killed there, withdraws it later.
        undisturbed = life.last_fault is None or life.last_fault <= instance.launched_at
        calm = undisturbed and not world.paused and world.last_sweep_fault < _gone(instance)
        if calm and f"{instance.id}.{DOMAIN}" in world.dns.records:
            problem = f"{instance.id}'s death was told, its record stands"
            self._fail(world, life, "3 no record outlives its desktop", problem)

    def _check_finished(self, world: World, life: Life) -> None:
        """4. What is called ended has ended: no desktop that the app launched for it lives, no timer of it is armed."""
        for instance in world.desktops.of(life.id):
            if instance.token and instance.state(world.now).must_be_ended and instance.launched_at < world.now - LEASE:
                self._fail(world, life, "4 the end is final", f"it is called ended, {instance.id} lives")
        for kind in ("launch", "safety"):
            armed = world.timers.armed.get(f"{kind}-{life.id}")
            if armed and armed[0] > world.now + timedelta(minutes=1) and not life.moved_at:
                self._fail(world, life, "4 the end is final", f"it is called ended, its {kind} timer is armed")

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
        since = max(min(ends), life.moved_at or min(ends))
        if self._had_chances(world, since, FLEET_AND_ROWS, life):
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
            if world.now < _start(life) - LEAD:
                return  # it was moved to another day
            if life.made_by_hand and row.get("open") != rows.LISTED and not launched:
                return  # every record that told of it was lost: nobody has heard of it
            if life.edited and rows.meeting(row).meet_time is None and not launched:
                return  # it never had desktops, and nobody can tell when it was to be
            if life.edited and rows.meeting(row).finished and row.get("open") != rows.LISTED:
                return  # somebody typed over the status of one that had left the list, and that record was lost
            self._fail(world, life, "9 nothing is swallowed", f"it has not ended: {row}")
        if row.get("open") == rows.LISTED:
            self._fail(world, life, "9 nothing is swallowed", "it is still listed as open")
        for kind in ("launch", "safety"):
            if f"{kind}-{life.id}" in world.timers.armed:
                self._fail(world, life, "9 nothing is swallowed", f"its {kind} timer is still armed")

    def _truth(self, world: World, meeting: Meeting) -> list[object]:
        """Return what the rules would do if they saw everything as it is."""
        desktops = world.desktops.shown_of(meeting.id, _named(meeting.row))
        return list(plan(meeting, Observation(tuple(desktops), complete=True), world.now, policy=current().policy))

    # --- how long until it is right again

    def _measure(self, world: World, life: Life) -> None:
        row = world.meetings.rows.get(life.id)
        wrong = row is not None and self._is_wrong(world, world.meetings.understood(life.id))
        if wrong and life.wrong_since is None:
            life.wrong_since = world.now
        elif not wrong and life.wrong_since is not None:
            faults = (
                life.wrong_since,
                life.last_fault,
                life.cursed_until,
                world.last_sweep_fault,
                self._last_outage(world),
            )
            last = max(min(fault, world.now) for fault in faults if fault)
            self.figures.recovery_s.append((world.now - last).total_seconds())
            life.wrong_since = None

    def _is_wrong(self, world: World, meeting: Meeting) -> bool:
        """Whether anything is to be done; a name that somebody else holds is a fault that lasts."""
        wanted = self._truth(world, meeting)
        if any(f"{instance.id}.{DOMAIN}" in world.dns.foreign for instance in world.desktops.of(meeting.id)):
            wanted = [a for a in wanted if not isinstance(a, Publish) and not (isinstance(a, Update) and a.needs)]
        return any(not isinstance(action, Observe) for action in wanted)

    def _last_outage(self, world: World) -> datetime:
        ended = [min(o.end, world.now) for o in (*world.wire.outages, *world.weather) if o.begin <= world.now]
        return max(ended, default=world.now.replace(year=1970))

    # --- helpers

    def _had_chances(
        self, world: World, since: datetime, ports: frozenset[str] = ALL_PORTS, life: Life | None = None
    ) -> bool:
        """Whether there were sweeps since then in which these ports answered; not while the meeting is cursed."""
        sweeps = world.chances[ports]
        return len(sweeps) - bisect_right(sweeps, max(since, life.cursed_until) if life else since) >= CHANCES

    def _is_lost(self, world: World, life: Life) -> bool:
        """Whether somebody has deleted a record of this meeting, and no sweep could put it back yet."""
        return bool(life.record_deleted_at) and not self._had_chances(
            world, life.record_deleted_at + SETTLING, life=life
        )

    def _stands_down(self, world: World, life: Life) -> bool:
        """Whether the meeting was moved to much later before anybody came."""
        return bool(life.moved_at) and not life.entered and world.now < _start(life) - LEAD - STANDBY

    def _fail(self, world: World, life: Life | None, name: str, problem: str) -> None:
        self.figures.cut_off += name.startswith("6")
        self.figures.not_ready += name.startswith("5")
        story = "\n  ".join(life.story) if life else "(no meeting)"
        which = life.id if life else "-"
        raise Violation(
            f"Invariant {name!r} broken in meeting {which} at {world.now:%d %H:%M:%S}: {problem}\n  {story}\n"
            f"To see it again: make simulate WORLD={world.name}"
        )


def _start(life: Life) -> datetime:
    # A row that was made by hand does not say when it was scheduled.
    return life.meet_time if life.made_by_hand else max(life.meet_time, life.scheduled_at + LEAD)


def _deadline(life: Life) -> datetime:
    return _start(life) + life.duration


def _borne(world: World, life: Life) -> datetime:
    """Return the deadline that desktops of a meeting should bear: moving it does not keep those that run for long."""
    return min(_start(life), life.begun_at + LEAD + STANDBY) + life.duration if life.begun_at else _deadline(life)


def _stated(text: str | None, now: datetime) -> datetime:
    """Return when a launch was begun by the row's word, where that can be: a handler that was halted writes late."""
    try:
        stated = rows.parse_time(text or "")
    except ValueError:
        return now
    return stated if now - timedelta(minutes=2) <= stated <= now else now


def _is_unreadable(world: World, life: Life) -> bool:
    """Whether nobody can read this meeting's row now."""
    return world.wire.is_out("meetings") is not None or world.now < life.cursed_until


def _is(one: datetime | None, other: datetime) -> bool:
    return one is not None and abs(one - other) <= timedelta(minutes=1)


def _gone(instance: Instance) -> datetime:
    """Return since when an instance serves nobody."""
    return min((at for at in (instance.dies_at, instance.stopped_at) if at), default=instance.launched_at)


def _named(row: Row | Mapping[str, object]) -> list[str]:
    return [str(row[name]) for name in (attribute(role, "ec2_id") for role in Role) if row.get(name)]


def _noted(row: Row) -> list[str]:
    """Return the desktops whose report is on the row."""
    return [row.get(attribute(r, "ec2_id"), "") for r in Role if row.get(attribute(r, "healthy_at"))]


def _uploaded_by(checkpoint: datetime, world: World, life: Life, row: Row) -> list[Role]:
    """Return who has uploaded by a checkpoint, as far as can be known: up to the first sweep after it."""
    sweeps = world.chances[FLEET_AND_ROWS]
    held_by = sweeps[after] if (after := bisect_right(sweeps, checkpoint)) < len(sweeps) else world.now
    noted = {role: row.get(attribute(role, "uploaded_at")) for role in life.uploaded}
    in_time = [role for role, at in life.uploaded.items() if at <= held_by]
    return [role for role in in_time if not (at := noted[role]) or rows.parse_time(at) <= checkpoint]


def _unjust(reason: str, world: World, life: Life, row: Row) -> str | None:
    """Return why a meeting should not have ended so, by what truly happened in it."""
    now = world.now
    checkpoint = _start(life) - SLACK + CHECKPOINT
    inside = {role for role in Role if life.entered.get(role) or row.get(attribute(role, "joined_at"))}
    by_then = _uploaded_by(checkpoint + 2 * SLACK, world, life, row)
    held = row.get("checkpoint_at")
    if reason in ("NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS", "SUCCESS") and now < checkpoint:
        return "it is too early for that"
    if reason in ("NO_SHOW_TIMEOUT", "PARTIAL_NO_SHOW_TIMEOUT", "15_MIN_SUCCESS") and held:
        return f"the checkpoint was held at {held}"
    match reason:
        case "NO_SHOW_TIMEOUT":
            return f"{', '.join(inside)} had come" if inside else None
        case "PARTIAL_NO_SHOW_TIMEOUT":
            return None if len(life.uploaded) == len(by_then) == 1 else f"{life.uploaded} had been uploaded"
        case "15_MIN_SUCCESS":
            return None if len(by_then) == len(Role) else f"{life.uploaded} had been uploaded"
        case "SUCCESS":
            return None if len(life.uploaded) == len(Role) else "not both had uploaded"
        case "PARTIAL_UPLOAD_TIMEOUT":
            late = [at for at in life.uploaded.values() if now >= at + GRACE]
            return None if late and len(life.uploaded) == 1 else "nobody had uploaded that long ago, or both had"
        case "MAX_DURATION":
            return None if now >= _borne(world, life) - SLACK else "its time is not up"
        case "LAUNCH_FAILED":
            occupied = [
                r for r in inside if any(i.role is r and i.state(now).serves for i in world.desktops.of(life.id))
            ]
            if occupied:
                return f"the {occupied[0]} is in"
            tried = max(int(row.get(attribute(role, "attempt"), 0)) for role in Role)
            return None if tried >= current().policy.max_attempts else f"only {tried} attempts were made"
        case "DESKTOPS_GONE":
            living = [i for i in world.desktops.of(life.id) if i.owner is Owner.OURS and i.state(now) in _LIVING]
            return "a desktop lives" if living else None
        case _:
            return "nobody asked for that"


_LIVING = (State.PENDING, State.RUNNING)
