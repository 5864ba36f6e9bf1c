"""One's own meeting in a browser: what the teacher's link may change, what it costs, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import at_length
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import SILENCE, Answer, Question, Stand, refused
from tests.browser.test_meeting_page import LIKELY, STRANGERS
from tests.browser.test_schedule_links import KEEP_FILES, event, kept

SIGNATURE = "0123456789abcdef0123456789abcdef"
TEACHER, STUDENT = f"m-1.{SIGNATURE}", f"m-1.{SIGNATURE[::-1]}"
MAY = {"move": True, "lengthen_to": 90, "extend": 30, "rename": True, "cancel": True, "replace": ["student"]}
MEETING: dict[str, Any] = {
    "message": "This is how the meeting stands.",
    "id": "m-1",
    "teacher_name": "Ann Ash",
    "student_name": "Ben Birch",
    "meet_time": "2026-03-02T17:30:00Z",
    "time_zone": "Europe/Berlin",
    "duration_minutes": 60,
    "ends_at": "2026-03-02T18:30:00Z",
    "status": "SCHEDULED",
    "sequence": 0,
    "may": MAY,
    "seats": {
        "teacher": {"presence": "absent", "ready": False, "link_number": 0},
        "student": {"presence": "waiting", "ready": True, "desktop_id": "i-0a", "link_number": 0},
    },
    "link_ids": {"teacher": TEACHER, "student": STUDENT},
    "history": [
        {"at": "2026-03-01T09:00:00Z", "until": "2026-03-01T10:00:00Z", "count": 3, "what": "3 earlier entries"},
        {"at": "2026-03-02T11:00:00Z", "what": "the meeting was moved", "by": "the teacher's link"},
    ],
}


def meeting(**changes: object) -> Answer:
    """Return the app's word on the meeting, otherwise than usual in this."""
    return Answer(200, MEETING | changes)


def over(reason: str, **more: object) -> Answer:
    none = {"move": False, "lengthen_to": 0, "extend": 0, "rename": False, "cancel": False, "replace": []}
    return meeting(status="TERMINATED", reason=reason, may=none, **more)


def at(page: Page, stand: Stand, *answers: Answer, link: str = f"manage?id={TEACHER}&role=teacher") -> None:
    stand.answers = list(answers)
    page.open(stand.url + link)


def asked(stand: Stand) -> list[Question]:
    """Return what the page asked for beside looking."""
    return [question for question in stand.questions if question.method not in ("GET", "HEAD")]


def only(stand: Stand) -> Question:
    (question,) = asked(stand)
    return question


def says(page: Page, field: str) -> str:
    return str(page.run(f"document.getElementById('{field}').value"))


def answer_with(page: Page, stand: Stand, element: str, *answers: Answer) -> None:
    """Click, and let the app answer this."""
    stand.answers = list(answers)
    page.click(element)


# --- what is shown


def test_the_meeting_is_shown_with_its_people_its_links_and_its_history(browser: Chromium, stand: Stand) -> None:
    with browser.page(zone="America/New_York") as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        assert "Monday, 2 March 2026 at 18:30 to 19:30 (Europe/Berlin)" in page.text("detail")
        assert "12:30" in page.text("here")
        assert "Waits at the door." in page.text("seats")
        assert page.text("student-link") == f"{stand.url}meeting?id={STUDENT}&role=student"
        assert "3 earlier entries" in page.text("history")
        assert "the meeting was moved by the teacher's link" in page.text("history").replace("\n", " ")
        assert says(page, "meet_time") == "2026-03-02T18:30"
        assert page.text("student-renew") == "Make a new link"
        assert kept(page) == [], "on a device that others use nothing is kept unasked"


@pytest.mark.parametrize("languages", ["en-GB", "de-DE", "es-ES"])
def test_no_button_is_without_words(browser: Chromium, stand: Stand, languages: str) -> None:
    with browser.page(languages=languages) as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash")
        shown = "[...document.querySelectorAll('button, a, label')].filter((each) => each.checkVisibility())"
        assert page.run(f"{shown}.filter((each) => !each.innerText.trim()).map((each) => each.id)") == []


def test_a_students_link_is_told_whom_to_ask_and_asks_for_nothing(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, refused(403), link=f"manage?id={STUDENT}&role=student")
        page.wait_for_text("Only the teacher can change this meeting")
        assert page.run("document.getElementById('back-link').href") == f"{stand.url}meeting?id={STUDENT}&role=student"
        assert stand.questions == []
        assert not page.shows("managing")


@pytest.mark.parametrize(
    ("answer", "headline"),
    [(refused(403), "does not open the meeting"), (refused(404), "There is no such meeting")],
)
def test_a_link_that_opens_nothing_says_so(browser: Chromium, stand: Stand, answer: Answer, headline: str) -> None:
    with browser.page() as page:
        at(page, stand, answer)
        page.wait_for_text(headline)
        assert not page.shows("managing")


@pytest.mark.parametrize("stranger", at_length.named(STRANGERS, LIKELY))
def test_trouble_on_the_way_loses_nothing_that_was_typed(browser: Chromium, stand: Stand, stranger: Answer) -> None:
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.fill("student_name", "Bo")
        answer_with(page, stand, "submit", stranger)
        page.wait_for_text("Nothing was lost")
        assert says(page, "student_name") == "Bo"
        answer_with(page, stand, "submit", meeting(student_name="Bo", sequence=1))
        page.wait_for_text("The changes are saved.")
        assert page.text("trouble") == ""


# --- what is changed


def test_only_what_was_changed_is_sent_and_the_calendar_follows(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=KEEP_FILES) as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        before = event(page, "student")
        page.fill("meet_time", "2026-03-03T18:30")
        moved = meeting(meet_time="2026-03-03T17:30:00Z", ends_at="2026-03-03T18:30:00Z", sequence=1)
        answer_with(page, stand, "submit", moved)
        page.wait_for_text("The changes are saved.")
        assert (only(stand).method, only(stand).path) == ("PATCH", f"/api/meetings/{TEACHER}")
        assert only(stand).json == {"meet_time": "2026-03-03T17:30:00Z"}
        after = event(page, "student")
        assert after["UID"] == before["UID"]
        assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
        assert after["DTSTART"].dt > before["DTSTART"].dt


def test_nothing_is_sent_where_nothing_is_changed(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.click("submit")
        page.wait_for_text("there is nothing to save")
        assert asked(stand) == []


def test_a_refusal_stands_beside_its_field_or_above_the_form(browser: Chromium, stand: Stand) -> None:
    errors = [
        {"field": "duration_minutes", "problem": "The meeting's length must be a whole number of minutes from 1 to 90."}
    ]
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.fill("duration_minutes", "900")
        answer_with(page, stand, "submit", refused(400, errors=errors))
        page.wait_for_text("from 1 to 90")
        assert page.run("document.activeElement.id") == "duration_minutes"
        answer_with(page, stand, "submit", refused(409, "Somebody has come already."))
        page.wait_for_text("Somebody has come already.")
        assert says(page, "duration_minutes") == "900"


def test_where_a_time_is_full_a_free_one_is_one_click_away(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.fill("meet_time", "2026-03-03T18:30")
        answer_with(page, stand, "submit", refused(409, free=["2026-03-03T18:00:00Z"]))
        page.wait_for_text("These times are free")
        page.run("document.querySelector('#alert button').click()")
        assert says(page, "meet_time") == "2026-03-03T19:00"
        answer_with(page, stand, "submit", meeting(meet_time="2026-03-03T18:00:00Z", sequence=1))
        page.wait_for_text("The changes are saved.")
        assert asked(stand)[-1].json == {"meet_time": "2026-03-03T18:00:00Z"}


def test_what_can_no_longer_be_changed_is_not_offered(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, meeting(may=MAY | {"move": False, "extend": 0, "replace": []}))
        page.wait_for_text("Its time can no longer be changed.")
        assert page.run("document.getElementById('meet_time').disabled")
        assert not page.run("document.getElementById('student_name').disabled")
        assert not page.shows("extend")
        assert not page.shows("replace-student")


def test_an_extension_says_from_which_end(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("It ends at 19:30 now, and would then at 19:45.")
        answer_with(page, stand, "extend", meeting(ends_at="2026-03-02T18:45:00Z", duration_minutes=75, sequence=1))
        page.wait_for_text("The meeting lasts longer.")
        assert only(stand).path.endswith("/extend")
        assert only(stand).json == {"minutes": 15, "from": "2026-03-02T18:30:00Z"}


@pytest.mark.parametrize(
    ("button", "way", "body", "says"),
    [
        ("replace-student", "/replace", {"role": "student", "desktop_id": "i-0a"}, "What is not saved"),
        ("student-renew", "/links", {"role": "student", "number": 0}, "stops working at once"),
        ("cancel", "", None, "cannot be taken back"),
    ],
)
def test_what_cannot_be_undone_is_asked_about_once(
    browser: Chromium, stand: Stand, button: str, way: str, body: object, says: str
) -> None:
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.click(button)
        assert says.lower() in page.text("question").lower()
        page.click("question-no")
        assert not page.shows("question")
        assert asked(stand) == []
        page.click(button)
        answer_with(page, stand, "question-yes", meeting(sequence=1))
        page.wait_for("document.getElementById('news').textContent")
        assert only(stand).path.partition("?")[0] == f"/api/meetings/{TEACHER}{way}"
        assert (only(stand).json if only(stand).body else None) == body


def test_a_new_link_of_the_teachers_leads_on(browser: Chromium, stand: Stand) -> None:
    newer = f"{TEACHER}.1"
    with browser.page() as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.click("teacher-renew")
        ids = {"teacher": newer, "student": STUDENT}
        answer_with(page, stand, "question-yes", meeting(link_ids=ids, sequence=1))
        page.wait_for_text("There is a new link for Ann Ash")
        assert page.run("location.href") == f"{stand.url}manage?id={newer}&role=teacher"
        assert f"id={newer}&" in page.text("teacher-link")
        page.run("dispatchEvent(new Event('online'))")
        page.wait_for("true")
        answer_with(page, stand, "extend", meeting(link_ids=ids, sequence=2))
        page.wait_for_text("The meeting lasts longer.")
        assert asked(stand)[-1].path == f"/api/meetings/{newer}/extend"


def test_a_cancelled_meeting_leaves_calendars_and_what_is_kept(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=KEEP_FILES) as page:
        at(page, stand, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        page.click("cancel")
        page.fill("reason", "Ann & Ben are ill")
        answer_with(page, stand, "question-yes", over("CANCELLED", sequence=1))
        page.wait_for_text("This meeting was cancelled.")
        assert only(stand).path.endswith("?reason=Ann%20%26%20Ben%20are%20ill")
        written = event(page, "teacher")
        assert (written["STATUS"], written["SEQUENCE"]) == ("CANCELLED", 1)
        assert not page.shows("form")
        assert not page.shows("student-copy")
        assert page.run("document.activeElement.id") == "headline"


# --- what others do meanwhile


def test_what_another_window_changed_is_shown_and_what_was_typed_stays(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=FASTER) as page:
        at(page, stand, meeting(), meeting(student_name="Bo", meet_time="2026-03-04T17:30:00Z", sequence=1))
        page.wait_for_text("Ann Ash and Ben Birch")
        page.fill("teacher_name", "Dr Ash")
        page.wait_for_text("changed elsewhere meanwhile")
        assert "Wednesday, 4 March 2026" in page.text("detail")
        assert says(page, "student_name") == "Bo"
        assert says(page, "teacher_name") == "Dr Ash"
        assert says(page, "meet_time") == "2026-03-04T18:30"


def test_an_ended_meeting_says_why_and_what_became_of_the_recordings(browser: Chromium, stand: Stand) -> None:
    seats = {
        "teacher": {"recording": "safe"},
        "student": {"recording": "lost", "recording_lost": ["The disk was full."]},
    }
    with browser.page() as page:
        at(page, stand, over("SUCCESS", seats=seats))
        page.wait_for_text("You are both done.")
        assert "The recording is saved." in page.text("seats")
        assert "The disk was full." in page.text("seats")
        assert not page.shows("handing")
        assert not page.shows("cancel")


def test_silence_at_first_is_told_and_passes(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=FASTER) as page:
        at(page, stand, SILENCE, meeting())
        page.wait_for_text("Ann Ash and Ben Birch")
        assert page.text("trouble") == ""
