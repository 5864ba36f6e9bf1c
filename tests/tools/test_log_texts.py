"""The log's tables hold what a reader looks for."""

from __future__ import annotations

from tools import log_texts


def test_an_event_is_a_row_with_its_level_and_its_facts() -> None:
    rows = list(log_texts.events())
    assert "| `join` | INFO | A person was let in for the first time. | `meeting`, `why`, `role` |" in rows
    assert any(row.startswith("| `no_capacity` | WARNING | ") for row in rows)
    assert any(row.startswith("| `sweep_failed` | ERROR | ") for row in rows)


def test_a_metric_is_a_row_that_says_by_what_it_is_counted() -> None:
    rows = list(log_texts.metrics())
    assert any(row.startswith("| `Ended` | by stage and reason | ") and row.endswith("| `meeting` |") for row in rows)
    assert any(row.startswith("| `DnsFailures` | by stage | ") for row in rows)
