"""An operator's logo, in a browser: on every page, on its white ground in the dark too, read by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import LOGO_HEADERS
from chalicelib.environment import OperatorSettings
from chalicelib.people import logo
from tests.browser.axe import violations
from tests.browser.chromium import Chromium, Page
from tests.browser.stand import READY, Answer, Stand
from tests.browser.states import shows
from tests.browser.test_meeting_page import LINK, at
from tests.pictures import SVG, png

NAME = "Example Language School"
DRAWN = "document.getElementById('logo')?.complete && document.getElementById('logo').naturalWidth"
GROUND = "getComputedStyle(document.getElementById('logo')).backgroundColor"
PAGES = {"schedule": "", "meeting": LINK, "manage": "manage?id=m-1&role=teacher"}
WHITE = "rgb(255, 255, 255)"


@pytest.fixture
def named(stand: Stand) -> Stand:
    stand.operator = OperatorSettings(NAME, "ann@school.example", "logo.svg")
    serve(stand, SVG)
    return stand


@pytest.fixture
def wrapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PNG as the app serves it."""
    monkeypatch.setattr(logo, "_FOLDER", tmp_path)
    (tmp_path / "logo.png").write_bytes(png(96, 48))
    return logo.picture("logo.png")


def serve(stand: Stand, text: str) -> None:
    stand.logo = Answer(200, text, {name: str(value) for name, value in LOGO_HEADERS.items()})


def picture(page: Page) -> dict[str, int]:
    """Return the size of the logo and of what is free for it."""
    found: dict[str, int] = page.run(
        "(({ width, height }) => ({ width, height, room: document.querySelector('header').clientWidth }))"
        "(document.getElementById('logo').getBoundingClientRect())"
    )
    return found


@pytest.mark.parametrize("page_name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 320])
def test_every_page_bears_it_and_nothing_keeps_anybody_from_reading(
    browser: Chromium, named: Stand, page_name: str, scheme: str, width: int
) -> None:
    with browser.page(width=width) as page:
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        at(page, named, READY, link=PAGES[page_name])
        page.wait_for(DRAWN)
        assert page.run("document.getElementById('logo').alt") == NAME
        assert not page.shows("mark")
        size = picture(page)
        assert size["height"] == 48
        assert 48 < size["width"] <= size["room"]
        assert page.run(GROUND) == WHITE
        assert violations(page) == []
        shows(page, f"logo-{page_name}-{scheme}-{width}")


def test_a_png_is_drawn_in_its_own_shape(browser: Chromium, named: Stand, wrapped: str) -> None:
    serve(named, wrapped)
    with browser.page() as page:
        at(page, named, READY)
        page.wait_for(DRAWN)
        assert page.run("document.getElementById('logo').naturalWidth") == 96
        assert picture(page)["width"] == pytest.approx(2 * 40 + 8, abs=1), "twice as wide as high, beside its edges"
        shows(page, "logo-png")


@pytest.mark.parametrize("address", ["", "meeting/?id=m-1&role=teacher", "manage/?id=m-1&role=teacher"])
def test_it_is_found_from_wherever_a_page_may_have_been_opened(browser: Chromium, named: Stand, address: str) -> None:
    with browser.page() as page:
        at(page, named, READY)
        page.open(named.url + address if address else named.url.rstrip("/"))
        page.wait_for(DRAWN)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_where_it_does_not_come_the_name_is_read_in_its_place(browser: Chromium, named: Stand, scheme: str) -> None:
    named.logo = Answer(404)
    with browser.page(width=320) as page:
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        at(page, named, READY)
        page.wait_for("document.getElementById('logo').complete")
        assert page.shows("logo")
        assert violations(page) == []
        shows(page, f"logo-lost-{scheme}")


def test_forced_colours_leave_it_its_ground(browser: Chromium, named: Stand) -> None:
    with browser.page() as page:
        features = [{"name": "forced-colors", "value": "active"}, {"name": "prefers-color-scheme", "value": "dark"}]
        page.call("Emulation.setEmulatedMedia", features=features)
        at(page, named, READY)
        page.wait_for(DRAWN)
        assert page.run(GROUND) == WHITE


def test_opened_by_itself_it_runs_nothing(browser: Chromium, named: Stand) -> None:
    """Whatever slipped past a deploy that judged it."""
    serve(named, SVG.replace("<defs>", "<script>document.documentElement.id='ran'</script><defs>"))
    with browser.page() as page:
        page.open(named.url + "logo")
        assert page.run("document.documentElement.id") == ""
