"""The world of a burst: the simulation's, with the real adapters in it, and calls that take time and have limits."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import boto3

from chalicelib import runtime
from chalicelib.settings import Client
from localcloud.aws import REGION
from localcloud.cloudflare import Cloudflare
from localcloud.ledger import Ledger
from localcloud.records import ZONE_ID
from tests.burst.ec2 import Region
from tests.burst.functions import Functions
from tests.burst.sdk import Service, Wires
from tests.burst.services import SchedulerService, secrets
from tests.burst.tally import Tally
from tests.simulation.faults import NONE, FaultyWire
from tests.simulation.world import World
from tests.simulation.world.clock import MINUTE
from tests.simulation.world.lives import DOMAIN, Booking
from tests.simulation.world.sweeps import QUIET_TIME
from tests.simulation.world.timers import Scheduler

_ENVIRON = {
    "AMI_ID": "ami-0123456789abcdef0",
    "IAM_PROFILE": "elephant-desktop",
    "SECURITY_GROUP_IDS": "sg-0123456789abcdef0",
    "ZONE_ID": ZONE_ID,
    "SECRET_ARN": "burst/elephant/cloudflare",
}

AFTER = 6 * MINUTE
"""How long the world goes on once all is over: a sweep takes away a record that nobody needs after five minutes."""

AT_THE_LONGEST = timedelta(hours=2)
"""How long it goes on at the longest, from the last meeting's time on."""


class _Table(FaultyWire):
    """The way to the table, on which calls take their time."""

    take_time: Callable[[str], None] = staticmethod(lambda what: None)

    def before(self, call: str) -> None:
        super().before(call)
        self.take_time("meetings")


class _Minutely(Scheduler):
    """EventBridge Scheduler fires somewhere within the minute."""

    LATE_S: ClassVar[float] = 60


class Burst(World):
    """Meetings that are due together, as nothing else goes wrong than what a case lets go wrong."""

    PROCESSES: ClassVar[type[Functions]] = Functions
    WIRE: ClassVar[type[FaultyWire]] = _Table
    SCHEDULER: ClassVar[type[Scheduler]] = _Minutely
    processes: Functions
    wire: _Table

    def __init__(self, seed: str, bookings: list[Booking]) -> None:
        """Make the world of these meetings, on desktops with scripts."""
        self.tally = Tally()
        self.bookings = bookings
        super().__init__(seed, 0, NONE, checks=self.tally, bookings=bookings, client=Client.SCRIPTS, records=False)
        self.ledger = Ledger()
        self.cloudflare = Cloudflare(_Time(self.clock), self.ledger, domain=DOMAIN)
        self.ec2 = Region(self, boto3.Session(region_name=REGION).client("ec2").meta.service_model)
        services: dict[str, Service] = {
            "ec2": self.ec2,
            "scheduler": SchedulerService(self),
            "secrets-manager": secrets,
        }
        self.wires = Wires(services, self.ledger, self.clock, random.Random(f"{seed}/wires"))
        self.wires.pause = self.processes.pause
        self.wire.take_time = self.wires.take_time
        self.first_time = min(booking.meet_time for booking in bookings)
        """The first of the meetings' times, UTC."""
        last = max(booking.meet_time for booking in bookings)
        self.end = last + AT_THE_LONGEST - QUIET_TIME
        self.tally.watch(self)

    def run(self) -> None:
        """Let everything happen until all is over."""
        try:
            with self.wires.connected(self.seed):
                super().run()
        finally:
            self.cloudflare.stop()

    def limit_from(self, begin: datetime) -> None:
        """Let the limits of EC2 and Cloudflare hold only from then on, UTC."""
        self.ec2.limited_from = begin
        limit, self.cloudflare.limit = self.cloudflare.limit, sys.maxsize
        self.at(begin, lambda: setattr(self.cloudflare, "limit", limit))

    def finish(self) -> None:
        """Let the world end soon: all is over."""
        self.end = min(self.end, self.now + AFTER - QUIET_TIME)

    def environ(self) -> dict[str, str]:
        """Return the environment of the app's functions: that of a stage with all it needs."""
        return super().environ() | _ENVIRON | {"CLOUDFLARE_API_URL": self.cloudflare.url}

    def furnish(self, here: runtime.Runtime) -> None:
        """Put the table and the keys into a container; everything else it builds itself."""
        super().furnish(here)
        for port in ("desktops", "dns", "timers"):
            del vars(here)[port]

    def sleep(self, seconds: float) -> None:
        """Let the world's time pass while the app pauses."""
        self.wires.sleep(seconds)


class _Time:
    """The world's time, as the stand-in for Cloudflare asks for it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now

    def at(self, when: datetime, callback: Any) -> None:
        raise NotImplementedError("Nothing happens at Cloudflare by itself.")

    def after(self, seconds: float, callback: Any) -> None:
        raise NotImplementedError("Nothing happens at Cloudflare by itself.")
