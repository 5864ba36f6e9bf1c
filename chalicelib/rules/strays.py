"""What belongs to no meeting: orphaned desktops, records without a desktop, links whose record is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from chalicelib.domain.actions import Effect, Publish, Terminate, Withdraw
from chalicelib.domain.model import Desktop, DnsRecord, Meeting, Owner, State
from chalicelib.domain.policy import Policy
from chalicelib.rules.times import last_end


@dataclass(frozen=True)
class Inventory:
    """All that is there at one moment (UTC): the fleet, the zone, and the rows of the meetings that they name.

    `meetings` holds, for every meeting id that a desktop or one of the `doubtful` records bears, its row, None where
    there is no such row, and no entry where it could not be read (then nothing is concluded). `records` is None where
    the zone could not be listed; it holds what bears the app's mark, the old one too.
    """

    desktops: Collection[Desktop]
    records: Collection[DnsRecord] | None
    meetings: Mapping[str, Meeting | None]
    now: datetime
    policy: Policy

    @cached_property
    def living(self) -> list[Desktop]:
        """The app's own desktops that somebody has to end."""
        return [d for d in self.desktops if d.owner is Owner.OURS and d.state.must_be_ended]

    @cached_property
    def orphans(self) -> list[Desktop]:
        """The desktops whose meeting does not exist, and that no other meeting has been given by the app."""
        lost = [d for d in self.living if self._is_settled(d.launched_at) and self._has_no_meeting(d)]
        return [desktop for desktop in lost if not self._is_given_to_another(desktop)]

    def _is_given_to_another(self, desktop: Desktop) -> bool:
        open_meetings = [meeting for meeting in self.meetings.values() if meeting and not meeting.over]
        seats = [(meeting, seat) for meeting in open_meetings for seat in meeting.seats]
        return any(seat.desktop_id == desktop.id and meeting.vouches_for(seat) for meeting, seat in seats)

    def _has_no_meeting(self, desktop: Desktop) -> bool:
        meeting_id = desktop.meeting_id
        return meeting_id is None or (meeting_id in self.meetings and self.meetings[meeting_id] is None)

    @cached_property
    def overdue(self) -> list[Desktop]:
        """The desktops past the deadline that they bear, and whose meeting cannot be read."""
        unread = [d for d in self.living if d.meeting_id and d.meeting_id not in self.meetings]
        return [d for d in unread if d.deadline and self.now >= d.deadline and d not in self.outlived]

    @cached_property
    def outlived(self) -> list[Desktop]:
        """The desktops past their last end, whatever their meeting's row says."""
        return [d for d in self.living if d.launched_at and self.now >= last_end(d.launched_at, self.policy)]

    @cached_property
    def lost(self) -> set[str]:
        """The ids of the desktops that are to be ended."""
        return {desktop.id for desktop in (*self.orphans, *self.overdue, *self.outlived)}

    @cached_property
    def by_name(self) -> dict[str, Desktop]:
        """Every desktop by the name that it has, or would have, in DNS."""
        return {self.policy.record_name(desktop.id): desktop for desktop in self.desktops}

    @cached_property
    def doubtful(self) -> list[DnsRecord]:
        """The records with the old mark whose desktops are not in the fleet: only their meetings' rows tell whose."""
        return [r for r in self.records or () if r.old_mark and r.name not in self.by_name]

    def unread(self, not_ours: Collection[str] = ()) -> set[str]:
        """Return the ids of the meetings whose rows it takes and does not hold.

        A doubtful record that names a meeting of `not_ours` takes none.
        """
        named = {d.meeting_id for d in self.desktops if d.meeting_id and d.state.must_be_ended}
        named |= {record.meeting_id for record in self.doubtful if record.meeting_id}.difference(not_ours)
        return named - self.meetings.keys()

    @cached_property
    def own_records(self) -> list[DnsRecord]:
        """The records that are certainly this installation's: the old mark may be another's of the same stage name.

        Certain is one whose desktop is in the fleet, or that the row of its meeting names or once named.
        """
        doubtful = set(self.doubtful)
        return [r for r in self.records or () if r not in doubtful or self._is_named(r)]

    def _is_named(self, record: DnsRecord) -> bool:
        meeting, desktop_id = self.meetings.get(record.meeting_id), self.policy.desktop_id(record.name)
        return meeting is not None and any(seat.has_named(desktop_id) for seat in meeting.seats)

    def is_stale(self, record: DnsRecord) -> bool:
        """Return whether a record's desktop does not live, or is about to be ended."""
        desktop = self.by_name.get(record.name)
        if desktop is None:
            return self._is_settled(record.created_at)
        return not desktop.state.must_be_ended or desktop.id in self.lost

    def unresolved(self) -> tuple[DnsRecord, ...]:
        """Return the records that people have links to and that are not in the zone as they should be."""
        listed: dict[str, set[str]] = defaultdict(set)
        for record in self.own_records:
            # One with the old mark is not as it should be, wherever it points.
            listed[record.name].add("" if record.old_mark else record.address)
        linked = {
            self.policy.record_name(seat.desktop_id)
            for meeting in self.meetings.values()
            if meeting and not meeting.over
            for seat in meeting.seats
            if seat.link and seat.desktop_id
        }
        return tuple(
            DnsRecord(name, desktop.address, desktop.meeting_id or "")
            for name, desktop in self.by_name.items()
            if name in linked
            and desktop.state is State.RUNNING
            and desktop.address
            and listed[name] != {desktop.address}
            and self._is_settled(desktop.launched_at)
        )

    def _is_settled(self, since: datetime | None) -> bool:
        return self.policy.is_settled(since, self.now)


def plan_strays(inventory: Inventory) -> list[Effect]:
    """Return what is to be done about owned desktops and records that no meeting answers for.

    Whatever is not the app's own is left alone.
    """
    effects: list[Effect] = []
    if outlived := inventory.outlived:
        why = "it lives longer than the operator's limits allow any desktop"
        effects.append(Terminate(why, tuple(d.id for d in outlived)))
    if orphans := [desktop for desktop in inventory.orphans if desktop not in inventory.outlived]:
        effects.append(Terminate("its meeting does not exist", tuple(d.id for d in orphans)))
    if overdue := inventory.overdue:
        why = "it is past the deadline it bears, and its meeting cannot be read"
        effects.append(Terminate(why, tuple(d.id for d in overdue)))
    if inventory.records is None:
        return effects
    if stale := tuple(filter(inventory.is_stale, inventory.own_records)):
        effects.append(Withdraw("its desktop does not live", stale))
    if astray := inventory.unresolved():
        why = "the link stands and the record is missing, points elsewhere or bears the old mark"
        effects.append(Publish(why, astray, repair=True))
    return effects
