"""The desktop of the stand-in for DCV in a browser: from the token to the room, and each of its buttons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from localcloud.dcv.process import DcvProcess
from localcloud.dcv.server import CRASHED
from tests.browser.chromium import Chromium, Page
from tests.localcloud.dcv.stands import NO, YES, Desk, Verifier, make_desk, until

ROOM = {
    "person": "Zoë <b>Okafor</b>",
    "role": "teacher",
    "room_url": "https://meet.example/m-1",
    "opened_at": "2026-03-02T12:00:00Z",
    "opened_by": "the session helper's browser",
}


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    verifier = Verifier()
    yield verifier
    verifier.close()


@pytest.fixture
def desk(tmp_path: Path, verifier: Verifier) -> Iterator[Desk]:
    desk = make_desk(tmp_path / "home", reconnect_s=0.2)
    policy = "max-concurrent-clients=1\nclient-eviction-policy='same-user-oldest-connection'"
    desk.settings(verifier.url, automatic=policy)
    desk.start()
    yield desk
    desk.kill()


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    with browser.page(width=390) as page:
        page.call("Security.setIgnoreCertificateErrors", ignore=True)
        yield page


def enter(page: Page, desk: DcvProcess) -> None:
    page.open(desk.desktop_url("t+1"))
    page.wait_for("document.getElementById('desktop')?.hidden === false")


def tokens(verifier: Verifier) -> list[str]:
    return [parse_qs(asked.body.decode())["authenticationToken"][0] for asked in verifier.asked]


def test_a_good_token_shows_whose_desktop_it_is_and_the_room(page: Page, desk: Desk, verifier: Verifier) -> None:
    enter(page, desk)
    page.wait_for_text("The room is not open yet")
    (desk.home / "session.json").write_text(json.dumps(ROOM))
    page.wait_for_text("The room is open")
    text = page.text()
    for told in ("Desktop of Zoë <b>Okafor</b> (teacher)", ROOM["room_url"], ROOM["opened_by"], "connected as lesson"):
        assert told in text
    assert tokens(verifier) == ["t+1"]
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    assert page.run("document.activeElement.id") == "headline"


def test_no_is_shown_as_text_and_asked_again_by_hand_alone(page: Page, desk: Desk, verifier: Verifier) -> None:
    verifier.answer = NO
    page.open(desk.desktop_url("t+1"))
    page.wait_for_text("This desktop does not let you in")
    assert page.text("message") == "Used <before> & over"
    assert not page.shows("desktop")
    assert len(verifier.asked) == 1
    verifier.answer = YES
    page.click("again")
    page.wait_for("document.getElementById('desktop')?.hidden === false")


def test_work_is_written_down(page: Page, desk: Desk) -> None:
    enter(page, desk)
    page.click("work")
    page.wait_for_text("Work is noted (1).")
    assert (desk.home / "work.log").read_text().split()[1:] == ["lesson", "1"]


def test_a_lost_connection_comes_back_by_itself_with_the_same_token(page: Page, desk: Desk, verifier: Verifier) -> None:
    enter(page, desk)
    page.click("lose")
    until(lambda: len(verifier.asked) == 2)
    page.wait_for("document.getElementById('desktop')?.hidden === false")
    assert tokens(verifier) == ["t+1"] * 2
    assert desk.told("list-connections", "console") == [{"id": 2}]


def test_a_reload_presents_the_same_token_and_replaces_its_own(page: Page, desk: Desk, verifier: Verifier) -> None:
    enter(page, desk)
    page.run("window.before = true")
    page.call("Page.reload")
    page.wait_for("!window.before && document.getElementById('desktop')?.hidden === false")
    assert tokens(verifier) == ["t+1"] * 2
    assert desk.connections() == 1


def test_a_second_window_lets_the_first_go_for_good(page: Page, browser: Chromium, desk: Desk) -> None:
    enter(page, desk)
    with browser.page() as second:
        second.call("Security.setIgnoreCertificateErrors", ignore=True)
        enter(second, desk)
        page.wait_for_text("open in another window")
        assert desk.told("list-connections", "console") == [{"id": 2}]


def test_who_leaves_does_not_come_back(page: Page, desk: Desk, verifier: Verifier) -> None:
    enter(page, desk)
    page.click("leave")
    page.wait_for_text("You have left the desktop")
    assert not page.shows("desktop")
    assert desk.connections() == 0
    assert len(verifier.asked) == 1


def test_a_crashed_desktop_is_waited_for_and_entered_again(page: Page, desk: Desk, verifier: Verifier) -> None:
    enter(page, desk)
    page.click("crash")
    page.wait_for_text("The connection is lost")
    until(lambda: desk.exit_code == CRASHED)
    desk.start()
    page.wait_for("document.getElementById('desktop')?.hidden === false")
    assert tokens(verifier) == ["t+1"] * 2


def test_without_a_token_the_page_says_where_one_is(page: Page, desk: Desk, verifier: Verifier) -> None:
    page.open(desk.url + "/#console")
    page.wait_for_text("opens from the meeting page")
    assert verifier.asked == []
