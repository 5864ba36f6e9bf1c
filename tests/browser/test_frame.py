"""The frame of every page, in a browser: its language, and whose page it is."""

from __future__ import annotations

import pytest

from chalicelib.environment import OperatorSettings
from tests.browser.chromium import Chromium, Page
from tests.browser.stand import READY, Stand
from tests.browser.test_meeting_page import LINK, at

HEADLINES = {"en": "Your desktop is ready", "de": "Ihr Desktop ist bereit", "es": "Su escritorio está listo"}


@pytest.mark.parametrize(
    ("languages", "query", "spoken"),
    [
        ("de-AT,de,en", "", "de"),
        ("fr,es-MX", "", "es"),
        ("fr", "", "en"),
        ("de", "&lang=es", "es"),
        ("de", "&lang=fr", "de"),
    ],
)
def test_a_page_speaks_what_its_visitor_prefers_or_its_link_says(
    browser: Chromium, stand: Stand, languages: str, query: str, spoken: str
) -> None:
    with browser.page(languages=languages) as page:
        at(page, stand, READY, link=LINK + query)
        page.wait_for_text(HEADLINES[spoken])
        assert page.run("document.documentElement.lang") == spoken
        assert page.run("document.getElementById('language').value") == spoken
        assert page.run("document.title") == f"{HEADLINES[spoken]} · Elephant"


def test_another_language_is_spoken_at_once_and_from_then_on(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, READY, link=f"{LINK}&lang=es")
        page.wait_for_text(HEADLINES["es"])
        choose(page, "de")
        page.wait_for_text(HEADLINES["de"])
        assert page.text("open") == "Meinen Desktop öffnen"
        assert "lang" not in page.run("location.search"), "the link's language is not kept over the one that was chosen"
        page.open(stand.url + LINK)
        page.wait_for_text(HEADLINES["de"])
        assert page.run("document.documentElement.lang") == "de"
        page.open(f"{stand.url}{LINK}&lang=es")
        page.wait_for_text(HEADLINES["es"])


def test_a_page_stays_in_its_language_where_the_other_cannot_be_had(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text(HEADLINES["en"])
        page.offline(True)
        choose(page, "de")
        page.wait_for("document.getElementById('language').value === 'en'")
        assert page.text("open") == "Open my desktop"


def test_a_stage_without_an_operator_bears_the_products_own_mark(browser: Chromium, stand: Stand) -> None:
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text(HEADLINES["en"])
        assert page.text("brand") == "Elephant"
        assert page.shows("mark")
        assert not page.shows("contact")


def test_an_operators_name_and_contact_are_on_every_page(browser: Chromium, stand: Stand) -> None:
    stand.operator = OperatorSettings("<b>Ann</b> & Co", "ann@school.example")
    with browser.page() as page:
        for link in (LINK, ""):
            at(page, stand, READY, link=link)
            page.wait_for("document.title.endsWith('· <b>Ann</b> & Co')")
            assert page.text("brand") == "<b>Ann</b> & Co"
            assert page.run("document.querySelector('#contact a').href") == "mailto:ann@school.example"
    stand.operator = OperatorSettings("Ann", "+49 30 1234")
    with browser.page() as page:
        at(page, stand, READY)
        page.wait_for_text("Questions? +49 30 1234")
        assert page.run("document.querySelector('#contact a')") is None


def choose(page: Page, language: str) -> None:
    """Choose a language in the footer."""
    page.run(
        f"(select => {{ select.value = '{language}'; select.dispatchEvent(new Event('change')); }})"
        "(document.getElementById('language'))"
    )
