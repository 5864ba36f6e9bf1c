"""The operators' board in a browser: its key, what is now, and one meeting with all that can be done to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.browser import boards
from tests.browser.boards import FINE, KEY, LATER, READY, SHUT_OUT, TROUBLED, at, listed, look, meeting, now, only_read
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import NOON, SILENCE, Answer, Stand, refused
from tests.waiting import until

FORMULA, IMAGE, TURNED = '=HYPERLINK("//x")', "<img src=x onerror=document.title='taken'>", "\u202eBob\u2066"
LONG = "W" * 200


def kept(page: Page) -> Any:
    """Return all that the browser keeps for the page."""
    return page.run("JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie])")


def focused(page: Page) -> Any:
    return page.run("document.activeElement.id")


def deed(page: Page, stand: Stand, button: str, *answers: Answer, reason: str = "he asked", field: str = "") -> Any:
    """Do something to the meeting that is shown, and return what the app was asked then: method, way, body, and times.

    Whoever does it clicks twice.
    """
    until(lambda: stand.questions[-1].method == "GET", "the page looks again after every deed")
    before = len(stand.questions)
    page.click(button)
    assert page.text("question-words").startswith("Ann Ash and Ben Birch, 2 Mar 2026, 13:00–1")
    assert "(Europe/Berlin)." in page.text("question-words")
    if field:
        page.fill("question-field", field)
    page.fill("reason", reason)
    stand.answers = list(answers)
    page.run("(yes => { yes.click(); yes.click(); })(document.getElementById('question-yes'))")
    page.wait_for("document.getElementById('news').innerText")
    asked = [each for each in stand.questions[before:] if each.method != "GET"]
    way = asked[0].path.removeprefix("/api/meetings/m-1")
    return asked[0].method, way, asked[0].json if asked[0].body else None, len(asked)


# --- the key


def test_a_key_leaves_the_address_at_once_goes_to_the_app_alone_and_can_be_forgotten(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page() as page:
        at(page, stand, now(TROUBLED), where="ops#meeting=..")
        page.wait_for_text("1 meeting in trouble")
        assert page.run("location.href") == f"{stand.url}ops#now", "what would lead out of the meetings is none"
        assert page.run("history.length") == 2, "no entry of it is left to go back to"
        page.run("window.isOld = true; location.reload()")
        page.wait_for("!window.isOld && document.body?.innerText.includes('1 meeting in trouble')")
        assert {each.headers["Authorization"] for each in stand.questions} == {f"Bearer {KEY}"}
        assert not any("Cookie" in each.headers or "Referer" in each.headers for each in stand.questions)
        assert not [url for url in page.asked if "key" in url or not url.startswith((stand.url, "data:"))]
        assert len([url for url in page.asked if not url.startswith("data:")]) == 4, "a page and a question, twice"
        assert KEY in kept(page)
        page.click("forget")
        page.wait_for("document.activeElement.id === 'gate-title'")
        assert KEY not in kept(page)
        assert "Ann" not in page.run("document.body.outerHTML + document.title")
        look(page, stand, now())
        assert len(stand.questions) == 2, "without a key nothing is asked"


def test_without_a_key_nothing_is_asked_and_one_that_is_not_taken_is_asked_for_again(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page() as page:
        stand.answers = [refused(403, "This key is not valid here."), meeting()]
        page.open(f"{stand.url}ops#meeting=m-1")
        page.wait_for_text("Open the board")
        page.fill("key", "schlüssel")
        page.click("gate-open")
        page.wait_for_text("This is no key.")
        assert stand.questions == []
        page.fill("key", "wrong")
        page.click("gate-open")
        page.wait_for_text("This key is not valid here.")
        assert "wrong" not in kept(page)
        page.fill("key", f" {KEY} ")
        page.click("gate-open")
        page.wait_for_text("Ann Ash (teacher)")
        assert page.run("document.getElementById('key').value") == ""
        look(page, stand, Answer(401, {"message": "This takes a key of the scope read."}))
        page.wait_for_text("This takes a key of the scope read.")
        assert "Ann" not in page.run("document.body.outerHTML + document.title")


# --- now


def test_trouble_comes_first_is_told_of_once_and_nothing_is_lost_in_between(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=FASTER) as page:
        paused = {"since": "2026-03-02T11:00:00Z", "by": "Ann", "why": "a drill"}
        at(page, stand, now(FINE, LATER, month=boards.MONTH, paused=paused))
        page.wait_for_text("Nothing is wrong")
        assert page.run("document.title") == "Nothing is wrong · Elephant"
        assert page.text("alarm") == ""
        assert "2 meetings are due or under way. Times in Europe/Berlin." in page.text("detail")
        assert page.text("month") == "Spent this month: US$84.20 of US$100.00 (84 %)."
        assert "by Ann: nothing new is launched or scheduled. a drill" in page.text("pause")
        assert "Cleo Carr: At the desktop. Desktop ready." in page.text("now-list")
        page.run("document.body.style.minHeight = '3000px'; scrollTo(0, 300)")
        page.run("document.getElementById('go-m-3').focus({ preventScroll: true })")
        stand.answers = [now(TROUBLED, FINE, LATER)]
        page.wait_for_text("1 meeting in trouble")
        assert page.run("document.title") == "(1) 1 meeting in trouble · Elephant"
        assert page.text("alarm").startswith("New trouble: Ann Ash and Ben Birch: The student waits at a door")
        assert page.text("now-list").index("⚠ The student waits at a door") < page.text("now-list").index("Cleo")
        assert focused(page) == "go-m-3"
        assert page.run("scrollY") > 200, "what was read stays where it is"
        stand.answers = [SILENCE]
        page.wait_for_text("What you see is of 13:00. The server cannot be reached.")
        assert "Ann Ash and Ben Birch" in page.text("now-list")
        worse = TROUBLED | {"troubles": [*TROUBLED["troubles"], SHUT_OUT | {"role": "teacher", "told": "So does Ann."}]}
        stand.answers = [now(worse)]
        page.wait_for("!document.getElementById('trouble').innerText")
        assert page.text("alarm") == "New trouble: Ann Ash and Ben Birch: So does Ann."


def test_an_alarm_s_meeting_is_two_clicks_away_and_the_way_back_is_one(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, now(TROUBLED), meeting(), now(TROUBLED))
        page.wait_for_text("1 meeting in trouble")
        page.click("go-m-1")
        page.wait_for_text("Ann Ash (teacher)")
        assert (focused(page), page.run("location.hash")) == ("headline", "#meeting=m-1")
        page.run("history.back()")
        page.wait_for_text("1 meeting in trouble")
        assert page.run("location.hash") == "#now"
        at(page, stand, Answer(404, {"message": "There is no such meeting."}), where="ops#meeting=m-9")
        page.wait_for_text("There is no such meeting, or not any more.")


def test_what_rows_hold_is_shown_as_text_whatever_it_is(browser: Chromium, stand: Stand) -> None:
    hostile = {"teacher_name": IMAGE, "student_name": TURNED, "scheduled_by": FORMULA, "reason": None}
    history = [{"at": IMAGE, "what": IMAGE, "by": TURNED, "why": FORMULA}, {"at": "", "what": LONG, "count": 3}]
    desktops = {"teacher": {"id": IMAGE, "link": "javascript:alert(1)", "missing": [IMAGE, 7], "earlier": [IMAGE]}}
    with browser.page(width=390) as page:
        odd = listed(
            2, teacher_name=f"👩‍🏫{LONG}", student_name=FORMULA, cost={"amount": 1, "currency": "<b>"}, seats={}
        )
        at(page, stand, now(listed(1, **hostile, troubles=[SHUT_OUT | {"told": IMAGE}]), odd))
        page.wait_for_text(IMAGE)
        assert f"👩‍🏫{LONG} and {FORMULA}" in page.text("now-list")
        assert "\u2068Bob\u2069" in page.text("now-list"), "what turns the reading turns nothing but the name"
        assert page.run("document.documentElement.scrollWidth") == 390
        stand.answers = [meeting(**hostile, history=history, desktops=desktops, timers=[{"name": IMAGE, "at": "x"}])]
        page.click("go-m-1")
        page.wait_for_text("What happened so far")
        page.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.text().count(IMAGE) >= 6
        assert page.run("document.querySelectorAll('img, [href^=javascript]').length") == 0
        assert page.run("document.documentElement.scrollWidth") == 390
        assert page.run("document.title") == f"{IMAGE} and \u2068Bob\u2069 · Elephant"


# --- a meeting


def test_a_meeting_shows_all_of_it_and_looks_again_without_closing_what_is_open(
    browser: Chromium, stand: Stand
) -> None:
    with browser.page(zone="America/New_York") as page:
        at(page, stand, meeting(), where="ops#meeting=m-1")
        page.wait_for_text("Ann Ash (teacher)")
        assert page.text("detail") == (
            "Running · 2 Mar 2026, 07:00–07:50 (America/New York) · 13:00 (Europe/Berlin) · US$0.41"
        )
        teacher, student = page.text("meeting-seats").split("Ben Birch (student)")
        for told in ("i-0a0a0a0a0a0a0a0a0 · subnet-1", "i-0a0a0a0a0a0a0a0a0.example.com", "2 Mar 2026, 06:54"):
            assert told in teacher
        assert "Waits at the door. Since 06:58." in student
        assert "1 earlier desktop, and why it was replaced" in student
        page.run("for (const each of document.querySelectorAll('details')) each.open = true")
        assert "it was not ready in time" in page.text("meeting-seats")
        for told in ("safety", "school", "1 Mar 2026, 04:00", "US$1.20", "24.5 paid, 20 used"):
            assert told in page.text("meeting-behind")
        assert page.text("history").startswith("2 Mar 2026, 06:57")
        page.run("document.getElementById('do-move').focus()")
        look(page, stand, meeting(seats={"teacher": READY, "student": READY}, troubles=[]))
        page.wait_for("!document.body.innerText.includes('Waits at the door')")
        assert page.run("document.getElementById('behind').open && document.getElementById('earlier-student').open")
        assert focused(page) == "do-move"
        page.run("(zone => { zone.value = 'UTC'; zone.dispatchEvent(new Event('change')); })(window.zone)")
        page.wait_for_text("12:00–12:50 (UTC)")


def test_what_changes_a_meeting_asks_once_names_it_takes_a_reason_and_is_sent_once(
    browser: Chromium, stand: Stand
) -> None:
    late = meeting(ends_at="2026-03-02T13:00:00Z")
    with browser.page() as page:
        at(page, stand, meeting(), where="ops#meeting=m-1")
        page.wait_for_text("Ann Ash (teacher)")
        end = "2026-03-02T12:50:00Z"
        why = {"reason": "he asked"}
        replace = {"role": "teacher", "desktop_id": "i-0a0a0a0a0a0a0a0a0"}
        found = deed(page, stand, "do-replace-teacher", meeting())
        assert found == ("POST", "/replace", replace | why, 1)
        assert page.text("news") == "Another desktop for Ann Ash is on its way."
        assert focused(page) == "do-replace-teacher"
        found = deed(page, stand, "do-link-student", meeting())
        assert found == ("POST", "/links", {"role": "student", "number": 2} | why, 1)
        found = deed(page, stand, "do-extend", late, meeting(), field="10")
        assert found == ("POST", "/extend", {"minutes": 10, "from": end} | why, 1)
        assert page.text("news") == "The meeting now ends at 14:00."
        found = deed(page, stand, "do-move", meeting(), reason="", field="2026-03-03T10:15")
        assert found == ("PATCH", "", {"meet_time": "2026-03-03T09:15:00Z"}, 1)
        full = refused(409, "There is no room at that time.", free=["2026-03-04T10:00:00Z"])
        deed(page, stand, "do-move", full, meeting(), field="2026-03-04T10:15")
        assert page.text("news") == "Not done. There is no room at that time. Free: 4 Mar 2026, 11:00."
        assert deed(page, stand, "do-end", meeting()) == ("POST", "/end", why, 1)
        deed(page, stand, "do-cancel", SILENCE, meeting())
        assert page.text("news").startswith("Nobody knows whether that was done. It does no harm to do it again.")
        none = {"move": False, "extend": 0, "cancel": False, "replace": []}
        over = meeting(status="TERMINATED", reason="CANCELLED", may=none)
        assert deed(page, stand, "do-cancel", over) == ("DELETE", "?reason=he+asked", None, 1)
        page.wait_for_text("Cancelled · 2 Mar 2026")
        assert focused(page) == "headline", "where the button has gone"
        assert not page.run("document.querySelector('#deeds button, #meeting-seats button')")


def test_what_cannot_be_meant_is_said_in_the_question_and_sent_to_nobody(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, meeting(), where="ops#meeting=m-1")
        page.wait_for_text("Ann Ash (teacher)")
        for button, typed, says in [
            ("do-move", "2026-03-29T02:30", "This is no time that clocks show there."),
            ("do-move", "2026-10-25T02:30", "this time comes twice"),
            ("do-move", "", "This is no time"),
            ("do-extend", "31", "a whole number from 1 to 30"),
            ("do-extend", "1.5", "a whole number from 1 to 30"),
        ]:
            page.click(button)
            assert focused(page) == "question-field"
            page.fill("question-field", typed)
            page.click("question-yes")
            assert says in page.text("question-wrong")
            assert page.shows("question")
            page.click("question-no")
            page.wait_for(f"document.activeElement.id === '{button}'")
        assert [each.method for each in stand.questions] == ["GET"]


def test_a_key_that_only_reads_sees_no_button_and_a_refusal_is_told(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, only_read(), where="ops#meeting=m-1")
        page.wait_for_text("Your key shows meetings and changes none.")
        assert not page.run("document.querySelector('#view-meeting button')")
        look(page, stand, meeting())
        page.wait_for_text("Cancel…")
        deed(page, stand, "do-end", refused(403, "This key is good for read alone."), only_read())
        assert page.text("news") == "Not done. This key is good for read alone."
        page.wait_for_text("Your key shows meetings and changes none.")


def test_links_to_recordings_are_there_as_long_as_they_are_good(browser: Chromium, stand: Stand) -> None:
    files = [{"name": "2026-03-02/m-1/teacher/1.mkv", "bytes": 3 << 20, "url": "https://bucket.example/1?X-Amz=2"}]
    told = Answer(200, {"message": "Two.", "recordings": files, "elsewhere": ["javascript:1"], "good_for_s": 300})
    with browser.page() as page:
        at(page, stand, meeting(), where="ops#meeting=m-1")
        page.wait_for_text("Ann Ash (teacher)")
        assert deed(page, stand, "do-recordings", told, meeting()) == (
            ("POST", "/recordings", {"reason": "he asked"}, 1)
        )
        links = ["These links are good until 13:05.", "1.mkv (3 MiB)", "javascript:1"]
        assert [line for line in page.text("meeting-recordings").splitlines() if line][2:] == links
        assert page.run("[...document.querySelectorAll('#recordings a')].map(({ href }) => href)") == [
            "https://bucket.example/1?X-Amz=2", "",
        ]  # fmt: skip
        stand.answers = [Answer(200, boards.MEETING, time=NOON + timedelta(minutes=6))]
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for("!document.getElementById('recordings')")
