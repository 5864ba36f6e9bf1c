"""`make smoke` with the browser that it is meant for: headless Chromium opens both doors and stays in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from localcloud.cloud import Cloud
from localcloud.doors import DOMAIN
from localcloud.laptop import Laptop
from tests.browser.conftest import CHROMIUM
from tests.hurried import AGENT
from tests.running import running_laptop
from tests.tools.smoke.price_list import PriceList
from tests.tools.smoke.stages import hurry, resolver, site, time_flies, trust
from tools.smoke import Options, Smoke


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cloud, Laptop]]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with running_laptop(tmp_path / "laptop", agent=AGENT) as running:
        yield running


def test_a_headless_chromium_opens_both_doors(
    laptop: tuple[Cloud, Laptop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, running = laptop
    trust(cloud, tmp_path, monkeypatch)
    port = f"--host-resolver-rules='MAP *.{DOMAIN}:8443 127.0.0.1:{running.doors.port}'"
    chromium = tmp_path / "chromium-here"
    chromium.write_text(f'#!/bin/sh\nexec "{CHROMIUM}" {port} --ignore-certificate-errors --no-proxy-server "$@"\n')
    chromium.chmod(0o755)
    options = Options(
        api=cloud.address, browser=str(chromium), open_for=timedelta(seconds=1), resolver=resolver(cloud, running)
    )
    with time_flies(cloud, "teacher_session_data", "student_session_data"):
        code = Smoke(site(cloud), options, hurry, lambda _: [], prices=PriceList).run()
    said = capsys.readouterr().out
    print(said, file=sys.stderr)
    assert code == 0, said
    assert "Nothing is wrong: the whole chain is proven." in said
