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
QUIET_TIME = timedelta(minutes=45)
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
    meeting_id: str | None
    began: datetime
    outcome: str = "running"
    disturbed: bool = False  # something went wrong in it, or others came between
    refused: bool = False  # a call of it failed
    ended: set[str] = field(default_factory=set)  # the meetings that it decided to end


@dataclass(slots=True)
class Person:
    """Somebody with a link, and whether they are in their meeting."""

    role: Role
    comes_at: datetime | None
    stays: timedelta
    uploads: bool
    comes_back: bool
    waits_until: datetime = DAWN  # nobody waits at a closed door for ever


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
    edited: bool = False
    deleted: bool = False
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
    ) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.now = DAWN
        self.heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = 0
        self.end = DAWN + spread + 40 * MINUTE
        self.stage = greenlet.getcurrent()
        self.running: Process | None = None
        self.lives: dict[str, Life] = {}
        self.last_sweep_fault = DAWN
        self.sweeping = False
        self.sweeps = 0
        self.clean_sweeps: list[datetime] = []  # when each sweep began that nothing disturbed
        self.disturbances = 0
        self.rates = rates
        self.checks = checks or Checks()
        self.wire = FaultyWire(rates, self.rng, self.clock, self._pause, self._touched, lambda: self.quiet, script)
        self.meetings = FakeMeetings(self.wire, self._row_written)
        self.desktops = FakeDesktops(self.clock, self.wire)
        self.dns = FakeDns(self.clock, self.wire)
        self.timers = FakeTimers(self.wire)
        self.desktops.on_launch = self._launched
        self.desktops.on_death = self._died
        self.dns.on_publish = lambda record: self.checks.published(self, record)
        self.timers.on_arm = self._timer_armed
        for number in range(meetings):
            self._someone_schedules(number, spread)
        self._weather(spread)

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

    def _weather(self, spread: timedelta) -> None:
        hours = (self.end - DAWN) / timedelta(hours=1)
        for port in ("meetings", "desktops", "dns", "timers"):
            for _ in range(round(hours * 4)):
                if self.rng.random() < self.rates.outages / 4:
                    begin = DAWN + self.rng.random() * (self.end - DAWN)
                    length = timedelta(seconds=self.rng.choice((5, 60, 300, 1800, 5400)))
                    self.wire.outages.append(Outage(port, begin, min(begin + length, self.end)))
                    self.wire.injected[f"outage of {port}"] += 1
        for _ in range(round(hours)):
            if self.rng.random() < self.rates.full_zones:
                begin = DAWN + self.rng.random() * spread
                zones = set(self.desktops.zones[: self.rng.randint(1, 3)])
                self.wire.injected["zones without room"] += len(zones)
                self.at(begin, lambda zones=zones: self.desktops.full.update(zones))  # type: ignore[misc]
                length = timedelta(minutes=self.rng.choice((1, 5, 20)))
                self.at(begin + length, lambda zones=zones: self.desktops.full.difference_update(zones))  # type: ignore[misc]

    def _touched(self, kind: str) -> None:
        """Note that a fault has struck whatever is running now."""
        self.disturbances += 1
        process = self.running
        if process:
            process.disturbed = True
            process.refused = process.refused or kind in ("outage", "call_failed", "answer_lost")
            if process.name == "sweep":
                self.last_sweep_fault = self.now
            if life := self.lives.get(process.meeting_id or ""):
                life.last_fault = self.now
                self.tell(life, f"fault: {kind} in {process.name}")

    def strikes(self, kind: str, life: Life | None = None) -> bool:
        """Return whether a fault strikes now."""
        if not self.wire.hits(kind):
            return False
        if life:
            life.last_fault = self.now
            self.tell(life, f"fault: {kind}")
        return True

    # --- handlers

    def invoke(
        self, name: str, call: Callable[[], Any], meeting_id: str | None, done: Callable[[Process], None]
    ) -> None:
        """Run a handler as a coroutine of its own, and say when it is done, however it ends."""
        process = Process(name, meeting_id, self.now)

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
            self.after(delay, lambda: self._resume(process, coroutine, done))
            return
        if process.outcome not in ("done", "running") and (life := self.lives.get(process.meeting_id or "")):
            self.tell(life, f"{process.name} {process.outcome}")
        self.checks.returned(self, process)
        done(process)
        if process.outcome == "done" and process.meeting_id in self.lives:
            self.checks.after_look(self, self.lives[process.meeting_id], process)

    def _pause(self, delay: timedelta) -> None:
        process = self.running
        if process is None:
            return
        self.stage.switch(delay)
        if self.now - process.began > LAMBDA_TIMEOUT:
            raise Killed("Lambda's time is up")

    def invoke_async(self, name: str, call: Callable[[], Any], meeting_id: str | None) -> None:
        """Invoke as Lambda does for events and timers: tried again twice when it fails."""

        def attempt(retries: tuple[timedelta, ...]) -> None:
            def done(process: Process) -> None:
                if process.outcome != "done" and retries and not self.strikes("no_retry"):
                    self.after(retries[0], lambda: attempt(retries[1:]))

            self.invoke(name, call, meeting_id, done)

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
        if self.sweeping or self.strikes("sweep_lost"):
            self.last_sweep_fault = self.now
            return
        self.sweeping = True
        self.sweeps += 1
        began = self.now
        disturbances = self.disturbances

        def done(process: Process) -> None:
            self.sweeping = False
            if process.outcome != "killed" and not process.disturbed:
                self.clean_sweeps.append(began)
                self.checks.after_sweep(self, alone=disturbances == self.disturbances)

        event = _event("aws.events", "Scheduled Event", {})
        self.invoke("sweep", lambda: app.sweep(event, _CONTEXT), None, done)

    def _row_written(self, old: Row | None, new: Row) -> None:
        life = self.lives.get(new["id"])
        self.checks.row_written(self, life, old, new)
        if self.running and new.get("termination_reason") and not (old or {}).get("termination_reason"):
            self.running.ended.add(new["id"])
        image = {name: rows.encode(value) for name, value in new.items()}
        record = {
            "eventID": str(self.order),
            "eventName": "MODIFY" if old else "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {"NewImage": image, "ApproximateCreationDateTime": self.now.timestamp()},
        }

        def call() -> Any:
            return app.stream_terminator({"Records": [record]}, _CONTEXT)

        def attempt() -> None:
            self.invoke("stream", call, new["id"], done)

        def done(process: Process) -> None:
            # A failed batch comes again, until its handler leaves it to the sweep.
            if process.outcome != "done" and not self.strikes("no_retry", life):
                self.after(timedelta(seconds=20), attempt)

        self.deliver(life, timedelta(milliseconds=200), attempt)

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
        if instance.deadline:
            self.at(instance.deadline + MARGIN_MIN * MINUTE, lambda: self.desktops.die(instance.id))
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

    def _launch_by_hand(self, life: Life) -> None:
        instance = self.desktops.add(life.id, self.rng.choice(list(Role)), Owner.BY_HAND)
        self.tell(life, f"console: {instance.id} is launched by hand for the {instance.role}")
        self.at(instance.runs_at, lambda: self._boot(instance, life))

    def _died(self, instance: Instance) -> None:
        if life := self.lives.get(instance.meeting_id or ""):
            self.tell(life, f"EC2: {instance.role}'s desktop {instance.id} shuts down")
        self._state_change(instance, State.SHUTTING_DOWN)

    def _state_change(self, instance: Instance, state: State) -> None:
        if instance.state(self.now) is not state:
            return
        life = self.lives.get(instance.meeting_id or "")
        detail = {"instance-id": instance.id, "state": state.value}
        event = _event("aws.ec2", "EC2 Instance State-change Notification", detail)
        self.deliver(
            life,
            SECOND,
            lambda: self.invoke_async(
                f"EC2 event {state}", lambda: app.dns_watchdog(event, _CONTEXT), life.id if life else None
            ),
        )

    def _boot(self, instance: Instance, life: Life) -> None:
        if self.strikes("never_reports", life):
            return
        delay = timedelta(seconds=self.rng.uniform(60, 240))
        if self.strikes("reports_late", life):
            delay += timedelta(minutes=self.rng.uniform(10, 40))
        self.after(delay, lambda: self._report(instance, life, tries=10))
        if self.strikes("reports_again", life):
            self.after(delay + timedelta(minutes=self.rng.uniform(1, 60)), lambda: self._report(instance, life, 0))

    def _own_row(self, instance: Instance) -> str | None:
        """Return the row that names this desktop, as a desktop finds it out: by a scan for its own id."""
        meeting_id = instance.meeting_id or ""
        row = self.meetings.rows.get(meeting_id, {})
        named = [row.get(attribute(role, "ec2_id")) for role in Role]
        return meeting_id if instance.id in named else None

    def _report(self, instance: Instance, life: Life, tries: int) -> None:
        if instance.state(self.now) is State.TERMINATED:
            return
        meeting_id = self._own_row(instance)
        if meeting_id is None:
            if tries:
                self.after(timedelta(seconds=30), lambda: self._report(instance, life, tries - 1))
            return
        life.reported.add(instance.id)
        self.tell(life, f"desktop: {instance.role}'s {instance.id} reports HEALTHY")
        self.meetings.write(meeting_id, {"status": "HEALTHY", "instance_id": instance.id})

    # --- people

    def _someone_schedules(self, number: int, spread: timedelta) -> None:
        rng = self.rng
        asked_at = DAWN + rng.random() * spread
        ahead = rng.choice((timedelta(minutes=-5), timedelta(0), 11 * MINUTE, 15 * MINUTE, 30 * MINUTE))
        meet_time = (asked_at + ahead).replace(microsecond=0)
        duration = rng.choice((20 * MINUTE, 60 * MINUTE, 90 * MINUTE, 240 * MINUTE))
        length = min(rng.choice((10 * MINUTE, 25 * MINUTE, 45 * MINUTE, 75 * MINUTE)), duration)
        who = set(Role)
        if rng.random() < self.rates.nobody_comes:
            who = set()
        elif rng.random() < self.rates.one_comes:
            who = {rng.choice(list(Role))}
        people = {
            role: Person(
                role,
                meet_time + timedelta(seconds=rng.uniform(-480, 400)) if role in who else None,
                length + timedelta(seconds=rng.uniform(0, 240)),
                uploads=rng.random() >= self.rates.never_uploads,
                comes_back=rng.random() < self.rates.comes_back,
            )
            for role in Role
        }
        self.end = max(self.end, max(meet_time, asked_at) + duration + 20 * MINUTE)
        key = f"{self.seed}/{number}"
        body = {
            "teacher_name": "Ann",
            "student_name": "Ben",
            "meet_time": rows.timestamp(meet_time),
            "frontend_base_url": "https://app.example.com/meeting",
            "duration_minutes": int(duration / MINUTE),
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
                life = Life(meeting_id, meet_time, duration, people, since)
                known = self.lives.setdefault(meeting_id, life)
                self.tell(known, f"scheduled for {meet_time:%H:%M:%S}, {duration} at most")
                if known is life:
                    self._lives_on(life)

            answers: list[dict[str, Any]] = []
            headers = {"content-type": "application/json", "idempotency-key": key}
            event = _http("POST", "/schedule", {}, headers, json.dumps(body))
            self.invoke("schedule", lambda: answers.append(app.app(event, _CONTEXT)), None, done)

        self.at(asked_at, ask)

    def _lives_on(self, life: Life) -> None:
        for person in life.people.values():
            if person.comes_at:
                person.waits_until = person.comes_at + 30 * MINUTE
                self.at(person.comes_at, lambda person=person: self._knock(life, person))  # type: ignore[misc]
        if self.strikes("look_alikes", life):
            self.checks.add_look_alikes(self, life)
        if self.strikes("launched_by_hand", life):
            self.at(life.meet_time - 13 * MINUTE, lambda: self._launch_by_hand(life))
        if self.strikes("edited", life):
            self.after(timedelta(minutes=self.rng.uniform(0, 60)), lambda: self._edit(life))

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

        self.invoke(f"join {person.role}", lambda: answers.append(app.app(event, _CONTEXT)), life.id, done)

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

    def _edit(self, life: Life) -> None:
        """Let somebody change a row by hand, as people do."""
        row = self.meetings.rows.get(life.id)
        if row is None:
            return
        life.edited = True
        kind = self.rng.choice(("status", "garbage", "terminated", "later", "earlier", "unnamed", "blank", "deleted"))
        self.tell(life, f"console: the row is edited: {kind}")
        changes: dict[str, Any] = {}
        remove: tuple[str, ...] = ()
        match kind:
            case "status":
                changes = {"status": self.rng.choice(("SCHEDULED", "LAUNCHED", "DONE"))}
            case "garbage":
                changes = {"meet_time": "half past nine"}
            case "terminated":
                changes = {"status": "TERMINATED"}
            case "later":
                life.meet_time += 20 * MINUTE
                changes = {"meet_time": rows.timestamp(life.meet_time)}
            case "earlier":
                life.meet_time -= 20 * MINUTE
                changes = {"meet_time": rows.timestamp(life.meet_time)}
            case "unnamed":
                remove = ("teacher_ec2_id",)
            case "blank":
                changes = {"student_session_data": ""}
            case _:
                life.deleted = True
                del self.meetings.rows[life.id]
                return
        self.meetings.write(life.id, changes, remove)


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

    def after_sweep(self, world: World, alone: bool) -> None:
        """Hear that an undisturbed sweep has returned; `alone`: nothing at all went wrong meanwhile."""

    def add_look_alikes(self, world: World, life: Life) -> None:
        """Put foreign things into the account and zone that look like this meeting's."""

    def take_name(self, world: World, instance: Instance) -> None:
        """Put a foreign record into the zone under this instance's name."""

    def at_the_end(self, world: World) -> None:
        """Hear that all is over."""
