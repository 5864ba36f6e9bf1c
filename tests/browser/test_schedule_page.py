"""The schedule form in a browser: what it sends, what it says of what cannot be sent, and what it makes of answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.policy import Policy
from chalicelib.people.schedule import parse
from tests.browser.chromium import Chromium, Page
from tests.browser.stand import NOON, SILENCE, Answer, Stand, refused
from tests.browser.test_meeting_page import STRANGERS, clock_off_by

ID = "0b7e7dd4-9d0c-4c05-8f43-2c6f2d3c8a11"
SCHEDULED = Answer(
    200,
    {
        "message": "The meeting is scheduled.",
        "id": ID,
        "teacher_link": f"https://school.example/meeting?id={ID}&role=teacher",
        "student_link": f"https://school.example/meeting?id={ID}&role=student",
    },
)
LOCKED = refused(401, "Scheduling is locked here.")
OTHERS = {name: answer for name, answer in STRANGERS.items() if answer.status not in (0, 429, 500, 502, 503)}


def problems(**fields: str) -> Answer:
    errors = [{"field": field, "problem": problem} for field, problem in fields.items()]
    return refused(400, errors[0]["problem"], errors=errors)


def fill_in(page: Page, stand: Stand, answer: Answer = SCHEDULED, **fields: str) -> None:
    """Open the form, fill it in, and let the app answer this to whoever sends it."""
    stand.answers = [answer]
    page.open(stand.url)
    usual = {"teacher_name": "Ann Ash", "student_name": "Ben Birch", "meet_time": "2026-03-02T18:30"}
    for field, text in (usual | fields).items():
        page.fill(field, text)


def send(page: Page) -> None:
    page.click("submit")
    page.wait_for("!document.getElementById('submit').disabled")


def sent(stand: Stand) -> dict[str, Any]:
    (question,) = stand.questions
    assert question.path == "/api/schedule"
    body: dict[str, Any] = question.json
    return body


# --- what is sent and what comes of it


def test_a_form_that_is_filled_in_becomes_a_meeting_with_two_links(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand, teacher_email="ann@school.example", duration_minutes="50")
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand) == {
            "teacher_name": "Ann Ash",
            "student_name": "Ben Birch",
            "teacher_email": "ann@school.example",
            "meet_time": "2026-03-02T17:30:00Z",
            "duration_minutes": 50,
            "time_zone": "Europe/Berlin",
            "frontend_base_url": f"{stand.url}meeting",
        }
        assert f"id={ID}&role=teacher" in page.text("teacher-link")
        assert "2 March 2026 at 18:30 to 19:20 (Europe/Berlin)" in page.text("done-when")


def test_sent_again_after_a_lost_answer_it_bears_the_same_key(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand, SILENCE)
        send(page)
        page.wait_for_text("The server cannot be reached")
        assert "never makes a second meeting" in page.text("alert")
        stand.answers = [SCHEDULED]
        send(page)
        page.wait_for_text("The meeting is scheduled")
        first, *_, last = (question.headers["Idempotency-Key"] for question in stand.questions)
        assert first == last


@pytest.mark.parametrize("stranger", OTHERS.values(), ids=OTHERS)
def test_nothing_but_the_apps_word_is_taken_for_its_answer(browser: Chromium, stand: Stand, stranger: Answer) -> None:
    with browser.page() as page:
        fill_in(page, stand, stranger)
        send(page)
        page.wait_for_text("Something on the way answers in the server’s place")
        assert page.shows("form")
        assert not page.shows("lock")
        assert page.run("document.getElementById('teacher_name').value") == "Ann Ash"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer(429, {}, {"Retry-After": "7"}, ours=False), "Please try again in 7 seconds"),
        (refused(503), "The server cannot answer right now. Please try again in a moment"),
        (refused(413, "This is too large."), "This is too large."),
    ],
    ids=["throttled", "unwell", "refused for a reason of its own"],
)
def test_what_came_instead_is_told(browser: Chromium, stand: Stand, answer: Answer, says: str) -> None:
    with browser.page() as page:
        fill_in(page, stand, answer)
        send(page)
        page.wait_for_text(says)


# --- errors beside their fields


def test_errors_stand_beside_their_fields_and_go_when_these_are_corrected(browser: Chromium, stand: Stand) -> None:
    told = problems(teacher_name="The teacher's name is missing.", meet_time="The meeting's time is in the past.")
    with browser.page() as page:
        fill_in(page, stand, told)
        send(page)
        page.wait_for_text("look at what is marked")
        assert page.text("teacher_name-error") == "Please enter a name."
        assert page.run("document.activeElement.id") == "teacher_name"
        page.fill("teacher_name", "Ann")
        assert page.text("teacher_name-error") == ""
        assert page.text("meet_time-error") == "The meeting's time is in the past.", "what the page has no words for"
        assert "look at what is marked" in page.text("alert")
        page.click("now")
        assert page.text("meet_time-error") == ""
        assert page.text("alert") == ""
        assert page.run("document.querySelectorAll('[aria-invalid]').length") == 0


def test_a_key_is_asked_for_where_scheduling_is_locked(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand, LOCKED)
        send(page)
        page.wait_for_text("Please enter the scheduling key")
        page.fill("schedule_key", " let-me-in ")
        stand.answers = [SCHEDULED]
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert stand.questions[-1].headers["X-Schedule-Key"] == "let-me-in"


@pytest.mark.parametrize(
    "key", ["sch\u0142\u00fcssel", "let\u2011me\u2011in", "\u201clet-me-in\u201d", "key \U0001f511"]
)
def test_a_key_that_no_header_can_hold_is_an_error_beside_its_field(browser: Chromium, stand: Stand, key: str) -> None:
    with browser.page() as page:
        fill_in(page, stand, LOCKED)
        send(page)
        page.wait_for_text("Please enter the scheduling key")
        page.fill("schedule_key", key)
        page.click("submit")
        assert "This cannot be the key" in page.text("schedule_key-error")
        assert "look at what is marked" in page.text("alert")
        assert len(stand.questions) == 1
        page.fill("schedule_key", "let-me-in")
        assert page.text("schedule_key-error") == page.text("alert") == ""


@pytest.mark.parametrize("languages", ["en-GB", "de-DE", "es-ES"])
def test_the_apps_own_problems_are_told_in_the_pages_language(browser: Chromium, stand: Stand, languages: str) -> None:
    forms: list[dict[str, Any]] = [
        {},
        {"teacher_name": "A" * 101, "student_name": "B\nC", "teacher_email": "ann", "duration_minutes": 10**6},
        {"meet_time": "2020-01-01T00:00:00Z", "time_zone": "?"},
        {"meet_time": "2099-01-01T00:00:00Z"},
    ]
    with browser.page(languages=languages) as page:
        fill_in(page, stand)
        for form in forms:
            with pytest.raises(BadRequest) as refused:
                parse(form, NOON, Policy())
            told = dict(refused.value.problems)
            stand.answers = [problems(**told)]
            page.run("document.getElementById('alert').textContent = ''")
            page.click("submit")
            page.wait_for("document.getElementById('alert').textContent")
            for field in told.keys() - {"frontend_base_url"}:
                said = page.text(f"{field}-error")
                assert said
                assert said != told[field], "the page has words of its own"


# --- times


@pytest.mark.parametrize(
    ("zone", "typed", "sent_as", "said"),
    [
        ("America/New York", "2026-03-02T12:00", "2026-03-02T17:00:00Z", "Monday, 2 March 2026 at 18:00"),
        ("kathmandu", "2026-03-02T12:00", "2026-03-02T06:15:00Z", "Monday, 2 March 2026 at 07:15"),
        ("pacific/chatham", "2026-03-03T12:00", "2026-03-02T22:15:00Z", "Monday, 2 March 2026 at 23:15"),
        ("US/Eastern", "2026-03-02T12:00", "2026-03-02T17:00:00Z", "Monday, 2 March 2026 at 18:00"),
    ],
)
def test_the_time_is_that_of_the_zone_that_was_chosen_and_told_in_the_visitors_too(
    browser: Chromium, stand: Stand, zone: str, typed: str, sent_as: str, said: str
) -> None:
    with browser.page() as page:
        fill_in(page, stand, meet_time=typed, time_zone=zone)
        assert f"Where you are (Europe/Berlin), that is {said}" in page.text("meet_time-hint")
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand)["meet_time"] == sent_as


def test_a_zone_that_there_is_not_is_an_error_beside_its_field(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand, time_zone="Atlantis")
        page.click("submit")
        assert "No such time zone" in page.text("time_zone-error")
        assert page.run("document.activeElement.id") == "time_zone"
        assert stand.questions == []
        page.fill("time_zone", "UTC")
        assert page.text("time_zone-error") == page.text("alert") == ""


def test_every_zone_that_the_browser_knows_can_be_found(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        fill_in(page, stand)
        page.run("document.getElementById('time_zone').focus()")
        names = page.run("[...document.getElementById('zones').options].map(({ value }) => value)")
        assert {"Asia/Kathmandu", "America/New York", "Europe/Berlin", "UTC"} <= set(names)
        page.wait_for(f"document.querySelector('#zones option:nth-child({names.index('Asia/Kathmandu') + 1})').label")
        labels = page.run("[...document.getElementById('zones').options].map(({ label }) => label)")
        assert labels[names.index("America/New York")] == "Eastern Standard Time, GMT-5"


def test_where_the_browser_lists_no_zones_some_are_offered_and_any_is_taken(browser: Chromium, stand: Stand) -> None:
    with browser.page(before="delete Intl.supportedValuesOf;", zone="Asia/Kathmandu") as page:
        fill_in(page, stand)
        assert page.run("document.getElementById('time_zone').value") in ("Asia/Kathmandu", "Asia/Katmandu")
        page.fill("time_zone", "Pacific/Chatham")
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand)["time_zone"] == "Pacific/Chatham"


@pytest.mark.parametrize(
    ("typed", "minutes", "says"),
    [
        ("2026-03-02T18:30", "50", "Ends: 19:20."),
        ("2026-03-02T23:30", "60", "Ends: Tuesday, 3 March 2026 at 00:30."),
        ("2026-03-29T01:30", "60", "Ends: 03:30. The clocks are put forward meanwhile."),
        ("2026-10-25T01:30", "120", "Ends: 02:30. The clocks are put back meanwhile."),
        ("2026-03-02T18:30", "", "Left empty, the usual limit applies."),
        ("2026-03-02T18:30", "-5", "Left empty, the usual limit applies."),
    ],
)
def test_the_end_is_told(browser: Chromium, stand: Stand, typed: str, minutes: str, says: str) -> None:
    with browser.page() as page:
        fill_in(page, stand, meet_time=typed, duration_minutes=minutes)
        assert says in page.text("duration_minutes-hint")


def click_now_until_it_is(page: Page, time: str) -> None:
    """Click until the page has heard what time it is in the app."""
    page.wait_for(
        f"(document.getElementById('now').click(), document.getElementById('meet_time').value === {json.dumps(time)})"
    )


@pytest.mark.parametrize("hours", [-26, -1, 1, 26])
def test_now_does_not_depend_on_the_visitors_clock(browser: Chromium, stand: Stand, hours: float) -> None:
    with browser.page(before=clock_off_by(hours)) as page:
        page.open(stand.url)
        click_now_until_it_is(page, "2026-03-02T13:00")


@pytest.mark.parametrize(
    ("zone", "typed", "first", "second"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
        ("Europe/Berlin", "2026-10-25T02:00", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"),
        ("America/New_York", "2026-11-01T01:59", "2026-11-01T05:59:00Z", "2026-11-01T06:59:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_an_hour_that_comes_twice_is_asked_about(
    browser: Chromium, stand: Stand, zone: str, typed: str, first: str, second: str, which: int
) -> None:
    with browser.page(zone=zone) as page:
        fill_in(page, stand, meet_time=typed)
        assert page.shows("twice")
        page.click("submit")
        assert "comes twice" in page.text("meet_time-error")
        assert page.run("document.activeElement === document.getElementsByName('which')[0]")
        assert stand.questions == []
        page.run(f"document.getElementsByName('which')[{which}].click()")
        assert page.text("meet_time-error") == page.text("alert") == ""
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand)["meet_time"] == (first, second)[which]


@pytest.mark.parametrize(
    ("zone", "typed", "next_time"),
    [
        ("Europe/Berlin", "2026-03-29T02:00", "03:00"),
        ("Europe/Berlin", "2026-03-29T02:59", "03:00"),
        ("America/New_York", "2026-03-08T02:30", "03:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "02:30"),
    ],
)
def test_an_hour_that_does_not_exist_is_an_error_with_the_next_that_does(
    browser: Chromium, stand: Stand, zone: str, typed: str, next_time: str
) -> None:
    with browser.page(zone=zone) as page:
        fill_in(page, stand, meet_time=typed)
        page.click("submit")
        assert f"The next time that there is, is {next_time}." in page.text("meet_time-error")
        assert stand.questions == []
        assert page.text("after_gap") == f"Take {next_time}"
        page.click("after_gap")
        assert page.run("document.getElementById('meet_time').value") == f"{typed[:11]}{next_time}"
        assert page.text("meet_time-error") == page.text("alert") == ""
        send(page)
        page.wait_for_text("The meeting is scheduled")


@pytest.mark.parametrize(
    ("zone", "typed"),
    [
        ("Europe/Berlin", "2026-03-29T01:59"),
        ("Europe/Berlin", "2026-10-25T01:59"),
        ("Europe/Berlin", "2026-10-25T03:00"),
        ("Asia/Kolkata", "2026-10-25T02:30"),
        ("Pacific/Kiritimati", "2026-12-31T23:59"),
    ],
)
def test_any_other_hour_is_not(browser: Chromium, stand: Stand, zone: str, typed: str) -> None:
    with browser.page(zone=zone) as page:
        fill_in(page, stand, meet_time=typed)
        assert not page.shows("twice")
        assert page.text("meet_time-error") == ""


def test_now_is_the_right_one_of_an_hour_that_comes_twice(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        stand.time = datetime(2026, 10, 25, 1, 30, 20, tzinfo=UTC)
        fill_in(page, stand)
        click_now_until_it_is(page, "2026-10-25T02:30")
        assert page.run("[...document.getElementsByName('which')].map((radio) => radio.checked)") == [False, True]
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand)["meet_time"] == "2026-10-25T01:30:00Z"


def test_where_a_time_is_full_the_next_free_ones_are_offered(browser: Chromium, stand: Stand) -> None:
    full = refused(409, "There is no room at that time.", free=["2026-03-02T18:00:00Z", "2026-03-02T18:15:00Z"])
    with browser.page() as page:
        fill_in(page, stand, full)
        send(page)
        page.wait_for_text("Monday, 2 March 2026 at 19:15")
        stand.answers = [SCHEDULED]
        page.run("document.querySelectorAll('#alert button')[1].click()")
        assert page.text("meet_time-error") == page.text("alert") == ""
        stand.questions.clear()
        send(page)
        page.wait_for_text("The meeting is scheduled")
        assert sent(stand)["meet_time"] == "2026-03-02T18:15:00Z"
