"""The click, and the meeting's end: a desktop is opened once, and nobody is surprised by the end."""

from __future__ import annotations

from functools import partial

import pytest

from tests.browser.chromium import Chromium, Page
from tests.browser.rooms import RUNNING, is_over, may_enter, waits
from tests.browser.stand import DESKTOP, READY, SILENCE, Answer, Stand, refused
from tests.browser.test_meeting_page import at, count_tabs, is_open
from tests.waiting import until

ENDS = "2026-03-02T12:09:00Z"
NEAR = may_enter("in", "in", **RUNNING, ends_at=ENDS)
SOUNDS = """
window.sounds = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.sounds += 1; return start.apply(this, when); };
"""


def ready(page: Page, stand: Stand, answer: Answer = READY) -> None:
    at(page, stand, answer)
    page.wait_for("!document.getElementById('open').hidden")


# --- the click


def test_a_double_click_opens_one_desktop(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        ready(page, stand)
        before = count_tabs(browser)
        place = page.run("(({ x, y }) => [x + 9, y + 9])(document.getElementById('open').getBoundingClientRect())")
        for count in (1, 2):
            for kind in ("mousePressed", "mouseReleased"):
                page.call(
                    "Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=count
                )
            page.wait_for("document.getElementById('open').ariaBusy === 'false'")
        until(partial(is_open, browser, f"{DESKTOP}/"), patience_s=30)
        assert count_tabs(browser) == before + 1
        assert len([question for question in stand.questions if "peek" not in question.path]) == 1


def test_a_middle_click_opens_nothing(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        ready(page, stand)
        before = count_tabs(browser)
        place = page.run("(({ x, y }) => [x + 9, y + 9])(document.getElementById('open').getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            page.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="middle", clickCount=1)
        page.run("dispatchEvent(new Event('online'))")
        until(lambda: len(stand.questions) == 2, patience_s=30)
        assert all("peek" in question.path for question in stand.questions)
        assert count_tabs(browser) == before


def test_who_is_let_open_no_tab_finds_a_link_for_as_long_as_it_is_good(browser: Chromium, stand: Stand) -> None:
    blocked = """
window.open = () => null;
const usual = setTimeout;
window.setTimeout = (deed, milliseconds) => milliseconds === 120000 ? (window.late = deed) : usual(deed, milliseconds);
"""
    with browser.page(before=blocked) as page:
        ready(page, stand, may_enter(auth_token="a.1"))
        page.click("open")
        page.wait_for_text("Open my desktop here")
        assert page.run("document.getElementById('way').href") == f"{DESKTOP}/?authToken=a.1#console"
        assert page.run("location.pathname") == "/api/meeting", "this page stays"
        page.run("window.late()")
        assert not page.shows("way")
        page.click("open")
        page.wait_for("!document.getElementById('blocked').hidden")
        page.click("way")
        until(partial(is_open, browser, f"{DESKTOP}/?authToken=a.1#console"), patience_s=30)
        page.wait_for("document.getElementById('blocked').hidden")


# --- the end


@pytest.mark.parametrize(
    ("ends_at", "says"),
    [
        ("2026-03-02T12:10:02Z", ""),
        ("2026-03-02T12:09:58Z", "Your meeting ends at 13:09, in ten minutes at most."),
        ("2026-03-02T12:02:03Z", "Your meeting ends at 13:02, in ten minutes at most."),
        ("2026-03-02T12:01:58Z", "Your meeting ends at 13:01, in two minutes at most. Please save your work."),
        ("nonsense", ""),
    ],
)
def test_people_are_warned_of_the_end_ten_minutes_ahead_and_two(
    browser: Chromium, stand: Stand, ends_at: str, says: str
) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter("in", **RUNNING, ends_at=ends_at))
        assert page.text("closing") == says


def test_a_warning_comes_by_itself(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter("in", **RUNNING, ends_at="2026-03-02T12:10:03Z"))
        assert page.text("closing") == ""
        page.wait_for_text("in ten minutes at most")
        assert len(stand.questions) == 1


def test_who_stays_is_told_when_their_desktop_closes_since_the_other_has_finished(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter("in", "left", **RUNNING, closes_at="2026-03-02T12:30:00Z"))
        assert page.text("closing") == "Ben Birch: finished. Your desktop closes at 13:30."
        ready(page, stand, may_enter("in", "left", **RUNNING, ends_at=ENDS, closes_at="2026-03-02T12:30:00Z"))
        assert "ends at 13:09" in page.text("closing"), "what comes first is told"


def test_a_teacher_extends_by_a_quarter_of_an_hour_from_the_end_that_was_shown(browser: Chromium, stand: Stand) -> None:
    later = "2026-03-02T12:24:00Z"
    with browser.page() as page:
        ready(page, stand, NEAR)
        assert page.text("extend") == "Extend by 15 minutes"
        stand.answers = [
            Answer(200, {"message": "It is.", "ends_at": later}),
            may_enter("in", **RUNNING, ends_at=later),
        ]
        page.click("extend")
        page.wait_for_text("Extended: your meeting now ends at 13:24.")
        page.wait_for("document.getElementById('extend').hidden")
        assert page.text("closing") == ""
        for answer in (may_enter("in", **RUNNING, ends_at="2026-03-02T12:30:00Z"), is_over("SUCCESS")):
            stand.answers = [answer]
            page.run("dispatchEvent(new Event('online'))")
            page.wait_for("document.getElementById('extended').innerText === ''")
    asked = next(question for question in stand.questions if question.method == "POST")
    assert asked.path == "/api/meetings/m-1/extend"
    assert asked.json == {"minutes": 15, "from": ENDS}


@pytest.mark.parametrize(
    ("may_extend", "offers"),
    [
        (240, "Extend by 15 minutes"),
        (7, "Extend by 7 minutes"),
        (1, "Extend by 1 minute"),
        (0, None),
        (None, None),
        ("9", None),
    ],
)
def test_only_what_may_be_is_offered(browser: Chromium, stand: Stand, may_extend: object, offers: str | None) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter("in", **RUNNING, ends_at=ENDS, may_extend=may_extend))
        assert page.shows("extend") == bool(offers)
        assert not offers or page.text("extend") == offers


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            refused(409, "All desktops are booked from 13:09 on."),
            "It cannot be extended. All desktops are booked from 13:09 on.",
        ),
        (refused(403, "<b>No.</b>"), "It cannot be extended. <b>No.</b>"),
        (refused(503), "Not extended yet. The server cannot answer right now. Please try again."),
        (Answer(200, "<h1>Sign in</h1>", ours=False), "Not extended yet. Something on the way answers"),
        (SILENCE, "Not extended yet. The server cannot be reached."),
    ],
    ids=["full", "forbidden", "unwell", "a portal", "silence"],
)
def test_why_it_was_not_extended_is_told_and_it_may_be_tried_again(
    browser: Chromium, stand: Stand, answer: Answer, says: str
) -> None:
    with browser.page() as page:
        ready(page, stand, NEAR)
        stand.answers = [answer, answer, NEAR] if answer is SILENCE else [answer, NEAR]
        page.click("extend")
        page.wait_for_text(says)
        page.wait_for("!document.getElementById('extend').hidden && !document.getElementById('extend').disabled")


# --- what is heard while one looks elsewhere


HIDDEN = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });"


@pytest.mark.parametrize(
    ("first", "then", "news"),
    [
        (waits("booting"), may_enter(), "● Your desktop is ready · Elephant"),
        (may_enter(other="absent"), may_enter(other="waiting"), "● Ben Birch: here now · Elephant"),
        (may_enter(other="lost"), may_enter(other="in"), "● Ben Birch: here now · Elephant"),
        (may_enter(other="waiting"), may_enter(other="in"), None),
        (may_enter(other="in"), may_enter(other="left"), None),
    ],
    ids=["ready", "came", "came back", "went in", "left"],
)
@pytest.mark.parametrize("wanted", [True, False])
def test_news_are_in_the_title_until_they_are_seen_and_sound_if_that_is_wanted(
    browser: Chromium, stand: Stand, first: Answer, then: Answer, news: str | None, wanted: bool
) -> None:
    with browser.page(before=SOUNDS) as page:
        at(page, stand, first)
        page.wait_for("document.getElementById('other').innerText")
        if wanted:
            page.click("sound")
            page.wait_for("window.sounds > 0")
        page.run(f"{HIDDEN} window.sounds = 0;")
        stand.answers = [then]
        page.run("dispatchEvent(new Event('online'))")
        until(lambda: len(stand.questions) == 2, patience_s=30)
        page.wait_for(f"document.getElementById('other').innerText !== {first_words(first, then)}")
        if not news:
            assert "●" not in page.run("document.title")
            assert page.run("window.sounds") == 0
            return
        page.wait_for(f"document.title === '{news}'")
        if wanted:
            page.wait_for("window.sounds > 0")
        else:
            assert page.run("window.sounds") == 0
        page.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for("!document.title.includes('●')")


def first_words(first: Answer, then: Answer) -> str:
    """Return what is no longer said of the other person, as a script's text; nothing where it stays the same."""
    assert isinstance(first.body, dict)
    assert isinstance(then.body, dict)
    says = {"absent": "Ben Birch: not here yet.", "waiting": "Ben Birch: here, not at the desktop yet."}
    was, now = first.body["other"]["presence"], then.body["other"]["presence"]
    return repr(says.get(was, "-")) if was != now else "'-'"


def test_that_sounds_are_wanted_is_kept(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, waits("booting"))
        page.wait_for_text("almost ready")
        assert not page.run("document.getElementById('sound').checked")
        page.click("sound")
        at(page, stand, waits("booting"))
        page.wait_for_text("almost ready")
        assert page.run("document.getElementById('sound').checked")


# --- a clock that leaps


@pytest.mark.parametrize("hours", [2, -2], ids=["slept, or was put forward", "was put back"])
def test_a_page_whose_clock_leaps_asks_at_once(browser: Chromium, stand: Stand, hours: int) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter())
        page.run(f"{{ const usual = Date.now; Date.now = () => usual() + {hours * 3_600_000}; }}")
        until(lambda: len(stand.questions) == 2, patience_s=30)
        page.wait_for_text("Begins in 4 mins")


def test_one_that_goes_on_as_it_should_does_not(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        ready(page, stand, may_enter())
        page.wait_for_text("Begins in 4 mins 57 secs")
        assert len(stand.questions) == 1


# --- one's own calendar


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_each_may_take_a_calendar_file_with_their_own_link(browser: Chromium, stand: Stand, role: str) -> None:
    keep = "URL.createObjectURL = (blob) => { blob.text().then((text) => { window.file = text; }); return 'blob:x'; };"
    with browser.page(before=keep) as page:
        at(page, stand, waits("scheduled"), link=f"meeting?id=m-1.0a&role={role}&lang=en")
        page.wait_for("!document.getElementById('calendar-of').hidden")
        page.click("calendar")
        page.wait_for("window.file")
        lines = str(page.run("window.file")).replace("\r\n ", "").split("\r\n")
    assert f"UID:m-1-{role}@127.0.0.1" in lines
    assert "SEQUENCE:2" in lines
    assert {"DTSTART:20260302T120500Z", "DTEND:20260302T125500Z"} <= set(lines)
    assert f"URL:{stand.url}meeting?id=m-1.0a&role={role}" in lines
    assert f"SUMMARY:Meeting with {'Ben Birch' if role == 'teacher' else 'Ann Ash'}" in lines
