"""What DCV is answered over real HTTP, whatever is posted: a document of its form, with status 200."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest

from desktop.door import Verdict
from desktop.verifier import GO_BACK, Verifier

GOOD = "a-good-token"
USER = "lesson & <co>"


class Judge:
    """Takes one token for good, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = False

    def __call__(self, token: str) -> Verdict:
        if self.fails:
            raise ValueError("It cannot judge.")
        self.asked.append(token)
        return Verdict(token == GOOD, "So it is said.")


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def verifier(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Verifier]:
    monkeypatch.setattr("desktop.verifier._POLL_S", 0.01)  # it notices that quickly that it is to stop
    verifier = Verifier(judge, USER)
    yield verifier
    verifier.stop()


def form(**fields: str) -> bytes:
    dcv = {"sessionId": "console", "authenticationToken": GOOD, "clientAddress": "203.0.113.7"}
    return urlencode(dcv | fields).encode()


def post(verifier: Verifier, body: bytes, path: str = "/", headers: dict[str, str] | None = None) -> str | None:
    """Return the user that the answer lets in, None where it lets nobody in."""
    connection = HTTPConnection(urlsplit(verifier.url).netloc, timeout=10)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    connection.request("POST", path, body, sent)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml"
    document = ElementTree.fromstring(said)
    assert document.tag == "auth"
    if document.attrib == {"result": "yes"}:
        return document.findtext("username")
    assert document.attrib == {"result": "no"}
    assert document.findtext("message") == GO_BACK
    return None


@pytest.mark.parametrize("path", ["/", "/verify", "/a/b?c=d"])
def test_a_good_token_lets_the_desktop_s_user_in(verifier: Verifier, judge: Judge, path: str) -> None:
    assert post(verifier, form(), path) == USER
    assert judge.asked == [GOOD]


def test_a_bad_one_leads_back_to_the_page_and_says_why_in_the_log_alone(
    verifier: Verifier, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever tries tokens is not told what is wrong with them, and the log holds none."""
    assert post(verifier, form(authenticationToken="a-bad-token")) is None
    assert "So it is said." in caplog.text
    assert "203.0.113.7" in caplog.text
    assert "a-bad-token" not in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"\xff\xfe\x00",
        b"a=b&" * 9,
        form(sessionId="other"),
        form(sessionId=""),
        form(more="than DCV sends"),
        form() + b"&authenticationToken=" + GOOD.encode(),
        form() + b"&authenticationToken=other",
        urlencode({"sessionId": "console", "authenticationToken": GOOD}).encode(),
        b'{"sessionId": "console", "authenticationToken": "a-good-token", "clientAddress": "x"}',
        form(clientAddress="x" * 10_000),
    ],
)
def test_what_dcv_would_not_send_is_refused_unjudged(verifier: Verifier, judge: Judge, body: bytes) -> None:
    assert post(verifier, body) is None
    assert judge.asked == []
    assert post(verifier, form()) == USER


@pytest.mark.parametrize("length", ["-1", "x", "99999999999", "1e3"])
def test_a_length_that_cannot_be_meant_is_refused(verifier: Verifier, judge: Judge, length: str) -> None:
    assert post(verifier, b"", headers={"Content-Length": length}) is None
    assert judge.asked == []


def test_who_sends_nothing_holds_up_nobody(verifier: Verifier) -> None:
    """A handful of connections that say nothing, or half of it, while DCV asks."""
    host, port = urlsplit(verifier.url).netloc.split(":")
    idle = [socket.create_connection((host, int(port))) for _ in range(20)]
    for each in idle[:10]:
        each.sendall(b"POST / HTTP/1.1\r\nContent-Length: 500\r\n\r\nsessionId=con")
    assert post(verifier, form()) == USER
    for each in idle:
        each.close()


def test_no_garbage_is_let_in_or_breaks_it(verifier: Verifier, judge: Judge) -> None:
    """A form of random bytes, and DCV's own with bytes changed: what is let in is the good token alone."""
    dice = random.Random(9)
    for _ in range(300):
        body = bytearray(form())
        for _ in range(dice.randint(1, 5)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        judge.asked.clear()
        let_in = post(verifier, bytes(body) if dice.random() < 0.8 else dice.randbytes(dice.randrange(300)))
        assert (let_in is not None) == (judge.asked == [GOOD])


def test_a_judge_that_fails_lets_nobody_in(verifier: Verifier, judge: Judge, caplog: pytest.LogCaptureFixture) -> None:
    """No answer is a no; the next question is answered."""
    judge.fails = True
    with pytest.raises((HTTPException, OSError)):
        post(verifier, form())
    assert "could not be answered" in caplog.text
    judge.fails = False
    assert post(verifier, form()) == USER


def test_only_this_machine_can_ask(verifier: Verifier) -> None:
    assert urlsplit(verifier.url).hostname == "127.0.0.1"


def test_a_port_that_is_taken_is_not_shared(verifier: Verifier, judge: Judge) -> None:
    with pytest.raises(OSError, match="in use"):
        Verifier(judge, USER, int(verifier.url.rpartition(":")[2]))
