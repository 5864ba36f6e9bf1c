"""`make smoke` on desktops of real processes: the agent, its door, its word, and what the command makes of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import Cloud
from localcloud.laptop import Laptop
from tests.tools.smoke import visitor
from tests.tools.smoke.price_list import PriceList
from tests.tools.smoke.stages import put_back, resolver, site, trust
from tools.site import Site
from tools.smoke import Options, Smoke


def hurry(seconds: float) -> None:
    time.sleep(min(seconds, 0.5))


@pytest.fixture(scope="module")
def stage(laptop: tuple[Cloud, Laptop]) -> Site:
    return site(laptop[0], RECORD="true")


@pytest.fixture
def smoke(stage: Site, laptop: tuple[Cloud, Laptop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smoke:
    cloud, running = laptop
    trust(running, tmp_path, monkeypatch)
    options = Options(
        api=cloud.url,
        browser=str(visitor.program(tmp_path, running.doors.port)),
        open_for=timedelta(seconds=1),
        resolver=resolver(cloud, running),
    )
    return Smoke(stage, options, hurry, lambda _: [], PriceList)


@contextmanager
def time_flies(cloud: Cloud, *before: str) -> Iterator[None]:
    """Let the checkpoint of the newest meeting be past once its row has these attributes."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            row: dict[str, Any] = max(cloud.rows(), key=lambda row: row["created_at"], default={})
            if row and set(before) <= set(row):
                put_back(cloud, row)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    stop.set()
    thread.join()


def test_the_whole_chain_is_proven(
    smoke: Smoke, laptop: tuple[Cloud, Laptop], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, _ = laptop
    with time_flies(cloud, "teacher_session_data", "student_session_data"):
        code = smoke.run()
    said = capsys.readouterr().out
    print(said)
    assert code == 0, said
