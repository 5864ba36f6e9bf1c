"""What the pages on which meetings are made and changed look like, in whichever language and on whichever screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.chromium import Chromium, Page
from tests.browser.screens import on_every_screen
from tests.browser.stand import Stand, refused
from tests.browser.test_manage_page import MAY, at, meeting, over
from tests.browser.test_schedule_page import fill_in, send

LONG = "Dr. Maximiliane-Wilhelmine von Donaudampfschifffahrtsgesellschaft"
LOST = {"recording": "lost", "recording_lost": ["20260302T120500Z-3.mkv (64 MiB) is not uploaded: the disk is full."]}


def form(page: Page, stand: Stand) -> None:
    page.open(stand.url)
    page.wait_for_text("Schedule a meeting")


def amiss(page: Page, stand: Stand) -> None:
    full = refused(409, "There is no room at that time.", free=["2026-03-02T18:00:00Z", "2026-03-02T18:15:00Z"])
    fill_in(page, stand, full, teacher_name=LONG, meet_time="2026-10-25T02:30")
    page.click("submit")
    page.wait_for_text("comes twice")


def full(page: Page, stand: Stand) -> None:
    answer = refused(409, "There is no room at that time.", free=["2026-03-02T18:00:00Z", "2026-03-02T18:15:00Z"])
    fill_in(page, stand, answer)
    send(page)
    page.wait_for_text("Monday, 2 March 2026 at 19:15")


def scheduled(page: Page, stand: Stand) -> None:
    fill_in(page, stand, teacher_name=LONG)
    send(page)
    page.wait_for_text("The meeting is scheduled")
    page.run("document.querySelector('#inviting summary').click()")


def kept(page: Page, stand: Stand) -> None:
    scheduled(page, stand)
    page.click("another")
    page.wait_for_text("My meetings")


def living(page: Page, stand: Stand) -> None:
    at(page, stand, meeting(teacher_name=LONG, sequence=2))
    page.wait_for_text("The people and their desktops")


def begun(page: Page, stand: Stand) -> None:
    at(page, stand, meeting(may=MAY | {"move": False}))
    page.wait_for_text("Its time can no longer be changed.")


def asked_about(page: Page, stand: Stand) -> None:
    living(page, stand)
    page.click("cancel")


def lost(page: Page, stand: Stand) -> None:
    at(page, stand, over("MAX_DURATION", seats={"teacher": LOST, "student": {"recording": "safe"}}))
    page.wait_for_text("is not uploaded")


STATES = [form, amiss, full, scheduled, kept, living, begun, asked_about, lost]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_any_state_fits_any_screen_in_any_language_and_shuts_nobody_out(
    browser: Chromium, stand: Stand, state: Callable[[Page, Stand], None]
) -> None:
    with browser.page() as page:
        state(page, stand)
        for _ in on_every_screen(page):
            pass
