"""The log is one JSON line a thing; a traceback comes only with what nobody expected."""

from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

import pytest

from chalicelib import journal
from chalicelib.errors import Unavailable
from chalicelib.model import Status
from tests.builders import T


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start the journal anew on a standard output of the test's own; return what was written, line by line."""
    logger = logging.getLogger("elephant")
    for name, value in {"handlers": [], "propagate": True, "level": logging.INFO}.items():
        monkeypatch.setattr(logger, name, value)
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    journal.start()
    return lambda: [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_thing_done_is_a_line_with_its_facts(written: Any) -> None:
    journal.note("launch", meeting="m1", why="the meeting is due", at=T, status=Status.LAUNCHED, desktops=["i-1"])
    assert written() == [
        {
            "level": "INFO",
            "event": "launch",
            "meeting": "m1",
            "why": "the meeting is due",
            "at": "2026-03-01T15:00:00+00:00",
            "status": "LAUNCHED",
            "desktops": ["i-1"],
        }
    ]


def test_something_odd_is_a_warning(written: Any) -> None:
    journal.warn("bad_row", meeting="m1")
    assert written() == [{"level": "WARNING", "event": "bad_row", "meeting": "m1"}]


def test_a_failure_that_was_foreseen_is_told_in_its_own_words_without_a_traceback(written: Any) -> None:
    journal.fail("look_failed", Unavailable("The table is down."), meeting="m1")
    assert written() == [
        {"level": "ERROR", "event": "look_failed", "error": "Unavailable: The table is down.", "meeting": "m1"}
    ]


def test_a_failure_that_nobody_foresaw_brings_its_traceback_in_the_same_line(written: Any) -> None:
    try:
        raise KeyError("missing")
    except KeyError as error:
        journal.fail("look_failed", error, meeting="m1")
    (line,) = written()
    assert line["error"] == "KeyError: 'missing'"
    assert "test_journal.py" in line["traceback"]


def test_what_json_does_not_know_is_written_as_text(written: Any) -> None:
    journal.note("odd", what={1})
    (line,) = written()
    assert line["what"] == "{1}"


def test_a_line_break_in_a_fact_does_not_break_the_line(written: Any) -> None:
    journal.note("odd", name="Ann\nBo")
    assert len(written()) == 1


def test_a_record_of_somebody_else_is_a_line_too(written: Any) -> None:
    logging.getLogger("elephant").info("plain %s", "text")
    assert written() == [{"level": "INFO", "event": "plain text"}]


def test_however_often_it_is_started_a_thing_is_written_once(written: Any) -> None:
    journal.start()
    journal.note("launch")
    assert len(written()) == 1


def test_listeners_find_the_facts_on_the_record(written: Any) -> None:
    heard: list[dict[str, Any]] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.__dict__["elephant"])

    logging.getLogger("elephant").addHandler(Listener())
    journal.note("launch", meeting="m1")
    assert heard == [{"event": "launch", "meeting": "m1"}]


def test_a_count_is_a_line_that_cloudwatch_makes_a_metric_from(written: Any) -> None:
    journal.count("Ended", 1, stage="dev", reason="SUCCESS", meeting="m1")
    (line,) = written()
    assert (line["event"], line["Ended"], line["Stage"], line["Reason"], line["meeting"]) == (
        "Ended",
        1,
        "dev",
        "SUCCESS",
        "m1",
    )
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "Elephant"
    assert definition["Metrics"] == [{"Name": "Ended", "Unit": "Count"}]
    assert all(dimension in line for dimensions in definition["Dimensions"] for dimension in dimensions)


def test_a_count_without_a_reason_has_no_such_dimension(written: Any) -> None:
    journal.count("SweepFailures", 0, stage="dev")
    (line,) = written()
    assert line["SweepFailures"] == 0
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stage"]]
