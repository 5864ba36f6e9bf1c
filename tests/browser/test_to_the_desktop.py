"""From the link in a mail to the desktop with the room open: the app, the agent, a real browser, no password.

Pages wait here as long as they do for anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from tests.browser.chromium import Page
from tests.browser.cloud import House
from tests.browser.test_story_trouble import scheduled

DEVICES = 6
NOTE_WHEN_IT_MAY_BE_CLICKED = """
addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("open");
  new MutationObserver(() => {
    if (!button.hidden) window.mayBeClickedAt ??= (performance.timeOrigin + performance.now()) / 1000;
  }).observe(button, { attributes: true });
});
"""


class Waiting:
    """Two people who wait for their desktops, each on some devices, until these are ready."""

    def __init__(self, home: House, pages: dict[str, list[Page]]) -> None:
        self.home = home
        self.pages = pages
        self.meeting_id = ""

    @property
    def row(self) -> dict[str, Any]:
        return self.home.row(self.meeting_id)

    def seconds_to_the_button(self) -> list[float]:
        """Return for each device how long after its desktop's report it could be clicked."""
        ahead = self.home.clock.now() - datetime.now(UTC)
        found = []
        for role, pages in self.pages.items():
            healthy_at = (datetime.fromisoformat(self.row[f"{role}_healthy_at"]) - ahead).timestamp()
            found += [page.run("window.mayBeClickedAt") - healthy_at for page in pages]
        return found


@pytest.fixture(scope="module")
def waiting(home: House) -> Iterator[Waiting]:
    with ExitStack() as stack:
        pages = [
            stack.enter_context(home.person(hurries=False, before=NOTE_WHEN_IT_MAY_BE_CLICKED)) for _ in range(DEVICES)
        ]
        found = Waiting(home, {"teacher": pages[::2], "student": pages[1::2]})
        invitation = scheduled(home, home.clock.now() + timedelta(minutes=3))
        found.meeting_id = invitation.meeting_id
        for role, devices in found.pages.items():
            for page in devices:
                page.open(invitation.links[role])
        for page in pages:
            page.wait_for_text("Your desktop is ready")
        yield found


def test_a_click_leads_to_the_desktop_with_the_room_open(
    waiting: Waiting, record_property: Callable[[str, object], None]
) -> None:
    home, page = waiting.home, waiting.pages["teacher"][0]
    seconds = waiting.seconds_to_the_button()
    assert "teacher_joined_at" not in waiting.row
    before, calls, clicked = home.browser.tabs(), len(home.cloud.ledger.calls), time.monotonic()
    page.click("open")
    desktop = home.browser.tab("https://i-", beside=before)
    desktop.wait_for_text("The room is open")
    record_property(
        "figure",
        f"from HEALTHY to a button that may be clicked: {median(seconds):.1f} s, at most {max(seconds):.1f} s on "
        f"{DEVICES} devices; from the click to the room: {time.monotonic() - clicked:.1f} s, "
        f"{len(home.cloud.ledger.calls) - calls} calls, passwords typed: 0",
    )
    assert "Ann Ash" in desktop.text()
    assert "teacher_joined_at" in waiting.row

    desktop.click("leave")
    desktop.wait_for("document.body.innerText.includes('left')")
    desktop.call("Page.navigate", url="about:blank")
    page.click("open")  # the way back in
    again = home.browser.tab("https://i-", beside=before)
    again.wait_for_text("The room is open")


def test_a_token_that_has_opened_one_browser_opens_no_other(waiting: Waiting) -> None:
    browser, page = waiting.home.browser, waiting.pages["student"][0]
    before = browser.tabs()
    page.click("open")
    desktop = browser.tab("https://i-", beside=before)
    desktop.wait_for_text("The room is open")
    first = desktop.run("performance.getEntriesByType('navigation')[0].name")
    page.click("open")
    page.wait_for("document.getElementById('open').ariaBusy === 'false'")
    other = browser.attach(browser.call("Target.createTarget", url=f"{first}#console")["targetId"])
    other.wait_for_text("meeting page")
    assert "The room is open" not in other.text()
