"""What comes between a person and their meeting, on the cloud itself: it passes, and the app's word alone counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from localcloud.people import Invitation, schedule
from tests import at_length
from tests.browser.chromium import Page
from tests.browser.cloud import House
from tests.browser.stand import Answer
from tests.browser.states import shows

PORTAL = Answer(200, "<!doctype html><title>Wi-Fi</title><h1>Sign in to the school's network</h1>", ours=False)
FORGERIES = {
    "an end": Answer(410, {"message": "Gone", "status": "TERMINATED", "reason": "SUCCESS"}, ours=False),
    "no meeting": Answer(404, {"message": "There is no such meeting."}, ours=False),
    "another link": Answer(403, {"message": "This link is not valid."}, ours=False),
    "a desktop": Answer(200, {"message": "Ready.", "dcv_url": "https://evil.example:8443"}, ours=False),
    "a step": Answer(202, {"message": "Wait.", "progress": {"step": "booting"}}, ours=False),
}
SOON = timedelta(hours=1)


def scheduled(home: House, start: datetime | None = None) -> Invitation:
    """Schedule a meeting that begins then, in an hour where nothing is said, for pages of the app's own."""
    return schedule(
        home.cloud.url,
        home.cloud.timeline,
        start or home.clock.now() + SOON,
        teacher_name="Ann Ash",
        student_name="Ben Birch",
        time_zone="Europe/Berlin",
        duration_minutes=50,
        frontend_base_url=f"{home.cloud.address}/meeting",
    )


def look(page: Page) -> None:
    """Look at the page again, which makes it ask."""
    page.run("document.dispatchEvent(new Event('visibilitychange'))")


@contextmanager
def waiting(home: House, invitation: Invitation, role: str = "teacher") -> Iterator[Page]:
    """Have somebody open their link, and read that their meeting is scheduled."""
    with home.person(width=720) as page:
        page.open(invitation.links[role])
        page.wait_for_text("Your meeting is scheduled")
        yield page


def test_the_network_goes_and_comes_back(home: House) -> None:
    with waiting(home, scheduled(home)) as page:
        page.offline(True)
        look(page)
        page.wait_for_text("You are offline.")
        assert "Your meeting is scheduled" in page.text()
        shows(page, "meeting-offline")
        page.offline(False)
        page.wait_for("document.getElementById('trouble').innerText === ''")
        assert "Your meeting is scheduled" in page.text()


def test_a_network_s_sign_in_page_answers_until_somebody_signs_in(home: House) -> None:
    with waiting(home, scheduled(home)) as page:
        with home.between.answers(PORTAL):
            look(page)
            page.wait_for_text("Something on the way answers in the server’s place")
            assert "Your meeting is scheduled" in page.text()
            assert "Sign in" not in page.text()
            shows(page, "meeting-behind-a-portal")
        page.wait_for("document.getElementById('trouble').innerText === ''")


@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES)
def test_an_answer_that_is_not_the_app_s_own_changes_nothing(home: House, forged: Answer) -> None:
    with waiting(home, scheduled(home)) as page:
        before = page.text("headline")
        with home.between.answers(forged):
            look(page)
            page.wait_for_text("Something on the way answers in the server’s place")
            assert page.text("headline") == before
            assert not page.shows("open")
        page.wait_for("document.getElementById('trouble').innerText === ''")
        assert page.text("headline") == before


def test_a_page_that_has_slept_shows_how_it_stands_when_it_wakes(home: House) -> None:
    invitation = scheduled(home)
    with waiting(home, invitation) as page:
        page.call("Page.setWebLifecycleState", state="frozen")
        home.until(home.clock.now() + timedelta(hours=6))
        page.call("Page.setWebLifecycleState", state="active")
        page.wait_for_text("This meeting has ended")
        shows(page, "meeting-slept-through")


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_visitor_s_clock_that_is_off_by_hours_changes_no_time_that_is_shown(home: House, hours: int) -> None:
    invitation = scheduled(home, home.clock.now() + timedelta(minutes=30))
    with home.person(ahead=timedelta(hours=hours)) as off, waiting(home, invitation) as right:
        off.open(invitation.links["teacher"])
        off.wait_for_text("It will be launched")
        minutes = [page.text("remark").partition(" min")[0] for page in (off, right)]
        assert minutes[0] == minutes[1]


def test_a_link_that_a_mail_program_has_damaged_opens_and_one_of_another_meeting_does_not(home: House) -> None:
    invitation = scheduled(home)
    link = invitation.links["teacher"]
    with home.person(width=720) as page:
        page.open(f"{link.replace('role=teacher', 'role=Teacher')}.")
        page.wait_for_text("Your meeting is scheduled")
        page.open(link.replace(invitation.meeting_id, scheduled(home).meeting_id))
        page.wait_for_text("This link does not open the meeting")
        shows(page, "meeting-another-link")


@pytest.mark.parametrize("lacking", at_length.split(["fetch", "AbortController", "Intl", "crypto"], "fetch".__eq__))
@pytest.mark.parametrize("page_name", ["", "meeting", "manage", "ops"])
def test_an_old_browser_is_told_which_to_take(home: House, lacking: str, page_name: str) -> None:
    with home.person(before=f"delete window.{lacking};", width=720) as page:
        page.open(f"{home.cloud.url}/{page_name}?id=m-1&role=teacher")
        page.wait_for_text("This page does not work in this browser")
        assert page.shows("unable")
        shows(page, "old-browser")
