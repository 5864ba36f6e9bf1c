"""What docs/log.md says of the log is what the code says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tools import log_texts

PAGE = Path(log_texts.__file__).parent.parent / "docs" / "log.md"


@pytest.mark.parametrize(("name", "render"), [("log-events", log_texts.events), ("log-metrics", log_texts.metrics)])
def test_the_page_shows_what_the_registry_holds(name: str, render: Callable[[], Iterator[str]]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (shown,) = re.findall(f"<!-- {name}:begin -->\n(.*?)<!-- {name}:end -->", page, re.DOTALL)
    assert shown.splitlines() == list(render())


def test_an_event_is_a_row_with_its_level_and_its_facts() -> None:
    rows = list(log_texts.events())
    assert "| `join` | INFO | A person was let in for the first time. | `meeting`, `why`, `role` |" in rows
    assert any(row.startswith("| `no_capacity` | WARNING | ") for row in rows)
    assert any(row.startswith("| `sweep_failed` | ERROR | ") for row in rows)


def test_a_metric_is_a_row_that_says_by_what_it_is_counted() -> None:
    rows = list(log_texts.metrics())
    assert any(row.startswith("| `Ended` | by stage and reason | ") and row.endswith("| `meeting` |") for row in rows)
    assert any(row.startswith("| `DnsFailures` | by stage | ") for row in rows)
