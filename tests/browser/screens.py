"""What any state of a page must stand: every screen, scheme and language, and whoever reads it otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from tests.browser.axe import violations
from tests.browser.chromium import Page
from tests.browser.test_frame import choose

SCREENS = (("light", 1000, "en"), ("dark", 320, "de"), ("light", 320, "es"))
"""Schemes, widths in pixels and languages to try a state in."""


def on_every_screen(page: Page) -> Iterator[None]:
    """Show the page on one screen after the other; fail where axe finds something, or something is too wide."""
    for scheme, width, language in SCREENS:
        choose(page, language)
        page.wait_for(f"document.documentElement.lang === '{language}'")
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500
        )
        assert violations(page) == []
        assert page.run("document.documentElement.scrollWidth") <= width
        yield
