"""The log is one JSON line a thing; a traceback comes only with what nobody expected."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib import log
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.model import Status
from chalicelib.log import Fail, Metric, Note, Warn
from tests.builders import T


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start the log anew on a standard output of the test's own; return what was written, line by line."""
    logger = logging.getLogger("elephant")
    for name, value in {"handlers": [], "propagate": True, "level": logging.INFO}.items():
        monkeypatch.setattr(logger, name, value)
    output = io.StringIO()
    monkeypatch.setattr(sys, "stdout", output)
    log.start()
    return lambda: [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_thing_done_is_a_line_with_its_facts(written: Any) -> None:
    log.note(Note.LAUNCH, meeting="m1", why="the meeting is due", at=T, status=Status.LAUNCHED, desktops=["i-1"])
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
    log.warn(Warn.BAD_ROW, meeting="m1")
    assert written() == [{"level": "WARNING", "event": "bad_row", "meeting": "m1"}]


def test_a_failure_that_was_foreseen_is_told_in_its_own_words_without_a_traceback(written: Any) -> None:
    log.fail(Fail.LOOK_FAILED, Unavailable("The table is down."), meeting="m1")
    assert written() == [
        {"level": "ERROR", "event": "look_failed", "error": "Unavailable: The table is down.", "meeting": "m1"}
    ]


def test_a_failure_that_nobody_foresaw_brings_its_traceback_in_the_same_line(written: Any) -> None:
    try:
        raise KeyError("missing")
    except KeyError as error:
        log.fail(Fail.LOOK_FAILED, error, meeting="m1")
    (line,) = written()
    assert line["error"] == "KeyError: 'missing'"
    assert "test_log.py" in line["traceback"]


def test_what_json_does_not_know_is_written_as_text(written: Any) -> None:
    log.note(Note.LAUNCH, what={1})
    (line,) = written()
    assert line["what"] == "{1}"


def test_a_line_break_in_a_fact_does_not_break_the_line(written: Any) -> None:
    log.note(Note.LAUNCH, name="Ann\nBo")
    assert len(written()) == 1


def test_a_record_of_somebody_else_is_a_line_too(written: Any) -> None:
    logging.getLogger("elephant").info("plain %s", "text")
    assert written() == [{"level": "INFO", "event": "plain text"}]


def test_however_often_it_is_started_a_thing_is_written_once(written: Any) -> None:
    log.start()
    log.note(Note.LAUNCH)
    assert len(written()) == 1


def test_listeners_find_the_facts_on_the_record(written: Any) -> None:
    heard: list[dict[str, Any]] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.__dict__["elephant"])

    logging.getLogger("elephant").addHandler(Listener())
    log.note(Note.LAUNCH, meeting="m1")
    assert heard == [{"event": "launch", "meeting": "m1"}]


def test_a_count_is_a_line_that_cloudwatch_makes_a_metric_from(written: Any) -> None:
    log.count(Metric.ENDED, 1, stage="dev", reason="SUCCESS", meeting="m1")
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
    log.count(Metric.SWEEP_FAILURES, 0, stage="dev")
    (line,) = written()
    assert line["SweepFailures"] == 0
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stage"]]


ROOT = Path(chalicelib.__file__).parent.parent
MEMBERS = [*Note, *Warn, *Fail, *Metric]


@cache
def writers() -> list[tuple[str, set[str]]]:
    """Return every place in the app that names a member of the registry, with the facts that it gives."""
    found: list[tuple[str, set[str]]] = []
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found += written_by(node)
    return found


def written_by(node: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """Yield the members that a node names, each with the facts that stand beside it in a call."""
    if isinstance(node, ast.Call):
        facts = {keyword.arg for keyword in node.keywords if keyword.arg} - {"stage"}
        yield from ((member, facts) for argument in node.args for member, _ in written_by(argument))
    elif isinstance(node, ast.Attribute):
        kind, _, member = ast.unparse(node).rpartition(".")
        if kind.rpartition(".")[2] in {"Note", "Warn", "Fail", "Metric"}:
            yield member, set()


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_everything_in_the_registry_is_written_and_holds_no_other_facts(member: Note | Warn | Fail | Metric) -> None:
    facts = [named for name, named in writers() if name == member.name]
    assert facts
    assert set().union(*facts) <= {fact.lower() for fact in member.facts}


def test_no_two_of_the_registry_share_a_name() -> None:
    assert len({str(member) for member in MEMBERS}) == len({member.name for member in MEMBERS}) == len(MEMBERS)


def test_the_search_for_writers_sees_what_it_looks_for() -> None:
    tree = ast.parse(
        "log.note(log.Note.JOIN, meeting=1, **more)\nself._count(Metric.ENDED, 1, stage=2, why=3)\nf(Role.A)"
    )
    found = [line for node in ast.walk(tree) for line in written_by(node)]
    assert [facts for member, facts in found if member == "JOIN"] == [{"meeting"}, set()]
    assert [facts for member, facts in found if member == "ENDED"] == [{"why"}, set()]
    assert {member for member, _ in found} == {"JOIN", "ENDED"}
