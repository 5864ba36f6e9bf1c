"""`python -m tools.prices --stage dev`: what AWS asks for a stage's desktops, as `[prices]` of its file.

It prints, and changes nothing. A price that cannot be had stands as a comment that says why.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

from chalicelib.adapters.ec2.volumes import TYPE
from chalicelib.domain.prices import HOURS_A_MONTH, burst_of
from tools.account import clients
from tools.imaging.content import system
from tools.stage import Stage, StageError, load
from tools.terminal import say
from tools.trial.costs import PRICES_AT, NoPrice, Prices

_OPERATIONS = {"Windows": "RunInstances:0002", "Linux": "RunInstances"}
"""EC2's words for running an instance of a system."""


def section(stage: Stage, prices: Prices, today: date) -> Iterator[str]:
    """Yield the lines of `[prices]` for the stage's desktops; `today` is UTC's."""
    kind, desktop_system = stage.instance_type, system(stage)
    yield "[prices]"
    yield from _line("desktop_hour", lambda: prices.desktop(kind, _OPERATIONS[desktop_system]))
    yield from _line("volume_gib_month", lambda: prices.volume(TYPE) * HOURS_A_MONTH)
    yield from _line("address_hour", prices.address)
    if burst_of(kind):
        yield from _line("burst_vcpu_hour", lambda: prices.burst(kind.partition(".")[0], desktop_system))
    yield f"busy_percent = {stage.variable('BUSY_PERCENT')}"
    yield f"as_of = {today}"
    yield f'source = "AWS Price List, {kind} with {desktop_system} in {stage.region}"'


def _line(key: str, price: Callable[[], Decimal]) -> Iterator[str]:
    try:
        yield f"{key} = {price().quantize(Decimal('0.000000001')).normalize():f}"
    except NoPrice as none:
        yield f"# {key} is not known: {none}"


def main() -> int:
    """Print the section of the stage that the command line names; the exit code is 0 where every price was had."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    try:
        stage = load(arguments.parse_args().stage)
    except StageError as error:
        say(str(error), sys.stderr)
        return 1
    listed = Prices(stage.region, lambda: clients(PRICES_AT)("pricing"))
    lines = list(section(stage, listed, datetime.now(UTC).date()))
    print("\n".join(lines))  # as it is: it is to be copied
    return int(any(line.startswith("#") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
