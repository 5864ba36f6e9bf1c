"""What goes wrong, how often, and the wire on which it does."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import Unavailable
from tests.wire import Wire


class Killed(BaseException):
    """The process is gone in the middle of its work; nothing in it runs any more, so nothing may catch this."""


@dataclass(frozen=True, slots=True)
class Rates:
    """How often each thing goes wrong: a probability each time it could, unless it says otherwise."""

    # deliveries
    event_lost: float = 0.0
    event_doubled: float = 0.0
    event_late: float = 0.0  # by up to an hour, so out of order too
    shard_stalled: float = 0.0  # a record's shard stands still, and with it all that was written after it
    sweep_lost: float = 0.0
    sweep_late: float = 0.0
    sweep_doubled: float = 0.0
    bad_payload: float = 0.0  # a handler or a batch gets what nobody can understand, a meeting
    no_retry: float = 0.0  # Lambda does not try the failed invocation again
    # processes
    killed: float = 0.0  # after a call
    paused: float = 0.0  # at a call: other handlers go on meanwhile, on the same meeting too
    call_failed: float = 0.0
    answer_lost: float = 0.0  # the call was carried out, the caller hears of a failure
    blocked: float = 0.0  # the DNS provider has had enough, 429: nothing for five minutes
    cursed: float = 0.0  # every call about this one meeting fails for a while
    # services, in outages an hour of simulated time
    outages: float = 0.0
    full_zones: float = 0.0
    refusals: float = 0.0  # EC2 launches nothing at all: the account's quota is used up
    # EC2
    unseen: float = 0.0  # a new instance does not show for some seconds
    no_address: float = 0.0  # it runs, and its address comes later
    # desktops
    never_boots: float = 0.0
    never_reports: float = 0.0
    dies: float = 0.0
    stopped: float = 0.0  # somebody stops it
    restarted: float = 0.0  # somebody stops it and starts it again: it has another address then
    last_words: float = 0.0  # it reports HEALTHY while it shuts down: replaced, or after the end
    reports_by_tag: float = 0.0  # it takes its meeting from its tag, whether the row names it or not
    reports_late: float = 0.0
    reports_again: float = 0.0  # with the kit, its agent begins anew
    report_lost: float = 0.0  # with the kit: a request of its agent, or the answer
    report_late: float = 0.0  # when the agent has given it up, and has perhaps said something else
    report_doubled: float = 0.0
    lacks: float = 0.0  # it stops being ready for a while
    uploads_slowly: float = 0.0  # with the kit: what it has recorded takes longer than it may live on for it
    # people
    nobody_comes: float = 0.0
    one_comes: float = 0.0
    comes_late: float = 0.0  # about the checkpoint
    comes_back: float = 0.0
    never_uploads: float = 0.0
    flaps: float = 0.0  # the connection breaks, once or often, and comes back in time or too late
    asks_for_another: float = 0.0  # somebody wants another desktop in place of the one that they are at
    clicks_late: float = 0.0  # the door stands open for minutes before
    never_clicks: float = 0.0  # they have gone, and their page is open still
    tab_left_open: float = 0.0  # a seat's page is open for days, and nobody is there
    scanned: float = 0.0  # a program opens a seat's link, when it is sent and about the time
    # the console
    edited: float = 0.0
    deleted: float = 0.0  # the row
    made_by_hand: float = 0.0  # the row is typed in, instead of being asked for
    forged: float = 0.0  # somebody who means no good types over the row
    row_copied: float = 0.0  # and puts copies of it beside it
    record_deleted: float = 0.0
    launched_by_hand: float = 0.0  # somebody starts a desktop for a role before the app does
    copied: float = 0.0  # somebody launches "more like this", with all its tags
    mistagged: float = 0.0  # somebody launches one with the app's tags, and no such meeting exists
    look_alikes: float = 0.0  # foreign instances and records, a meeting
    name_taken: float = 0.0  # a foreign record bears the very name of a new desktop


NONE = Rates()
PEOPLE = Rates(nobody_comes=0.05, one_comes=0.05, comes_late=0.05, comes_back=0.1, never_uploads=0.05)
ALL = Rates(
    event_lost=0.05,
    event_doubled=0.05,
    event_late=0.05,
    shard_stalled=0.002,
    sweep_lost=0.05,
    sweep_late=0.02,
    sweep_doubled=0.02,
    bad_payload=0.1,
    no_retry=0.3,
    killed=0.003,
    paused=0.02,
    call_failed=0.005,
    answer_lost=0.005,
    blocked=0.001,
    cursed=0.02,
    outages=0.1,
    full_zones=0.25,
    refusals=0.1,
    unseen=0.1,
    no_address=0.1,
    never_boots=0.02,
    never_reports=0.02,
    dies=0.05,
    stopped=0.01,
    restarted=0.02,
    last_words=0.1,
    reports_by_tag=0.1,
    reports_late=0.03,
    reports_again=0.1,
    report_lost=0.03,
    report_late=0.02,
    report_doubled=0.03,
    lacks=0.1,
    uploads_slowly=0.05,
    nobody_comes=0.05,
    one_comes=0.05,
    comes_late=0.05,
    comes_back=0.1,
    never_uploads=0.05,
    flaps=0.15,
    asks_for_another=0.05,
    clicks_late=0.05,
    never_clicks=0.03,
    tab_left_open=0.05,
    scanned=0.1,
    edited=0.04,
    deleted=0.02,
    made_by_hand=0.02,
    forged=0.03,
    row_copied=0.03,
    record_deleted=0.02,
    launched_by_hand=0.04,
    copied=0.02,
    mistagged=0.02,
    look_alikes=0.2,
    name_taken=0.01,
)
RATES = {"none": NONE, "people": PEOPLE, "all": ALL}


@dataclass(slots=True)
class Outage:
    """A port that fails from one moment to another (UTC), and the service behind it that is the cause."""

    port: str
    begin: datetime
    end: datetime
    cause: str


CURSED = frozenset({"meetings.get", "meetings.update", "desktops.of_meeting", "desktops.launch"})
"""The calls that a curse makes fail: those about one meeting, by its id."""


@dataclass(slots=True)
class Script:
    """Faults at one exact call, for the exhaustive runs: the k-th call of the app, counted from 1."""

    kill_after: int = 0
    pause_at: int = 0
    fail_at: int = 0
    fail_for: timedelta = timedelta(0)
    failing: str | None = None  # the call that fails, once it has begun
    began: datetime | None = None


class FaultyWire(Wire):
    """The wire between the handlers and the models: counts, fails, delays and kills, by one random source."""

    def __init__(
        self,
        rates: Rates,
        rng: random.Random,
        clock: Callable[[], datetime],
        pause: Callable[[timedelta], None],
        touched: Callable[[str, str], None],
        calm: Callable[[], bool],
        script: Script | None = None,
    ) -> None:
        super().__init__()
        self.rates = rates
        self.rng = rng
        self.clock = clock
        self.pause = pause
        self.touched = touched
        self.calm = calm
        self.script = script or Script()
        self.outages: list[Outage] = []
        self.curses: dict[str, datetime] = {}
        self.injected: Counter[str] = Counter()
        self.count = 0
        self.digest = 0

    def hits(self, kind: str) -> bool:
        """Return whether this fault strikes now, and count it; none does once it is calm."""
        rate: float = getattr(self.rates, kind)
        if rate and self.rng.random() < rate and not self.calm():
            self.injected[kind] += 1
            return True
        return False

    def is_out(self, port: str) -> Outage | None:
        """Return the outage that makes every call of this port fail now, if there is one."""
        return next((o for o in self.outages if o.port == port and o.begin <= self.clock() < o.end), None)

    def before(self, call: str) -> None:
        self.count += 1
        self.digest = zlib.crc32(f"{call}{self.about}{self.clock().timestamp()}".encode(), self.digest)
        about = self.about[0] if self.about else None
        if self.script.pause_at == self.count:
            self.touched("paused", call)
            self.pause(timedelta(seconds=20))
        if self.hits("paused"):
            self.touched("paused", call)
            self.pause(timedelta(seconds=self.rng.choice((0.05, 0.5, 3, 20, 70))))
        self._fail_by_script(call)
        port = call.partition(".")[0]
        if port == "dns" and self.hits("blocked"):
            self.outages.append(Outage(port, self.clock(), self.clock() + timedelta(minutes=5), "429"))
        if self.outages and (out := self.is_out(port)):
            self.injected[f"call in an outage ({out.cause})"] += 1
            self.touched("outage", call)
            raise Unavailable(f"{call}: {out.cause} is out.")
        if call in CURSED and self.clock() < self.curses.get(str(about), self.clock()):
            self.injected["call about a cursed meeting"] += 1
            self.touched("cursed", str(about))
            raise Unavailable(f"{call}: this meeting's calls fail.")
        if self.hits("call_failed"):
            self.touched("call_failed", call)
            raise Unavailable(f"{call}: throttled.")

    def after(self, call: str) -> None:
        if self.script.kill_after == self.count or self.hits("killed"):
            self.touched("killed", call)
            raise Killed(call)
        if self.hits("answer_lost"):
            self.touched("answer_lost", call)
            raise Unavailable(f"{call}: the connection broke before the answer came.")

    def _fail_by_script(self, call: str) -> None:
        script = self.script
        if script.fail_at == self.count and script.began is None:
            script.failing, script.began = call, self.clock()
        elif script.failing != call or script.began is None or self.clock() >= script.began + script.fail_for:
            return
        self.touched("call_failed", call)
        raise Unavailable(f"{call}: fails as the script says.")
