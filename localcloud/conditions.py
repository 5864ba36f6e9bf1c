"""How the platform behaves: how long things take, what there is no room for, what gets lost.

The defaults are a good day on AWS.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.settings import Client


@dataclass(frozen=True, slots=True)
class Conditions:
    """One day's behaviour."""

    starting_s: tuple[float, float] = (20, 30)
    """How long an instance is pending, at least and at most."""
    stopping_s: tuple[float, float] = (25, 35)
    """How long an instance is shutting down."""
    vanish_s: float = 3600
    """How long a terminated instance is still listed."""
    blind_s: float = 0
    """How long DescribeInstances does not show an instance that was launched."""
    boot_s: tuple[float, float] = (150, 210)
    """How long Windows takes from `running` until the desktop reports for work."""
    failing: int = 0
    """How many of the desktops that each role gets, the first ones, are never ready."""
    client: Client = Client.SCRIPTS
    """What runs on desktops."""
    guests: bool = True
    """Whether something runs on desktops: without, they boot and nothing reports."""
    full_zones: frozenset[str] = frozenset()
    """Availability zones that have no capacity."""
    lost: frozenset[str] = frozenset()
    """What never arrives: any of "ec2 events", "stream", "timers"."""
    doubled: bool = False
    """Whether every event, timer and stream batch arrives twice."""
    seed: int = 1
    """Seeds the random choices, so that a run can be repeated."""


GOOD_DAY = Conditions()
