"""The pages in a real browser: `make browser` names it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import boto3
import pytest

from tests.browser.chromium import Chromium
from tests.browser.cloud import House, house
from tests.browser.stand import Stand

CHROMIUM = os.environ.get("CHROMIUM", "")

collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, those with a cloud of their own: the short ones then fill what time is left."""
    items.sort(key=lambda item: not {"home", "laptop"} & set(getattr(item, "fixturenames", ())))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have measured."""
    reports = [report for each in terminalreporter.stats.values() for report in each]
    figures = [
        figure
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, figure in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
    for figure in sorted(figures):
        terminalreporter.write_line(figure)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    browser = Chromium(CHROMIUM, tmp_path_factory.mktemp("chromium"), "--use-fake-device-for-media-stream")
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The cloud of a module's stories; each has a meeting of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        with house(tmp_path_factory.mktemp("house"), CHROMIUM) as running:
            yield running


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    yield stand
    stand.close()
