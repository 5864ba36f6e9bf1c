"""The door of the stand-in for DCV: what it asks the verifier, when, and whom it lets in."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from localcloud.dcv.verifier import judge
from tests.localcloud.dcv.stands import NO, YES, Desk, Verifier, until

GARBAGE = {
    "no XML": (200, b"yes"),
    "nothing": (200, b""),
    "a page": (200, b"<html><body>yes</body></html>"),
    "neither": (200, b'<auth result="maybe"><username>lesson</username></auth>'),
    "Yes": (200, b'<auth result="Yes"><username>lesson</username></auth>'),
    "nobody": (200, b'<auth result="yes"><username> </username></auth>'),
    "no name": (200, b'<auth result="yes"></auth>'),
    "cut off": (200, b'<auth result="yes"><username>lesson</username>'),
    "two answers": (200, YES[1] + YES[1]),
    "entities": (200, b"<!DOCTYPE a [<!ENTITY b 'lesson'>]>" + YES[1].replace(b"lesson", b"&b;")),
    "too long": (200, YES[1] + b" " * 70_000),
    "bytes": (200, b"\xff\xfe\x00" * 9),
    "an error": (500, YES[1]),
    "a redirect": (302, YES[1]),
    "created": (201, YES[1]),
}


def test_the_verifier_is_asked_as_dcv_asks(running: Desk, verifier: Verifier) -> None:
    assert running.connect("a+b/c=&ä").first["user"] == "lesson"
    (asked,) = verifier.asked
    assert asked.line == "POST /verify/here HTTP/1.1"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.headers["Content-Length"] == str(len(asked.body))
    assert asked.body == b"sessionId=console&authenticationToken=a%2Bb%2Fc%3D%26%C3%A4&clientAddress=127.0.0.1"


def test_a_page_that_is_fetched_asks_nothing_and_a_page_that_connects_asks_once(
    running: Desk, verifier: Verifier
) -> None:
    browser = running.browser()
    browser.request("GET", "/?authToken=t-1")
    page = browser.getresponse()
    assert page.status == 200
    assert "t-1" not in page.read().decode()
    assert verifier.asked == []
    assert running.connections() == 0
    live = running.connect(over=browser)
    assert live.is_in
    assert len(verifier.asked) == 1
    assert running.connections() == 1


def test_no_is_told_in_the_verifiers_words(running: Desk, verifier: Verifier) -> None:
    verifier.answer = NO
    refused = running.connect()
    assert (refused.status, refused.first["message"]) == (403, "Used <before> & over")
    assert running.connections() == 0


def test_only_yes_is_a_yes(running: Desk, verifier: Verifier) -> None:
    for name, answer in GARBAGE.items():
        verifier.answer = answer
        refused = running.connect()
        assert refused.status == 403, name
        assert "Go back to the meeting page" in refused.first["message"]
    assert len(verifier.asked) == len(GARBAGE)
    assert running.connections() == 0


def test_a_verifier_that_hangs_is_given_up_after_the_settings_time(running: Desk, verifier: Verifier) -> None:
    verifier.answer = None
    assert running.connect().status == 403
    assert "has not answered within 1 s" in running.log
    verifier.answer = YES
    assert running.connect().is_in


def test_a_verifier_that_answers_drop_by_drop_is_given_up_too(desk: Desk) -> None:
    """Each drop comes in time, the whole never does."""
    stop = threading.Event()

    def drip(listens: socket.socket) -> None:
        asking, _ = listens.accept()
        with asking, contextlib.suppress(OSError):
            while not stop.wait(0.1):
                asking.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listens:
        dripping = threading.Thread(target=drip, args=(listens,))
        dripping.start()
        desk.settings(f"http://127.0.0.1:{listens.getsockname()[1]}", security="auth-token-verifier-timeout=1")
        desk.start()
        assert desk.connect().status == 403
        stop.set()
        dripping.join()
    assert "has not answered within 1 s" in desk.log


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "http://", "no address", ""])
def test_a_verifier_that_cannot_be_asked_lets_nobody_in(desk: Desk, url: str) -> None:
    desk.settings(url)
    desk.start()
    assert desk.connect().status == 403


def test_a_verifier_that_is_not_there_lets_nobody_in(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    desk.settings(f"http://127.0.0.1:{port}")
    desk.start()
    assert desk.connect().status == 403
    assert "cannot be asked" in desk.log


@pytest.mark.parametrize(
    ("lines", "answered"),
    [
        ("", 403),
        ("%any% allow display", 200),
        ("guest allow builtin", 200),
        ("group:all allow seen", 200),
        ("guest allow audio-in", 403),
        ("guest deny display\nguest allow display", 403),
        ("guest allow display\nguest disallow display", 403),
        ("somebody allow display", 403),
    ],
)
def test_another_than_the_owner_needs_a_permission(desk: Desk, verifier: Verifier, lines: str, answered: int) -> None:
    file = desk.home / "my.perm"
    file.write_text(f"[groups]\nall=user:guest, other\n[aliases]\nseen=display, mouse\n[permissions]\n{lines}\n")
    desk.settings(verifier.url, automatic=f"permissions-file='{file}'" if lines else "")
    verifier.answer = (200, YES[1].replace(b"lesson", b"guest"))
    desk.start()
    assert desk.connect().status == answered


def test_three_refusals_close_the_connection_and_two_do_not(running: Desk, verifier: Verifier) -> None:
    verifier.answer = NO
    browser = running.browser()
    browser.auto_open = 0
    browser.connect()
    for _ in range(2):
        assert running.connect(over=browser).status == 403
        assert browser.sock is not None
    assert running.connect(over=browser).status == 403
    assert browser.sock is None


def test_who_brings_no_token_or_another_session_is_refused_unasked(running: Desk, verifier: Verifier) -> None:
    assert "meeting page" in running.connect("").first["message"]
    assert running.connect(sessionId="other").status == 403
    assert verifier.asked == []


def test_without_authentication_everybody_is_let_in_without_a_token(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, security='authentication="none"')
    desk.start()
    assert desk.connect("").is_in
    assert verifier.asked == []


def test_a_foreign_origin_or_host_is_refused_and_its_own_is_not(desk: Desk, verifier: Verifier) -> None:
    desk.settings(verifier.url, security="allowed-http-host-regex='^127'\nallowed-ws-origin-regex='^https://127'")
    desk.start()
    answers = []
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": desk.url}):
        browser = desk.browser()
        browser.request("POST", "/connect", "authToken=t&sessionId=console", headers)
        answers.append(browser.getresponse().status)
    assert answers == [403, 403, 200]
    assert len(verifier.asked) == 1


def test_no_token_ever_reaches_the_log(running: Desk, verifier: Verifier) -> None:
    running.connect("sesame-1")
    verifier.answer = NO
    running.connect("sesame-2")
    browser = running.browser()
    browser.request("GET", "/other?authToken=sesame-3")
    assert browser.getresponse().status == 404
    until(lambda: "the verifier says no" in running.log)
    assert "sesame" not in running.log


def test_forms_that_are_none_are_refused(running: Desk, verifier: Verifier) -> None:
    answers = []
    for body, headers in ((b"\xff=%ff", {}), (b"", {"Content-Length": "99999999"}), (b"", {"Content-Length": "-1"})):
        browser = running.browser()
        browser.request("POST", "/connect", body, headers)
        answers.append(browser.getresponse().status)
    assert answers == [400, 400, 400]
    assert verifier.asked == []


def test_an_answer_may_have_a_declaration_and_spaces() -> None:
    assert (
        judge(b"<?xml version='1.0'?>\n <auth result='yes'>\n <username>\nlesson </username></auth>").user == "lesson"
    )
