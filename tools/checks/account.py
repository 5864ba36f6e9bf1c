"""The account and this machine: who is asking, whether its clock and its Python will do, and Lambda's room."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date, timedelta

from tools import executions, place
from tools.account import NoEntry, skew
from tools.findings import Finding, fail, ok, warn
from tools.site import Site

SUPPORT_ENDS = {
    (3, 11): date(2027, 6, 30),
    (3, 12): date(2028, 10, 31),
    (3, 13): date(2029, 6, 30),
    (3, 14): date(2029, 6, 30),
}
"""When Lambda means to stop supporting a Python (AWS, Lambda runtimes; the dates are projections)."""

_SKEW = timedelta(seconds=30)
_WARN_BEFORE_END = timedelta(days=180)


def credentials(site: Site) -> Iterator[Finding]:
    """The credentials are good, for the right account, and the file leads to where the stage is."""
    try:
        place.refuse_another(site.stage, site.account)
        yield ok(f"credentials for account {site.account.id}, Region {site.stage.region}")
    except NoEntry as error:
        yield fail(error.what, error.remedy)


def clock(site: Site) -> Iterator[Finding]:
    """This machine's clock agrees with AWS's: signatures and the times people type depend on it."""
    off = skew(site.client("sts").get_caller_identity(), site.now())
    if off is None:
        return
    if abs(off) > _SKEW:
        remedy = "turn on time synchronisation (Linux: sudo timedatectl set-ntp true)"
        yield warn(f"this machine's clock is {off.total_seconds():+.0f} s off AWS's", remedy)
    else:
        yield ok("this machine's clock agrees with AWS's")


def runtime(site: Site) -> Iterator[Finding]:
    """The Python that runs this is what Chalice ships, and Lambda supports it for a while yet."""
    version = sys.version_info[:2]
    name = ".".join(map(str, version))
    ends = SUPPORT_ENDS.get(version)
    newer = f"make clean && make PYTHON=python3.13 deploy STAGE={site.stage.name}"
    if ends is None:
        yield fail(f"Lambda has no runtime for Python {name}", newer)
    elif site.now().date() >= ends - _WARN_BEFORE_END:
        yield warn(f"Lambda supports Python {name} until {ends}", newer)
    else:
        yield ok(f"Lambda supports Python {name} until {ends}")


def concurrency(site: Site) -> Iterator[Finding]:
    """One execution is set aside for the sweep, or can be: Lambda keeps 100 that nobody may reserve."""
    if executions.is_reserved(site.stage, site.client):
        yield ok("one execution of Lambda is set aside for the sweep")
        return
    free, total = executions.unreserved(site.client)
    if free > executions.NEVER_RESERVED:
        yield ok(f"one of Lambda's {free} unreserved executions can be set aside for the sweep")
        return
    ask = "service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384"
    wanted = max(1000, total + executions.NEVER_RESERVED + 1 - free)
    yield warn(
        f"none of Lambda's {free} unreserved executions can be set aside for the sweep, since "
        f"{executions.NEVER_RESERVED} always stay; many requests at once may hold it up",
        f"{site.aws(f'{ask} --desired-value {wanted}')} (Lambda's quota Concurrent executions); then "
        f"{site.make('deploy')}",
    )
