"""The board's days, weeks ahead and figures in a browser, and what every state of the board looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import boards
from tests.browser.boards import DONE, FINE, LATER, NOBODY, TROUBLED, at, day, listed, meeting, now
from tests.browser.chromium import Chromium, Page
from tests.browser.screens import on_every_screen
from tests.browser.stand import Answer, Stand, refused
from tests.browser.test_schedule_links import KEEP_FILES

SHOWN = "[...document.querySelectorAll('#day-list h2')].map((each) => each.innerText)"


def test_a_day_is_put_together_from_its_pages_and_can_be_searched(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, day(LATER, FINE, next="2026-03-02/k"), day(NOBODY, TROUBLED, DONE), where="ops#day=2026-03-02")
        page.wait_for_text("5 meetings. Times in Europe/Berlin.")
        assert page.run("location.href") == f"{stand.url}days#day=2026-03-02", "the page that shows days"
        assert [each.path for each in stand.questions] == [
            "/api/meetings?day=2026-03-02&tz=Europe%2FBerlin",
            "/api/meetings?day=2026-03-02&tz=Europe%2FBerlin&after=2026-03-02%2Fk",
        ]
        assert [names[:3] for names in page.run(SHOWN)] == ["Ida", "Gus", "Cle", "Ann", "Eve"]
        for typed, found in [("closed birch", ["Ann"]), ("nobody", ["Ida"]), ("PORTAL", ["Ida"]), ("m-3", ["Eve"])]:
            page.fill("search", typed)
            assert [names[:3] for names in page.run(SHOWN)] == found
            assert page.text("found") == "1 meeting found."
        page.fill("search", "")
        assert "At most 6 of 20 desktops at once, first at 13:33." in page.text("day-strip")
        page.run("document.getElementById('strip-hours').open = true")
        assert "From 14:00: 6 desktops at most" in page.text("day-strip")
        assert page.run("document.querySelector('#strip').ariaLabel").startswith("At most 6 of 20")
        stand.answers = [day()]
        page.run("(zone => { zone.value = 'UTC'; zone.dispatchEvent(new Event('change')); })(window.zone)")
        page.wait_for_text("0 meetings. Times in UTC.")
        assert stand.questions[-1].path == "/api/meetings?day=2026-03-02"
        stand.answers = [day(day="2026-03-03")]
        page.click("after")
        page.wait_for_text("Tuesday, 3 March 2026")
        page.run("(date => { date.value = '2026-10-25'; date.dispatchEvent(new Event('change')); })(window.date)")
        page.wait_for("location.hash === '#day=2026-10-25'")
        page.run("history.go(-2)")
        page.wait_for_text("Monday, 2 March 2026")
        at(page, stand, refused(400, "There is no such page."), where="days#day=2026-03-02")
        page.wait_for_text("There is no such page.")


def test_a_day_is_as_long_as_its_clocks_make_it(browser: Chromium, stand: Stand) -> None:
    times: dict[str, Any] = {"launch_at": "2026-03-28T22:00:00Z", "deadline": "2026-03-29T02:00:00Z"}
    with browser.page() as page:
        at(page, stand, day(listed(**times), day="2026-03-29", at_once=None), where="days#day=2026-03-29")
        page.wait_for_text("At most 2 desktops at once, first at 00:00.")
        assert page.run("document.getElementById('strip').viewBox.baseVal.width") == 23 * 60
        page.run("document.getElementById('strip-hours').open = true")
        assert page.text("day-strip").splitlines()[-3:] == [
            f"From {time}: 2 desktops at most" for time in ("00:00", "01:00", "03:00")
        ]


def test_weeks_ahead_are_told_day_by_day_on_the_board_s_clocks(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, Answer(200, boards.AHEAD), where="days#ahead=2026-03-02")
        page.wait_for_text("20 desktops can live at once")
        assert stand.questions[0].path == "/api/calendar?day=2026-03-02&weeks=4"
        lines = page.text("ahead-list").splitlines()
        assert lines[:4] == ["Mon 2 Mar", "At most 20 of 20 desktops at once, first at 12:00.", "Tue 3 Mar", "None"]
        assert page.run("document.querySelector('#ahead-list a').hash") == "#day=2026-03-02"
        at(page, stand, Answer(200, boards.AHEAD | {"at_once": None, "weeks": []}), where="days#ahead=2026-03-02")
        page.wait_for_text("Nothing limits how many desktops there are")


def test_a_week_is_told_in_figures_and_saved_as_a_file(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=KEEP_FILES) as page:
        at(page, stand, Answer(200, boards.WEEK), where="days#week=2026-W10")
        page.wait_for_text("Week 10, 2026")
        assert stand.questions[0].path == "/api/report?week=2026-W10"
        assert page.text("week-figures").split("\n")[1::2][:4] == ["31", "2", "3 mins 34 secs", "6 mins 31 secs"]
        for told in ("14 meetings, 2 without anybody", "15.5 paid, 12.4 used", "US$4.65", "NOT_READY"):
            assert told in page.text("week-charts")
        assert "2 Mar 2026 to 8 Mar 2026" in page.text("detail")
        assert page.run("document.getElementById('before').hash") == "#week=2026-W09"
        stand.answers = [Answer(200, "of,name\ntotal,\n")]
        page.click("csv")
        page.wait_for("Object.keys(window.files).length")
        assert page.run("Object.values(window.files)[0].text()") == "of,name\ntotal,\n"
        assert stand.questions[-1].path == "/api/report?week=2026-W10&format=csv"
        assert stand.questions[-1].headers["Authorization"] == f"Bearer {boards.KEY}"
        assert page.text("news") == ""
        stand.answers = [refused(503)]
        page.click("csv")
        page.wait_for_text("The file cannot be had now.")


def test_a_key_that_was_forgotten_on_one_page_shows_nothing_on_another(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, day(TROUBLED), meeting(), where="days#day=2026-03-02")
        page.wait_for_text("1 meeting.")
        page.click("go-m-1")
        page.wait_for_text("Ann Ash (teacher)")
        page.click("forget")
        page.wait_for_text("Open the board")
        page.run("history.back()")
        page.wait_for("location.pathname.endsWith('/days')")
        page.wait_for_text("Open the board")
        assert "Ann" not in page.text()


# --- looks


def gate(page: Page, stand: Stand) -> None:
    at(page, stand, refused(403, "This key is not valid here."))
    page.wait_for_text("is not valid")


def troubled(page: Page, stand: Stand) -> None:
    at(page, stand, now(TROUBLED, FINE, LATER, month=boards.MONTH))
    page.wait_for_text("in trouble")


def asked_about(page: Page, stand: Stand) -> None:
    at(page, stand, meeting(), where="ops#meeting=m-1")
    page.wait_for_text("Ann Ash (teacher)")
    page.run("for (const each of document.querySelectorAll('details')) each.open = true")
    page.click("do-move")


def of_a_day(page: Page, stand: Stand) -> None:
    at(page, stand, day(TROUBLED, FINE, LATER, DONE, NOBODY), where="days#day=2026-03-02")
    page.wait_for_text("5 meetings")


def ahead(page: Page, stand: Stand) -> None:
    at(page, stand, Answer(200, boards.AHEAD), where="days#ahead=2026-03-02")
    page.wait_for_text("can live at once")


def of_a_week(page: Page, stand: Stand) -> None:
    at(page, stand, Answer(200, boards.WEEK), where="days#week=2026-W10")
    page.wait_for_text("Week 10")
    page.run("for (const each of document.querySelectorAll('details')) each.open = true")


STATES = [gate, troubled, asked_about, of_a_day, ahead, of_a_week]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_any_state_fits_any_screen_in_any_language_and_shuts_nobody_out(
    browser: Chromium, stand: Stand, state: Callable[[Page, Stand], None]
) -> None:
    with browser.page() as page:
        state(page, stand)
        for _ in on_every_screen(page):
            pass
        page.call("Emulation.setDeviceMetricsOverride", width=640, height=900, deviceScaleFactor=1, mobile=False)
        page.run("document.documentElement.style.fontSize = '200%'")
        assert page.run("document.documentElement.scrollWidth") <= 640, "letters twice as large"
