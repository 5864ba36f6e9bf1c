"""Being recorded, in a browser: told before the click, told to the app with the click, and in the calendar's file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import READY, SILENCE, Answer, Stand, refused, waiting
from tests.browser.test_meeting_page import at
from tests.browser.test_schedule_page import ID, SCHEDULED, fill_in, send
from tests.waiting import until

CONSENT = {"operator": "Example Language School", "contact": "privacy@school.example", "keep_days": 30}
NOTICE = (
    "This meeting is recorded. Example Language School records the screen and the sound of your desktop, and keeps the "
    "recording for 30 days at most. To have it erased sooner, ask privacy@school.example."
)


def told(answer: Answer, consent: object = CONSENT, **more: object) -> Answer:
    """Return this answer of a stage that records."""
    assert isinstance(answer.body, dict)
    return Answer(answer.status, {**answer.body, **more, "consent": consent}, answer.headers)


def words(page: Page) -> str:
    return " ".join(page.text("recorded").split())


@pytest.mark.parametrize("step", ["scheduled", "launching", "booting"])
def test_it_is_told_while_people_wait(browser: Chromium, stand: Stand, step: str) -> None:
    with browser.page() as page:
        at(page, stand, told(waiting(step)))
        page.wait_for_text("This meeting is recorded.")
        assert words(page) == f"{NOTICE} By opening your desktop you agree to this."
        assert not page.shows("open")


def test_it_is_told_before_the_click_and_the_click_says_so(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, told(READY, auth_token="a.1"))
        page.wait_for_text("Your desktop is ready")
        assert words(page).startswith(NOTICE)
        assert page.run("document.getElementById('open').getAttribute('aria-describedby')") == "recorded"
        assert page.run(
            "document.getElementById('recorded').getBoundingClientRect().bottom"
            " <= document.getElementById('open').getBoundingClientRect().top"
        )
        asked = len(stand.questions)
        assert not [question for question in stand.questions if "consent" in question.path]
        page.click("open")
        until(lambda: len(stand.questions) > asked, patience_s=30)
        assert stand.questions[asked].path.endswith("/teacher?consent=1")


def test_a_stage_that_does_not_record_says_nothing_of_it_and_neither_does_the_click(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text("Your desktop is ready")
        assert not page.shows("recorded")
        assert "record" not in page.text()
        asked = len(stand.questions)
        page.click("open")
        until(lambda: len(stand.questions) > asked, patience_s=30)
        assert stand.questions[asked].path.endswith("/teacher")


def test_what_was_told_stays_through_trouble_and_goes_with_the_meeting(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, told(waiting("booting")), SILENCE, refused(410, reason="SUCCESS"))
        page.wait_for_text("This meeting is recorded.")
        page.run("dispatchEvent(new Event('online'))")
        page.wait_for_text("This page keeps trying")
        assert page.shows("recorded")
        page.run("dispatchEvent(new Event('online'))")
        page.wait_for_text("This meeting has ended")
        assert not page.shows("recorded")


def test_what_an_operator_is_called_never_becomes_markup(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, told(READY, {"operator": "<img src=x>", "contact": "", "keep_days": 1}))
        page.wait_for_text("<img src=x> records the screen")
        assert "for 1 day at most. To have it erased sooner, ask <img src=x>." in words(page)


# --- the calendar's file


def files(browser: Chromium, page: Page, folder: Path) -> dict[str, str]:
    """Return what the page hands to a calendar, by the role."""
    context = page.call("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), browserContextId=context)
    found = {}
    for role in ("teacher", "student"):
        page.click(f"{role}-calendar")
        path = folder / f"meeting-{role}.ics"
        until(path.exists, f"{path.name} is kept", patience_s=30)
        found[role] = path.read_bytes().decode()
    return found


def unfolded(text: str) -> dict[str, str]:
    """Return a calendar file's properties."""
    lines = text.replace("\r\n ", "").split("\r\n")
    return dict(line.split(":", 1) for line in lines if line)


def test_each_role_has_a_file_with_its_own_link_the_time_in_utc_and_the_notice(
    browser: Chromium, stand: Stand, tmp_path: Path
) -> None:
    scheduled: Any = {**SCHEDULED.body, "consent": CONSENT}  # type: ignore[dict-item]
    with browser.page() as page:
        fill_in(
            page,
            stand,
            Answer(200, scheduled),
            student_name="Zoë; Ben, 日本語の名前がとても長い人のための試験",
            duration_minutes="50",
        )
        send(page)
        page.wait_for_text("The meeting is scheduled")
        found = files(browser, page, tmp_path)
    for role, text in found.items():
        assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
        assert "\n" not in text.replace("\r\n", "")
        event = unfolded(text)
        assert (event["DTSTART"], event["DTEND"]) == ("20260302T173000Z", "20260302T182000Z")
        assert re.fullmatch(r"\d{8}T\d{6}Z", event["DTSTAMP"])
        assert event["UID"] == f"{ID}-{role}@127.0.0.1"
        assert event["URL"] == f"https://school.example/meeting?id={ID}&role={role}"
        assert event["DESCRIPTION"].replace("\\,", ",").split("\\n") == [event["URL"], *re.split(r"(?<=[.]) ", NOTICE)]
        other = "student" if role == "teacher" else "teacher"
        assert f"role={other}" not in text
    assert unfolded(found["teacher"])["SUMMARY"] == "Meeting with Zoë\\; Ben\\, 日本語の名前がとても長い人のための試験"
    assert unfolded(found["student"])["SUMMARY"] == "Meeting with Ann Ash"


def test_a_file_of_a_stage_that_does_not_record_says_nothing_of_it(
    browser: Chromium, stand: Stand, tmp_path: Path
) -> None:
    with browser.page() as page:
        fill_in(page, stand)
        send(page)
        page.wait_for_text("The meeting is scheduled")
        for text in files(browser, page, tmp_path).values():
            assert "record" not in text
            assert "DTEND" not in unfolded(text)
            assert unfolded(text)["DESCRIPTION"] == unfolded(text)["URL"]


# --- what became of it

LOST = "20300601T080000Z-3.mkv (64 MiB) is not uploaded: the disk is <full>."


def test_who_was_recorded_is_told_when_that_is_saved(browser: Chromium, stand: Stand) -> None:
    saving = refused(410, reason="MAX_DURATION", recording="on its way")
    with browser.page(before=FASTER) as page:
        at(page, stand, READY, saving, saving, refused(410, reason="MAX_DURATION", recording="safe"))
        page.wait_for_text("Your side: being saved.")
        page.wait_for_text("Your side: saved.")
        assert not page.shows("open")
        asked = len(stand.questions)
        page.run("new Promise((done) => setTimeout(done, 40000))")
        assert len(stand.questions) == asked, "that was the last word"


def test_who_was_recorded_is_told_what_could_not_be_saved(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, refused(410, reason="MAX_DURATION", recording="lost", recording_lost=[LOST]))
        page.wait_for_text("Your side: could not be saved completely.")
        assert LOST in page.text("after-words")
