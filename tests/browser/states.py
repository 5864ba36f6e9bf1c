"""What every state of every page is held to, and what it looks like."""

from __future__ import annotations

import os
from pathlib import Path

from tests.browser import pictures
from tests.browser.axe import violations
from tests.browser.chromium import Page

PICTURES = os.environ.get("PICTURES", "")
"""The folder into which pictures go, empty for none: `make pictures` puts them into docs/images."""


def shows(page: Page, state: str) -> None:
    """Hold what a page shows now to what every state is held to, and keep a picture of it where one is wanted."""
    assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{state} is wider than its window"
    assert not (found := violations(page)), f"{state}: {found}"
    if PICTURES:
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        pictures.keep(page, folder / f"{state}.png")
