"""What looks, hears and sweeps, over models of the ports, with a clock that is set by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.control.events import RowChange, TimerEvent
from chalicelib.control.look import Looker
from chalicelib.control.sweep import Sweeper
from chalicelib.control.triggers import Triggers
from chalicelib.domain import rows
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.model import Meeting
from chalicelib.domain.pause import Pause
from chalicelib.domain.policy import Policy
from tests.builders import listed, understood
from tests.fake_calendar import FakeCalendar
from tests.fakes import FakeDesktops, FakeDns, FakeMeetings, FakeTimers, Wire

T = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class FakePausing:
    """Tells whether the stage is paused; `asked` counts how often."""

    def __init__(self) -> None:
        self.pause: Pause | None = None
        self.asked = 0

    def standing(self) -> Pause | None:
        self.asked += 1
        return self.pause


@dataclass
class House:
    """The world that the shell works with, made of models."""

    now: datetime = T - 10 * MINUTE
    wire: Wire = field(default_factory=Wire)
    policy: Policy = field(default_factory=lambda: Policy(domain="example.com"))

    def __post_init__(self) -> None:
        self.meetings = FakeMeetings(self.wire, clock=self.clock)
        self.desktops = FakeDesktops(self.clock, self.wire)
        self.dns = FakeDns(self.clock, self.wire)
        self.timers = FakeTimers(self.wire)
        limited = self.policy.at_once is not None
        self.calendar = FakeCalendar(self.meetings, self.wire) if limited else None
        self.pausing = FakePausing()
        self.looker = Looker(self)
        self.triggers = Triggers(self, self.looker)
        self.sweeper = Sweeper(self, self.looker)

    def clock(self) -> datetime:
        return self.now

    def meeting(self, meeting_id: str = "m", **attributes: Any) -> None:
        row = {"meet_time": rows.timestamp(T), "status": "SCHEDULED", "open": "1"} | attributes
        stored = {"id": meeting_id, **{name: value for name, value in row.items() if value is not None}}
        self.meetings.write(meeting_id, listed(stored))

    def row(self, meeting_id: str = "m") -> dict[str, Any]:
        return self.meetings.rows[meeting_id]

    def make_unreadable(self, unreadable: str) -> None:
        """Let every read of this one meeting fail."""
        get = self.meetings.get

        def fail_for_one(meeting_id: str) -> Meeting:
            if meeting_id == unreadable:
                raise Unavailable("The table is throttled.")
            return get(meeting_id)

        self.meetings.get = fail_for_one  # type: ignore[method-assign]

    def pass_time(self, delta: timedelta) -> None:
        self.now += delta

    def sweep(self, budget: timedelta = MINUTE) -> None:
        self.sweeper.sweep(self.now + budget)

    def calls(self) -> list[str]:
        calls, self.wire.calls = self.wire.calls, []
        return calls


def launched(house: House) -> None:
    house.meeting()
    house.triggers.launch_timer(TimerEvent("m"))
    house.pass_time(timedelta(seconds=30))
    house.sweep()


def image(house: House, meeting_id: str = "m") -> RowChange:
    return RowChange(understood(dict(house.row(meeting_id))), house.now)
