"""The cloud of `make run` with the agent's desktops, for stories that people live through in their browsers.

Its time passes as it does, and is put forward where a story has nothing to tell: what was due meanwhile is done, and
everybody's clock and the desktops' with it. Between people's pages and the app there is nothing, until a test puts
something there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from unittest.mock import patch

from werkzeug.wrappers import Request, Response

from localcloud.clock import RealClock
from localcloud.cloud import Cloud
from localcloud.doors import DOMAIN
from localcloud.gateway import Gateway
from localcloud.laptop import Laptop, Machine
from tests.browser.chromium import FASTER, Chromium, Page
from tests.browser.stand import Answer
from tests.hurried import AGENT, put_forward
from tests.running import running_laptop

BEGINNING = datetime(2040, 3, 5, 14, 30, tzinfo=UTC)
"""When stories begin, on a Monday: the same in every run, so that pictures of them change with the pages alone.

It lies ahead, since a desktop that hears no other time goes by its own clock, and by that one a meeting of the past
would be long over.
"""

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


class Machines:
    """Whether desktops' machines, once they run, may start their programs."""

    def __init__(self) -> None:
        self._may = threading.Event()
        self._may.set()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Have those that are switched on meanwhile start nothing before the end of this."""
        self._may.clear()
        yield
        self._may.set()

    def start(self, machine: Machine) -> None:
        """Start a machine's programs as soon as it may."""
        self._may.wait()
        _start(machine)


_start = Machine.start


class Between:
    """What lies between people's pages and the app, and on the desktops' own way to it."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self._held_up = ""
        self._goes_on = threading.Event()

    @contextmanager
    def holds_up(self, way: str) -> Iterator[None]:
        """Have what desktops ask for at addresses that end so wait until the end of this."""
        self._goes_on.clear()
        self._held_up = way
        yield
        self._held_up = ""
        self._goes_on.set()

    @contextmanager
    def answers(self, answer: Answer) -> Iterator[None]:
        """Have this answered in the app's place."""
        self.answer = answer
        yield
        self.answer = None

    def serve(self, gateway: Gateway, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or let the gateway do it."""
        answer, path = self.answer, Request(environ).path
        if self._held_up and path.startswith("/desktop/") and path.endswith(self._held_up):
            self._goes_on.wait()
        if answer is None or path.startswith("/desktop/"):
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
    machines: Machines
    _desktops: Path
    _passed: timedelta = timedelta()
    _pages: list[Page] = field(default_factory=list)

    @contextmanager
    def person(self, *, ahead: timedelta = timedelta(), hurries: bool = True, **more: Any) -> Iterator[Page]:
        """Open a browser of somebody's own, whose clock is so much ahead of the cloud's, and waits a thirtieth."""
        before = _CLOCK % _milliseconds(self.clock.now() - datetime.now(UTC) + ahead)
        before += (FASTER if hurries else "") + more.pop("before", "")
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
        self._passed += span
        self.clock.jump(span)
        put_forward(self._desktops, self._passed.total_seconds())
        for page in self._pages:
            later = f"ahead += {_milliseconds(span)};"
            page.call("Page.addScriptToEvaluateOnNewDocument", source=later)
            page.run(f"{{ {later} }}")


def _milliseconds(span: timedelta) -> int:
    return round(span / timedelta(milliseconds=1))


@contextmanager
def house(folder: Path, program: str) -> Iterator[House]:
    """Have it all run inside; `program` is Chromium's."""
    between, machines, clock = Between(), Machines(), RealClock(start=BEGINNING)
    desktops, profile = folder / "desktops", folder / "profile"

    def serve(gateway: Gateway, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return between.serve(gateway, environ, start_response)

    def start(machine: Machine) -> None:
        machines.start(machine)

    with (
        patch.object(Gateway, "__call__", serve),
        patch.object(Machine, "start", start),
        running_laptop(desktops, clock, agent=AGENT, away_minutes=0.5) as (cloud, laptop),
    ):
        for each in (desktops, profile):
            each.mkdir(exist_ok=True)
        doors = f"--host-resolver-rules=MAP *.{DOMAIN}:8443 127.0.0.1:{laptop.doors.port}"
        browser = Chromium(program, profile, doors, "--ignore-certificate-errors", *_DEVICES)
        yield House(cloud, laptop, clock, browser, between, machines, desktops)
        browser.close()
