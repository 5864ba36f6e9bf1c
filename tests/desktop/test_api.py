"""What a desktop makes of the app's answers, and of those of others in the app's place; signed by the app's time."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from desktop.api import App, AppRefused, AppUnreachable
from desktop.clock import AppClock
from desktop.metadata import Credentials
from tests.desktop.http_server import Answer, Asked, serving

NOW = datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
OFF = timedelta(minutes=10)
CREDENTIALS = Credentials("ASIAEXAMPLE", "secret", "session-token", NOW + timedelta(hours=6))


class Gateway:
    """Answers as API Gateway and the app behind it do: only what is signed within five minutes gets through."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer = Answer(200, '{"message": "It is noted."}', {"Elephant": "1"})

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        date = {"Date": format_datetime(NOW, usegmt=True)}
        if abs(self.signed_at(asked) - NOW) > timedelta(minutes=5):
            return Answer(
                403, '{"message": "Signature expired"}', date | {"x-amzn-ErrorType": "InvalidSignatureException"}
            )
        return Answer(self.answer.status, self.answer.body, {**date, **self.answer.headers})

    @staticmethod
    def signed_at(asked: Asked) -> datetime:
        return datetime.strptime(asked.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


class Wall:
    """The machine's own clock."""

    def __init__(self) -> None:
        self.off = timedelta(0)
        self.elapsed_s = 0.0

    def now(self) -> datetime:
        return NOW + self.off + timedelta(seconds=self.elapsed_s)

    def elapsed(self) -> float:
        return self.elapsed_s


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def clock(wall: Wall) -> AppClock:
    return AppClock(wall.elapsed, wall.now)


@pytest.fixture
def app(gateway: Gateway, clock: AppClock) -> Iterator[App]:
    with serving(gateway) as url:
        yield App(f"{url}/api", "us-west-2", lambda: CREDENTIALS, clock)


def test_what_is_asked_is_signed_for_the_gateway(app: App, gateway: Gateway) -> None:
    assert app.ask("POST", "/desktop/m-1/ready", {"missing": []}) == {"message": "It is noted."}
    [asked] = gateway.asked
    assert (asked.method, asked.path) == ("POST", "/api/desktop/m-1/ready")
    assert json.loads(asked.body) == {"missing": []}
    assert asked.headers["x-amz-security-token"] == "session-token"
    scope = "ASIAEXAMPLE/20260301/us-west-2/execute-api/aws4_request"
    assert re.match(rf"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=\S*host\S*, ", asked.headers["authorization"])


def test_another_body_is_another_signature(app: App, gateway: Gateway) -> None:
    for connected in (True, False):
        app.ask("POST", "/desktop/m-1/presence", {"connected": connected})
    first, second = (asked.headers["authorization"] for asked in gateway.asked)
    assert first != second


@pytest.mark.parametrize("off", [OFF, -OFF])
def test_a_clock_that_is_off_is_put_right_by_the_first_refusal(
    app: App, gateway: Gateway, wall: Wall, off: timedelta, caplog: pytest.LogCaptureFixture
) -> None:
    wall.off = off
    assert app.ask("GET", "/desktop/m-1") == {"message": "It is noted."}
    assert [gateway.signed_at(asked) for asked in gateway.asked] == [NOW + off, NOW]
    app.ask("GET", "/desktop/m-1")
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"The machine's clock is 600 s {'ahead of' if off > timedelta(0) else 'behind'} the app's."]


def test_the_app_s_time_goes_on_by_a_clock_that_nobody_sets(app: App, clock: AppClock, wall: Wall) -> None:
    app.ask("GET", "/desktop/m-1")
    wall.elapsed_s += 90
    wall.off = timedelta(days=-400)
    assert clock.now() == NOW + timedelta(seconds=90)


def test_a_date_that_is_none_changes_no_time(clock: AppClock) -> None:
    for date in (None, "", "soon", "Sun, 99 Mar 2026 15:00:00 GMT"):
        assert not clock.learn(date)
    assert not clock.is_told
    assert clock.now() == NOW


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_a_refusal_of_the_app_s_own_is_its_word(app: App, gateway: Gateway, status: int) -> None:
    gateway.answer = Answer(status, '{"message": "It has ended."}', {"Elephant": "1"})
    with pytest.raises(AppRefused, match="It has ended") as refused:
        app.ask("GET", "/desktop/m-1")
    assert refused.value.status == status


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_the_app_s_own_passes(app: App, gateway: Gateway, status: int) -> None:
    gateway.answer = Answer(status, '{"message": "Try again."}', {"Elephant": "1"})
    with pytest.raises(AppUnreachable, match="cannot answer now: Try again"):
        app.ask("GET", "/desktop/m-1")


@pytest.mark.parametrize("status", [200, 302, 403, 404, 410, 500])
def test_the_word_of_anybody_else_is_never_final(app: App, gateway: Gateway, status: int) -> None:
    """A firewall, a network's sign-in page, an address that is another's."""
    gateway.answer = Answer(status, "<html>Please sign in</html>")
    with pytest.raises(AppUnreachable, match="without the app's mark"):
        app.ask("GET", "/desktop/m-1")


def test_the_gateway_s_own_refusal_is_told_apart(app: App, gateway: Gateway) -> None:
    gateway.answer = Answer(403, '{"message": "no"}', {"x-amzn-ErrorType": "AccessDeniedException:http://x"})
    with pytest.raises(AppUnreachable, match=r"The gateway refuses \(403, AccessDeniedException\)"):
        app.ask("GET", "/desktop/m-1")


@pytest.mark.parametrize("body", ["", "[]", "null", "{", "x" * 100])
def test_an_answer_that_is_no_object_is_trouble_that_passes(app: App, gateway: Gateway, body: str) -> None:
    gateway.answer = Answer(200, body, {"Elephant": "1"})
    with pytest.raises(AppUnreachable, match="no JSON object"):
        app.ask("GET", "/desktop/m-1")


def test_where_nobody_answers_it_passes(clock: AppClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(AppUnreachable, match="cannot be reached"):
        App(f"http://127.0.0.1:{port}", "us-west-2", lambda: CREDENTIALS, clock).ask("GET", "/desktop/m-1")


@pytest.mark.parametrize("url", ["", "x", "http://api.example.com", "ftp://api.example.com", "https://", "//x"])
def test_a_signature_is_sent_to_nobody_in_the_clear(clock: AppClock, url: str) -> None:
    with pytest.raises(ValueError, match="must begin with https"):
        App(url, "us-west-2", lambda: CREDENTIALS, clock)
