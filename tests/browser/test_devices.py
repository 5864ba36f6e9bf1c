"""Camera, microphone, speakers and clipboard, tried in the waiting room: with fake devices, and what goes wrong."""

from __future__ import annotations

import json

import pytest

from tests.browser.axe import violations
from tests.browser.chromium import Chromium, Page
from tests.browser.rooms import may_enter, waits
from tests.browser.stand import Stand
from tests.browser.test_meeting_page import at
from tests.waiting import until

BUTTON = "Open my desktop"
AGENTS = {
    "chrome": (
        "Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/140 Safari/537.36",
        "symbol to the left of the address, allow",
    ),
    "edge": (
        "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537.36 Edg/140",
        "symbol to the left of the address, allow",
    ),
    "firefox": ("Mozilla/5.0 (X11; rv:140) Gecko/20100101 Firefox/140", "Click the crossed-out symbol"),
    "safari": ("Mozilla/5.0 (Macintosh) AppleWebKit/605 Version/18 Safari/605", "In the menu Safari"),
    "an iphone": ("Mozilla/5.0 (iPhone) AppleWebKit/605 Version/18 Mobile Safari/604", "then Website Settings"),
    "android": ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537 Chrome/140 Mobile", "then Permissions"),
}
LIVE = (
    "(window.given || []).flatMap((stream) => stream.getTracks()).filter((track) => track.readyState === 'live').length"
)
KEEP_STREAMS = """
const usual = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
window.given = [];
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await usual(wanted);
  window.given.push(stream);
  return stream;
};
"""


def failing(errors: dict[str, str]) -> str:
    """Return a script by which these devices cannot be had; the other is a fake one."""
    return f"""
const failing = {json.dumps(errors)};
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {{
  for (const [kind, name] of Object.entries(failing)) {{
    if (wanted[kind]) throw new DOMException(name.split(": ")[1] || "", name.split(": ")[0]);
  }}
  return real(wanted);
}};
"""


def allow(browser: Chromium, page: Page, setting: str, *permissions: str) -> None:
    """Let the visitor have answered the browser's question so."""
    context = page.call("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    for name in permissions or ("camera", "microphone"):
        browser.call("Browser.setPermission", permission={"name": name}, setting=setting, browserContextId=context)


def check(page: Page, stand: Stand) -> None:
    """Open the waiting room and start the check."""
    at(page, stand, may_enter())
    page.wait_for_text(BUTTON)
    page.run("document.querySelector('#check summary').click()")
    page.click("try-devices")


def test_camera_and_microphone_are_seen_and_heard(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=KEEP_STREAMS) as page:
        allow(browser, page, "granted")
        check(page, stand)
        page.wait_for_text("Microphone: Fake")
        assert page.text("camera-said").startswith("Camera: fake_device")
        page.wait_for("document.getElementById('preview').videoWidth > 0")
        page.wait_for("document.getElementById('level').value > 0")
        page.wait_for_text("It hears you.")
        assert violations(page) == []
        assert page.shows("open"), "nothing rests on it"


@pytest.mark.parametrize(
    "how",
    [
        "document.getElementById('let-go').click()",
        "document.querySelector('#check summary').click()",
        "dispatchEvent(new Event('pagehide'))",
        "document.getElementById('open').click()",
    ],
    ids=["stopped", "closed", "left", "the desktop is opened"],
)
def test_devices_are_let_go(browser: Chromium, stand: Stand, how: str) -> None:
    with browser.page(before=KEEP_STREAMS) as page:
        allow(browser, page, "granted")
        check(page, stand)
        page.wait_for_text("Microphone: Fake")
        assert page.run(LIVE) == 2
        page.run(how, by_hand=True)
        page.wait_for(f"{LIVE} === 0")
        assert not page.shows("preview")


def test_devices_that_come_after_the_check_was_left_are_let_go_at_once(browser: Chromium, stand: Stand) -> None:
    late = KEEP_STREAMS.replace("return stream;", "await new Promise((go) => { window.go = go; }); return stream;")
    with browser.page(before=late) as page:
        allow(browser, page, "granted")
        check(page, stand)
        page.wait_for("window.go")
        page.click("let-go")
        page.run("window.go()")
        page.wait_for(f"{LIVE} === 0")
        assert not page.shows("preview")
        assert page.shows("try-devices")


@pytest.mark.parametrize("name", AGENTS)
def test_a_refusal_is_explained_for_the_browser_at_hand(browser: Chromium, stand: Stand, name: str) -> None:
    agent, says = AGENTS[name]
    with browser.page() as page:
        page.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage="en-GB")
        allow(browser, page, "denied")
        check(page, stand)
        for device in ("camera", "microphone"):
            page.wait_for(f"document.getElementById('{device}-said').innerText.includes('{says}')")
        assert page.shows("open")
        assert page.shows("try-devices"), "it may be tried again"
        allow(browser, page, "granted")
        page.click("try-devices")
        page.wait_for_text("Camera: fake_device")


@pytest.mark.parametrize(
    ("errors", "camera", "microphone"),
    [
        ({"video": "NotFoundError"}, "None was found.", "Microphone: Fake"),
        ({"audio": "NotFoundError"}, "Camera: fake_device", "None was found."),
        ({"video": "NotReadableError"}, "Another program has it.", "Microphone: Fake"),
        ({"audio": "AbortError"}, "Camera: fake_device", "Another program has it."),
        ({"video": "NotAllowedError: Permission denied by system"}, "Your computer’s own settings", "Microphone: Fake"),
        ({"video": "NotFoundError", "audio": "NotReadableError"}, "None was found.", "Another program has it."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, dict) else value,
)
def test_what_is_wrong_with_one_device_says_nothing_of_the_other(
    browser: Chromium, stand: Stand, errors: dict[str, str], camera: str, microphone: str
) -> None:
    with browser.page(before=failing(errors)) as page:
        allow(browser, page, "granted")
        check(page, stand)
        for device, says in (("camera", camera), ("microphone", microphone)):
            page.wait_for(f"document.getElementById('{device}-said').innerText.includes('{says}')")
        assert page.shows("open")


def test_a_page_without_https_says_that_it_needs_it(browser: Chromium, stand: Stand) -> None:
    insecure = "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });"
    with browser.page(before=insecure) as page:
        check(page, stand)
        page.wait_for_text("This needs an address that begins with https.")
        assert page.shows("open")


def test_a_device_that_is_unplugged_is_told_of(browser: Chromium, stand: Stand) -> None:
    with browser.page(before=KEEP_STREAMS) as page:
        allow(browser, page, "granted")
        check(page, stand)
        page.wait_for_text("Camera: fake_device")
        page.run("window.given[0].getVideoTracks()[0].dispatchEvent(new Event('ended'))")
        page.wait_for_text("It was unplugged or switched off.")


def test_a_test_tone_asks_whether_it_was_heard(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, waits("booting"))
        page.wait_for_text("almost ready")
        page.run("document.querySelector('#check summary').click()")
        page.click("try-speakers")
        page.wait_for_text("Did you hear two short tones?")
    with browser.page(before="delete window.AudioContext") as page:
        at(page, stand, waits("booting"))
        page.wait_for_text("almost ready")
        page.run("document.querySelector('#check summary').click()")
        page.click("try-speakers")
        page.wait_for_text("This browser lets no page sound.")


@pytest.mark.parametrize(
    ("before", "reading", "says"),
    [
        ("", "granted", "Copying and pasting both work."),
        ("", "denied", "Copying works. Pasting needs"),
        ("navigator.clipboard.writeText = async () => { throw new Error(); };", "granted", "allows no copying here"),
    ],
    ids=["both", "no reading", "nothing"],
)
def test_the_clipboard_is_tried(browser: Chromium, stand: Stand, before: str, reading: str, says: str) -> None:
    with browser.page(before=before) as page:
        allow(browser, page, "granted", "clipboard-write")
        allow(browser, page, reading, "clipboard-read")
        page.call("Page.bringToFront")
        at(page, stand, may_enter())
        page.wait_for_text(BUTTON)
        page.run("document.querySelector('#check summary').click()")
        page.click("try-clipboard")
        page.wait_for_text(says)


def test_what_was_found_out_is_said_in_another_language_too(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        allow(browser, page, "denied")
        check(page, stand)
        page.wait_for_text("It was refused.")
        page.run(
            "(select => { select.value = 'de'; select.dispatchEvent(new Event('change')); })"
            "(document.getElementById('language'))"
        )
        page.wait_for_text("Es wurde abgelehnt.")
        asked = len(stand.questions)
        page.run("dispatchEvent(new Event('online'))")
        until(lambda: len(stand.questions) > asked, patience_s=30)
        assert "Es wurde abgelehnt." in page.text("camera-said")
