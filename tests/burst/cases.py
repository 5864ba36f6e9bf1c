"""Cases: who is due when, and what goes wrong meanwhile. A further one is a row of the table at the end."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests

from chalicelib.domain.seat import Role
from localcloud.cloudflare import TOKEN
from localcloud.records import ZONE_ID
from tests.burst.world import Burst
from tests.simulation.world.clock import DAWN, HOUR, MINUTE
from tests.simulation.world.lives import CHECKPOINT, Booking, Person

T = DAWN + HOUR
"""When the meetings are due, UTC."""

LESSON = HOUR
STAYS_UNTIL = 20 * MINUTE
"""About when people leave who come, from the meeting's time on."""

_AT_THE_LAST = (11 * MINUTE, 12 * MINUTE)
"""So long ahead meetings are booked whose desktops are due about at once."""

_CLOUDFLARES_LIMIT = 1200
_QUOTA = 0.6
"""For which part of the meetings there are desktops, where the account's quota is too small."""


@dataclass(frozen=True)
class Case:
    """What a burst is of. `about` completes "… meetings"."""

    about: str
    comes: bool = True
    stays: timedelta = STAYS_UNTIL
    ends: timedelta | None = None
    """When all of them end at once, from their time on; None: each for itself."""
    booked_ahead: tuple[timedelta, timedelta] = (40 * MINUTE, HOUR)
    """Between how long before their time they are booked."""
    waves: tuple[timedelta, ...] = (timedelta(0),)
    """When they are due, from T on, in equal parts."""
    limited_from: timedelta | None = None
    """From when on EC2's and Cloudflare's limits hold, from T on; None: always."""
    trouble: Callable[[Burst], None] = lambda world: None
    """Lets go wrong what goes wrong."""

    def world(self, meetings: int, seed: str) -> Burst:
        """Return the world of so many meetings."""
        rng = random.Random(f"{seed}/people")
        bookings = [self._booking(T + self.waves[n * len(self.waves) // meetings], rng) for n in range(meetings)]
        world = Burst(seed, bookings)
        if self.limited_from is not None:
            world.limit_from(T + self.limited_from)
        self.trouble(world)
        return world

    def _booking(self, meet_time: datetime, rng: random.Random) -> Booking:
        shortest, longest = self.booked_ahead
        asked_at = meet_time - shortest - rng.random() * (longest - shortest)

        def person(role: Role) -> Person:
            comes_at = meet_time + timedelta(minutes=rng.uniform(-5, 2))
            leaves_at = meet_time + self.stays + timedelta(minutes=rng.uniform(-2, 2))
            return Person(role, comes_at if self.comes else None, leaves_at - comes_at, uploads=True, peeks=True)

        return Booking(asked_at, meet_time, LESSON, {role: person(role) for role in Role})


# --- what goes wrong


def _fill_a_zone(world: Burst) -> None:
    world.weather.fill({"subnet-a"}, DAWN, T - DAWN + HOUR)


def _lessen_quota(world: Burst) -> None:
    world.ec2.quota = round(_QUOTA * len(world.bookings)) * len(Role)


def _break_ec2(world: Burst) -> None:
    world.at(T - 6 * MINUTE, lambda: setattr(world.ec2, "out", True))
    world.at(T - 3 * MINUTE, lambda: setattr(world.ec2, "out", False))


def _block_cloudflare(world: Burst) -> None:
    """Let another program of the same user ask more than it may."""

    def ask() -> None:
        url = f"{world.cloudflare.url}/zones/{ZONE_ID}/dns_records?per_page=1"
        with requests.Session() as session:
            for _ in range(_CLOUDFLARES_LIMIT + 1):
                session.get(url, headers={"Authorization": f"Bearer {TOKEN}"})

    world.at(T - 5 * MINUTE, ask)


def _stall_stream(world: Burst) -> None:
    world.at(T - 9 * MINUTE, lambda: world.stream.stall(T - 2 * MINUTE))


def _lose_timers(world: Burst) -> None:
    world.timers.on_arm = lambda name: None


def _kill_half(world: Burst) -> None:
    def kill() -> None:
        for instance in world.desktops.alive()[::2]:
            world.desktops.die(instance.id)

    world.at(T - 3 * MINUTE, kill)


CASES = {
    "due": Case("due in one minute, booked ahead"),
    "late": Case("due in one minute, booked eleven minutes before", booked_ahead=_AT_THE_LAST),
    "no-shows": Case("to which nobody comes", comes=False, ends=CHECKPOINT, limited_from=timedelta(0)),
    "deadline": Case(
        "in which people stay to one hard deadline", stays=2 * HOUR, ends=LESSON, limited_from=timedelta(0)
    ),
    "zone-full": Case("due in one minute, with one zone full", trouble=_fill_a_zone),
    "quota": Case("due in one minute, with a quota for three of five", trouble=_lessen_quota),
    "ec2-out": Case("due in one minute, with EC2 out from T−6 to T−3", trouble=_break_ec2),
    "dns-blocked": Case("due in one minute, with Cloudflare blocked from T−5", trouble=_block_cloudflare),
    "stream-stalled": Case("due in one minute, with the stream stalled from T−9 to T−2", trouble=_stall_stream),
    "timers-lost": Case("due in one minute, with all timers lost", trouble=_lose_timers),
    "half-dead": Case("due in one minute, with half of their desktops dead at T−3", trouble=_kill_half),
    "two-waves": Case("due in two minutes, one ten after the other", waves=(timedelta(0), 10 * MINUTE)),
}
"""Every case by its name."""
