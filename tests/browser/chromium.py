"""A headless Chromium, spoken to over a pipe in its DevTools protocol: no driver, no port, nothing beside it."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_S = 20
_LOOK_EVERY_S = 0.02
_PHONE = 500
_FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--lang=en-GB",
]
FASTER = """
for (const name of ["setTimeout", "setInterval"]) {
  const usual = window[name].bind(window);
  window[name] = (deed, wait, ...rest) => usual(deed, wait === 30000 ? wait : wait / 30, ...rest);
}
"""
"""Lets a page wait a thirtieth of the time that it would, but for an answer, which has its thirty seconds."""


class Navigated(AssertionError):
    """The page that was asked gave way to another meanwhile."""


class Chromium:
    """One running browser."""

    def __init__(self, program: str, profile: Path, *flags: str) -> None:
        self._complaints = profile / "stderr"
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        arguments = [program, *_FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"]
        actions: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_DUP2, theirs_in, 3),
            (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            (os.POSIX_SPAWN_OPEN, 2, str(self._complaints), os.O_WRONLY | os.O_CREAT, 0o600),
        ]
        self._pid = os.posix_spawn(program, arguments, os.environ, file_actions=actions)
        os.close(theirs_in)
        os.close(theirs_out)
        self._heard = b""
        self._asked: dict[str, list[str]] = {}
        self._free: list[str] = []
        self._staying: set[str] = set()
        self._ids = itertools.count(1)

    def close(self) -> None:
        """End it, and wait until it has."""
        self.call("Browser.close")
        os.waitpid(self._pid, 0)
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result; what the browser tells meanwhile is dropped.

        Which addresses a page asks for is kept.
        """
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._next()
            if reply.get("method") == "Network.requestWillBeSent":
                self._asked.setdefault(reply["sessionId"], []).append(reply["params"]["request"]["url"])
            if reply.get("id") == number:
                if "navigated or closed" in str(reply.get("error")):
                    raise Navigated(f"{method}: {reply['error']}")
                assert "error" not in reply, f"{method}: {reply['error']}"
                result: dict[str, Any] = reply["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            ready, _, _ = select.select([self._in], [], [], _PATIENCE_S)
            assert ready, "Chromium does not answer."
            part = os.read(self._in, 1 << 20)
            assert part, f"Chromium has ended: {self._complaints.read_text()}"
            self._heard += part
        message, _, self._heard = self._heard.partition(b"\0")
        told: dict[str, Any] = json.loads(message)
        return told

    def asked(self, session: str) -> list[str]:
        """Return the addresses that a page has asked for, wherever they lead, the first first."""
        return self._asked.get(session, [])

    @contextmanager
    def page(
        self, zone: str = "Europe/Berlin", width: int = 1000, before: str = "", languages: str = "en-GB"
    ) -> Iterator[Page]:
        """Open a page with nothing left from another; `before` is a script that runs ahead of the page's own.

        `languages` are those that the visitor prefers, the best first, by commas.
        """
        context = self._free.pop() if self._free else self._new_context()
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        page = self.attach(target)
        page.call("Network.enable")
        page.call("Emulation.setTimezoneOverride", timezoneId=zone)
        page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
        )
        agent = self.call("Browser.getVersion")["userAgent"]
        page.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=languages)
        if before:
            page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
        yield page
        self._forget(context, page)
        self._free.append(context)

    def _new_context(self) -> str:
        """Return a new context, with a tab that stays: without one its window would be made anew for each page."""
        context: str = self.call("Target.createBrowserContext")["browserContextId"]
        tab = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        self._staying.add(tab["targetId"])
        return context

    def _forget(self, context: str, page: Page) -> None:
        """Leave nothing of a page and of what it has opened: contexts are used again, since a new one takes long."""
        for origin in {f"{url.scheme}://{url.netloc}" for url in map(urlsplit, page.asked) if url.netloc}:
            page.call("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.call("Browser.resetPermissions", browserContextId=context)
        for each in self.call("Target.getTargets")["targetInfos"]:
            if each.get("browserContextId") == context and each["targetId"] not in self._staying:
                self.call("Target.closeTarget", targetId=each["targetId"])

    def attach(self, target: str) -> Page:
        """Return a page that is open already."""
        page = Page(self, self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page.call("Page.enable")
        return page

    def tabs(self) -> dict[str, str]:
        """Return the address of every tab, by its id; not of what the browser has for itself."""
        listed = self.call("Target.getTargets")["targetInfos"]
        return {each["targetId"]: each["url"] for each in listed if each["type"] == "page"}

    def tab(self, url: str, beside: Collection[str] = ()) -> Page:
        """Return the tab whose address begins so, once there is one that is not of those with these ids."""
        until = time.monotonic() + _PATIENCE_S
        while True:
            tabs = self.tabs()
            found = [tab for tab, where in tabs.items() if where.startswith(url) and tab not in beside]
            if found:
                return self.attach(found[-1])
            assert time.monotonic() < until, f"no tab is at {url}, but at {list(tabs.values())}"
            time.sleep(_LOOK_EVERY_S)


class Page:
    """One page, as the person before it sees and uses it."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    @property
    def asked(self) -> list[str]:
        """The addresses that the page has asked for, wherever they lead, the first first."""
        self.run("0")  # so that what it has asked for until now is heard of
        return self._browser.asked(self._session)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait_for(f"location.href !== 'about:blank' && document.readyState === 'complete' /* {url} */")

    def run(self, script: str, *, by_hand: bool = False) -> Any:
        """Return the value of an expression in the page; `by_hand` as a person's own doing, which may open a tab."""
        reply = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True, userGesture=by_hand
        )
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until an expression is true."""
        until = time.monotonic() + _PATIENCE_S
        while not self._is_true(condition):
            assert time.monotonic() < until, f"never true: {condition}; the page says:\n{self.text()}"
            time.sleep(_LOOK_EVERY_S)

    def _is_true(self, condition: str) -> bool:
        """Return whether an expression is true; while one page gives way to another, nothing is."""
        try:
            return bool(self.run(f"Boolean({condition})"))
        except Navigated:
            return False

    def wait_for_text(self, text: str) -> None:
        """Wait until a person reads this on the page."""
        self.wait_for(f"document.body?.innerText.includes({json.dumps(text)})")

    def text(self, element: str = "") -> str:
        """Return what a person reads on the page, or in the element with this id."""
        return str(self.run(f"{_element(element)}.innerText"))

    def shows(self, element: str) -> bool:
        """Return whether the element with this id is there to be seen."""
        return bool(self.run(f"{_element(element)}?.checkVisibility()"))

    def fill(self, field: str, text: str) -> None:
        """Put this into a field, in the place of what it holds."""
        self.run(
            f"(field => {{ field.focus(); field.value = {json.dumps(text)};"
            f" field.dispatchEvent(new Event('input', {{ bubbles: true }})); }})({_element(field)})"
        )

    def click(self, element: str) -> None:
        self.run(f"{_element(element)}.click()", by_hand=True)

    def offline(self, offline: bool) -> None:
        """Take the network away, or give it back."""
        self.call(
            "Network.emulateNetworkConditions", offline=offline, latency=0, downloadThroughput=-1, uploadThroughput=-1
        )

    def picture(self) -> bytes:
        """Return what the whole page looks like, or the window's part of it where a question is asked.

        One that lies behind another tab is not drawn, so it is brought up.
        """
        self.call("Page.bringToFront")
        whole = not self.run("Boolean(document.querySelector('dialog[open]'))")  # whose backdrop ends with the window
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])


def _element(element: str) -> str:
    return f"document.getElementById({json.dumps(element)})" if element else "document.body"
