"""What must hold before and after a deploy, one function a check, in modules by what they examine.

A check never changes anything and may raise what AWS raises; `examine` turns that into a finding. Every
finding that is not ok says what puts it right, as a command where there is one. To add a check, write it in
the module of what it examines, and name it below, where it is to come in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import requests
from botocore.exceptions import BotoCoreError, ClientError

from tools.checks import (
    account,
    alarms,
    certificate,
    desktops,
    dns,
    events,
    functions,
    gateway,
    image,
    keys,
    kit,
    meetings,
    network,
    pages,
    prices,
    recordings,
    roles,
    table,
)
from tools.errors import is_denied, is_not_found, passes
from tools.findings import CHANGED_BY_HAND, Finding, Level, fail, warn
from tools.site import Site

Check = Callable[[Site], Iterable[Finding]]


def _by_name(*checks: Check) -> dict[str, Check]:
    return {check.__name__: check for check in checks}


BEFORE = _by_name(
    account.credentials,
    account.clock,
    account.runtime,
    account.concurrency,
    image.image,
    image.agent,
    image.encryption,
    image.fast_launch,
    desktops.client,
    desktops.instance_type,
    desktops.quota,
    desktops.key_pair,
    network.network,
    network.security_groups,
    roles.instance_profile,
    dns.zone,
    meetings.video,
    pages.logo,
    prices.prices,
    recordings.consent,
    recordings.recordings_bucket,
    events.event_bus,
)
"""What can be told before the first deploy. A report names each check by its function."""

AFTER = _by_name(
    meetings.paused,
    table.table,
    keys.keys,
    keys.scheduling,
    functions.functions,
    kit.kit,
    kit.issuer_root,
    certificate.certificate,
    recordings.uploads,
    gateway.limits,
    functions.rules,
    functions.stream,
    events.telling,
    roles.timers,
    alarms.alarms,
)
"""What can be told only once there is a stack."""


def examine(site: Site) -> Iterator[tuple[str, Finding]]:
    """Yield what every check finds, with the check's name; a check that cannot look is a finding too."""
    for name, check in BEFORE.items():
        found = list(look(check, site))
        for finding in found:
            yield name, finding
        if check is account.credentials and any(finding.level is Level.FAIL for finding in found):
            return
    if not site.outputs:
        yield "stack", fail("the stage is not deployed", site.make("deploy"))
        return
    for name, check in AFTER.items():
        for finding in look(check, site):
            yield name, finding


def look(check: Check, site: Site) -> Iterator[Finding]:
    """Yield what a check finds, or why it could not look, which keeps nobody from deploying."""
    name = check.__name__
    try:
        yield from check(site)
    except ClientError as error:
        if is_denied(error):
            yield warn(f"{name} could not be looked at: {error}", "use credentials that may read this")
        elif passes(error):
            yield warn(f"{name} could not be looked at: {error}", "run the doctor again in some minutes")
        elif is_not_found(error):
            yield fail(f"{name} could not be looked at: {error}", CHANGED_BY_HAND)
        else:
            yield fail(f"{name}: {error}", "repair what AWS says, then run the doctor again")
    except (BotoCoreError, requests.RequestException) as error:
        remedy = f"see that this machine reaches the internet, and that {site.stage.region} has the service"
        yield warn(f"{name} could not be looked at: {error}", remedy)
