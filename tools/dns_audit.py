"""`python -m tools.dns_audit --stage dev`: what a stage's zone holds, and what the sweep does with it.

The sweep's own rule is asked (chalicelib/rules/strays.py), with all that the sweep would see. Nothing is changed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

import requests
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.adapters.ec2 import Ec2Desktops
from chalicelib.adapters.keys import TableKeys
from chalicelib.control.ports import Dns
from chalicelib.domain.actions import Publish, Withdraw
from chalicelib.domain.errors import ElephantError
from chalicelib.domain.keys import Purpose, Seal
from chalicelib.domain.model import DnsRecord
from chalicelib.domain.rows import timestamp
from chalicelib.environment import Settings
from chalicelib.rules.strays import Inventory, plan_strays
from chalicelib.rules.times import ends_by
from tools import inventory as functions
from tools import providers, records
from tools.account import clients
from tools.site import Census, Site
from tools.stage import StageError, load
from tools.terminal import Colour, coloured, say

_COLOURS = {"keep": Colour.GREEN, "withdraw": Colour.YELLOW, "correct": Colour.YELLOW, "publish": Colour.YELLOW}


class Fate(NamedTuple):
    """What the sweep does with a record: `keep`, `withdraw`, `correct`, `publish`, or `leave`, which it will for ever.

    `at` is when it is withdrawn (UTC), None where that is with the next sweep, or not known.
    """

    record: DnsRecord
    desktop: str | None
    what: str
    why: str
    at: datetime | None = None


def main() -> int:
    """Print what the zone of the stage holds that the command line names; return 0 where that could be told."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        show(Site(stage, clients(stage.region), providers.of(stage)), as_json=given.json)
    except (StageError, ElephantError, ClientError, BotoCoreError, requests.RequestException) as error:
        say(f"The zone is not shown: {error}", sys.stderr)
        return 1
    return 0


def show(site: Site, *, as_json: bool = False) -> None:
    """Print what the stage's zone holds.

    Raises:
        StageError, ElephantError: as `audit` does.
    """
    census, found = audit(site)
    if as_json:
        print(json.dumps(as_object(site, census, found), indent=2))
    else:
        print("\n".join(lines(site, census, found)), flush=True)


def audit(site: Site) -> tuple[Census, list[Fate]]:
    """Return what the stage's zone holds, and what the sweep does with what is the stage's.

    Raises:
        StageError: the stage is not deployed, or its DNS token is missing.
        ElephantError: something could not be read.
    """
    if "TableName" not in site.outputs:
        raise StageError(f"The stage {site.stage.name} is not deployed, so it has no records: {site.make('deploy')}")
    zone = site.provider.zone(site.stage, site.client, site.account)
    if zone is None:
        raise StageError(
            f"The stage {site.stage.name} has no DNS token yet, so it has no records: {site.make('doctor')}"
        )
    return site.provider.census(site), fates(look(site, zone))


def look(site: Site, zone: Dns) -> Inventory:
    """Return what a sweep would see now of desktops, records and meetings."""
    dynamodb = site.client("dynamodb")
    policy = Settings(functions.environment(site.stage, site.client)).policy()
    keys = TableKeys(dynamodb, site.outputs["StateTable"], site.now)
    meetings = DynamoMeetings(
        dynamodb, site.outputs["TableName"], site.now, time.sleep, Seal(lambda: keys.of(Purpose.VOUCHING))
    )
    desktops = Ec2Desktops(
        site.client("ec2"), _nothing_is_launched, site.stage.name, _nothing_is_launched, site.now, _nothing_is_launched
    )
    known = {meeting.id: meeting for page in meetings.open() for meeting in page}
    fleet = [desktop for page in desktops.fleet() for desktop in page]
    seen = Inventory(fleet, zone.owned(), {**known}, site.now(), policy)
    return replace(seen, meetings={**known, **{id_: records.row(meetings, id_) for id_ in sorted(seen.unread())}})


def fates(seen: Inventory) -> list[Fate]:
    """Return what the sweep does with each record of the stage, and with those that are missing."""
    withdrawn: dict[DnsRecord, str] = {}
    published: dict[str, tuple[DnsRecord, str]] = {}
    for effect in plan_strays(seen):
        if isinstance(effect, Withdraw):
            withdrawn |= dict.fromkeys(effect.records, effect.why)
        elif isinstance(effect, Publish):
            published |= {record.name: (record, effect.why) for record in effect.records}
    own, there = set(seen.own_records), seen.records or ()
    found = [_fate(record, seen, own, withdrawn, published) for record in there]
    missing = published.keys() - {record.name for record in there}
    return found + [
        _with_desktop(record, seen, "publish", why) for n, (record, why) in published.items() if n in missing
    ]


def _fate(
    record: DnsRecord,
    seen: Inventory,
    own: Iterable[DnsRecord],
    withdrawn: Mapping[DnsRecord, str],
    published: Mapping[str, tuple[DnsRecord, str]],
) -> Fate:
    if record not in own:
        return _with_desktop(record, seen, "leave", "neither a desktop nor a meeting's row says that it is the stage's")
    if record in withdrawn:
        return _with_desktop(record, seen, "withdraw", withdrawn[record])
    if record.name in published:
        return _with_desktop(record, seen, "correct", published[record.name][1])
    desktop = seen.by_name.get(record.name)
    if desktop is None and record.created_at:
        at = record.created_at + seen.policy.settling
        if replace(seen, now=at).is_stale(record):
            why = "it is new, and EC2 may not show its desktop yet; it goes unless that shows"
            return _with_desktop(record, seen, "withdraw", why, at)
    ends = ends_by(desktop, seen.policy) if desktop else None
    return _with_desktop(record, seen, "keep", "its desktop lives, and is gone by then at the latest", ends)


def _with_desktop(record: DnsRecord, seen: Inventory, what: str, why: str, at: datetime | None = None) -> Fate:
    desktop = seen.by_name.get(record.name)
    return Fate(record, desktop.state.value if desktop else None, what, why, at)


def as_object(site: Site, census: Census, found: Iterable[Fate]) -> dict[str, Any]:
    """Return what the zone holds as programs read it; moments are ISO 8601 in UTC, None where nothing is known."""
    return {
        "stage": site.stage.name,
        "zone": site.stage.zone_id,
        "records": census.records,
        "quota": census.quota,
        "by_mark": dict(census.by_mark),
        "own_marks": list(census.own_marks),
        "unmarked": census.unmarked,
        "own": [
            {
                "name": fate.record.name,
                "address": fate.record.address,
                "meeting": fate.record.meeting_id,
                "created_at": timestamp(fate.record.created_at) if fate.record.created_at else None,
                "old_mark": fate.record.old_mark,
                "desktop": fate.desktop,
                "sweep": fate.what,
                "at": timestamp(fate.at) if fate.at else None,
                "why": fate.why,
            }
            for fate in found
        ],
    }


def lines(site: Site, census: Census, found: list[Fate]) -> Iterator[str]:
    """Yield the lines in which a terminal shows what the zone holds."""
    most = f" of {census.quota}" if census.quota is not None else ""
    title = f"The zone {site.stage.zone_id} of stage {site.stage.name} holds {census.records}{most} records"
    yield coloured(title, Colour.BOLD)
    for mark, count in sorted(census.by_mark.items()):
        whose = "marked as this stage's" if mark in census.own_marks else "marked by others, and left alone"
        yield f"  {count:5}  {whose}: {mark}…"
    yield f"  {census.unmarked:5}  without a mark, and left alone"
    if found:
        yield ""
        yield from _table(found, site)
        yield ""
        for what, why in sorted({(fate.what, fate.why) for fate in found}):
            yield f"{what}: {why}."


def _table(found: list[Fate], site: Site) -> Iterator[str]:
    rows = [("NAME", "DESKTOP", "THE SWEEP", "BY", "MEETING")]
    rows += [
        (
            fate.record.name.removesuffix(f".{site.stage.domain}"),
            fate.desktop or "none",
            fate.what,
            timestamp(fate.at) if fate.at else "",
            fate.record.meeting_id,
        )
        for fate in sorted(found, key=lambda fate: (fate.what, fate.record.name))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [_shown(text).ljust(width) for text, width in zip(row, widths, strict=True)]
        cells[2] = coloured(cells[2], _COLOURS[row[2]]) if row[2] in _COLOURS else cells[2]
        yield "  ".join(cells).rstrip()


def _shown(text: str) -> str:
    """Return a text of a record's comment, which anybody may have written, with no sign that could lead a terminal."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _nothing_is_launched() -> NoReturn:
    raise AssertionError("Whoever looks at a zone launches no desktop.")


if __name__ == "__main__":
    sys.exit(main())
