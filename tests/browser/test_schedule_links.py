"""After scheduling: the links stay, each goes to its own person alone, and calendars take what they are given."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from icalendar import Calendar

from tests.browser.chromium import Chromium, Page
from tests.browser.stand import Answer, Stand
from tests.browser.test_schedule_page import ID, SCHEDULED, fill_in, send

LINKS = {role: f"https://school.example/meeting?id={ID}&role={role}" for role in ("teacher", "student")}
NO_STORAGE = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('private'); } });"
KEEP_FILES = """
window.files = {};
const usual = URL.createObjectURL;
URL.createObjectURL = (file) => { const made = usual.call(URL, file); window.files[made] = file; return made; };
"""
"""The page's own policy lets nobody ask for a file that it has made; so what it is made of is kept."""
FULL_STORAGE = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };"


def schedule(page: Page, stand: Stand, answer: Answer = SCHEDULED, **fields: str) -> None:
    fill_in(page, stand, answer, **fields)
    send(page)
    page.wait_for_text("The meeting is scheduled")


def fetched(page: Page, element: str) -> str:
    """Return the file that a link of the page leads to."""
    return str(page.run(f"window.files[document.getElementById('{element}').href].text()"))


def event(page: Page, role: str) -> Any:
    """Return the only event of a role's calendar file, as a calendar reads it."""
    (found,) = Calendar.from_ical(fetched(page, f"{role}-calendar")).walk("VEVENT")
    return found


def kept(page: Page) -> Any:
    return page.run("JSON.parse(localStorage.getItem('elephant.meetings') || '[]')")


# --- links that stay


def test_links_survive_a_reload_and_the_way_back(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        schedule(page, stand)
        page.open(page.run("location.href"))
        page.run("location.reload()")
        page.wait_for_text("The links of this meeting")
        assert page.text("student-link") == LINKS["student"]
        page.click("another")
        page.wait_for_text("My meetings")
        assert page.shows("form")
        page.run("history.back()")
        page.wait_for_text("The links of this meeting")


def test_what_is_kept_can_be_opened_changed_and_forgotten(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        schedule(page, stand, teacher_email="ann@school.example")
        page.click("another")
        page.wait_for_text("Ann Ash and Ben Birch")
        assert "ann@school.example" not in json.dumps(kept(page)), "nobody needs it to find the meeting again"
        change = page.run("document.querySelector('#mine-list .ways a').href")
        assert change == f"{stand.url}manage?id={ID}&role=teacher"
        page.run("document.querySelector('#mine-list button').click()")
        assert not page.shows("mine")
        assert kept(page) == []


def test_a_meeting_is_forgotten_a_week_after_it(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        schedule(page, stand)
        stand.time = datetime(2026, 3, 9, 17, 0, tzinfo=UTC)
        page.open(f"{stand.url}?a")
        page.wait_for_text("My meetings")
        stand.time = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
        page.open(f"{stand.url}?b")
        page.wait_for_text("Schedule a meeting")
        page.wait_for("!document.getElementById('mine').checkVisibility()")


@pytest.mark.parametrize(
    "stored",
    [
        "{",
        "7",
        "null",
        '{"id": 1}',
        '[null, 7, "a", {}]',
        '[{"id": "a", "at": "soon", "names": {}, "links": {}}]',
        json.dumps(
            [{"id": "a", "at": 1772472600000, "names": LINKS, "links": dict.fromkeys(LINKS, "javascript:a(1)")}]
        ),
    ],
)
def test_what_is_stored_and_makes_no_sense_does_no_harm(browser: Chromium, stand: Stand, stored: str) -> None:
    before = f"localStorage.setItem('elephant.meetings', {json.dumps(stored)})"
    with browser.page(before=f"if (!sessionStorage.once) {{ sessionStorage.once = 1; {before}; }}") as page:
        schedule(page, stand)
        page.click("another")
        page.wait_for_text("Ann Ash and Ben Birch")
        assert [meeting["id"] for meeting in kept(page)] == [ID]


@pytest.mark.parametrize("before", [NO_STORAGE, FULL_STORAGE], ids=["none", "full"])
def test_where_nothing_can_be_kept_it_is_said_and_the_links_are_there(
    browser: Chromium, stand: Stand, before: str
) -> None:
    with browser.page(before=before) as page:
        schedule(page, stand)
        assert "This browser keeps nothing" in page.text("done-kept")
        assert page.text("teacher-link") == LINKS["teacher"]


# --- what each person is given


@pytest.mark.parametrize(("role", "other"), [("teacher", "student"), ("student", "teacher")])
def test_everybody_is_written_their_own_link_alone(browser: Chromium, stand: Stand, role: str, other: str) -> None:
    with browser.page(before=KEEP_FILES) as page:
        schedule(page, stand, teacher_email="ann+1@school.example")
        mail = urlsplit(page.run(f"document.getElementById('{role}-mail').href"))
        body = parse_qs(mail.query)["body"][0]
        assert LINKS[role] in body
        assert f"role={other}" not in body
        assert unquote(mail.path) == ("ann+1@school.example" if role == "teacher" else "")
        written = event(page, role)
        assert str(written["URL"]) == LINKS[role]
        assert f"role={other}" not in fetched(page, f"{role}-calendar")


def test_an_invitation_holds_the_students_link_alone_and_speaks_the_pages_language(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page(languages="de-DE") as page:
        fill_in(page, stand)
        send(page)
        page.wait_for_text("Die Sitzung ist geplant")
        text = page.run("document.getElementById('invitation').value")
        assert LINKS["student"] in text
        assert "role=teacher" not in text
        assert "Guten Tag Ben Birch" in text
        assert "Montag, 2. März 2026" in text


def test_a_copy_that_the_browser_forbids_selects_the_text(browser: Chromium, stand: Stand) -> None:
    forbid = "Object.defineProperty(navigator, 'clipboard', { value: undefined }); document.execCommand = () => false;"
    with browser.page(before=forbid) as page:
        schedule(page, stand)
        page.click("student-copy")
        page.wait_for_text("It is selected: copy it")
        assert page.run("getSelection().toString()") == LINKS["student"]


# --- calendar files, read by a calendar's own library


def test_a_calendar_takes_the_meeting_in_utc_with_its_end(browser: Chromium, stand: Stand) -> None:
    with browser.page(zone="Asia/Kathmandu", before=KEEP_FILES) as page:
        schedule(page, stand, meet_time="2026-03-02T18:30", duration_minutes="50")
        written = event(page, "student")
        assert written["DTSTART"].dt == datetime(2026, 3, 2, 12, 45, tzinfo=UTC)
        assert written["DTEND"].dt == datetime(2026, 3, 2, 13, 35, tzinfo=UTC)
        assert written["SEQUENCE"] == 0
        assert written["UID"].startswith(f"{ID}-student@")
        assert written["UID"] != event(page, "teacher")["UID"]


@pytest.mark.parametrize("name", ["Ann, Bo; \\n & Co", "Ж" * 100, "🐘" * 60, 'He said "no": maybe'])
def test_any_name_comes_through_and_no_line_is_too_long(browser: Chromium, stand: Stand, name: str) -> None:
    with browser.page(before=KEEP_FILES) as page:
        schedule(page, stand, teacher_name=name)
        assert str(event(page, "student")["SUMMARY"]) == f"Meeting with {name}"
        text = fetched(page, "student-calendar")
        assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
        assert "\n" not in text.replace("\r\n", "")
