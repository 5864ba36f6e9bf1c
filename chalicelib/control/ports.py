"""What the app needs from the world: ports, each with one real adapter and one fake, a clock, and numbers.

Every method may raise `Unavailable`: then nothing is known, and nothing was concluded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.actions import Attempt
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.model import Desktop, DnsRecord, Meeting
from chalicelib.domain.policy import Policy
from chalicelib.domain.update import Update

if TYPE_CHECKING:
    from decimal import Decimal

    from chalicelib.domain.access import Access, AccessKey
    from chalicelib.domain.announcement import Announcement
    from chalicelib.domain.calendar import Week
    from chalicelib.domain.certificate import Certificate
    from chalicelib.domain.lately import Boot
    from chalicelib.domain.pause import Pause
    from chalicelib.domain.recordings import Link, Part, StoredPart
    from chalicelib.domain.spending import Spending


class Meetings(Protocol):
    """The table of meetings."""

    def get(self, meeting_id: str) -> Meeting:
        """Return the meeting as it is now, strongly consistent.

        Raises:
            NoSuchMeeting: there is no row with this id.
        """

    def create(self, row: Mapping[str, Any]) -> bool:
        """Store a new row; return False, and change nothing, where its id is taken."""

    def update(self, meeting_id: str, change: Update) -> None:
        """Change the row if it still holds all that the change expects.

        Raises:
            Conflict: something that it expects has changed, or the row is gone.
        """

    def open(self) -> Iterator[list[Meeting]]:
        """Yield the meetings that may still need work, a page at a time, at the index's consistency."""

    def of_day(self, day: str, after: str | None = None) -> tuple[list[Meeting], str | None]:
        """Return a page of the meetings on this day (UTC, `2026-03-01`), and what asks for the next one, if any.

        They are at the index's consistency, in no order.
        """


class Desktops(Protocol):
    """The desktops on EC2, and the room there is for more."""

    def of_meeting(self, meeting_id: str, named: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of this meeting's desktops: those tagged with it, and those the row names."""

    def named(self, desktop_ids: Collection[str]) -> list[Desktop]:
        """Return what EC2 shows of these instances as they are now, whosever they are."""

    def find(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it is now, None where EC2 shows none."""

    def whose(self, desktop_id: str) -> Desktop | None:
        """Return this instance as it was when its tags were last read: enough to tell whose it is."""

    def fleet(self) -> Iterator[list[Desktop]]:
        """Yield every instance of the project and this stage, dead ones too, a page at a time."""

    def subnets(self, after: str | None = None) -> list[str]:
        """Return the subnets to launch into, the best first; those that lately had no room come last.

        Where the launch before came to nothing, in the subnet `after`, another is tried first.

        Raises:
            LaunchRefused: there is none that people can reach.
        """

    def launch(
        self, meeting_id: str, attempt: Attempt, deadline: datetime, movable: tuple[datetime, datetime] | None = None
    ) -> Desktop:
        """Launch the desktop of this attempt, or return the one that it has launched already.

        `deadline` is UTC: no desktop of the meeting may outlive it. `movable` are the first and the last moment that
        the app may move it to later on, None for never; the desktop's own guard obeys no other.

        Raises:
            NoCapacity: not in the attempt's subnet; in another there may be room.
            AttemptSpent: the attempt's desktop is gone.
            LaunchRefused: EC2 will not launch it, wherever.
        """

    def terminate(self, desktop_ids: Collection[str]) -> None:
        """End these instances for good; one that is gone already is fine."""

    def rearm(self, desktop_ids: Collection[str], deadline: datetime) -> None:
        """Let these instances bear this deadline (UTC) from now on."""


class Dns(Protocol):
    """The zone that desktops' names live in. Only records that bear our mark are ever changed."""

    def publish(self, records: Collection[DnsRecord]) -> None:
        """Make these new names resolve to their addresses; repeating it changes nothing.

        The names are taken for new: what the zone holds under them already need not be looked at.

        Raises:
            DnsError: a record of such a name exists that is not ours, or the provider refused; the
                other names are published all the same.
        """

    def repair(self, records: Collection[DnsRecord]) -> None:
        """Make these names resolve to their addresses and to no others; repeating it changes nothing.

        The names may be in the zone already: what is there under them is looked at first and corrected.

        Raises:
            DnsError: as `publish` does.
        """

    def withdraw(self, records: Collection[DnsRecord]) -> None:
        """Remove whatever these names hold of these meetings.

        A name that is not there is fine; a record that is not ours, or another meeting's, stays.
        """

    def owned(self) -> list[DnsRecord]:
        """Return every record that bears our mark; one with the old mark, as it says, may be another installation's."""


class Timers(Protocol):
    """One-shot timers."""

    def arm(self, name: str, at: datetime, target: str, payload: Mapping[str, Any]) -> None:
        """Arm a timer for a moment in UTC; one that is armed already under this name fires then, and not before."""

    def drop(self, names: Collection[str]) -> None:
        """Delete timers; one that is gone is fine."""


class Recordings(Protocol):
    """The bucket that desktops upload to. What is in it is listed here, and read by links alone.

    Where S3 does not answer, or denies, `BucketUnavailable` is raised.
    """

    def address(self, prefix: str) -> str:
        """Return the address of everything whose key begins with this; nobody can open it without a link."""

    def kept(self, prefix: str) -> dict[str, int]:
        """Return the keys that begin with this, and the size in bytes of what lies there."""

    def unfinished(self, key: str) -> str | None:
        """Return the newest upload to just this key that was begun and not finished, and end those before it."""

    def begin(self, key: str) -> str:
        """Begin an upload to this key, each of whose parts must bear its SHA-256; return its id."""

    def parts(self, key: str, upload: str) -> list[StoredPart]:
        """Return the parts of an upload that have arrived, by their numbers.

        Raises:
            NoSuchUpload: there is no such upload to this key, or no longer.
        """

    def links(self, key: str, upload: str, parts: Collection[Part]) -> list[Link]:
        """Sign a link for each of these parts, good for its bytes alone."""

    def link_to(self, key: str, lasts: timedelta) -> str:
        """Sign a link to what lies under this key, for so long; the session that signs it may end sooner."""

    def finish(self, key: str, upload: str, parts: Collection[StoredPart]) -> None:
        """Make one object of these parts.

        Raises:
            NoSuchUpload: there is no such upload to this key, or no longer: it may be finished already.
            UploadRefused: one of the parts, or the sum of their sizes, is another.
        """


class Uses(Protocol):
    """How often each key was used on a day."""

    def count(self, key: AccessKey) -> None:
        """Count one more use of this key today (UTC).

        Raises:
            LimitReached: it was used as often today as it may be.
        """


class KeyStore(Protocol):
    """The app's own keys."""

    def of(self, purpose: Purpose, *, kept: timedelta = ...) -> Keys | None:
        """Return the keys of a purpose, `kept` for a minute unless it says longer; None where none was made."""

    def access(self, kept: timedelta = ...) -> Access:
        """Return the keys that the operator has given out, `kept` for a minute unless it says less."""

    def issuer_root(self) -> str | None:
        """Return the roots that desktops' certificates must be issued by, as PEM; None where the stage names none."""

    def certificate_id(self) -> str | None:
        """Return which certificate is kept for desktops, at most a minute old; None for none."""

    def certificate(self) -> Certificate | None:
        """Return the certificate for desktops with its key; None where none is kept."""

    def certificate_ends_at(self) -> datetime | None:
        """Return until when that certificate is good (UTC), as it stands now; None where none is kept."""


class Lately(Protocol):
    """What was measured lately."""

    def boots(self) -> tuple[Boot, ...]:
        """Return the boots that were noted, as they stand now."""

    def recent_boots(self) -> tuple[Boot, ...]:
        """Return the boots that were noted, at most a minute old; it never raises."""

    def note(self, boots: Iterable[Boot]) -> None:
        """Let these be the boots that were noted."""


class Pausing(Protocol):
    """Whether the stage is paused."""

    def standing(self) -> Pause | None:
        """Return the pause, at most a minute old, None where the stage is not paused; it never raises."""


class Calendar(Protocol):
    """How many desktops are wanted when. It is kept beside the meetings, and written together with their rows."""

    def read(self, numbers: Collection[int]) -> dict[int, Week]:
        """Return these weeks; one that was never written is empty.

        They may be as they were a moment ago: a write that was decided on such a week is refused.
        """

    def book(self, row: Mapping[str, Any], weeks: Collection[Week]) -> bool:
        """Store a new row and these weeks, all or nothing; return False, and change nothing, where its id is taken.

        Raises:
            Conflict: one of the weeks was written since it was read.
        """

    def rebook(self, meeting_id: str, change: Update, weeks: Collection[Week]) -> None:
        """Change a row, if it still holds all that the change expects, and store these weeks: all or nothing.

        Raises:
            Conflict: the row is not what the change expects, or one of the weeks was written since it was read.
        """

    def correct(self, week: Week) -> None:
        """Store this week.

        Raises:
            Conflict: it was written since it was read.
        """


class Announcer(Protocol):
    """The bus on which others hear what happens to meetings."""

    def announce(self, announcements: Collection[Announcement]) -> None:
        """Tell others of all of these, in this order; nothing keeps them from hearing one twice.

        Raises:
            NotAnnounced: they could not be told of some of them.
        """


class Ledger(Protocol):
    """What meetings cost a month, in US dollars: what is spent and what is planned, in one sum."""

    def read(self, months: Collection[str]) -> dict[str, Spending]:
        """Return what these months, like 2026-03, cost as it stands now; one that was never written costs nothing."""

    def add(self, month: str, amount: Decimal, limit: Decimal | None) -> bool:
        """Let a month cost so much more, or less where it is below 0.

        Return False, and change nothing, where it would cost more than the limit then; None is none.
        """

    def correct(self, spending: Spending) -> None:
        """Let a month cost this.

        Raises:
            Conflict: it was written since it was read.
        """


class World(Protocol):
    """Everything that a trigger works with; a port is built when it is first asked for."""

    @property
    def meetings(self) -> Meetings:
        """The table of meetings."""

    @property
    def desktops(self) -> Desktops:
        """The desktops."""

    @property
    def dns(self) -> Dns:
        """The zone."""

    @property
    def timers(self) -> Timers:
        """The timers."""

    @property
    def calendar(self) -> Calendar | None:
        """The calendar, None where nothing limits how many desktops there are at once."""

    @property
    def pausing(self) -> Pausing | None:
        """Whether the stage is paused, None where nobody can pause it."""

    @property
    def policy(self) -> Policy:
        """The numbers in the rules."""

    def clock(self) -> datetime:
        """Return the time, UTC."""
