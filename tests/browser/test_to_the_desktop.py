"""From the link in a mail to the desktop with the room open: the app, the agent, a real browser, no password."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import boto3
import pytest

from localcloud.cloud import Cloud
from localcloud.doors import DOMAIN
from localcloud.laptop import Laptop
from localcloud.people import schedule
from tests.browser.chromium import Chromium
from tests.browser.conftest import CHROMIUM
from tests.running import running_laptop


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Cloud, Laptop]]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with running_laptop(tmp_path / "laptop") as running:
        yield running


@pytest.fixture
def visitor(tmp_path: Path, laptop: tuple[Cloud, Laptop]) -> Iterator[Chromium]:
    """A browser that takes the links' port for the one that is free here, and this run's certificate for a good one."""
    _, running = laptop
    port = f"--host-resolver-rules=MAP *.{DOMAIN}:8443 127.0.0.1:{running.doors.port}"
    (tmp_path / "profile").mkdir()
    browser = Chromium(CHROMIUM, tmp_path / "profile", port, "--ignore-certificate-errors")
    yield browser
    browser.close()


def test_a_click_leads_to_the_desktop_with_the_room_open(laptop: tuple[Cloud, Laptop], visitor: Chromium) -> None:
    cloud, _ = laptop
    now = cloud.clock.now()
    invitation = schedule(
        cloud.url,
        cloud.timeline,
        now + timedelta(minutes=3),
        teacher_name="Ann Ash",
        frontend_base_url=f"{cloud.url}/meeting",
    )
    began = time.monotonic()
    with visitor.page() as page:
        page.open(invitation.links["teacher"])
        page.wait_for_text("Your desktop is ready")
        assert "teacher_joined_at" not in cloud.row(invitation.meeting_id)
        before = len(cloud.ledger.calls)
        clicked = time.monotonic()
        page.click("open")
        desktop = visitor.tab("https://i-")
        desktop.wait_for_text("The room is open")
        print(
            f"{clicked - began:.1f} s from the link to the button, {time.monotonic() - clicked:.1f} s from the click "
            f"to the room, {len(cloud.ledger.calls) - before} calls of the app, passwords typed: 0"
        )
        assert "Ann Ash" in desktop.text()
        assert "teacher_joined_at" in cloud.row(invitation.meeting_id)

        desktop.click("leave")
        desktop.wait_for("document.body.innerText.includes('left')")
        desktop.call("Page.navigate", url="about:blank")
        page.click("open")  # the way back in
        again = visitor.tab("https://i-")
        again.wait_for_text("The room is open")


def test_a_token_that_has_opened_one_browser_opens_no_other(laptop: tuple[Cloud, Laptop], visitor: Chromium) -> None:
    cloud, _ = laptop
    start = cloud.clock.now() + timedelta(minutes=3)
    invitation = schedule(cloud.url, cloud.timeline, start, frontend_base_url=f"{cloud.url}/meeting")
    with visitor.page() as page:
        page.open(invitation.links["student"])
        page.wait_for_text("Your desktop is ready")
        page.click("open")
        desktop = visitor.tab("https://i-")
        desktop.wait_for_text("The room is open")
        first = desktop.run("performance.getEntriesByType('navigation')[0].name")
        page.click("open")
        page.wait_for("document.getElementById('open').ariaBusy === 'false'")
        other = visitor.attach(visitor.call("Target.createTarget", url=f"{first}#console")["targetId"])
        other.wait_for_text("meeting page")
        assert "The room is open" not in other.text()
