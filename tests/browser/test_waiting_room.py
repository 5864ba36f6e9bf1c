"""Every state of the waiting room: what it looks like, in whichever language, on whichever screen, for whomever."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.rooms import LESSON, PEOPLE, ROOMS, is_over, may_enter, waits
from tests.browser.screens import on_every_screen
from tests.browser.stand import READY, Answer, Stand, refused, waiting
from tests.browser.test_meeting_page import LINK, at
from tests.waiting import until

STUDENT = "meeting?id=m-1&role=student"


def into(page: Page, stand: Stand, *answers: Answer, link: str = LINK) -> None:
    """Open a link, and wait until something is said of it."""
    at(page, stand, *answers, link=link)
    page.wait_for("document.getElementById('detail').innerText || document.getElementById('trouble').innerText")


def again(page: Page) -> None:
    """Let the page ask at once."""
    page.run("dispatchEvent(new Event('online'))")


# --- what it looks like


@pytest.mark.parametrize("room", ROOMS)
def test_any_state_fits_any_screen_in_any_language_and_shuts_nobody_out(
    browser: Chromium, stand: Stand, room: str
) -> None:
    with browser.page() as page:
        into(page, stand, ROOMS[room])
        for _ in on_every_screen(page):
            assert page.run("document.title").startswith(page.text("headline"))


@pytest.mark.parametrize("room", ["booting", "ready", "in"])
def test_nothing_rests_on_colour_or_motion_alone(browser: Chromium, stand: Stand, room: str) -> None:
    features = [{"name": "forced-colors", "value": "active"}, {"name": "prefers-reduced-motion", "value": "reduce"}]
    with browser.page() as page:
        page.call("Emulation.setEmulatedMedia", features=features)
        into(page, stand, ROOMS[room])
        assert violations(page) == []
        assert page.run("document.getAnimations().length") == 0


def test_the_keyboard_alone_leads_through_the_page_and_into_the_desktop(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, may_enter())
        seen = []
        for _ in range(8):
            press(page, "Tab", 9)
            seen.append(page.run("document.activeElement.id || document.activeElement.tagName"))
        assert seen[0] == "open"
        assert seen[1:6] == ["SUMMARY", "sound", "calendar", "change", "language"]
        page.run("document.getElementById('open').focus()")
        asked = len(stand.questions)
        press(page, "Enter", 13, "\r")
        until(lambda: len(stand.questions) > asked, patience_s=30)
        assert "peek" not in stand.questions[asked].path


def press(page: Page, key: str, code: int, text: str = "") -> None:
    """Press a key."""
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text)


# --- with whom, and when


def test_each_is_told_the_others_name_and_the_time_where_they_are_and_where_it_was_made(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page(zone="Europe/Berlin") as page:
        into(page, stand, waits("booting"))
        assert page.text("with") == "Meeting with Ben Birch"
        assert page.text("when") == "Monday, 2 March 2026, 13:05–13:55 (Central European Standard Time)"
        assert page.text("elsewhere") == "In New York: Mon, 07:05–07:55."
        page.wait_for_text("Begins in 4 mins")
    with browser.page(zone="America/New_York") as page:
        into(page, stand, waits("booting"), link=STUDENT)
        assert page.text("with") == "Meeting with Ann Ash"
        assert page.text("elsewhere") == "", "it is the same there"
        assert not page.shows("change-of")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", None, 7, "<b>", "Europe/Berlin"])
def test_a_zone_that_nobody_knows_or_that_is_ones_own_is_not_told(
    browser: Chromium, stand: Stand, zone: object
) -> None:
    with browser.page(zone="Europe/Berlin") as page:
        into(page, stand, waits("booting", time_zone=zone))
        assert page.text("elsewhere") == ""


def test_once_it_has_begun_the_time_that_is_left_is_told(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, ROOMS["in"])
        assert page.text("countdown").startswith("Ends in 5")


@pytest.mark.parametrize(
    ("presence", "says"),
    [
        ("absent", "Ben Birch: not here yet."),
        ("waiting", "Ben Birch: here, not at the desktop yet."),
        ("in", "Ben Birch: at the desktop."),
        ("lost", "Ben Birch: lost the connection at 12:58. It usually comes back by itself."),
        ("left", "Ben Birch: left at 12:58."),
        ("something new", ""),
        ("constructor", ""),
    ],
)
def test_where_the_other_person_is(browser: Chromium, stand: Stand, presence: str, says: str) -> None:
    with browser.page() as page:
        into(page, stand, may_enter(other=presence))
        assert page.text("other") == says


@pytest.mark.parametrize(
    ("answer", "headline", "button"),
    [
        (may_enter("waiting"), "Your desktop is ready", "Open my desktop"),
        (may_enter("absent"), "Your desktop is ready", "Open my desktop"),
        (may_enter("in"), "You are at your desktop", "Back to my desktop"),
        (may_enter("lost"), "You have lost the connection", "Back to my desktop"),
        (may_enter("left"), "You have left your desktop", "Back to my desktop"),
        (READY, "Your desktop is ready", "Open my desktop"),
    ],
)
def test_the_page_is_the_way_back_in(
    browser: Chromium, stand: Stand, answer: Answer, headline: str, button: str
) -> None:
    with browser.page() as page:
        into(page, stand, answer)
        assert (page.text("headline"), page.text("open")) == (headline, button)


def test_another_desktop_is_told_of_until_it_is_opened(browser: Chromium, stand: Stand) -> None:
    other = may_enter("left", dcv_url="https://i-0b0b0b0b0b0b0b0b0.example.com:8443")
    with browser.page() as page:
        into(page, stand, may_enter("in"), other)
        again(page)
        page.wait_for_text("You have a new desktop")
        assert page.text("open") == "Open my desktop"
        page.click("open")
        page.wait_for("document.getElementById('headline').innerText !== 'You have a new desktop'")
        assert page.text("open") == "Back to my desktop"


# --- how long it takes, and what is wrong


def test_who_waits_is_told_how_long_it_takes_only_where_that_was_measured(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, waits("booting", usual_minutes=1), waits("booting", usual_minutes="<6>"))
        assert page.text("remark") == "Usually ready about 1 minute after its launch."
        again(page)
        page.wait_for("!document.getElementById('remark').innerText")


def test_what_takes_unusually_long_is_told_and_what_is_done_about_it(browser: Chromium, stand: Stand) -> None:
    later = waiting("launching", time=waiting("launching").time.replace(minute=4))
    with browser.page() as page:
        into(page, stand, waits("launching"), later)
        assert "No machine is free" not in page.text()
        again(page)
        page.wait_for_text("No machine is free at the moment.")


def test_a_second_desktop_is_told_of(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, ROOMS["second desktop"])
        assert "another one is being made" in page.text("detail")


# --- unhappy ends


@pytest.mark.parametrize(
    ("answer", "headline"),
    [
        (refused(403, why="replaced"), "This link was replaced by a newer one"),
        (refused(403, why="something new"), "This link does not open the meeting"),
        (refused(403), "This link does not open the meeting"),
    ],
)
def test_a_link_that_opens_nothing_is_told_why(browser: Chromium, stand: Stand, answer: Answer, headline: str) -> None:
    with browser.page() as page:
        into(page, stand, answer)
        assert page.text("headline") == headline
        for element in ("open", "steps", "facts", "check", "sounds", "calendar-of", "change-of", "after", "next"):
            assert not page.shows(element), element


def test_afterwards_both_recordings_are_told_of_until_both_are_saved(browser: Chromium, stand: Stand) -> None:
    saving = is_over("SUCCESS", recording="safe", other_recording={"recording": "on its way"})
    saved = is_over("SUCCESS", recording="safe", other_recording={"recording": "safe"})
    with browser.page(before=FASTER) as page:
        into(page, stand, saving, saved)
        page.wait_for_text("Ben Birch: being saved.")
        page.wait_for_text("Ben Birch: saved.")
        assert page.text("after-words").split("\n") == ["Your side: saved.", "Ben Birch: saved."]
        assert "It ended on 2 Mar 2026, 12:59." in page.text("detail")
        assert page.text("countdown") == ""


def test_a_teacher_may_schedule_another_meeting_with_the_same_names(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, is_over("CANCELLED"))
        assert page.run("document.getElementById('next').href") == (
            f"{stand.url}?teacher_name=Ann+Ash&student_name=Ben+Birch"
        )
        assert not page.shows("after"), "nothing was recorded"
    with browser.page() as page:
        into(page, stand, is_over("CANCELLED"), link=STUDENT)
        assert not page.shows("next")


def test_a_teacher_finds_the_way_to_change_the_meeting(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        into(page, stand, may_enter(), link="meeting?id=m-1.0a.2&role=teacher")
        assert page.run("document.getElementById('change').href") == f"{stand.url}manage?id=m-1.0a.2&role=teacher"


# --- forged answers


MARKUP = "<img src=x onerror=document.title='owned'>"


@pytest.mark.parametrize(
    "answer",
    [
        may_enter(dcv_url="http://i-0a0a0a0a0a0a0a0a0.example.com:8443"),
        may_enter(dcv_url="javascript:document.title='owned'"),
        may_enter(dcv_url=["https://a.example"]),
        may_enter(dcv_url=None),
    ],
    ids=["http", "javascript", "a list", "none"],
)
def test_an_address_that_is_not_https_opens_nothing(browser: Chromium, stand: Stand, answer: Answer) -> None:
    with browser.page() as page:
        into(page, stand, answer)
        page.wait_for_text("The server cannot answer right now.")
        assert not page.shows("open")


@pytest.mark.parametrize("rubbish", [MARKUP, 7, ["a"], {"a": 1}, True, None])
def test_whatever_an_answer_holds_the_page_stands_and_shows_it_as_text(
    browser: Chromium, stand: Stand, rubbish: Any
) -> None:
    told = dict.fromkeys([*LESSON, "you", "other", "closes_at", "auth_token"], rubbish)
    progress = dict.fromkeys(["since", "launch_at", "missing", "attempt"], rubbish)
    over = dict.fromkeys([*PEOPLE, "reason", "ended_at", "recording", "recording_lost", "other_recording"], rubbish)
    with browser.page() as page:
        for answer in (
            may_enter(**told),
            waits("booting", progress=progress, **{key: each for key, each in told.items() if key != "other"}),
            refused(410, **over),
        ):
            into(page, stand, answer)
            assert page.text("headline") in ("Your desktop is ready", "Your desktop is almost ready", ENDED)
            assert page.run("document.querySelectorAll('main img').length") == 0
            assert "undefined" not in page.text()
            assert "[object" not in page.text()


ENDED = "This meeting has ended"
