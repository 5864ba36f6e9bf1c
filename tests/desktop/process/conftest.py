"""One cloud and one laptop for the tests of a module; each test has a meeting of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from localcloud.cloud import Cloud
from localcloud.laptop import Laptop
from tests.desktop.process.laptops import Meeting
from tests.running import running_laptop


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cloud, Laptop]]:
    if sys.platform == "win32":
        pytest.skip("Windows' own tasklist.exe and registry are asked there, and nothing stands in for them yet.")
    with running_laptop(tmp_path_factory.mktemp("laptop")) as running:
        yield running


@pytest.fixture
def meeting(laptop: tuple[Cloud, Laptop]) -> Meeting:
    return Meeting(*laptop, teacher_name="Ada 🐘 عائشة")
