"""The prices that costs are told by: whether there are any, of which day, and whether they are still believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.domain.prices import burst_of
from chalicelib.environment import PRICED_BY, Settings
from chalicelib.settings import SETTINGS
from tools.findings import Finding, fail, ok, warn
from tools.site import Site

OLD = timedelta(days=90)
"""How long prices are believed: AWS changes them now and then."""


def prices(site: Site) -> Iterator[Finding]:
    """What desktops cost is set, all of it, and not long ago."""
    stage = site.stage
    again = f"write what {site.make('prices')} prints into {site.file}"
    told = Settings({row.name: stage.variable(row.name) for row in SETTINGS}).prices()
    if told is None:
        missing = [row.key for row in SETTINGS if row.target in PRICED_BY and not stage.variable(row.name)]
        lacking = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set"
        if stage.variable("MONTHLY_LIMIT"):
            yield fail(f"meetings.monthly_limit limits nothing: {lacking}", again)
        else:
            yield warn(f"no cost is told: {lacking}", again)
        return
    if burst_of(told.instance_type) and not stage.variable("PRICE_BURST_VCPU_HOUR"):
        why = f"{told.instance_type} bursts for money, and prices.burst_vcpu_hour is not set: costs leave it out"
        yield warn(why, again)
    if told.as_of is None:
        yield warn("nobody knows of which day the prices are: prices.as_of is not set", again)
        return
    age = site.now().date() - told.as_of
    days = age // timedelta(days=1)
    if age > OLD:
        yield warn(f"the prices are of {told.as_of}, {days} days old", again)
    elif age < -timedelta(days=1):  # somewhere it is tomorrow already
        yield warn(f"the prices are of {told.as_of}, a day that is yet to come", again)
    else:
        yield ok(f"costs are told by prices of {told.as_of}: {told.hourly:.4f} US dollars an hour of a desktop")
