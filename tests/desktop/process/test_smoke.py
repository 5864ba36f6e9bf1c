"""`make smoke` on desktops of real processes: the agent, its door, its word, and what the command makes of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from localcloud.cloud import Cloud
from localcloud.laptop import Laptop
from tests.tools.smoke import visitor
from tests.tools.smoke.price_list import PriceList
from tests.tools.smoke.stages import hurry, resolver, site, time_flies, trust
from tools.site import Site
from tools.smoke import Options, Smoke


@pytest.fixture(scope="module")
def stage(laptop: tuple[Cloud, Laptop]) -> Site:
    return site(laptop[0])


@pytest.fixture
def smoke(stage: Site, laptop: tuple[Cloud, Laptop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Smoke:
    cloud, running = laptop
    trust(cloud, tmp_path, monkeypatch)
    options = Options(
        api=cloud.address,
        browser=str(visitor.program(tmp_path, running.doors.port)),
        open_for=timedelta(seconds=1),
        resolver=resolver(cloud, running),
    )
    return Smoke(stage, options, hurry, lambda _: [], prices=PriceList)


def test_the_whole_chain_is_proven(
    smoke: Smoke, laptop: tuple[Cloud, Laptop], capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, _ = laptop
    with time_flies(cloud, "teacher_session_data", "student_session_data"):
        code = smoke.run()
    said = capsys.readouterr().out
    assert code == 0, said
    assert "Nothing is wrong: the whole chain is proven." in said
    for step in ("ready", "way in", "door opened", "recording safe", "all is gone"):
        assert f"\n{step}  " in said
