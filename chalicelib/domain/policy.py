"""The numbers in the rules, and what follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

DCV_PORT = 8443
"""The port at which Amazon DCV serves a desktop, and one of those that Cloudflare passes on."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers in the rules. Defaults are those of the design; an operator may change some."""

    stage: str = "dev"
    domain: str = ""
    # Desktops are launched this long before T.
    lead: timedelta = timedelta(minutes=10)
    # Whoever schedules at the last minute has this long until T, whatever time they ask for.
    notice: timedelta = timedelta(minutes=10)
    checkpoint: timedelta = timedelta(minutes=15)
    max_duration: timedelta = timedelta(minutes=240)
    upload_grace: timedelta = timedelta(minutes=30)
    # Whether desktops record, end people's time themselves, and say when all is safe: the kit's, where meetings are.
    records: bool = False
    # Desktops that record have this long for their uploads once people's time is up.
    upload_limit: timedelta = timedelta(minutes=10)
    # A desktop says this soon that somebody has come to it, or gone.
    presence: timedelta = timedelta(minutes=1)
    # Whether desktops tell who is connected to them: the kit's do, those of the seeds tell nothing.
    presence_told: bool = False
    # Who was last seen at the door less than this long ago waits there.
    waiting: timedelta = timedelta(minutes=2)
    # That somebody waits is written at most this often a seat.
    waiting_noted: timedelta = timedelta(minutes=1)
    # Who lost the connection less than this long ago is expected back.
    lost: timedelta = timedelta(minutes=3)
    # A door has stood open this long at least before it is said that nobody came.
    entering: timedelta = timedelta(minutes=15)
    # Desktops are launched and replaced until this long after T for those who wait at a door that never opened.
    patience: timedelta = timedelta(minutes=45)
    boot_limit: timedelta = timedelta(minutes=15)
    max_attempts: int = 10
    # No meeting is scheduled for which more desktops than this would be wanted at once; None: there is no limit.
    at_once: int | None = None
    # Nor one for which more records than this would be wanted at once, one a desktop; None: the zone has room.
    max_records: int | None = None
    # While the stage is paused, a first launch is held this long before it is due: longer than from sweep to sweep.
    hold: timedelta = timedelta(minutes=2)
    # A launch belongs to whoever wrote its intent for this long, which is longer than a handler can live.
    lease: timedelta = timedelta(seconds=55)
    # An end belongs to whoever wrote its intent for this long: longer than it takes while all answer, and less than a
    # minute, so that what was killed midway is carried through by the next sweep or the one after.
    end_lease: timedelta = timedelta(seconds=20)
    # After a refusal a role's next attempt waits this long for each attempt so far.
    refusal_pause: timedelta = timedelta(seconds=55)
    # EC2 may not show an instance this soon after it was launched, and nobody collects one this young.
    settling: timedelta = timedelta(minutes=5)
    # Desktops are kept this long for a meeting that was moved to later, and is then due only later still.
    standby: timedelta = timedelta(hours=1)
    # The stream tells of an upload within this long; until then a sweep leaves it to the stream to date it.
    dating: timedelta = timedelta(minutes=1)
    # An ended meeting stays in sight of the sweep this long, for desktops that report after the end.
    linger: timedelta = timedelta(minutes=30)
    # The row of an ended meeting is kept this long after the end; then the table itself lets it go.
    keep_meetings: timedelta = timedelta(days=90)

    @property
    def upload_time(self) -> timedelta:
        """How long desktops are kept once people's time is up, at the most; nothing where they do not record.

        It is part of the operator's longest meeting, in whole minutes, and never more than half of it.
        """
        half = timedelta(minutes=self.max_duration // timedelta(minutes=2))
        return min(self.upload_limit, half) if self.records else timedelta()

    @property
    def longest_meeting(self) -> timedelta:
        """How long people's time may last: the operator's limit, less what desktops upload in."""
        return self.max_duration - self.upload_time

    @property
    def longest_life(self) -> timedelta:
        """How long a desktop may live at the most, counted from its launch, whatever its meeting's row says."""
        return self.lead + self.standby + self.max_duration

    def is_recent(self, since: datetime | None, span: timedelta, now: datetime) -> bool:
        """Return whether this is less than `span` ago; times are UTC.

        A moment that lies ahead by more than clocks differ did not happen, whoever wrote it: it is not recent.
        """
        return since is not None and since - self.settling <= now < since + span

    @property
    def wanted_at_most(self) -> int | None:
        """How many desktops may be wanted at once, by their own limit and by that of their records; None for any."""
        return min((most for most in (self.at_once, self.max_records) if most is not None), default=None)

    def is_settled(self, since: datetime | None, now: datetime) -> bool:
        """Return whether this was long enough ago for EC2 to show what became of it; times are UTC."""
        return not self.is_recent(since, self.settling, now)

    def record_name(self, desktop_id: str) -> str:
        """Return the DNS name of a desktop."""
        return f"{desktop_id}.{self.domain}"

    def desktop_id(self, record_name: str) -> str:
        """Return the id of the desktop whose DNS name this is; whatever stands before the domain in any other."""
        return record_name.removesuffix(f".{self.domain}")

    def link(self, desktop_id: str) -> str:
        """Return the address at which a person finds a desktop."""
        return f"https://{self.record_name(desktop_id)}:{DCV_PORT}"
