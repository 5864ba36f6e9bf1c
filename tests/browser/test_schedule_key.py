"""The key that unlocks scheduling, in the form: kept only when told to, and what a meeting would cost who has one."""

from __future__ import annotations

from tests.browser.chromium import Chromium, Page
from tests.browser.stand import Answer, Stand, refused
from tests.browser.test_schedule_page import LOCKED, SCHEDULED, fill_in, send

KEPT = "localStorage.getItem('elephant.key')"
COST = Answer(200, {"message": "So much it would cost.", "estimate": 0.4133, "currency": "USD"})


def unlock(page: Page, stand: Stand, key: str, *answers: Answer) -> None:
    """Fill the form in, be asked for the key, and give it; then the app answers so."""
    fill_in(page, stand, LOCKED)
    send(page)
    page.wait_for_text("Please enter the scheduling key")
    stand.answers = list(answers)
    page.fill("schedule_key", key)


def test_a_key_is_kept_only_where_somebody_says_so_and_until_it_is_refused(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        unlock(page, stand, "let-me-in", SCHEDULED)
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert page.run(KEPT) is None
        page.run("location.hash = ''")
        page.open(stand.url)
        assert not page.shows("lock")
    with browser.page() as page:
        unlock(page, stand, "let-me-in", SCHEDULED)
        page.click("keep_key")
        send(page)
        page.wait_for_text("The meeting is scheduled")
        fill_in(page, stand, SCHEDULED, student_name="Bo")
        assert page.run("document.getElementById('schedule_key').value") == "let-me-in"
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert stand.questions[-1].headers["X-Schedule-Key"] == "let-me-in"
        fill_in(page, stand, refused(403, "This key is not valid here, or not any more."), student_name="Bea")
        send(page)
        page.wait_for_text("This key was not accepted")
        assert page.run(KEPT) == "null"


def test_whoever_has_a_key_is_told_what_the_meeting_would_cost(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand, LOCKED, duration_minutes="60")
        send(page)
        page.wait_for_text("Please enter the scheduling key")
        stand.answers = [COST]
        page.run(
            "document.getElementById('schedule_key').value = 'let-me-in';"
            "document.getElementById('schedule_key').dispatchEvent(new Event('change'))"
        )
        page.wait_for_text("Its desktops will cost USD 0.41 at the most.")
        question = stand.questions[-1]
        assert question.path == "/api/cost?duration_minutes=60"
        assert question.headers["Authorization"] == "Bearer let-me-in"
        stand.answers = [refused(403)]
        page.run(
            "document.getElementById('schedule_key').value = 'guessed';"
            "document.getElementById('schedule_key').dispatchEvent(new Event('change'))"
        )
        page.wait_for("!document.getElementById('cost').textContent")
