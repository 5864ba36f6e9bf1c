"""The cloud of `make run` with the agent's desktops, for stories that people live through in their browsers.

Its time passes as it does, and is put forward where a story has nothing to tell: what was due meanwhile is done, and
everybody's clock with it. Between people's pages and the app there is nothing, until a test puts something there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
from werkzeug.wrappers import Request, Response

from localcloud.clock import RealClock
from localcloud.cloud import Cloud
from localcloud.doors import DOMAIN
from localcloud.gateway import Gateway
from localcloud.laptop import Laptop, Machine
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import Answer
from tests.running import running_laptop
from tests.waiting import until


def monday() -> datetime:
    """Return when stories begin: at half past two of a Monday to come, UTC.

    It is the same in every run but for the date. It lies ahead, since a desktop that hears no other time goes by its
    own clock, and by that one a meeting of the past would be long over.
    """
    day = datetime.now(UTC).replace(hour=14, minute=30, second=0, microsecond=0)
    return day + timedelta(days=7 - day.weekday())


_CLOCK = """
var ahead = %d;
(() => {
  const usual = Date.now.bind(Date);
  Date.now = () => usual() + ahead;
  window.Date = new Proxy(Date, {
    construct: (target, given) => given.length ? new target(...given) : new target(Date.now()),
  });
})();
"""
_DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")


class Between:
    """What lies between people's pages and the app; desktops have a way of their own."""

    def __init__(self) -> None:
        self.answer: Answer | None = None

    @contextmanager
    def answers(self, answer: Answer) -> Iterator[None]:
        """Have this answered in the app's place."""
        self.answer = answer
        yield
        self.answer = None

    def serve(self, gateway: Gateway, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or let the gateway do it."""
        answer = self.answer
        if answer is None or Request(environ).path.startswith("/desktop/"):
            return _serve_by_gateway(gateway, environ, start_response)
        return Response(answer.text, HTTPStatus(answer.status), answer.all_headers)(environ, start_response)


_serve_by_gateway = Gateway.__call__


@dataclass
class House:
    """The cloud, its desktops, and a browser in which people open pages."""

    cloud: Cloud
    laptop: Laptop
    clock: RealClock
    browser: Chromium
    between: Between
    _pages: list[Page] = field(default_factory=list)

    @contextmanager
    def person(self, *, ahead: timedelta = timedelta(), **more: Any) -> Iterator[Page]:
        """Open a browser of somebody's own, whose clock is so much ahead of the cloud's, and waits a thirtieth."""
        before = _CLOCK % _milliseconds(self.clock.now() - datetime.now(UTC) + ahead) + FASTER + more.pop("before", "")
        with self.browser.page(before=before, **more) as page:
            self._pages.append(page)
            yield page
            self._pages.remove(page)

    def row(self, meeting_id: str) -> dict[str, Any]:
        """Return a meeting's row."""
        return self.cloud.row(meeting_id)

    def until(self, moment: datetime) -> None:
        """Let time pass at once, for the cloud, its desktops and everybody's clock."""
        span = moment - self.clock.now()
        assert span > timedelta(), f"{moment} has been already"
        self.clock.jump(span)
        for page in self._pages:
            later = f"ahead += {_milliseconds(span)};"
            page.call("Page.addScriptToEvaluateOnNewDocument", source=later)
            page.run(f"{{ {later} }}")
        self._tell_desktops_the_time()

    def _tell_desktops_the_time(self) -> None:
        """Begin the desktops' agents anew: they hear what time it is whenever the app answers them."""
        for machine in list(self.laptop.machines.values()):
            logged = len(machine.log("service"))
            machine.kill("service")
            machine.begin("service")
            until(partial(_has_heard, machine, logged), f"a desktop hears the time: {machine.log('service')[logged:]}")


def _has_heard(machine: Machine, logged: int) -> bool:
    """Return whether the app has answered the agent since it had logged so much."""
    said = machine.log("service")[logged:]
    return any(answer in said for answer in ("This is the desktop of", "the meeting has ended", "names no desktop"))


def ask(home: House, method: str, link: str, what: str = "", **body: Any) -> requests.Response:
    """Ask for a change with a person's link, as the page of one's own meeting does."""
    [link_id] = parse_qs(urlsplit(link).query)["id"]
    return requests.request(method, f"{home.cloud.url}/meetings/{link_id}{what}", json=body or None, timeout=30)


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


@contextmanager
def house(folder: Path, program: str) -> Iterator[House]:
    """Have it all run inside; `program` is Chromium's."""
    between, clock = Between(), RealClock(start=monday())

    def serve(gateway: Gateway, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return between.serve(gateway, environ, start_response)

    with (
        patch.object(Gateway, "__call__", serve),
        running_laptop(folder / "laptop", clock) as (cloud, laptop),
    ):
        (folder / "profile").mkdir()
        doors = f"--host-resolver-rules=MAP *.{DOMAIN}:8443 127.0.0.1:{laptop.doors.port}"
        browser = Chromium(program, folder / "profile", doors, "--ignore-certificate-errors", *_DEVICES)
        yield House(cloud, laptop, clock, browser, between)
        browser.close()
