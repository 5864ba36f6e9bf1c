"""One simulated world: a seed, the models of the four ports, and the parts that live in it.

The same seed gives the same run, to the last call.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar
from unittest import mock

from chalicelib import runtime
from chalicelib.adapters.keys import GivenKeys
from chalicelib.control import look, sweep
from chalicelib.domain.keys import Purpose
from chalicelib.rules.plan import plan
from chalicelib.settings import Client
from tests.fakes import FakeDesktops, FakeDns, FakeMeetings, FakeTimers
from tests.simulation.faults import FaultyWire, Rates, Script
from tests.simulation.planner import Planner
from tests.simulation.world.agents import ROLE, Agents
from tests.simulation.world.checks import Checks
from tests.simulation.world.clock import DAWN, HOUR, MINUTE, Clock
from tests.simulation.world.console import Console
from tests.simulation.world.door import Door
from tests.simulation.world.fleet import Fleet
from tests.simulation.world.foreign import Foreign
from tests.simulation.world.hostile import Hostile
from tests.simulation.world.lives import DOMAIN, LIMIT, UPLOAD_TIME, Booking, Life
from tests.simulation.world.people import People
from tests.simulation.world.processes import Processes
from tests.simulation.world.stream import Stream
from tests.simulation.world.sweeps import QUIET_TIME, Sweeps
from tests.simulation.world.timers import Scheduler
from tests.simulation.world.weather import Weather

ENVIRON = {
    "STAGE": "sim",
    "DOMAIN_ROOT": DOMAIN,
    "DESKTOP_ROLE_ARN": ROLE,
    "SCHEDULER_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
    "LAUNCHER_ARN": "arn:aws:lambda:us-west-2:123456789012:function:launch_ec2",
    "SAFETY_NET_ARN": "arn:aws:lambda:us-west-2:123456789012:function:safety_net",
}


class World:
    """Meetings, from their scheduling to well after their end, under the faults of `rates`.

    The ports' models are `meetings`, `desktops`, `dns` and `timers`; everything else in it acts on these.
    """

    PROCESSES: ClassVar[type[Processes]] = Processes
    WIRE: ClassVar[type[FaultyWire]] = FaultyWire
    SCHEDULER: ClassVar[type[Scheduler]] = Scheduler

    def __init__(
        self,
        seed: str,
        meetings: int,
        rates: Rates,
        script: Script | None = None,
        spread: timedelta = HOUR,
        checks: Checks | None = None,
        *,
        name: str | None = None,
        bookings: list[Booking] | None = None,
        client: Client | None = None,
        records: bool | None = None,
    ) -> None:
        """Make a world; `name` is what it is called back by, `bookings` are its meetings if not drawn at random.

        `client` is what runs on its desktops, `records` whether the operator says that meetings are recorded; what is
        not said, the seed says.
        """
        self.seed = seed
        self.name = name or seed
        self.rates = rates
        self.rng = random.Random(seed)
        self.client = client or random.Random(f"{seed}/client").choice(list(Client))
        self.records = random.Random(f"{seed}/records").random() < 0.6 if records is None else records
        self.upload_time = UPLOAD_TIME if self.records and self.client is Client.KIT else timedelta(0)
        self.longest_meeting = LIMIT - self.upload_time
        self.clock = Clock()
        self.end = DAWN + spread + 40 * MINUTE
        self.lives: dict[str, Life] = {}
        self.checks = checks or Checks()
        self.planner = Planner(plan)
        self.on_scheduled: Callable[[Life], None] = lambda life: None
        self.processes = self.PROCESSES(self)
        self.stream = Stream(self)
        self.sweeps = Sweeps(self)
        self.fleet = Fleet(self)
        self.agents = Agents(self)
        self.door = Door(self)
        self.people = People(self)
        self.console = Console(self)
        self.hostile = Hostile(self)
        self.foreign = Foreign(self)
        self.weather = Weather(self)
        pause, note_fault = self.processes.pause, self.processes.note_fault
        self.wire = self.WIRE(rates, self.rng, self.clock, pause, note_fault, lambda: self.quiet, script)
        self.meetings = FakeMeetings(self.wire, self.stream.row_written, self.clock)
        self.desktops = FakeDesktops(self.clock, self.wire)
        self.dns = FakeDns(self.clock, self.wire)
        self.timers = FakeTimers(self.wire)
        self._connect()
        for number, booking in enumerate(bookings or [self.people.draw_booking(spread) for _ in range(meetings)]):
            self.people.book(number, booking)
        self.weather.draw(spread)

    def _connect(self) -> None:
        """Let the parts hear of what the app does to the ports."""
        self.desktops.layout_lasts = 30 * MINUTE
        self.desktops.on_launch = self.fleet.launched
        self.desktops.on_death = self.fleet.died
        self.desktops.on_rearm = self.fleet.arm_guard
        self.desktops.on_terminate = lambda instance: self.checks.terminated(self, instance)
        self.dns.on_publish = lambda record: self.checks.published(self, record)
        self.dns.on_withdraw = lambda name: self.checks.withdrawn(self, name)
        self.timers.on_arm = self.SCHEDULER(self).armed

    def run(self) -> None:
        """Let everything happen, up to a quiet time after the last meeting's end in which nothing fails."""
        with self._telling_stories(), _planning_once():
            self.furnish(runtime.use(self.clock, self.environ(), self.sleep))
            self.sweeps.begin()
            try:
                for happen in self.clock.events():
                    happen()
                    if self.now > self.end + QUIET_TIME:
                        break
                self.checks.at_the_end(self)
            finally:
                runtime.reset()

    def environ(self) -> dict[str, str]:
        """Return the environment of the app's functions."""
        return ENVIRON | {"DESKTOP_CLIENT": self.client.value, "RECORD": str(self.records).lower()}

    def furnish(self, here: runtime.Runtime) -> None:
        """Put the models in place of what a container of the app would build."""
        vars(here).update(meetings=self.meetings, desktops=self.desktops, dns=self.dns, timers=self.timers)
        vars(here).update(side_by_side=None)  # the world has one thread
        vars(here).update(keys=GivenKeys({Purpose.TOKENS: "what tokens for doors are signed with"}))

    def sleep(self, seconds: float) -> None:
        """Let the app pause: between the tries of a call, which take no time here."""

    @contextmanager
    def _telling_stories(self) -> Iterator[None]:
        """Take the app's own log into the stories of the meetings it is about.

        It is taken from the logger's innermost method: making records of it would take longer than planning does.
        """

        def take(level: int, event: str, args: object, exc_info: object = None, extra: Any = None) -> None:
            facts = extra["elephant"]
            life = self.lives.get(facts.get("meeting") or "")
            self.checks.logged(self, life, facts, exc_info)
            if life:
                self.tell(life, f"app: {event}: {facts.get('why') or facts.get('error')}")

        with (
            mock.patch.object(logging.getLogger("elephant"), "_log", take),
            mock.patch.object(logging.getLogger("elephant.desktop"), "disabled", new=True),
        ):
            yield

    # --- what the parts share

    @property
    def now(self) -> datetime:
        """The world's time, UTC."""
        return self.clock.now

    @property
    def quiet(self) -> bool:
        """Whether the faults are over, so that what is wrong has its last chance to become right."""
        return self.clock.now >= self.end

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        """Let something happen at a time."""
        self.clock.at(when, what)

    def after(self, delay: timedelta, what: Callable[[], None]) -> None:
        """Let something happen after a delay."""
        self.clock.at(self.clock.now + delay, what)

    def strikes(self, kind: str, life: Life | None = None) -> bool:
        """Return whether a fault strikes now."""
        if not self.wire.hits(kind):
            return False
        if life:
            life.last_fault = self.now
            self.tell(life, f"fault: {kind}")
        return True

    def tell(self, life: Life, what: str) -> None:
        """Add to a meeting's story."""
        life.story.append((self.clock.now, what))


@contextmanager
def _planning_once() -> Iterator[None]:
    """Let the app plan a meeting again only when its plan may come out otherwise."""
    planner = Planner(plan)
    with mock.patch.object(look, "plan", planner), mock.patch.object(sweep, "plan", planner):
        yield
