"""Taking desktops away together with the names that they may have."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.actions import Step, Terminate, Withdraw
from chalicelib.domain.model import Desktop, DnsRecord
from chalicelib.domain.policy import Policy


def clear_away(why: str, desktops: Iterable[Desktop], policy: Policy) -> list[Step]:
    """Return what takes away live desktops and the records they may have; nothing for none."""
    desktops = list(desktops)
    if not desktops:
        return []
    records = tuple(DnsRecord(policy.record_name(d.id), meeting_id=d.meeting_id or "") for d in desktops)
    return [Terminate(why, tuple(d.id for d in desktops)), Withdraw(why, records)]
