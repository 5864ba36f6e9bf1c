"""What a page costs those who open it: one document, a question to the app, and nothing to anybody else."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import quote, urlsplit

import pytest
import requests

from chalicelib.domain.access import Scope
from localcloud.cloud import ACCESS_KEYS
from tests.browser.cloud import BEGINNING, House
from tests.browser.test_story_trouble import scheduled

LARGEST_PAGE = 60_000
READS = f"key={quote(ACCESS_KEYS[Scope.READ])}"
AT_ONCE = {"ops": READS, "days": f"{READS}&day={BEGINNING:%Y-%m-%d}"}
"""What follows the addresses of the board's pages."""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "Schedule a meeting"),
        ("meeting", "Your meeting is scheduled"),
        ("manage", "Ann Ash and Ben Birch"),
        ("ops", "Ann Ash and Ben Birch"),
        ("days", "Ann Ash and Ben Birch"),
    ],
    ids=["schedule", "meeting", "manage", "ops", "days"],
)
def test_a_page_is_one_document_and_asks_nobody_but_the_app(
    home: House, name: str, says: str, record_property: Callable[[str, object], None]
) -> None:
    url = f"{home.cloud.url}/{name}?{urlsplit(scheduled(home).links['teacher']).query}"
    with home.person(hurries=False, zone="UTC") as page:
        page.open(f"{url}#{AT_ONCE.get(name, '')}")
        page.wait_for_text(says)
        page.wait_for("performance.getEntriesByType('resource').length === 1")
        document, question = (each for each in page.asked if not each.startswith("data:"))
    assert document == url
    assert urlsplit(question).netloc == urlsplit(url).netloc
    content = requests.get(url, timeout=30).content
    assert len(content) < LARGEST_PAGE
    record_property(
        "figure",
        f"{urlsplit(url).path}: 2 requests, {len(content):,} bytes, {len(gzip.compress(content)):,} of them on the way",
    )
