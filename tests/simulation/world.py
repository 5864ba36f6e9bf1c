"""One simulated world: a clock, a seed, a heap of things to come, and the real handlers among them.

Handlers run as coroutines of their own, so that at any call another may come between: a handler
that is paused at a call leaves the stage to whatever is due, on the same meeting too, and goes on
later, or is found to have run out of Lambda's time. Nothing sleeps, nothing is parallel: the same
seed gives the same run, to the last call.
"""

from __future__ import annotations

import heapq
import json
import logging
import random
import zlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import greenlet

import app
from chalicelib import rows, runtime
from chalicelib.guest import MARGIN_MIN
from chalicelib.model import DnsRecord, Owner, Role, State, attribute
from tests.fakes import FakeDesktops, FakeDns, FakeMeetings, FakeTimers, Instance, Row
from tests.simulation.faults import FaultyWire, Killed, Outage, Rates, Script

DAWN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
LAMBDA_TIMEOUT = timedelta(seconds=50)
RETRIES_AFTER = (timedelta(minutes=1), timedelta(minutes=2))
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
LEAD = timedelta(minutes=10)
CHECKPOINT = timedelta(minutes=15)
QUIET_TIME = timedelta(minutes=45)
SHARDS = 4
BATCH = 25
RECORD_LASTS = timedelta(minutes=15)
RECORD_RETRIES = 10
DOMAIN = "example.com"

ENVIRON = {
    "STAGE": "sim",
    "DOMAIN_ROOT": DOMAIN,
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
    "LAUNCHER_ARN": "arn:aws:lambda:us-west-2:123456789012:function:launch_ec2",
    "SAFETY_NET_ARN": "arn:aws:lambda:us-west-2:123456789012:function:safety_net",
}


@dataclass(slots=True)
class Process:
    """One invocation of a handler."""

    name: str
    meetings: tuple[str, ...]
    began: datetime
    outcome: str = "running"
    broken: bool = False  # it was killed, or others came between
    failing: set[str] = field(default_factory=set)  # the ports of which a call failed
    cursed: set[str] = field(default_factory=set)  # the meetings that calls failed about
    ended: set[str] = field(default_factory=set)  # the meetings that it decided to end
    batch: tuple[Record, ...] = ()  # the stream records that it was given
    death: Instance | None = None  # the instance of whose end it was told
    nonsense: bool = False  # it was given what nobody can understand

    @property
    def disturbed(self) -> bool:
        """Whether something went wrong in it that is not one meeting's own."""
        return self.broken or bool(self.failing)

    @property
    def refused(self) -> bool:
        """Whether a call of it failed."""
        return bool(self.failing or self.cursed)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the table's stream: the row as it was written, and when."""

    meeting_id: str
    row: Row
    at: datetime
    event: Mapping[str, Any]


@dataclass(slots=True)
class Shard:
    """A part of the stream: its records are handed over in order, a batch after the other."""

    queue: deque[Record] = field(default_factory=deque)
    busy: bool = False
    stalled_until: datetime = DAWN


@dataclass(slots=True)
class Person:
    """Somebody with a link, and whether they are in their meeting."""

    role: Role
    comes_at: datetime | None
    stays: timedelta
    uploads: bool
    comes_back: bool = False
    waits_until: datetime = DAWN  # nobody waits at a closed door for ever


@dataclass(slots=True)
class Booking:
    """A meeting that somebody is going to ask for."""

    asked_at: datetime
    meet_time: datetime
    duration: timedelta
    people: dict[Role, Person]


@dataclass(slots=True)
class Life:
    """What truly happened in one meeting, as nobody in the app knows it."""

    id: str
    meet_time: datetime
    duration: timedelta
    people: dict[Role, Person]
    scheduled_at: datetime
    entered: dict[Role, datetime] = field(default_factory=dict)
    uploaded: dict[Role, datetime] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)
    edited: bool = False  # in a way after which nobody can say what should be
    cancelled: bool = False
    moved_at: datetime | None = None
    begun_at: datetime | None = None  # when the first launch was begun, since the meeting had no desktops
    deleted: bool = False
    made_by_hand: bool = False
    record_deleted_at: datetime = DAWN
    cursed_until: datetime = DAWN
    last_fault: datetime | None = None
    wrong_since: datetime | None = None
    story: deque[str] = field(default_factory=lambda: deque(maxlen=20))


class _Stories(logging.Handler):
    """Takes the app's own log into the stories of the meetings it is about."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def emit(self, record: logging.LogRecord) -> None:
        facts = getattr(record, "elephant", {})
        life = self.world.lives.get(facts.get("meeting") or "")
        if life:
            self.world.tell(life, f"app: {facts['event']}: {facts.get('why') or facts.get('error')}")


class World:
    """Meetings, from their scheduling to well after their end, under the faults of `rates`."""

    def __init__(
        self,
        seed: str,
        meetings: int,
        rates: Rates,
        script: Script | None = None,
        spread: timedelta = timedelta(hours=1),
        checks: Checks | None = None,
        *,
        name: str | None = None,
        bookings: list[Booking] | None = None,
    ) -> None:
        """Make a world; `name` is what it is called back by, `bookings` are its meetings if not drawn at random."""
        self.seed = seed
        self.name = name or seed
        self.rng = random.Random(seed)
        self.now = DAWN
        self.heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = 0
        self.end = DAWN + spread + 40 * MINUTE
        self.on_scheduled: Callable[[Life], None] = lambda life: None
        self.stage = greenlet.getcurrent()
        self.running: Process | None = None
        self.lives: dict[str, Life] = {}
        self.last_sweep_fault = DAWN
        self.paused = 0  # how many handlers stand still at a call
        self.sweeping = False
        self.sweeps = 0
        self.chances: dict[frozenset[str], list[datetime]] = {ports: [] for ports in (ALL_PORTS, FLEET_AND_ROWS, FLEET)}
        self.shards = [Shard() for _ in range(SHARDS)]
        self.weather: list[Outage] = []  # all that was out, for as long as it was
        self.disturbances = 0
        self.rates = rates
        self.checks = checks or Checks()
        self.wire = FaultyWire(rates, self.rng, self.clock, self._pause, self._touched, lambda: self.quiet, script)
        self.meetings = FakeMeetings(self.wire, self._row_written)
        self.desktops = FakeDesktops(self.clock, self.wire)
        self.dns = FakeDns(self.clock, self.wire)
        self.timers = FakeTimers(self.wire)
        self.desktops.on_launch = self._launched
        self.desktops.layout_lasts = 30 * MINUTE
        self.desktops.on_death = self._died
        self.desktops.on_terminate = lambda instance: self.checks.terminated(self, instance)
        self.desktops.on_rearm = self._arm_guard
        self.dns.on_publish = lambda record: self.checks.published(self, record)
        self.dns.on_withdraw = lambda name: self.checks.withdrawn(self, name)
        self.timers.on_arm = self._timer_armed
        for number, booking in enumerate(bookings or [self._book(spread) for _ in range(meetings)]):
            self._someone_schedules(number, booking)
        self._draw_weather(spread)

    # --- time

    def clock(self) -> datetime:
        """Return the world's time, UTC."""
        return self.now

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Let something happen at a time; what is due at once happens in the order it was said."""
        self.order += 1
        heapq.heappush(self.heap, (max(when, self.now), self.order, what))

    def after(self, delay: timedelta, what: Callable[[], None]) -> None:
        """Let something happen after a delay."""
        self.at(self.now + delay, what)

    def run(self) -> None:
        """Let everything happen, up to a quiet time after the last meeting's end in which nothing fails."""
        logger = logging.getLogger("elephant")
        handlers, level = logger.handlers, logger.level
        logger.handlers = [_Stories(self)]
        here = runtime.use(self.clock, ENVIRON, lambda seconds: None)
        vars(here).update(meetings=self.meetings, desktops=self.desktops, dns=self.dns, timers=self.timers)
        self.after(MINUTE, self._minute)
        try:
            while self.heap:
                self.now, _, what = heapq.heappop(self.heap)
                what()
                if self.now > self.end + QUIET_TIME:
                    break
            self.checks.at_the_end(self)
        finally:
            logger.handlers, logger.level = handlers, level
            runtime.reset()

    @property
    def quiet(self) -> bool:
        """Whether the faults are over, so that what is wrong has its last chance to become right."""
        return self.now >= self.end

    def tell(self, life: Life, what: str) -> None:
        """Add to a meeting's story."""
        life.story.append(f"{self.now:%d %H:%M:%S} {what}")

    # --- the weather: what goes wrong by itself

    def _draw_weather(self, spread: timedelta) -> None:
        rng = self.rng
        hours = (self.end - DAWN) / timedelta(hours=1)
        for service in ("meetings", "desktops", "dns", "timers", "secrets"):
            for _ in range(round(hours * 4)):
                if rng.random() < self.rates.outages / 4:
                    begin = DAWN + rng.random() * (self.end - DAWN)
                    [length] = rng.choices((5, 60, 300, 1800, 5400, 10800), (3, 3, 3, 3, 2, 1))
                    port = "dns" if service == "secrets" else service  # it is behind that port that they are read
                    out = Outage(port, begin, min(begin + timedelta(seconds=length), self.end), service)
                    self.wire.outages.append(out)
                    self.wire.injected[f"outage of {service}"] += 1
        for _ in range(round(hours)):
            if rng.random() < self.rates.full_zones:
                begin = DAWN + rng.random() * spread
                zones = set(rng.sample(self.desktops.zones, rng.randint(1, 3)))
                self.fill(zones, begin, timedelta(minutes=rng.choice((1, 5, 20))))
            if rng.random() < self.rates.refusals:
                begin = DAWN + rng.random() * spread
                self.refuse("VcpuLimitExceeded", begin, timedelta(minutes=rng.choice((1, 5, 15))))

    def fill(self, zones: set[str], begin: datetime, length: timedelta) -> None:
        """Let zones have no room for a while."""
        self.wire.injected["zones without room"] += len(zones)
        self.weather.append(Outage("desktops", begin, begin + length, "room"))
        self.at(begin, lambda: self.desktops.full.update(zones))
        self.at(begin + length, lambda: self.desktops.full.difference_update(zones))

    def refuse(self, code: str, begin: datetime, length: timedelta) -> None:
        """Let EC2 refuse every launch for a while."""
        self.wire.injected["quotas used up"] += 1
        self.weather.append(Outage("desktops", begin, begin + length, code))
        self.at(begin, lambda: setattr(self.desktops, "refusal", code))
        self.at(begin + length, lambda: setattr(self.desktops, "refusal", None))

    def _touched(self, kind: str, what: str) -> None:
        """Note that a fault has struck whatever is running now, in which call, or about which meeting."""
        self.disturbances += 1
        process = self.running
        if process is None:
            return
        if kind == "cursed":
            process.cursed.add(what)
        elif kind in ("outage", "call_failed", "answer_lost"):
            process.failing.add(what.partition(".")[0])
        else:
            process.broken = True
        if process.name == "sweep":
            self.last_sweep_fault = self.now
        for life in self._lives_of(process):
            life.last_fault = self.now
            self.tell(life, f"fault: {kind} in {process.name}")

    def _lives_of(self, process: Process) -> list[Life]:
        return [self.lives[meeting_id] for meeting_id in process.meetings if meeting_id in self.lives]

    def strikes(self, kind: str, life: Life | None = None) -> bool:
        """Return whether a fault strikes now."""
        if not self.wire.hits(kind):
            return False
        if life:
            life.last_fault = self.now
            self.tell(life, f"fault: {kind}")
        return True

    # --- handlers

    def invoke(self, process: Process, call: Callable[[], Any], done: Callable[[Process], None]) -> None:
        """Run a handler as a coroutine of its own, and say when it is done, however it ends."""

        def body() -> None:
            try:
                call()
                process.outcome = "done"
            except Killed:
                process.outcome = "killed"
            except Exception as error:
                process.outcome = f"failed: {error}"

        self._resume(process, greenlet.greenlet(body, self.stage), done)

    def _resume(self, process: Process, coroutine: greenlet.greenlet, done: Callable[[Process], None]) -> None:
        self.running = process
        delay = coroutine.switch()
        self.running = None
        if not coroutine.dead:
            self.paused += 1
            self.after(delay, lambda: self._go_on(process, coroutine, done))
            return
        if process.outcome not in ("done", "running"):
            for life in self._lives_of(process):
                self.tell(life, f"{process.name} {process.outcome}")
        self.checks.returned(self, process)
        done(process)
        if process.outcome == "done":
            for life in self._lives_of(process):
                self.checks.after_look(self, life, process)

    def _go_on(self, process: Process, coroutine: greenlet.greenlet, done: Callable[[Process], None]) -> None:
        self.paused -= 1
        self._resume(process, coroutine, done)

    def _pause(self, delay: timedelta) -> None:
        process = self.running
        if process is None:
            return
        self.stage.switch(delay)
        if self.now - process.began > LAMBDA_TIMEOUT:
            raise Killed("Lambda's time is up")

    def invoke_async(self, name: str, call: Callable[[], Any], meeting_id: str | None = None, **told: Any) -> None:
        """Invoke as Lambda does for events and timers: tried again twice when it fails."""

        def attempt(retries: tuple[timedelta, ...]) -> None:
            def done(process: Process) -> None:
                if process.outcome != "done" and retries and not self.strikes("no_retry"):
                    self.after(retries[0], lambda: attempt(retries[1:]))

            meetings = (meeting_id,) if meeting_id else ()
            self.invoke(Process(name, meetings, self.now, **told), call, done)

        attempt(RETRIES_AFTER)

    def deliver(self, life: Life | None, delay: timedelta, what: Callable[[], None]) -> None:
        """Deliver something as the cloud does: soon, or late, or twice, or never."""
        if self.strikes("event_lost", life):
            return
        if self.strikes("event_late", life):
            delay += timedelta(seconds=self.rng.random() * 3600)
        self.after(delay, what)
        if self.strikes("event_doubled", life):
            self.after(delay + timedelta(seconds=self.rng.random() * 120), what)

    def _minute(self) -> None:
        if self.now <= self.end + QUIET_TIME:
            self.after(MINUTE, self._minute)
        if self.strikes("sweep_lost"):
            self.last_sweep_fault = self.now
        elif self.strikes("sweep_late"):
            self.after(timedelta(seconds=self.rng.uniform(1, 300)), self._sweep)
            self.last_sweep_fault = self.now + 5 * MINUTE
        else:
            self._sweep()
        if self.strikes("sweep_doubled"):
            self.after(timedelta(seconds=self.rng.uniform(0, 90)), self._sweep)

    def _sweep(self) -> None:
        if self.sweeping:  # its concurrency is one: Lambda drops what waits longer than a sweep is of use
            self.last_sweep_fault = self.now
            return
        self.sweeping = True
        self.sweeps += 1

        def done(process: Process) -> None:
            self.sweeping = False
            if process.broken:
                return
            # While rows can be read and not written, say, nothing is ended: that is no chance for anything.
            half_out = "meetings" in process.failing and not self.wire.is_out("meetings")
            for ports, sweeps in self.chances.items():
                if not process.failing & ports and not half_out:
                    sweeps.append(process.began)
            self.checks.after_sweep(self, process)

        event = _event("aws.events", "Scheduled Event", {})
        self.invoke(Process("sweep", (), self.now), lambda: app.sweep(event, _CONTEXT), done)

    # --- the table's stream

    def _row_written(self, old: Row | None, new: Row) -> None:
        life = self.lives.get(new["id"])
        self.checks.row_written(self, life, old, new)
        if self.running and new.get("termination_reason") and not (old or {}).get("termination_reason"):
            self.running.ended.add(new["id"])
        self._stream(new["id"], new, {name: rows.encode(value) for name, value in new.items()}, life)

    def _stream(self, meeting_id: str, row: Row, image: Mapping[str, Any], life: Life | None) -> None:
        event = {
            "eventID": str(self.order),
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "dynamodb": {"NewImage": image, "ApproximateCreationDateTime": self.now.timestamp()},
        }
        record = Record(meeting_id, row, self.now, event)
        alone = (
            []
            if life is None
            else [kind for kind in ("event_lost", "event_late", "event_doubled") if self.strikes(kind, life)]
        )
        if "event_lost" in alone:
            return
        if alone:  # out of its order
            delay = timedelta(seconds=self.rng.random() * (3600 if "event_late" in alone else 120))
            self.after(delay, lambda: self._hand_over((record,), lambda: None))
        if "event_late" in alone:
            return
        shard = self.shards[zlib.crc32(meeting_id.encode()) % SHARDS]
        if self.strikes("shard_stalled", life):
            length = timedelta(seconds=self.rng.choice((5, 30, 120, 1200)))
            shard.stalled_until = max(shard.stalled_until, self.now + length)
            self.weather.append(Outage("meetings", self.now, self.now + length, "stream"))
        if not shard.queue:
            self.at(max(self.now + timedelta(milliseconds=200), shard.stalled_until), lambda: self._read(shard))
        shard.queue.append(record)

    def _read(self, shard: Shard) -> None:
        """Hand over the next batch of a shard; while it is not settled, nothing after it is read."""
        if shard.busy or not shard.queue:
            return
        if self.now < shard.stalled_until:
            self.at(shard.stalled_until, lambda: self._read(shard))
            return
        shard.busy = True
        batch = tuple(shard.queue.popleft() for _ in range(min(BATCH, len(shard.queue))))

        def settled() -> None:
            shard.busy = False
            self._read(shard)

        self._hand_over(batch, settled)

    def _hand_over(self, batch: tuple[Record, ...], settled: Callable[[], None], tries: int = 0) -> None:
        """Give records to the handler as Lambda does: a batch that fails is cut in two, one record comes again."""
        batch = tuple(record for record in batch if tries == 0 or self.now < record.at + RECORD_LASTS)
        if not batch:
            settled()
            return
        event = {"Records": [record.event for record in batch]}

        def done(process: Process) -> None:
            if process.outcome == "done":
                settled()
            elif len(batch) > 1:
                half = len(batch) // 2
                self.after(SECOND, lambda: self._hand_over(batch[:half], rest, tries + 1))
            elif tries < RECORD_RETRIES and not self.strikes("no_retry", self.lives.get(batch[0].meeting_id)):
                delay = timedelta(seconds=min(2**tries, 60))
                self.after(delay, lambda: self._hand_over(batch, settled, tries + 1))
            else:
                settled()

        def rest() -> None:
            self._hand_over(batch[len(batch) // 2 :], settled, tries + 1)

        meetings = tuple(dict.fromkeys(record.meeting_id for record in batch))
        process = Process("stream", meetings, self.now, batch=batch)
        self.invoke(process, lambda: app.stream_terminator(event, _CONTEXT), done)

    # --- timers

    def _timer_armed(self, name: str) -> None:
        at, target, payload = self.timers.armed[name]
        life = self.lives.get(name.partition("-")[2])

        def fire() -> None:
            if self.timers.armed.pop(name, None) is None:
                return
            handler = app.launch_ec2 if target.endswith("launch_ec2") else app.safety_net
            event = json.loads(json.dumps(payload))
            self.invoke_async(
                "launch timer" if handler is app.launch_ec2 else "safety timer",
                lambda: handler(event, _CONTEXT),
                life.id if life else None,
            )

        def again() -> None:
            self.timers.armed.setdefault(name, (at, target, payload))
            fire()

        delay = at - self.now + timedelta(seconds=self.rng.random() * 20)
        if self.strikes("event_lost", life):
            self.after(delay, lambda: self.timers.armed.pop(name, None) and None)
            return
        if self.strikes("event_late", life):
            delay += timedelta(seconds=self.rng.random() * 3600)
        self.after(delay, fire)
        if self.strikes("event_doubled", life):
            self.after(delay + timedelta(seconds=self.rng.random() * 120), again)

    # --- EC2 and what runs on it

    def _launched(self, instance: Instance) -> None:
        self._arm_guard(instance)
        life = self.lives.get(instance.meeting_id or "")
        if life is None:
            return
        self.tell(life, f"EC2: {instance.role}'s desktop {instance.id} is launched in {instance.subnet}")
        self.checks.launched(self, life, instance)
        instance.runs_at = self.now + timedelta(seconds=self.rng.uniform(15, 45))
        if self.strikes("never_boots", life):
            instance.runs_at = self.now + timedelta(days=30)
        instance.has_address_at = instance.runs_at
        if self.strikes("no_address", life):
            instance.has_address_at += timedelta(seconds=self.rng.uniform(1, 90))
        if self.strikes("name_taken", life):
            self.checks.take_name(self, instance)
        if self.strikes("unseen", life):
            instance.shown_at = self.now + timedelta(seconds=self.rng.uniform(1, 60))
        self.at(instance.runs_at, lambda: self._state_change(instance, State.RUNNING))
        self.at(instance.runs_at, lambda: self._boot(instance, life))
        if self.strikes("dies", life):
            self.after(timedelta(minutes=self.rng.expovariate(1 / 30)), lambda: self.desktops.die(instance.id))
        if self.strikes("stopped", life):
            self.after(timedelta(minutes=self.rng.expovariate(1 / 30)), lambda: self._stop(instance, life))

    def _arm_guard(self, instance: Instance) -> None:
        """Let the guest end itself by the deadline that its tag bears by then; a stopped one has no guest."""

        def guard() -> None:
            if instance.deadline and not instance.stopped_at and self.now >= instance.deadline + MARGIN_MIN * MINUTE:
                self.desktops.die(instance.id)

        if instance.deadline:
            self.at(instance.deadline + MARGIN_MIN * MINUTE, guard)

    def _stop(self, instance: Instance, life: Life) -> None:
        if instance.state(self.now) is State.RUNNING:
            self.tell(life, f"console: {instance.role}'s {instance.id} is stopped")
            instance.stopped_at = self.now

    def _launch_by_hand(self, life: Life) -> None:
        instance = self.desktops.add(life.id, self.rng.choice(list(Role)), Owner.BY_HAND)
        self.tell(life, f"console: {instance.id} is launched by hand for the {instance.role}")
        self.at(instance.runs_at, lambda: self._boot(instance, life))

    def _copy(self, life: Life) -> None:
        living = [i for i in self.desktops.of(life.id) if i.token and i.state(self.now) is State.RUNNING]
        if not living:
            return
        model = self.rng.choice(living)
        instance = self.desktops.add(life.id, model.role, model.owner, model.subnet, deadline=model.deadline)
        self.tell(life, f"console: {instance.id} is launched by hand, tagged as {model.id} is")
        self._arm_guard(instance)
        self.at(instance.runs_at, lambda: self._boot(instance, life))

    def _died(self, instance: Instance) -> None:
        if life := self.lives.get(instance.meeting_id or ""):
            self.tell(life, f"EC2: {instance.role}'s desktop {instance.id} shuts down")
            if self.strikes("last_words", life):
                self.after(
                    timedelta(seconds=self.rng.uniform(1, 25)), lambda: self._report(instance, life, 0, tagged=True)
                )
        self._state_change(instance, State.SHUTTING_DOWN)

    def _state_change(self, instance: Instance, state: State) -> None:
        if instance.state(self.now) is not state:
            return
        life = self.lives.get(instance.meeting_id or "")
        detail = {"instance-id": instance.id, "state": state.value}
        event = _event("aws.ec2", "EC2 Instance State-change Notification", detail)
        death = None if state is State.RUNNING else instance

        def tell() -> None:
            call = lambda: app.dns_watchdog(event, _CONTEXT)  # noqa: E731
            self.invoke_async(f"EC2 event {state}", call, life.id if life else None, death=death)

        self.deliver(life, SECOND, tell)

    def _boot(self, instance: Instance, life: Life) -> None:
        if instance.state(self.now) is not State.RUNNING:
            return
        if self.strikes("never_reports", life):
            return
        delay = timedelta(seconds=self.rng.uniform(60, 240))
        if self.strikes("reports_late", life):
            delay += timedelta(minutes=self.rng.uniform(10, 40))
        tagged = self.strikes("reports_by_tag", life)
        self.after(delay, lambda: self._report(instance, life, 10, tagged))
        if self.strikes("reports_again", life):
            again = delay + timedelta(minutes=self.rng.uniform(1, 60))
            self.after(again, lambda: self._report(instance, life, 0, tagged))

    def _own_row(self, instance: Instance) -> str | None:
        """Return the row that names this desktop, as a desktop finds it out: by a scan for its own id."""
        meeting_id = instance.meeting_id or ""
        row = self.meetings.rows.get(meeting_id, {})
        named = [row.get(attribute(role, "ec2_id")) for role in Role]
        return meeting_id if instance.id in named else None

    def _report(self, instance: Instance, life: Life, tries: int, tagged: bool = False) -> None:
        if instance.state(self.now) not in (State.RUNNING, State.SHUTTING_DOWN):
            return
        meeting_id = life.id if tagged and life.id in self.meetings.rows else self._own_row(instance)
        if meeting_id is None:
            if tries:
                self.after(timedelta(seconds=30), lambda: self._report(instance, life, tries - 1))
            return
        if meeting_id == life.id:
            row = self.meetings.rows[meeting_id]
            over, named = row.get("termination_reason"), instance.id in [row.get(attribute(r, "ec2_id")) for r in Role]
            self.wire.injected["HEALTHY after the end"] += bool(over)
            self.wire.injected["HEALTHY of a desktop that the row does not name"] += not named
        life.reported.add(instance.id)
        self.tell(life, f"desktop: {instance.role}'s {instance.id} reports HEALTHY")
        self.meetings.write(meeting_id, {"status": "HEALTHY", "instance_id": instance.id})

    # --- people

    def _book(self, spread: timedelta) -> Booking:
        rng, rates = self.rng, self.rates
        asked_at = DAWN + rng.random() * spread
        ahead = rng.choice((timedelta(minutes=-5), timedelta(0), 11 * MINUTE, 15 * MINUTE, 30 * MINUTE))
        meet_time = (asked_at + ahead).replace(microsecond=0)
        duration = rng.choice((20 * MINUTE, 60 * MINUTE, 90 * MINUTE, 240 * MINUTE))
        length = min(rng.choice((10 * MINUTE, 25 * MINUTE, 45 * MINUTE, 75 * MINUTE)), duration)
        who = set(Role)
        if rng.random() < rates.nobody_comes:
            who = set()
        elif rng.random() < rates.one_comes:
            who = {rng.choice(list(Role))}

        def person(role: Role) -> Person:
            comes_at = meet_time + timedelta(seconds=rng.uniform(-480, 400))
            if rng.random() < rates.comes_late:
                comes_at = max(meet_time, asked_at + LEAD) + CHECKPOINT + timedelta(seconds=rng.uniform(-30, 40))
            stays = length + timedelta(seconds=rng.uniform(0, 240))
            uploads, back = rng.random() >= rates.never_uploads, rng.random() < rates.comes_back
            return Person(role, comes_at if role in who else None, stays, uploads, back)

        return Booking(asked_at, meet_time, duration, {role: person(role) for role in Role})

    def _someone_schedules(self, number: int, booking: Booking) -> None:
        self.end = max(self.end, max(booking.meet_time, booking.asked_at) + booking.duration + 20 * MINUTE)
        if self.wire.hits("made_by_hand"):
            self.at(booking.asked_at, lambda: self._type_in(f"by-hand-{number}", booking))
            return
        key = f"{self.seed}/{number}"
        body = {
            "teacher_name": "Ann",
            "student_name": "Ben",
            "meet_time": rows.timestamp(booking.meet_time),
            "frontend_base_url": "https://app.example.com/meeting",
            "duration_minutes": int(booking.duration / MINUTE),
        }

        def ask(tries: int = 60) -> None:
            def done(process: Process) -> None:
                reply: dict[str, Any] = answers.pop() if answers else {"statusCode": 502}
                if reply["statusCode"] != 200:
                    if tries:
                        self.after(timedelta(seconds=30), lambda: ask(tries - 1))
                    return
                meeting_id = json.loads(reply["body"])["id"]
                # It may have been stored by an earlier try whose answer was lost.
                since = rows.parse_time(self.meetings.rows[meeting_id]["created_at"])
                life = Life(meeting_id, booking.meet_time, booking.duration, booking.people, since)
                known = self.lives.setdefault(meeting_id, life)
                self.tell(known, f"scheduled for {life.meet_time:%H:%M:%S}, {life.duration} at most")
                if known is life:
                    self._lives_on(life)

            answers: list[dict[str, Any]] = []
            headers = {"content-type": "application/json", "idempotency-key": key}
            event = _http("POST", "/schedule", {}, headers, json.dumps(body))
            self.invoke(Process("schedule", (), self.now), lambda: answers.append(app.app(event, _CONTEXT)), done)

        self.at(booking.asked_at, ask)

    def _type_in(self, meeting_id: str, booking: Booking) -> None:
        """Let somebody make a row by hand: it says when the meeting is, and nothing that only the app would write."""
        life = Life(meeting_id, booking.meet_time, booking.duration, booking.people, booking.meet_time - LEAD)
        life.made_by_hand = True
        self.lives[meeting_id] = life
        self.tell(life, f"console: a row is made by hand for {life.meet_time:%H:%M:%S}, {life.duration} at most")
        minutes = int(life.duration / MINUTE)
        self.meetings.write(meeting_id, {"meet_time": rows.timestamp(life.meet_time), "duration_minutes": minutes})
        self._lives_on(life)

    def _lives_on(self, life: Life) -> None:
        for person in life.people.values():
            if person.comes_at:
                person.waits_until = person.comes_at + 30 * MINUTE
                self.at(person.comes_at, lambda person=person: self._knock(life, person))  # type: ignore[misc]
        if self.strikes("look_alikes", life):
            self.checks.add_look_alikes(self, life)
        if self.strikes("launched_by_hand", life):
            self.at(life.meet_time - 13 * MINUTE, lambda: self._launch_by_hand(life))
        for kind, what in (
            ("edited", self._edit),
            ("copied", self._copy),
            ("record_deleted", self._delete_record),
            ("cursed", self._curse),
            ("bad_payload", self._send_nonsense),
        ):
            if self.strikes(kind):
                self.after(timedelta(minutes=self.rng.uniform(0, 60)), lambda what=what: what(life))  # type: ignore[misc]
        self.on_scheduled(life)

    def _knock(self, life: Life, person: Person) -> None:
        answers: list[dict[str, Any]] = []
        path = {"meetingId": life.id, "role": person.role.value}
        event = _http("GET", "/join/{meetingId}/{role}", path, {}, "")

        def done(process: Process) -> None:
            reply: dict[str, Any] = answers.pop() if answers else {"statusCode": 502, "headers": {}}
            if reply["statusCode"] == 200:
                self.checks.let_in(self, life, person.role, json.loads(reply["body"])["dcv_url"], process.began)
                self._enter(life, person)
            elif reply["statusCode"] in (202, 500, 502, 503) and self.now < person.waits_until:
                wait_s = max(float(reply["headers"].get("Retry-After", 10)), 30)
                self.after(timedelta(seconds=wait_s), lambda: self._knock(life, person))

        process = Process(f"join {person.role}", (life.id,), self.now)
        self.invoke(process, lambda: answers.append(app.app(event, _CONTEXT)), done)

    def _enter(self, life: Life, person: Person) -> None:
        self.tell(life, f"people: the {person.role} is in")
        life.entered.setdefault(person.role, self.now)
        self.after(person.stays, lambda: self._leave(life, person))
        if person.comes_back:
            person.comes_back = False
            person.waits_until = self.now + person.stays
            self.after(person.stays / 2, lambda: self._knock(life, person))

    def _leave(self, life: Life, person: Person) -> None:
        row = self.meetings.rows.get(life.id, {})
        instance = self.desktops.instances.get(row.get(attribute(person.role, "ec2_id"), ""))
        if not person.uploads or person.role in life.uploaded or instance is None:
            return
        if instance.state(self.now) is not State.RUNNING:
            return  # the desktop died under them; what they did on it is lost
        life.uploaded[person.role] = self.now
        self.tell(life, f"desktop: {person.role}'s {instance.id} uploads")
        self.meetings.write(life.id, {attribute(person.role, "session_data"): f"s3://sessions/{instance.id}"})

    # --- the console

    def move(self, life: Life, delta: timedelta) -> None:
        """Let somebody move a meeting by hand."""
        life.meet_time += delta
        life.moved_at = life.last_fault = self.now
        self.end = max(self.end, self.now + 2 * timedelta(hours=1) + life.duration)
        self.meetings.write(life.id, {"meet_time": rows.timestamp(life.meet_time)})

    def _edit(self, life: Life) -> None:
        """Let somebody change a row by hand, as people do."""
        row = self.meetings.rows.get(life.id)
        if row is None:
            return
        kind = self.rng.choice(EDITS)
        self.tell(life, f"console: the row is edited: {kind}")
        life.last_fault = self.now
        role = self.rng.choice(list(Role))
        match kind:
            case "moved":
                days = self.rng.choice((0, 0, 0, 0, 30))
                self.move(life, timedelta(days=days, minutes=self.rng.choice((-20, 20, 90))))
                return
            case "deleted":
                life.edited = life.deleted = True
                del self.meetings.rows[life.id]
                return
            case "status":
                changes: dict[str, Any] = {"status": self.rng.choice(("SCHEDULED", "LAUNCHED", "DONE"))}
            case "garbage":
                changes = {"meet_time": "half past nine"}
            case "terminated":
                changes = {"status": "TERMINATED"}
            case "unnamed":
                changes = {attribute(role, "ec2_id"): None}
            case "blank":
                changes = {attribute(role, "session_data"): ""}
            case "wrong id":
                others = [i for i in self.desktops.alive() if i.meeting_id != life.id]
                if not others:
                    return
                wrong = self.rng.choice(others)
                self.tell(life, f"console: {wrong.id} of {wrong.meeting_id} is named for the {role}")
                changes = {attribute(role, "ec2_id"): wrong.id}
            case _:
                name = self.rng.choice(("attempt", "attempt_at", "ec2_id", "launched_at", "joined_at", "late_boots"))
                name = self.rng.choice(("status", "open", "created_at", "duration_minutes", attribute(role, name)))
                changes = {name: self.rng.choice((7, "seven", True, ["a", "list"], {"a": "map"}))}
        life.edited, life.cancelled = True, kind == "terminated"
        remove = tuple(name for name, value in changes.items() if value is None)
        self.meetings.write(life.id, {k: v for k, v in changes.items() if v is not None}, remove)

    def _delete_record(self, life: Life) -> None:
        """Let somebody delete a desktop's record in the zone."""
        names = [f"{instance.id}.{DOMAIN}" for instance in self.desktops.of(life.id)]
        if there := [name for name in names if name in self.dns.records]:
            name = self.rng.choice(there)
            del self.dns.records[name]
            life.record_deleted_at = life.last_fault = self.now
            self.tell(life, f"console: the record {name} is deleted")

    def _curse(self, life: Life) -> None:
        """Let every call about one meeting fail for a while: its row has grown too large, or the like."""
        until = min(self.now + self.rng.choice((2, 10, 30)) * MINUTE, self.end)
        self.wire.curses[life.id] = life.cursed_until = life.last_fault = until
        self.tell(life, f"fault: calls about it fail until {until:%H:%M:%S}")

    def _send_nonsense(self, life: Life) -> None:
        """Send what nobody can understand to one of the handlers, among what all can."""
        kind = self.rng.choice(("launch timer", "safety timer", "EC2 event", "stream", "stream", "stream"))
        if kind == "stream":
            image = self.rng.choice(({"id": {"N": "7"}}, {"id": "m"}, {}, {"id": {"S": "m"}, "meet_time": {"N": "x"}}))
            self._stream(life.id, {}, image, None)  # in the shard, and so among the records, of this meeting
            return
        handler = {"launch timer": app.launch_ec2, "safety timer": app.safety_net}.get(kind, app.dns_watchdog)
        event = self.rng.choice(({}, {"meeting_id": 7}, {"detail": {"instance-id": "i-7", "state": "dancing"}}))
        self.invoke_async(kind, lambda: handler(event, _CONTEXT), nonsense=True)


EDITS = (
    "status",
    "garbage",
    "terminated",
    "moved",
    "moved",
    "moved",
    "unnamed",
    "blank",
    "deleted",
    "wrong id",
    "types",
)

ALL_PORTS = frozenset({"meetings", "desktops", "dns", "timers"})
FLEET_AND_ROWS = frozenset({"meetings", "desktops"})
FLEET = frozenset({"desktops"})


class _Context:
    """What Lambda hands to a handler."""

    function_name = "simulated"
    invoked_function_arn = "arn:aws:lambda:us-west-2:123456789012:function:elephant-sim"

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


_CONTEXT: Any = _Context()


def _event(source: str, kind: str, detail: Mapping[str, str]) -> dict[str, Any]:
    """Return an EventBridge event."""
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": kind,
        "source": source,
        "account": "123456789012",
        "time": "2026-03-01T08:00:00Z",
        "region": "us-west-2",
        "resources": [],
        "detail": dict(detail),
    }


def _http(method: str, resource: str, path: Mapping[str, str], headers: Mapping[str, str], body: str) -> dict[str, Any]:
    """Return an API Gateway proxy event."""
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": dict(path),
        "stageVariables": None,
        "requestContext": {"resourcePath": resource, "httpMethod": method, "identity": {}, "path": resource},
        "body": body,
        "isBase64Encoded": False,
    }


class Checks:
    """What a world reports to; this one only watches. See invariants.py."""

    def row_written(self, world: World, life: Life | None, old: Row | None, new: Row) -> None:
        """Hear that a row was written."""

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        """Hear that the app has launched a desktop."""

    def published(self, world: World, record: DnsRecord) -> None:
        """Hear that the app publishes a record."""

    def let_in(self, world: World, life: Life, role: Role, link: str, asked_at: datetime) -> None:
        """Hear that a person was sent to a desktop."""

    def returned(self, world: World, process: Process) -> None:
        """Hear that a handler has returned, failed or was killed."""

    def after_look(self, world: World, life: Life, process: Process) -> None:
        """Hear that a handler has looked at a meeting and returned."""

    def after_sweep(self, world: World, process: Process) -> None:
        """Hear that a sweep has run to its end, whatever failed in it."""

    def terminated(self, world: World, instance: Instance) -> None:
        """Hear that the app ends an instance, before it does."""

    def withdrawn(self, world: World, name: str) -> None:
        """Hear that the app takes a record out of the zone."""

    def add_look_alikes(self, world: World, life: Life) -> None:
        """Put foreign things into the account and zone that look like this meeting's."""

    def take_name(self, world: World, instance: Instance) -> None:
        """Put a foreign record into the zone under this instance's name."""

    def at_the_end(self, world: World) -> None:
        """Hear that all is over."""
