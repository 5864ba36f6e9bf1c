"""An operator's board on the cloud itself: a meeting in trouble, and what somebody with a key does about it.

What the board's other views look like is shown of canned answers: their figures are the same in every run.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

from chalicelib.domain.access import Scope
from localcloud.cloud import ACCESS_KEYS
from tests.browser import boards
from tests.browser.boards import DONE, FINE, LATER, NOBODY, TROUBLED, at, day
from tests.browser.chromium import Chromium
from tests.browser.cloud import House
from tests.browser.stand import Answer, Stand
from tests.browser.states import shows
from tests.browser.test_story_trouble import scheduled, waiting
from tests.waiting import until

MINUTE = timedelta(minutes=1)


def test_an_operator_sees_trouble_opens_the_meeting_and_replaces_the_desktop(home: House) -> None:
    start = home.clock.now() + 20 * MINUTE
    invitation = scheduled(home, start)
    with waiting(home, invitation, "student"), home.machines.held_up():
        home.until(start - 10 * MINUTE)
        until(lambda: "student_ec2_id" in home.row(invitation.meeting_id), "the student has a desktop")
        home.until(start - 1.5 * MINUTE)
        with home.person(width=390) as board:
            board.open(f"{home.cloud.url}/ops#key={quote(ACCESS_KEYS[Scope.OPERATE])}")
            board.wait_for_text("1 meeting in trouble")
            board.wait_for_text("⚠ The student's desktop has not said that it is ready.")
            shows(board, "board-now-phone")
            board.click(f"go-{invitation.meeting_id}")
            board.wait_for_text("Ben Birch (student)")
            board.click("do-replace-student")
            board.fill("reason", "Ben sees nothing")
            board.click("question-yes")
            board.wait_for_text("Another desktop for Ben Birch is on its way.")
            assert "Ben sees nothing by the key operate" in board.text("history").replace("\n", " ")
            shows(board, "board-meeting-phone")


def test_what_a_day_and_a_week_look_like(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, day(TROUBLED, FINE, LATER, DONE, NOBODY), where="days#day=2026-03-02")
        page.wait_for_text("5 meetings")
        shows(page, "board-day")
        at(page, stand, Answer(200, boards.WEEK), where="days#week=2026-W10")
        page.wait_for_text("Week 10, 2026")
        shows(page, "board-week")
