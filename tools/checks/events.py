"""The bus on which others are told what happens to meetings. What is wrong with it keeps no meeting from working."""

from __future__ import annotations

from collections.abc import Iterator

from tools import inventory
from tools.bus import bus_arn
from tools.checks.roles import may
from tools.errors import ignore_not_found
from tools.findings import Finding, ok, warn
from tools.site import Site


def event_bus(site: Site) -> Iterator[Finding]:
    """The bus that the stage's file names is there, as far as that can be told from the stage's Region and account."""
    named = site.stage.event_bus
    if not named:
        yield ok("nobody else is told what happens to meetings (operations.event_bus is empty)")
        return
    arn = bus_arn(named, site.account)
    name = arn.rpartition("/")[2]
    if arn != site.account.arn("events", f"event-bus/{name}"):
        yield ok(f"others are told on {arn}; what it does not take stands in the log as not_announced")
        return
    with ignore_not_found():
        site.client("events").describe_event_bus(Name=name)
        yield ok(f"others are told on the bus {name} what happens to meetings")
        return
    make = site.aws(f"events create-event-bus --name {name}")
    yield warn(
        f"there is no bus {name}, so nobody else is told", f"{make}; or correct operations.event_bus in {site.file}"
    )


def telling(site: Site) -> Iterator[Finding]:
    """The function that tells others knows the bus, and may put events on it."""
    function = inventory.functions(site.stage, site.client).get("stream_terminator", {})
    named, known = site.stage.event_bus, function.get("Environment", {}).get("Variables", {}).get("EVENT_BUS", "")
    if known != named:
        yield warn(
            f"others are told on {known or 'no bus'}, and {site.file} names {named or 'none'}", site.make("deploy")
        )
    elif named and not may(site, function["Role"], "events:PutEvents", bus_arn(named, site.account)):
        yield warn(f"stream_terminator may not put events on {named}: nobody else is told", site.make("deploy"))
    else:
        yield ok(f"stream_terminator tells others on {named}" if named else "no function tells others anything")
