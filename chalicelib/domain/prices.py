"""What an hour of a desktop costs, by the prices that an operator has set. Pure, and in US dollars.

No price is known to the app by itself: where an operator has set none, no cost is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

CURRENCY = "USD"
HOURS_A_MONTH = 730
"""What AWS takes for a month where it sells something by the month."""

_BASELINES = {"nano": 5, "micro": 10, "small": 20, "medium": 20, "large": 30, "xlarge": 40, "2xlarge": 40}
_VCPUS = {"xlarge": 4, "2xlarge": 8}
_UNLIMITED = ("t3", "t3a", "t4g")
"""The families that run beyond their baseline for money unless somebody has said otherwise; T2 is slowed down."""


@dataclass(frozen=True, slots=True)
class Burst:
    """A type whose price is for an average share of its vCPUs, in percent of each: what is above is paid by itself."""

    vcpus: int
    baseline: int

    def surplus(self, busy_percent: int) -> Decimal:
        """Return how many vCPUs are paid beside the price of the type, at this average use of all of them."""
        return Decimal(max(busy_percent - self.baseline, 0) * self.vcpus) / 100


def burst_of(instance_type: str) -> Burst | None:
    """Return how a type bursts, by AWS's table of baselines; None for one that has its vCPUs for itself."""
    family, _, size = instance_type.partition(".")
    if family not in _UNLIMITED or size not in _BASELINES:
        return None
    return Burst(_VCPUS.get(size, 2), _BASELINES[size])


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What an operator has set, and the desktop that it is for.

    `burst_vcpu_hour` is what an hour of a vCPU costs above the type's baseline, and `busy_percent` how busy a desktop
    is taken to be on average, from its launch to its end.
    """

    desktop_hour: Decimal
    volume_gib_month: Decimal
    address_hour: Decimal
    burst_vcpu_hour: Decimal = Decimal(0)
    busy_percent: int
    as_of: date | None = None
    source: str | None = None
    instance_type: str
    volume_gib: int

    @property
    def hourly(self) -> Decimal:
        """What an hour of one desktop costs with its volume, its address and what it bursts; not rounded."""
        burst = burst_of(self.instance_type)
        surplus = burst.surplus(self.busy_percent) * self.burst_vcpu_hour if burst else Decimal(0)
        volume = self.volume_gib_month * self.volume_gib / HOURS_A_MONTH
        return self.desktop_hour + volume + self.address_hour + surplus
