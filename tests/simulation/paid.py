"""What is paid against what is used, on a standard mix of meetings: `make paid MEETINGS=1000`.

The meetings are played in the simulation's worlds, through the real handlers, on desktops of the kit that record, and
nothing fails. Minutes are those of desktops: two that live for an hour are 120. Paid is from launch to end by EC2's
word; used is while somebody was connected, as the rows tell it; boot is from the begin of a launch to the first report.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from rich.console import Console
from rich.table import Table

from chalicelib.domain import rows
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.rules.cost import Use, use
from chalicelib.rules.times import times
from chalicelib.settings import Client
from tests.fakes import Instance
from tests.simulation.faults import NONE
from tests.simulation.world import World
from tests.simulation.world.checks import Checks
from tests.simulation.world.clock import DAWN, HOUR, MINUTE
from tests.simulation.world.lives import Booking, Life, Person

A_WORLD = 50
LESSON = 45 * MINUTE
AIM = 1.15
UNNOTICED = 2 * MINUTE
"""How long the desktop takes a laptop that was closed for connected: nobody has said goodbye."""

_POLICY = Policy(records=True, presence_told=True)
_ZERO = timedelta()


class Kind(StrEnum):
    """How people behave.

    Normal: both come, and leave about the end. One-sided: one comes, and leaves after 20 minutes. Early: both leave
    after about half the time. Abandoned: both close their laptops at some time, and never come back.
    """

    NORMAL = "normal"
    NO_SHOW = "no-show"
    ONE_SIDED = "one-sided"
    EARLY = "early"
    ABANDONED = "abandoned"


MIX = {Kind.NORMAL: 70, Kind.NO_SHOW: 10, Kind.ONE_SIDED: 5, Kind.EARLY: 5, Kind.ABANDONED: 10}
"""How many of a hundred meetings are of which kind."""


@dataclass(slots=True)
class Account:
    """What meetings came to. `told` is what their rows say; `idle_before` lies between a report and T."""

    meetings: int = 0
    paid: timedelta = _ZERO
    boot: timedelta = _ZERO
    idle_before: timedelta = _ZERO
    told: Use = field(default_factory=Use)
    ends: Counter[str] = field(default_factory=Counter)

    def add(self, other: Account) -> None:
        """Add what other meetings came to."""
        self.meetings += other.meetings
        self.paid += other.paid
        self.boot += other.boot
        self.idle_before += other.idle_before
        self.told += other.told
        self.ends += other.ends

    @property
    def allowed(self) -> timedelta:
        """How much may be paid by the aim."""
        return AIM * self.told.used + self.boot

    @property
    def ratio(self) -> float:
        """How much was paid for a minute that was used, beside the boots."""
        return (self.paid - self.boot) / self.told.used if self.told.used else float("inf")


class _Launches(Checks):
    """Remembers every desktop, which EC2 forgets an hour after its end."""

    def __init__(self) -> None:
        self.of: dict[str, list[Instance]] = {}

    def launched(self, world: World, life: Life, instance: Instance) -> None:
        self.of.setdefault(life.id, []).append(instance)


def play(meetings: int, seed: str) -> dict[Kind, Account]:
    """Play so many meetings of the mix; return what those of each kind came to."""
    accounts = {kind: Account() for kind in Kind}
    kinds = [kind for number in range(meetings) for kind in (_kind(number * 100 // meetings),)]
    random.Random(seed).shuffle(kinds)
    for first in range(0, meetings, A_WORLD):
        for kind, account in _world(kinds[first : first + A_WORLD], f"{seed}/{first}").items():
            accounts[kind].add(account)
    return accounts


def _kind(percent: int) -> Kind:
    for kind, share in MIX.items():
        if percent < share:
            return kind
        percent -= share
    raise AssertionError("The mix is of less than a hundred.")


def _world(kinds: list[Kind], seed: str) -> dict[Kind, Account]:
    """Play one world of meetings of these kinds."""
    rng = random.Random(f"{seed}/people")
    bookings = [_booking(kind, rng) for kind in kinds]
    launches = _Launches()
    world = World(seed, 0, NONE, spread=HOUR, checks=launches, bookings=bookings, client=Client.KIT, records=True)
    gc.disable()  # a world keeps nearly all that it makes
    try:
        world.run()
    finally:
        gc.enable()
    of = {(booking.meet_time, id(booking.people)): kind for booking, kind in zip(bookings, kinds, strict=True)}
    accounts = {kind: Account() for kind in Kind}
    for life in world.lives.values():
        accounts[of[life.meet_time, id(life.people)]].add(_account(world, life.id, launches.of[life.id]))
    return accounts


def _booking(kind: Kind, rng: random.Random) -> Booking:
    """Draw a lesson that is asked for a while ahead, and what its two people do."""
    meet_time = (DAWN + HOUR + rng.random() * HOUR).replace(microsecond=0)
    comes = set(Role) if kind is not Kind.NO_SHOW else set()
    if kind is Kind.ONE_SIDED:
        comes = {rng.choice(list(Role))}
    closes_at = meet_time + timedelta(minutes=rng.uniform(5, 40))

    def person(role: Role) -> Person:
        comes_at = meet_time + timedelta(minutes=rng.uniform(-4, 4))
        leaves_at = {
            Kind.NORMAL: meet_time + LESSON + timedelta(minutes=rng.uniform(-2, 2)),
            Kind.ONE_SIDED: comes_at + 20 * MINUTE,
            Kind.EARLY: meet_time + LESSON / 2 + timedelta(minutes=rng.uniform(-5, 5)),
            Kind.ABANDONED: max(closes_at + timedelta(minutes=rng.uniform(0, 2)), comes_at) + UNNOTICED,
        }.get(kind, comes_at)
        stays = leaves_at - comes_at
        return Person(role, comes_at if role in comes else None, stays, uploads=True, peeks=True)

    return Booking(meet_time - HOUR, meet_time, LESSON, {role: person(role) for role in Role})


def _account(world: World, meeting_id: str, own: list[Instance]) -> Account:
    meeting = rows.meeting(world.meetings.rows[meeting_id])
    start = times(meeting, _POLICY).start or world.now
    spans = [(seat.attempt_at, seat.healthy_at) for seat in meeting.seats]
    return Account(
        meetings=1,
        paid=sum(((each.dies_at or world.now) - each.launched_at for each in own), _ZERO),
        boot=sum((ready - begun for begun, ready in spans if begun and ready), _ZERO),
        idle_before=sum((max(start - ready, _ZERO) for _, ready in spans if ready), _ZERO),
        told=use(meeting, world.now, _POLICY),
        ends=Counter({meeting.reason or "(goes on)": 1}),
    )


def whole(accounts: dict[Kind, Account]) -> Account:
    """Return what all the meetings came to."""
    total = Account()
    for account in accounts.values():
        total.add(account)
    return total


def report(console: Console, accounts: dict[Kind, Account]) -> None:
    """Print what was paid and used, by kind and in all."""
    columns = ("kind", "meetings", "paid", "used", "boot", "ready, before T", "(paid - boot) / used")
    table = Table(*columns, title="Minutes of desktops, a meeting", title_justify="left")
    total = whole(accounts)
    for name, account in [*accounts.items(), ("all", total)]:
        each = [span / max(account.meetings, 1) / MINUTE for span in (account.paid, account.told.used, account.boot)]
        idle = account.idle_before / max(account.meetings, 1) / MINUTE
        figures = [f"{minutes:.1f}" for minutes in (*each, idle)]
        ratio = f"{account.ratio:.2f}" if account.told.used else "-"
        table.add_row(name, str(account.meetings), *figures, ratio)
    console.print(table)
    for kind, account in accounts.items():
        ends = ", ".join(f"{reason} {count}" for reason, count in account.ends.most_common())
        console.print(f"{kind} ended as {ends or 'nothing'}", highlight=False)
    verdict = "met" if total.paid <= total.allowed else "missed"
    console.print(
        f"The aim, paid ≤ {AIM} × used + boot, is {verdict}: {total.paid / MINUTE:,.0f} minutes were paid, "
        f"{total.told.used / MINUTE:,.0f} used, {total.boot / MINUTE:,.0f} were boots: by the aim "
        f"{total.allowed / MINUTE:,.0f} would be paid.",
        highlight=False,
    )
    lead = total.boot + total.idle_before
    console.print(
        f"With all of the time before T taken for the boot, {(total.paid - lead) / max(total.told.used, MINUTE):.2f} "
        "minutes were paid for one that was used.",
        highlight=False,
    )


def main() -> int:
    """Play from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--meetings", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    report(Console(), play(options.meetings, options.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
