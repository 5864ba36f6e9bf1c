"""The meeting page in a browser: it waits, opens the door, and lets nobody but the app send a person away."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from tests import at_length
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import DESKTOP, NOON, READY, SILENCE, Answer, Stand, refused, waiting
from tests.waiting import until

LINK = "meeting?id=m-1&role=teacher"
PORTAL = Answer(200, "<h1>Sign in to the school's network</h1>", ours=False)
GATEWAY = Answer(403, {"message": "Missing Authentication Token"}, ours=False)
THROTTLED = Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"}, ours=False)
STRANGERS = {
    "a sign-in page": PORTAL,
    "a firewall's 403": Answer(403, "<h1>Blocked</h1>", ours=False),
    "the gateway's 403": GATEWAY,
    "a filter's 404": Answer(404, "<h1>Not found</h1>", ours=False),
    "a 400": Answer(400, {"message": "Bad"}, ours=False),
    "a 410": Answer(410, {"message": "Gone", "reason": "SUCCESS"}, ours=False),
    "an address from elsewhere": Answer(200, {"dcv_url": "https://evil.example:8443"}, ours=False),
    "a step from elsewhere": Answer(202, {"progress": {"step": "booting"}}, ours=False),
    "the gateway's 429": THROTTLED,
    "the gateway's 502": Answer(502, {"message": "Internal server error"}, ours=False),
    "the app's 500": refused(500),
    "the app's 503": Answer(503, {"message": "The table is away."}, {"Retry-After": "1"}),
    "no answer at all": SILENCE,
}

LIKELY = ("a sign-in page", "the gateway's 403", "the app's 503", "no answer at all", "not ready any more")
"""What people meet most; of its kind each stands for the others."""


def at(page: Page, stand: Stand, *answers: Answer, link: str = LINK) -> None:
    """Open a link, to which the app answers this, and the last of it from then on."""
    stand.answers = list(answers)
    page.open(stand.url + link)


# --- every answer of the app


@pytest.mark.parametrize(
    ("answer", "headline"),
    [
        (READY, "Your desktop is ready"),
        (waiting("scheduled"), "Your meeting is scheduled"),
        (waiting("launching"), "Your desktop is being launched"),
        (waiting("starting"), "Your desktop is being switched on"),
        (waiting("publishing"), "Your desktop is getting its address"),
        (waiting("booting"), "Your desktop is almost ready"),
        (waiting("something new"), "Your desktop is not ready yet"),
        (refused(400), "This link is not right"),
        (refused(403), "This link does not open the meeting"),
        (refused(404), "There is no such meeting"),
        (refused(410, reason="SUCCESS"), "This meeting has ended"),
    ],
    ids=lambda value: str(value.status) if isinstance(value, Answer) else value,
)
def test_what_the_app_answers_is_shown(browser: Chromium, stand: Stand, answer: Answer, headline: str) -> None:
    with browser.page() as page:
        at(page, stand, answer)
        page.wait_for_text(headline)
        assert page.shows("open") == (answer is READY)
        assert page.text("trouble") == ""
        assert not page.shows("unable")


def count_tabs(browser: Chromium) -> int:
    """Return how many tabs there are, without what the browser has for itself."""
    return sum(each["type"] == "page" for each in browser.call("Target.getTargets")["targetInfos"])


def is_open(browser: Chromium, url: str) -> bool:
    """Return whether there is a tab at just this address."""
    return any(each["url"] == url for each in browser.call("Target.getTargets")["targetInfos"])


def test_only_a_click_comes_and_each_brings_what_opens_the_door(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text("Your desktop is ready")
        assert all(question.path.endswith("?peek=1") for question in stand.questions)
        for token in ("a.1", "a.2"):
            stand.answers = [Answer(200, {**READY.body, "auth_token": token})]  # type: ignore[dict-item]
            asked = len(stand.questions)
            page.click("open")
            wanted = f"{DESKTOP}/?authToken={token}#console"
            until(partial(is_open, browser, wanted), patience_s=30)
            assert not stand.questions[asked].path.endswith("?peek=1")
        assert page.shows("open")


@pytest.mark.parametrize("answer", at_length.named(STRANGERS | {"not ready any more": waiting("booting")}, LIKELY))
def test_a_click_that_brings_nothing_leaves_no_empty_tab(browser: Chromium, stand: Stand, answer: Answer) -> None:
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text("Your desktop is ready")
        before = count_tabs(browser)
        stand.answers = [answer]
        page.click("open")
        page.wait_for("document.getElementById('trouble').innerText || document.getElementById('open').hidden")
        until(lambda: count_tabs(browser) == before, patience_s=30)


def test_why_a_click_brought_nothing_stays_to_be_read_and_the_next_one_opens(browser: Chromium, stand: Stand) -> None:
    """The empty tab is closed again, so the page is looked at again and asks: that must not wipe out what it says."""
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text("Your desktop is ready")
        stand.answers = [refused(503), READY]
        page.click("open")
        page.wait_for_text("please click again")
        asked = len(stand.questions)
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        until(lambda: len(stand.questions) > asked, patience_s=30)
        page.run("new Promise((done) => setTimeout(done, 200))")
        assert "please click again" in page.text("trouble")
        page.click("open")
        until(partial(is_open, browser, f"{DESKTOP}/"), patience_s=30)
        assert page.text("trouble") == ""


def test_a_desktop_that_stops_being_ready_is_not_called_another(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=FASTER, width=390) as page:
        at(page, stand, READY, waiting("booting", missing=["x" * 200]))
        page.wait_for_text("Your desktop reports")
        assert "another" not in page.text("detail")
        assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_who_waits_reads_what_the_desktop_lacks(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        lacking = waiting("booting", missing=["The DCV service is not running.", "<b>DCV</b> has no session yet."])
        at(page, stand, lacking)
        page.wait_for_text("Your desktop reports")
        assert page.text("lacks").split("\n") == ["The DCV service is not running.", "<b>DCV</b> has no session yet."]


@pytest.mark.parametrize(
    ("status", "headline"),
    [
        (400, "This link is not right"),
        (403, "This link does not open the meeting"),
        (404, "There is no such meeting"),
        (410, "This meeting has ended"),
    ],
)
def test_after_the_apps_last_word_nothing_is_asked_any_more(
    browser: Chromium, stand: Stand, status: int, headline: str
) -> None:
    with browser.page(before=FASTER) as page:
        at(page, stand, READY, refused(status))
        page.wait_for_text(headline)
        assert not page.shows("open")
        asked = len(stand.questions)
        page.run("document.dispatchEvent(new Event('visibilitychange')), dispatchEvent(new Event('online'))")
        page.run("new Promise((done) => setTimeout(done, 40000))")
        assert len(stand.questions) == asked


# --- trouble that passes


@pytest.mark.parametrize("stranger", at_length.named(STRANGERS, LIKELY))
def test_nothing_but_the_apps_word_is_final(browser: Chromium, stand: Stand, stranger: Answer) -> None:
    with browser.page(before=FASTER) as page:
        at(page, stand, stranger, stranger, waiting("booting"))
        page.wait_for_text("Your desktop is almost ready")
        assert page.text("trouble") == ""


@pytest.mark.parametrize("status", [200, 202, 403, 410])
def test_an_answer_that_was_cut_off_on_the_way_says_nothing(browser: Chromium, stand: Stand, status: int) -> None:
    cut = Answer(status, '{"message": "This is how')
    with browser.page(before=FASTER) as page:
        at(page, stand, cut, cut, cut, waiting("booting"))
        page.wait_for_text("The server cannot be reached")
        page.wait_for_text("Your desktop is almost ready")


@pytest.mark.parametrize("stranger", at_length.named(STRANGERS, LIKELY))
def test_nobody_who_is_in_loses_the_button_to_anything_but_the_apps_word(
    browser: Chromium, stand: Stand, stranger: Answer
) -> None:
    with browser.page(before=FASTER) as page:
        at(page, stand, READY, stranger)
        page.wait_for("document.getElementById('trouble').innerText")
        assert page.shows("open")
        assert page.text("headline") == "Your desktop is ready"
        assert "keeps trying" in page.text("trouble")
        stand.answers = [READY]
        page.wait_for("!document.getElementById('trouble').innerText")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PORTAL, "Something on the way answers in the server’s place"),
        (GATEWAY, "Something on the way answers in the server’s place"),
        (THROTTLED, "Very many people are asking"),
        (refused(503), "The server cannot answer right now"),
        (SILENCE, "The server cannot be reached"),
    ],
    ids=["a portal", "a filter", "throttled", "unwell", "silent"],
)
def test_trouble_is_told_for_what_it_is(browser: Chromium, stand: Stand, answer: Answer, says: str) -> None:
    with browser.page() as page:
        at(page, stand, answer)
        page.wait_for_text(says)
        assert "no need to reload" in page.text("trouble")


# --- when it asks


@pytest.mark.parametrize(
    "event", ["dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))"]
)
def test_it_asks_at_once_when_the_network_or_the_person_is_back(browser: Chromium, stand: Stand, event: str) -> None:
    with browser.page() as page:
        at(page, stand, waiting("scheduled"), READY)
        page.wait_for_text("Your meeting is scheduled")
        page.run(event)
        page.wait_for_text("Your desktop is ready")
        assert len(stand.questions) == 2


def test_who_was_offline_is_told_so_and_goes_on_when_the_network_is_back(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, waiting("booting"))
        page.wait_for_text("almost ready")
        page.offline(True)
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_text("You are offline.")
        stand.answers = [READY]
        page.offline(False)
        page.wait_for_text("Your desktop is ready")
        assert page.text("trouble") == ""


# --- times


def clock_off_by(hours: float) -> str:
    """Return a script that sets the visitor's clock wrong: to noon of 2 March 2026, and this many hours more."""
    noon = int((NOON + timedelta(hours=hours)).timestamp() * 1000)
    return f"""
const Usual = Date;
Usual.now = () => {noon} + (performance.now() | 0);
window.Date = new Proxy(Usual, {{
  construct: (target, given) => given.length ? new target(...given) : new target(Usual.now()),
}});
"""


@pytest.mark.parametrize("hours", [-26, -1, 0, 1, 26])
def test_the_times_shown_do_not_depend_on_the_visitors_clock(browser: Chromium, stand: Stand, hours: float) -> None:
    with browser.page(before=clock_off_by(hours)) as page:
        at(
            page,
            stand,
            waiting("scheduled", launch_at="2026-03-02T12:30:00Z"),
            waiting("booting", since="2026-03-02T11:58:00Z"),
        )
        page.wait_for_text("at 13:30, in 30 mins 0 secs")
        page.run("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_text("2 mins 0 secs")


# --- links that were damaged


@pytest.mark.parametrize(
    "link",
    [
        "meeting?id=m-1&role=Teacher",
        "meeting?id=m-1&role=TEACHER.",
        "meeting?id=m-1&role=teacher)",
        "meeting?id=m-1&role=teacher%22%3E",
        "meeting?id=m-1&role=teacher%E2%80%9D.",
        "meeting?id=m-1&role=teacher%C2%AD",
        "meeting?id=m-1&role=tea%E2%80%8Bcher",
        "meeting?id=m-1&role=teacher%E2%80",
        "meeting?id=m-1&amp;role=teacher",
        "meeting?id=m-1&amp%3Brole=teacher",
        "meeting?id=m-1&amp;role=teacher&gt;",
        "meeting?id%3Dm-1%26role%3Dteacher",
        "meeting?id%253Dm-1%2526role%253Dteacher.",
        "meeting?role=teacher&id=m-1.",
        "meeting?role=teacher&id=m-1%3E",
        "meeting?fbclid=x&id=m-1&role=+teacher+",
        "meeting/?id=m-1&role=teacher.Thanks",
    ],
)
def test_a_link_that_a_mail_program_has_damaged_opens(browser: Chromium, stand: Stand, link: str) -> None:
    with browser.page() as page:
        at(page, stand, READY, link=link)
        page.wait_for_text("Your desktop is ready")
        assert [question.path for question in stand.questions] == ["/api/join/m-1/teacher?peek=1"]


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("meeting", "which meeting"),
        ("meeting?role=teacher", "which meeting"),
        ("meeting?id=..&role=teacher", "which meeting"),
        ("meeting?id=m-1", "as the teacher or as the student"),
        ("meeting?id=m-1&role=teachers", "as the teacher or as the student"),
        ("meeting?id=m-1&rol", "as the teacher or as the student"),
    ],
)
def test_an_incomplete_link_is_told_without_asking(browser: Chromium, stand: Stand, link: str, says: str) -> None:
    with browser.page() as page:
        at(page, stand, READY, link=link)
        page.wait_for_text("This link is incomplete")
        assert says in page.text("detail")
        assert stand.questions == []


# --- older browsers


@pytest.mark.parametrize("link", [LINK, ""], ids=["meeting", "schedule"])
@pytest.mark.parametrize(
    ("lacking", "works"),
    [
        ("delete AbortSignal.timeout", True),
        ("delete AbortSignal.any; delete Element.prototype.replaceChildren; delete String.prototype.replaceAll", True),
        ("delete window.AbortController", False),
        ("delete window.fetch", False),
        ("delete window.Intl", False),
    ],
    ids=["no time limits", "a browser of 2020", "no AbortController", "no fetch", "no Intl"],
)
def test_a_browser_that_lacks_something_works_or_is_told(
    browser: Chromium, stand: Stand, link: str, lacking: str, works: bool
) -> None:
    with browser.page(before=lacking) as page:
        at(page, stand, READY, link=link)
        page.wait_for_text("Your desktop is ready" if works and link else "")
        assert page.shows("unable") == (not works)
