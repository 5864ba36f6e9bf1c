"""`python -m tools.exposure`: what strangers, and whoever has a key, can make a stage spend in an hour, in US dollars.

It follows from how often the gateway lets each method be called (tools/limits.py), from AWS's list prices, and from the
operator's own limits. Prices are those of us-west-2 as AWS listed them in 2026; taxes and free tiers are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.access import DAILY
from chalicelib.environment import Settings
from chalicelib.kinds import Setting
from chalicelib.settings import SETTINGS
from tools.limits import LIMITS

_HOUR_S = 3600
_MILLION = 1_000_000
_GIB = Decimal(1024**3)

_REQUEST = Decimal("3.50") / _MILLION  # API Gateway, REST
_INVOCATION = Decimal("0.20") / _MILLION  # Lambda
_GB_S = Decimal("0.0000166667")  # Lambda, x86
_READ = Decimal("0.125") / _MILLION  # DynamoDB on demand, 4 KiB
_GB_OUT = Decimal("0.09")  # to the internet
_GB_LOGGED = Decimal("0.50")  # CloudWatch
_MEMORY_GB = Decimal("0.5")
_WARM_S = Decimal("0.02")
"""What an answer takes of a warm function of 512 MB; python -m tools.bench measures it."""

_LOGGED_BYTES = 400  # what Lambda itself writes of an invocation
_READS = 2  # a row and what a page may ask for besides
_PAGE_BYTES = 60_000  # what tests hold pages to
_ANSWER_BYTES = 2_000
_PAGES = ("/", "/meeting", "/manage", "/ops", "/days")


@dataclass(frozen=True, slots=True)
class Flood:
    """What asking one method as often as its gateway lets comes to."""

    path: str
    method: str
    a_second: float

    @property
    def dollars_an_hour(self) -> Decimal:
        """What it costs the operator."""
        is_page = self.path in _PAGES and self.method == "GET"
        sent = Decimal(_PAGE_BYTES if is_page else _ANSWER_BYTES) / _GIB * _GB_OUT
        worked = _INVOCATION + _MEMORY_GB * _WARM_S * _GB_S + _READS * _READ + _LOGGED_BYTES / _GIB * _GB_LOGGED
        return Decimal(self.a_second) * _HOUR_S * (_REQUEST + worked + sent)


def floods() -> Iterator[Flood]:
    """Yield what strangers can ask of each method that takes no signature of AWS's."""
    from app import app

    for path, methods in app.routes.items():
        for method in methods:
            if not path.startswith("/desktop"):
                rate, _ = LIMITS.get(f"{path.replace('/', '~1')}/{method}", LIMITS["*/*"])
                yield Flood(path, method, rate)


def lines() -> Iterator[str]:
    """Yield what is told, as a table of Markdown."""
    found = sorted(floods(), key=lambda each: each.dollars_an_hour, reverse=True)
    whole = sum(each.dollars_an_hour for each in found)
    settings = Settings({row.name: row.default_in_stage or row.default or _sample(row) for row in SETTINGS})
    prices, at_once = settings.prices(), settings.policy().at_once or 0
    hourly = prices.hourly if prices else Decimal(0)
    yield "| who | by what | US dollars an hour, at the most |"
    yield "|---|---|---|"
    for each in found[:3]:
        yield f"| a stranger | `{each.method} {each.path}`, {each.a_second:g} a second | {each.dollars_an_hour:.2f} |"
    yield f"| a stranger | every method of people's at once, each at its limit | {whole:.2f} |"
    said = f"by the examples of README; {DAILY} meetings a day unless the key says otherwise"
    desktops = f"desktops, {at_once} at once (`desktops.at_once`) at {hourly:.3f} each, {said}"
    yield f"| whoever has a key that schedules | {desktops} | {at_once * hourly:.2f} |"


def _sample(row: Setting) -> str:
    """Return the price that a setting shows as an example, empty for any other setting."""
    return row.example if row.name.startswith("PRICE_") else ""


def main() -> int:
    """Print the table."""
    print("\n".join(lines()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
