"""A cloud whose time passes as it does, and a laptop whose desktops are real processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app import app
from chalicelib.settings import Client
from localcloud.clock import RealClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.doors import DOMAIN
from localcloud.laptop import Laptop

AT_ONCE = Conditions(starting_s=(0.2, 0.2), stopping_s=(0.2, 0.2), client=Client.KIT, guests=False)
"""Instances start and stop in a moment, and nothing but the laptop's own processes plays the desktops."""


@contextmanager
def running_laptop(folder: Path, clock: RealClock | None = None, **settings: Any) -> Iterator[tuple[Cloud, Laptop]]:
    """Have both run inside; `clock` is another than the wall's.

    `settings` are the laptop's and those of the desktops' agent, which takes people for gone after three seconds.
    """
    clock = clock or RealClock()
    with Cloud(app, clock, AT_ONCE, domain=DOMAIN) as cloud:
        laptop = Laptop(cloud, folder, **{"away_minutes": 0.05, **settings})
        clock.start()
        yield cloud, laptop
        clock.stop()
        laptop.stop()
