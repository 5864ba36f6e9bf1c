"""One cloud and one laptop for the tests of a module; each test has a meeting of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from app import app
from chalicelib.settings import Client
from localcloud.clock import RealClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.doors import DOMAIN
from localcloud.laptop import Laptop
from tests.desktop.process.laptops import Meeting

AT_ONCE = Conditions(starting_s=(0.2, 0.2), stopping_s=(0.2, 0.2), client=Client.KIT, guests=False)


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Laptop]]:
    if sys.platform == "win32":
        pytest.skip("Windows' own tasklist.exe and registry are asked there, and nothing stands in for them yet.")
    clock = RealClock(1)
    with Cloud(app, clock, AT_ONCE, domain=DOMAIN) as cloud:
        laptop = Laptop(cloud, tmp_path_factory.mktemp("laptop"), away_minutes=0.05)
        clock.start()
        yield cloud, laptop
        clock.stop()
        laptop.stop()


@pytest.fixture
def meeting(laptop: tuple[Cloud, Laptop]) -> Meeting:
    return Meeting(*laptop, teacher_name="Ada 🐘 عائشة")
