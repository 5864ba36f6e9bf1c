"""The four ports in memory: one set of models, for the unit tests and for the simulation.

They behave as AWS and Cloudflare do where it matters: conditional writes, launch tokens, states
that take time, deaths that are final. The contract suites run over them and over the real adapters
alike, so they cannot drift. Every call passes the `Wire`, where tests count, fail and interrupt.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from chalicelib.control.ports import Desktops, Dns, Meetings, Timers
from chalicelib.domain import history, rows
from chalicelib.domain.actions import Attempt
from chalicelib.domain.errors import (
    AttemptSpent,
    Conflict,
    DnsError,
    LaunchRefused,
    NoCapacity,
    NoSuchMeeting,
    Unavailable,
)
from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Owner, State
from chalicelib.domain.seat import Role
from chalicelib.domain.update import Update
from chalicelib.names import one_form
from tests.builders import SEAL
from tests.wire import Wire

__all__ = ["WRITTEN_AT", "FakeDesktops", "FakeDns", "FakeMeetings", "FakeTimers", "Instance", "Row", "Wire"]

Row = dict[str, Any]

WRITTEN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""When a table's rows are written where no test says otherwise."""


PAGE = 100
"""The most meetings in a page of a day."""


class FakeMeetings(Meetings):
    """A table in memory. `on_change` hears of every write that changed something, as a stream does."""

    def __init__(
        self,
        wire: Wire | None = None,
        on_change: Callable[[Row | None, Row], None] | None = None,
        clock: Callable[[], datetime] = lambda: WRITTEN_AT,
    ) -> None:
        self.wire = wire or Wire()
        self.clock = clock
        self.rows: dict[str, Row] = {}
        self.on_change = on_change or (lambda old, new: None)
        self._read: dict[str, tuple[Row, Meeting]] = {}

    def get(self, meeting_id: str) -> Meeting:
        with self.wire.call("meetings.get", meeting_id):
            if meeting_id not in self.rows:
                raise NoSuchMeeting(f"There is no meeting {meeting_id}.")
            return self.understood(meeting_id)

    def create(self, row: Mapping[str, Any]) -> bool:
        with self.wire.call("meetings.create", row["id"], row):
            if row["id"] in self.rows:
                return False
            self.write(row["id"], dict(row))
            return True

    def update(self, meeting_id: str, change: Update) -> None:
        with self.wire.call("meetings.update", meeting_id, change.set, change.remove):
            self.write_if(meeting_id, change)

    def open(self) -> Iterator[list[Meeting]]:
        with self.wire.call("meetings.open"):
            listed = [key for key, row in self.rows.items() if row.get("open") == rows.LISTED]
        yield [self.understood(key) for key in listed]

    def of_day(self, day: str, after: str | None = None) -> tuple[list[Meeting], str | None]:
        with self.wire.call("meetings.of_day", day):
            ids = sorted(key for key, row in self.rows.items() if row.get("day") == day and key > (after or ""))
        page, rest = ids[:PAGE], ids[PAGE:]
        return [self.understood(key) for key in page], page[-1] if rest else None

    def write_if(self, meeting_id: str, change: Update) -> None:
        """Make a change if the row is what it expects; a transaction does so together with other writes."""
        row = self.rows.get(meeting_id)
        if row is None or any(row.get(name) != _stored(value) for name, value in change.expect.items()):
            raise Conflict(f"Meeting {meeting_id} changed meanwhile: {change.why}.")
        now = self.clock()
        self.write(meeting_id, {**change.set, **history.added(row, change.entries(now), now)}, change.remove)

    def write(self, meeting_id: str, values: Mapping[Any, Any], remove: Collection[str] = ()) -> None:
        """Write as anybody can who has the table's name: unconditionally, creating the row if need be."""
        old = self.rows.get(meeting_id)
        new = {"id": meeting_id, **(old or {}), **{name: _stored(value) for name, value in values.items()}}
        for name in remove:
            new.pop(name, None)
        if new != old:
            self.rows[meeting_id] = new
            self.on_change(old, new)

    def understood(self, meeting_id: str) -> Meeting:
        """Return the meeting in a row, parsing each version of the row once."""
        row = self.rows[meeting_id]
        known = self._read.get(meeting_id)
        if known is None or known[0] is not row:
            known = self._read[meeting_id] = (row, rows.meeting(row, SEAL))
        return known[1]


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return rows.timestamp(value)
    return str(value) if isinstance(value, StrEnum) else value


@dataclass(slots=True)
class Instance:
    """An instance in the model. Its state follows from the moments at which it changes."""

    id: str
    owner: Owner
    meeting_id: str | None
    role: Role | None
    subnet: str
    token: str
    launched_at: datetime
    first_launched_at: datetime
    runs_at: datetime
    has_address_at: datetime
    shown_at: datetime
    deadline: datetime | None = None
    asked_for: datetime | None = None  # the deadline in the request that launched it
    state_reason: str | None = None  # why it died, where EC2 ended it
    movable: tuple[datetime, datetime] | None = None  # where its guard obeys another, as the request said
    stopped_at: datetime | None = None
    dies_at: datetime | None = None
    started_at: datetime | None = None  # again, after a stop
    address: str = ""
    seen: Desktop | None = None  # as it was shown last

    def start(self, now: datetime) -> None:
        """Start again after a stop: EC2 gives it another address and launch time."""
        self.stopped_at, self.started_at, self.launched_at = None, now, now
        self.runs_at = self.has_address_at = now + FakeDesktops.RUNS_AFTER
        self.address = self.address.replace("203.0.113.", "198.18.0.")

    def state(self, now: datetime) -> State:
        if self.dies_at and now >= self.dies_at:
            return State.SHUTTING_DOWN if now < self.dies_at + FakeDesktops.DYING else State.TERMINATED
        if self.stopped_at and now >= self.stopped_at:
            return State.STOPPING if now < self.stopped_at + FakeDesktops.DYING else State.STOPPED
        return State.RUNNING if now >= self.runs_at else State.PENDING


class FakeDesktops(Desktops):
    """EC2 in memory, with its tokens, its delays and its want of room."""

    RUNS_AFTER = timedelta(seconds=20)
    DYING = timedelta(seconds=30)
    FORGOTTEN_AFTER = timedelta(hours=1)
    NO_ROOM_LASTS = timedelta(minutes=3)

    def __init__(self, clock: Callable[[], datetime], wire: Wire | None = None) -> None:
        self.clock = clock
        self.wire = wire or Wire()
        self.instances: dict[str, Instance] = {}
        self.by_token: dict[str, str] = {}
        self.zones = ["subnet-a", "subnet-b", "subnet-c"]
        self.full: set[str] = set()
        self.no_room_code = "InsufficientInstanceCapacity"
        self.refusal: str | None = None
        self.unseen_for = timedelta(0)
        self.address_after = timedelta(0)
        self.on_launch: Callable[[Instance], None] = lambda instance: None
        self.on_death: Callable[[Instance], None] = lambda instance: None
        self.on_terminate: Callable[[Instance], None] = lambda instance: None
        self.on_rearm: Callable[[Instance], None] = lambda instance: None
        self._by_meeting: dict[str | None, list[Instance]] = {}
        self._fleet: list[Instance] = []  # what EC2 has not forgotten, and perhaps a little more
        self._no_room_until: dict[str | None, datetime] = {}
        self.layout_lasts: timedelta | None = None  # how long the subnets are known once looked up; None: always
        self._layout_until = datetime.min.replace(tzinfo=UTC)

    def of_meeting(self, meeting_id: str, named: Collection[str]) -> list[Desktop]:
        with self.wire.call("desktops.of_meeting", meeting_id, *named):
            found = list(self._by_meeting.get(meeting_id, ()))
            found += [self.instances[i] for i in named if i in self.instances and self.instances[i] not in found]
            return self._shown(found)

    def named(self, desktop_ids: Collection[str]) -> list[Desktop]:
        with self.wire.call("desktops.named", *desktop_ids):
            return self._shown([self.instances[i] for i in desktop_ids if i in self.instances])

    def find(self, desktop_id: str) -> Desktop | None:
        with self.wire.call("desktops.find", desktop_id):
            found = self._shown([self.instances[desktop_id]] if desktop_id in self.instances else [])
            return found[0] if found else None

    def whose(self, desktop_id: str) -> Desktop | None:
        return self.find(desktop_id)

    def fleet(self) -> Iterator[list[Desktop]]:
        with self.wire.call("desktops.fleet"):
            found = self._shown(self._remembered())
        yield [desktop for desktop in found if desktop.owner is not Owner.FOREIGN]

    def subnets(self, after: str | None = None) -> list[str]:
        now = self.clock()
        if self.layout_lasts is not None and now >= self._layout_until:
            with self.wire.call("desktops.subnets"):
                self._layout_until = now + self.layout_lasts
        if not self.zones:
            raise LaunchRefused("There is no subnet.", "NoSubnet")
        begin = self.zones.index(after) + 1 if after in self.zones else 0
        zones = self.zones[begin:] + self.zones[:begin]
        return sorted(zones, key=lambda zone: self._no_room_until.get(zone, now) > now)

    def launch(
        self, meeting_id: str, attempt: Attempt, deadline: datetime, movable: tuple[datetime, datetime] | None = None
    ) -> Desktop:
        with self.wire.call("desktops.launch", meeting_id, attempt, deadline):
            token = hashlib.sha256(
                f"{meeting_id}/{attempt.role}/{attempt.number}/{attempt.subnet}".encode()
            ).hexdigest()
            if token in self.by_token:
                return self._launched_before(self.instances[self.by_token[token]], deadline)
            if self.refusal:
                self._layout_until = self.clock()
                raise LaunchRefused(f"EC2 refused: {self.refusal}.", self.refusal)
            if attempt.subnet in self.full:
                self._no_room_until[attempt.subnet] = self.clock() + self.NO_ROOM_LASTS
                raise NoCapacity(f"There is no room in {attempt.subnet}.", self.no_room_code)
            instance = self.add(meeting_id, attempt.role, subnet=attempt.subnet or "", token=token, deadline=deadline)
            instance.asked_for, instance.movable = deadline, movable
            self.by_token[token] = instance.id
            self.on_launch(instance)
            return self._seen(instance)

    def _launched_before(self, instance: Instance, deadline: datetime) -> Desktop:
        """Return what a token has launched; asked with other parameters, EC2 tells only what it shows."""
        mismatch = instance.asked_for != deadline
        if mismatch and not self._shown([instance]):
            raise Unavailable(f"IdempotentParameterMismatch, and {instance.id} does not show.")
        if not instance.state(self.clock()).must_be_ended:
            code = "IdempotentParameterMismatch" if mismatch else "IdempotentInstanceTerminated"
            raise AttemptSpent(f"The token of {instance.meeting_id}'s {instance.role} is spent.", code)
        return self._seen(instance)

    def terminate(self, desktop_ids: Collection[str]) -> None:
        with self.wire.call("desktops.terminate", *desktop_ids):
            for desktop_id in desktop_ids:
                if instance := self.instances.get(desktop_id):
                    self.on_terminate(instance)
                self.die(desktop_id)

    def rearm(self, desktop_ids: Collection[str], deadline: datetime) -> None:
        with self.wire.call("desktops.rearm", *desktop_ids, deadline):
            if missing := set(desktop_ids) - self.instances.keys():
                raise Unavailable(f"There is no instance {', '.join(sorted(missing))}.")
            for desktop_id in desktop_ids:
                self.instances[desktop_id].deadline = deadline
                self.on_rearm(self.instances[desktop_id])

    def add(
        self,
        meeting_id: str | None,
        role: Role | None,
        owner: Owner = Owner.OURS,
        subnet: str = "subnet-a",
        token: str = "",
        deadline: datetime | None = None,
    ) -> Instance:
        """Start an instance, whoever it is that starts it."""
        now = self.clock()
        runs_at = now + self.RUNS_AFTER
        instance = Instance(
            id=f"i-{len(self.instances):017x}",
            owner=owner,
            meeting_id=meeting_id,
            role=role,
            subnet=subnet,
            token=token,
            launched_at=now,
            first_launched_at=now,
            runs_at=runs_at,
            has_address_at=runs_at + self.address_after,
            shown_at=now + self.unseen_for,
            deadline=deadline,
            address=f"203.0.113.{len(self.instances) % 250 + 1}",
        )
        self.instances[instance.id] = instance
        self._by_meeting.setdefault(meeting_id, []).append(instance)
        self._fleet.append(instance)
        return instance

    def die(self, desktop_id: str) -> None:
        """Let an instance die now, whatever killed it."""
        instance = self.instances.get(desktop_id)
        if instance and instance.state(self.clock()).must_be_ended:
            instance.dies_at = self.clock()
            self.on_death(instance)

    def alive(self) -> list[Instance]:
        """Return the instances that cost money now."""
        now = self.clock()
        return [instance for instance in self._remembered() if instance.state(now).must_be_ended]

    def of(self, meeting_id: str) -> list[Instance]:
        """Return every instance that bears this meeting's id, whoever's and in whatever state."""
        return self._by_meeting.get(meeting_id, [])

    def shown_of(self, meeting_id: str, named: Collection[str] = ()) -> list[Desktop]:
        """Return what EC2 would show of a meeting's instances and of those its row names, without a call."""
        others = [
            self.instances[i] for i in named if i in self.instances and self.instances[i].meeting_id != meeting_id
        ]
        return self._shown([*self.of(meeting_id), *others])

    def _shown(self, instances: Collection[Instance]) -> list[Desktop]:
        now = self.clock()
        forgotten = now - self.FORGOTTEN_AFTER
        return [
            self._seen(instance)
            for instance in instances
            if now >= instance.shown_at and (instance.dies_at is None or instance.dies_at > forgotten)
        ]

    def _remembered(self) -> list[Instance]:
        forgotten = self.clock() - self.FORGOTTEN_AFTER
        self._fleet = [i for i in self._fleet if i.dies_at is None or i.dies_at > forgotten]
        return self._fleet

    def _seen(self, instance: Instance) -> Desktop:
        now = self.clock()
        state = instance.state(now)
        address = instance.address if state is State.RUNNING and now >= instance.has_address_at else None
        seen = instance.seen
        if seen and seen.state is state and seen.address == address and seen.deadline == instance.deadline:
            return seen
        instance.seen = Desktop(
            id=instance.id,
            state=state,
            owner=instance.owner,
            meeting_id=instance.meeting_id,
            role=instance.role,
            address=address,
            launched_at=instance.launched_at,
            deadline=instance.deadline,
            state_reason=None if state.serves else instance.state_reason,
        )
        return instance.seen


class FakeDns(Dns):
    """A zone in memory; `foreign` names are somebody else's."""

    def __init__(self, clock: Callable[[], datetime], wire: Wire | None = None) -> None:
        self.clock = clock
        self.wire = wire or Wire()
        self.records: dict[str, DnsRecord] = {}
        self.foreign: dict[str, str] = {}
        self.on_publish: Callable[[DnsRecord], None] = lambda record: None
        self.on_withdraw: Callable[[str], None] = lambda name: None

    def publish(self, records: Collection[DnsRecord]) -> None:
        with self.wire.call("dns.publish", *(record.name for record in records)):
            self._put(records)

    def repair(self, records: Collection[DnsRecord]) -> None:
        with self.wire.call("dns.repair", *(record.name for record in records)):
            self._put(records)

    def _put(self, records: Collection[DnsRecord]) -> None:
        named = {one_form(record.name): record for record in records}
        for name, record in named.items():
            self.on_publish(record)
            if name in self.foreign:
                continue
            known = self.records.get(name)
            self.records[name] = record._replace(name=name, created_at=known.created_at if known else self.clock())
        if foreign := named.keys() & self.foreign.keys():
            raise DnsError(f"These names exist and are not ours: {', '.join(foreign)}.")

    def withdraw(self, records: Collection[DnsRecord]) -> None:
        with self.wire.call("dns.withdraw", *(record.name for record in records)):
            for record in records:
                found = self.records.get(one_form(record.name))
                if found is not None and record.meeting_id in ("", found.meeting_id):
                    self.on_withdraw(found.name)
                    del self.records[found.name]

    def owned(self) -> list[DnsRecord]:
        with self.wire.call("dns.owned"):
            return list(self.records.values())


class FakeTimers(Timers):
    """Timers in memory; whoever drives the test lets them fire."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.armed: dict[str, tuple[datetime, str, Mapping[str, Any]]] = {}
        self.on_arm: Callable[[str], None] = lambda name: None

    def arm(self, name: str, at: datetime, target: str, payload: Mapping[str, Any]) -> None:
        with self.wire.call("timers.arm", name, at):
            before, self.armed[name] = self.armed.get(name), (at, target, payload)
            if before is None or before[0] != at:
                self.on_arm(name)

    def drop(self, names: Collection[str]) -> None:
        with self.wire.call("timers.drop", *names):
            for name in names:
                self.armed.pop(name, None)
