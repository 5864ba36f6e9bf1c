"""The table of meetings: its indexes, its stream, its recovery, and that its rows expire."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.adapters.dynamodb import INDEXES
from tools.errors import ignore_not_found
from tools.findings import Finding, fail, ok, warn
from tools.site import Site


def table(site: Site) -> Iterator[Finding]:
    """The table is as the app needs it: its indexes, its stream, its recovery, and rows of ended meetings leave it."""
    name = site.outputs["TableName"]
    tables, found = site.client("dynamodb"), None
    with ignore_not_found():
        found = tables.describe_table(TableName=name)["Table"]
    if found is None:
        yield fail(f"the table {name} is gone", "docs/deploy.md#the-table")
        return
    sound = True
    indexes = (_index(site, found, name) for name in INDEXES)
    for finding in (_table_status(site, found), *indexes, _stream(site, found)):
        if finding:
            sound = False
            yield finding
    if sound:
        yield ok(f"the table {name} is active, with its indexes and stream")
    backups = tables.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") != "ENABLED":
        turn_on = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
        yield warn(
            f"the table {name} cannot be recovered to a point in time",
            site.aws(f"dynamodb update-continuous-backups --table-name {name} {turn_on}"),
        )
    if finding := _expiry(site, tables.describe_time_to_live(TableName=name)["TimeToLiveDescription"]):
        yield finding


def _expiry(site: Site, told: Mapping[str, Any]) -> Finding | None:
    name, by, status = site.outputs["TableName"], told.get("AttributeName"), told["TimeToLiveStatus"]
    if by == "expires" and status in ("ENABLED", "ENABLING"):
        return None
    days = site.stage.variable("KEEP_MEETING_DAYS")
    stays = f"rows of the table {name} do not expire {days} days after their meetings, as meetings.keep_days has it"
    if status in ("ENABLING", "DISABLING"):
        return warn(f"{stays}: that is {status}", f"wait an hour, then {site.make('doctor')}")
    turn = f"dynamodb update-time-to-live --table-name {name} --time-to-live-specification "
    if status == "ENABLED":  # by another attribute: it must be turned off first, and DynamoDB takes one change an hour
        off = site.aws(turn + shlex.quote(f"Enabled=false,AttributeName={by}"))
        return warn(f"{stays}, but by {by}", f"{off}, an hour later {site.make('doctor')}")
    return warn(stays, site.aws(turn + "Enabled=true,AttributeName=expires"))


def _table_status(site: Site, found: Mapping[str, Any]) -> Finding | None:
    if found["TableStatus"] == "ACTIVE":
        return None
    wait = site.aws(f"dynamodb wait table-exists --table-name {found['TableName']}")
    return fail(f"the table {found['TableName']} is {found['TableStatus']}", wait)


def _index(site: Site, found: Mapping[str, Any], name: str) -> Finding | None:
    indexes = {
        index["IndexName"]: index.get("IndexStatus", "ACTIVE") for index in found.get("GlobalSecondaryIndexes", [])
    }
    if (status := indexes.get(name)) == "ACTIVE":
        return None
    if status:
        return fail(f"the index {name} is {status}", f"wait some minutes, then {site.make('doctor')}")
    create = {
        "IndexName": name,
        "KeySchema": [{"AttributeName": INDEXES[name], "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    add = f"dynamodb update-table --table-name {found['TableName']} --attribute-definitions "
    add += f"AttributeName={INDEXES[name]},AttributeType=S --global-secondary-index-updates "
    return fail(f"the table has no index {name}", site.aws(add + shlex.quote(json.dumps([{"Create": create}]))))


def _stream(site: Site, found: Mapping[str, Any]) -> Finding | None:
    view = found.get("StreamSpecification", {}).get("StreamViewType")
    if view == "NEW_AND_OLD_IMAGES":
        return None
    update = site.aws(f"dynamodb update-table --table-name {found['TableName']} --stream-specification StreamEnabled=")
    wait = site.aws(f"dynamodb wait table-exists --table-name {found['TableName']}")
    steps = [f"{update}false", wait] if view else []  # a stream's view cannot be changed, only another stream made
    steps += [f"{update}true,StreamViewType=NEW_AND_OLD_IMAGES", wait, site.make("deploy")]
    return fail(f"the table has a stream of {view or 'nothing'}, not NEW_AND_OLD_IMAGES", " && ".join(steps))
