"""The composition root: builds each adapter when it is first needed, once a container.

`GET /join` is what people wait for, so nothing is built that a trigger does not use, and heavy
modules are imported where they are used.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from chalicelib.adapters.ahead import read_ahead
from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.adapters.keys import KEPT, GivenKeys, TableKeys
from chalicelib.domain.errors import ConfigError, NoSuchAddress, StagePaused
from chalicelib.domain.keys import Keys, Purpose, Seal
from chalicelib.domain.policy import Policy
from chalicelib.environment import Settings
from chalicelib.settings import Client

if TYPE_CHECKING:
    from decimal import Decimal

    from chalicelib.adapters.announcer import BusAnnouncer
    from chalicelib.adapters.calendar import DynamoCalendar
    from chalicelib.adapters.costs import DynamoLedger
    from chalicelib.adapters.dns.cloudflare import CloudflareDns
    from chalicelib.adapters.ec2 import Ec2Desktops
    from chalicelib.adapters.lately import TableLately
    from chalicelib.adapters.pausing import TablePausing
    from chalicelib.adapters.s3 import S3Recordings
    from chalicelib.adapters.scheduler import SchedulerTimers
    from chalicelib.adapters.uses import TableUses
    from chalicelib.control.announce import Announcing
    from chalicelib.control.look import Looker
    from chalicelib.control.ports import KeyStore
    from chalicelib.control.spending import Spendings
    from chalicelib.control.sweep import SideBySide, Sweeper
    from chalicelib.control.triggers import Triggers
    from chalicelib.domain.prices import Prices
    from chalicelib.people.board import Board
    from chalicelib.people.booking import Bookings
    from chalicelib.people.budget import Budget
    from chalicelib.people.listening import Listener
    from chalicelib.people.manage import Manager
    from chalicelib.people.schedule import Scheduler

_TRIES = 3
_LONG = timedelta(days=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Runtime:
    """Everything that a handler may need, built lazily."""

    def __init__(
        self,
        clock: Callable[[], datetime] = _utc_now,
        environ: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take what tests and the embedded cloud replace: the clock (UTC), the environment, the pauses (seconds)."""
        self.clock = clock
        self.settings = Settings(environ)
        self._environ = environ
        self._sleep = sleep

    def anew(self) -> Runtime:
        """Return the runtime of another container with the same clock, environment and pauses: nothing is built."""
        return Runtime(self.clock, self._environ, self._sleep)

    @cached_property
    def policy(self) -> Policy:
        """The numbers in the rules."""
        return self.settings.policy()

    @cached_property
    def meetings(self) -> DynamoMeetings:
        """The table of meetings."""
        return DynamoMeetings(self._dynamodb, self.settings.table_name, self.clock, self._sleep, self.seal)

    def meetings_with(self, meeting_id: str, *purposes: Purpose) -> DynamoMeetings:
        """Return the table for a request that needs this row and the keys of these purposes: one call reads both."""
        if not isinstance(self.keys, TableKeys):
            return self.meetings
        return read_ahead(self._dynamodb, self.meetings, self.keys, meeting_id, purposes)

    def meetings_at_the_door(self, meeting_id: str, *, clicks: bool) -> DynamoMeetings:
        """Return the table for somebody who follows a link, and `clicks` to come in or only waits, with the keys."""
        gets_token = clicks and self.settings.client is Client.KIT
        return self.meetings_with(meeting_id, Purpose.LINKS, *([Purpose.TOKENS] if gets_token else []))

    @cached_property
    def _dynamodb(self) -> Any:
        return _client("dynamodb")

    def sweeping(self, until: datetime) -> AbstractContextManager[bool]:
        """Let no other sweep be at work up to `until` (UTC); tells whether none is.

        Lambda itself makes sure of it where the account can reserve concurrency.
        """
        settings = self.settings
        if not (settings.sweep_lease and settings.state_table):
            return nullcontext(True)
        from chalicelib.adapters.lease import Lease

        return Lease(self._dynamodb, settings.state_table, "sweep", self.clock).until(until)

    @cached_property
    def keys(self) -> KeyStore:
        """The app's own keys: in the state table where there is one, and otherwise what the environment gives."""
        settings = self.settings
        if settings.state_table:
            return TableKeys(self._dynamodb, settings.state_table, self.clock)
        given = {Purpose.LINKS: settings.link_signing_key, Purpose.VOUCHING: settings.vouching_key}
        return GivenKeys(given, settings.schedule_key)

    @cached_property
    def uses(self) -> TableUses | None:
        """What counts how often keys are used, None in a run at home, which limits nothing."""
        from chalicelib.adapters.uses import TableUses

        table = self.settings.state_table
        return TableUses(self._dynamodb, table, self.clock) if table else None

    @cached_property
    def lately(self) -> TableLately | None:
        """What was measured lately, None in a run at home, which keeps nothing."""
        from chalicelib.adapters.lately import TableLately

        table = self.settings.state_table
        return TableLately(self._dynamodb, table, self.clock) if table else None

    @cached_property
    def pausing(self) -> TablePausing | None:
        """Whether the stage is paused, None in a run at home, which nobody can pause."""
        from chalicelib.adapters.pausing import TablePausing

        table = self.settings.state_table
        return TablePausing(self._dynamodb, table, self.clock) if table else None

    def refuse_while_paused(self) -> None:
        """Refuse to schedule while the stage is paused; that is read along with the key that links are signed with.

        Raises:
            StagePaused: it is.
        """
        if self.pausing is None:
            return
        if isinstance(self.keys, TableKeys):
            self.pausing.read_with(self.keys, [Purpose.LINKS])
        if self.pausing.standing():
            raise StagePaused(
                "No meeting can be scheduled at the moment, because the operator has paused this service. Meetings "
                "that have begun go on. Please try again later."
            )

    def link_keys(self) -> Keys | None:
        """Return the keys that links are signed with, None in a run at home that was given none.

        Raises:
            ConfigError: a deployed stage has none: then nothing is taken for a link that needs no signature.
            Unavailable: they cannot be read now.
        """
        return self._needed(Purpose.LINKS)

    def id_keys(self) -> Keys | None:
        """Return the key that ids are made with of idempotency keys, None in a run at home; it is never another one.

        Raises:
            ConfigError: a deployed stage has none: then no id is made that can be guessed.
            Unavailable: it cannot be read now.
        """
        return self._needed(Purpose.IDS, kept=_LONG)

    def _needed(self, purpose: Purpose, kept: timedelta = KEPT) -> Keys | None:
        found = self.keys.of(purpose, kept=kept)
        if found is None and self.settings.state_table:
            raise ConfigError(
                f"The table {self.settings.state_table} holds no key for {purpose}; deploy again, which makes one."
            )
        return found

    def door_keys(self) -> Keys | None:
        """Return the keys that tokens for desktops' doors are signed with, None where no desktop asks for any."""
        return self.keys.of(Purpose.TOKENS) if self.settings.client is Client.KIT else None

    @cached_property
    def seal(self) -> Seal:
        """How the app vouches for what it writes on rows; the key is read when it is first needed.

        An older key will do for as long as a container lives: what a replaced one still vouches for is a desktop's id.
        """
        return Seal(lambda: self.keys.of(Purpose.VOUCHING), lambda: self.keys.of(Purpose.VOUCHING, kept=_LONG))

    @cached_property
    def desktops(self) -> Ec2Desktops:
        """The desktops."""
        from chalicelib.adapters.ec2 import Ec2Desktops

        def launcher() -> Any:
            return self._launcher

        def parameters() -> Any:
            return _client("ssm")

        return Ec2Desktops(_client("ec2"), launcher, self.policy.stage, self.settings.desktops, self.clock, parameters)

    @cached_property
    def _launcher(self) -> Any:
        return _client("ec2", tries=1)

    @cached_property
    def dns(self) -> CloudflareDns:
        """The zone."""
        from chalicelib.adapters.dns.cloudflare import CloudflareDns
        from chalicelib.adapters.dns.waiting import TableWait
        from chalicelib.adapters.secrets import SecretToken

        settings, table = self.settings.dns(), self.settings.state_table
        return CloudflareDns(
            api_url=settings.api_url,
            zone_id=settings.zone_id,
            token=SecretToken(lambda: _client("secretsmanager"), settings.secret_id, self.clock),
            stage=self.policy.stage,
            installation=settings.installation,
            clock=self.clock,
            sleep=self._sleep,
            shared=TableWait(self._dynamodb, table, self.clock) if table else None,
        )

    @cached_property
    def recordings(self) -> S3Recordings:
        """The bucket that desktops upload to.

        Raises:
            NoSuchAddress: there is none.
        """
        from chalicelib.adapters.s3 import SIGNING, S3Recordings

        settings = self.settings.recordings()
        if settings.bucket is None:
            raise NoSuchAddress("No bucket for recordings is set here (RECORDINGS_BUCKET), so nothing can be uploaded.")
        # Once: a handler has no time for more, and the desktop asks again.
        client = _client("s3", tries=1, region_name=settings.region, **SIGNING)
        return S3Recordings(client, settings.bucket)

    @cached_property
    def timers(self) -> SchedulerTimers:
        """The timers."""
        from chalicelib.adapters.scheduler import SchedulerTimers

        settings = self.settings.timers()
        return SchedulerTimers(_client("scheduler"), settings.group, settings.role_arn, settings.dead_letters_arn)

    @cached_property
    def calendar(self) -> DynamoCalendar | None:
        """The calendar, None where nothing limits how many desktops there are at once."""
        from chalicelib.adapters.calendar import DynamoCalendar

        table = self.settings.state_table
        if table is None or self.policy.wanted_at_most is None:
            return None
        return DynamoCalendar(self._dynamodb, table, self.meetings)

    @property
    def _bookings(self) -> Bookings | None:
        """What stores meetings where there is room for them, None where nothing limits how many there are."""
        from chalicelib.people.booking import Bookings

        if self.calendar is None:
            return None
        return Bookings(calendar=self.calendar, clock=self.clock, policy=self.policy, sleep=self._sleep)

    @cached_property
    def _limit(self) -> tuple[DynamoLedger, Prices, Decimal] | None:
        """What tells what each month costs, what desktops do, and what a month may cost in US dollars.

        None where nothing limits that, where nobody has said what desktops cost, and in a run at home.
        """
        settings = self.settings
        if settings.state_table is None or settings.monthly_limit is None or (prices := settings.prices()) is None:
            return None
        from chalicelib.adapters.costs import DynamoLedger

        return DynamoLedger(self._dynamodb, settings.state_table, self.clock), prices, settings.monthly_limit

    @property
    def _budget(self) -> Budget | None:
        """What keeps a month's meetings within what they may cost, None where nothing limits that."""
        if self._limit is None:
            return None
        from chalicelib.people.budget import Budget

        ledger, prices, limit = self._limit
        return Budget(ledger=ledger, clock=self.clock, policy=self.policy, prices=prices, limit=limit)

    @property
    def scheduler(self) -> Scheduler:
        """What stores new meetings, with the keys of this moment."""
        from chalicelib.people.schedule import Scheduler

        return Scheduler(
            meetings=self.meetings,
            bookings=self._bookings,
            budget=self._budget,
            timers=self.timers,
            clock=self.clock,
            policy=self.policy,
            jitsi_domain=self.settings.jitsi_domain,
            link_keys=self.link_keys(),
            id_keys=self.id_keys,
        )

    def manager(self, own_arn: str | None) -> Manager:
        """Return what changes meetings, with the keys of this moment; `own_arn` is the running function's, if any."""
        from chalicelib.people.manage import Manager
        from chalicelib.people.timers import targets

        return Manager(
            meetings=self.meetings,
            bookings=self._bookings,
            budget=self._budget,
            timers=self.timers,
            targets=targets(self.settings.timers(), own_arn),
            clock=self.clock,
            policy=self.policy,
            sleep=self._sleep,
            link_keys=self.link_keys(),
            recorded=self.settings.recordings().record,
            prices=self.settings.prices(),
            pausing=self.pausing,
        )

    @property
    def board(self) -> Board:
        """What shows operators the meetings."""
        from chalicelib.people.board import Board

        limit = (self._limit[0], self._limit[2]) if self._limit else None
        prices = self.settings.prices()
        return Board(self.meetings, self.calendar, self.clock, self.policy, prices, limit, self.pausing)

    @property
    def listener(self) -> Listener:
        """What hands operators the recordings."""
        from chalicelib.people.listening import Listener

        return Listener(self.meetings, lambda: self.recordings, self.policy)

    @cached_property
    def _looker(self) -> Looker:
        from chalicelib.control.look import Looker

        return Looker(self)

    @cached_property
    def triggers(self) -> Triggers:
        """What timers, EC2's events and the stream are told to."""
        from chalicelib.control.triggers import Triggers

        return Triggers(self, self._looker)

    @cached_property
    def announcing(self) -> Announcing | None:
        """What tells others of what the stream says, None where nobody is told."""
        if self._announcer is None:
            return None
        from chalicelib.control.announce import Announcing

        return Announcing(self._announcer, self.clock, self.policy)

    @cached_property
    def _announcer(self) -> BusAnnouncer | None:
        bus = self.settings.event_bus
        if bus is None:
            return None
        from chalicelib.adapters.announcer import BusAnnouncer, region_of

        # Once: the adapter offers again what was not taken, and a handler has no time for more.
        client = _client("events", tries=1, region_name=region_of(bus))
        return BusAnnouncer(client, bus, self.policy.stage)

    @cached_property
    def sweeper(self) -> Sweeper:
        """What looks at everything."""
        from chalicelib.control.sweep import Sweeper

        return Sweeper(
            self,
            self._looker,
            self.keys.certificate_ends_at,
            lately=self.lately,
            spendings=self._spendings,
            side_by_side=self.side_by_side,
        )

    @cached_property
    def side_by_side(self) -> tuple[SideBySide, int] | None:
        """What does several things at once, and how many; a simulation, in which time is its own, has None."""
        from chalicelib.adapters.threads import AT_ONCE, side_by_side

        return side_by_side, AT_ONCE

    @property
    def _spendings(self) -> Spendings | None:
        """What counts anew what months cost, None where nothing limits that."""
        if self._limit is None:
            return None
        from chalicelib.control.spending import Spendings

        return Spendings(*self._limit, self.meetings.of_day)


def _client(service: str, tries: int = _TRIES, **settings: Any) -> Any:
    retries: Any = {"mode": "standard", "total_max_attempts": tries}
    config = Config(connect_timeout=3, read_timeout=10, retries=retries, **settings)
    with _making:
        return boto3.client(service, config=config)  # type: ignore[call-overload]


_making = threading.Lock()
"""Clients may be used by several threads; to make one is for one thread at a time."""

_current = Runtime()
_inside = threading.local()


def current() -> Runtime:
    """Return this container's runtime."""
    inside: Runtime | None = getattr(_inside, "container", None)
    return inside or _current


@contextmanager
def inside(container: Runtime) -> Iterator[None]:
    """Let this thread be in another container meanwhile; the embedded cloud runs one for each function."""
    _inside.container, before = container, getattr(_inside, "container", None)
    try:
        yield
    finally:
        _inside.container = before


def use(
    clock: Callable[[], datetime] = _utc_now,
    environ: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Runtime:
    """Start afresh with this clock, environment and sleep, forgetting every client built so far; return the runtime."""
    global _current  # noqa: PLW0603  one runtime a container is what a composition root is
    _current = Runtime(clock, environ, sleep)
    return _current


def reset() -> None:
    """Start afresh with the system's clock and environment."""
    use()
