"""What an operator reads fits the terminal, and what they are to run can be copied."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from tools.findings import fail, ok, report, warn
from tools.terminal import fitting, say

COMMAND = (
    "aws secretsmanager put-secret-value --region us-west-2 --secret-id dev/elephant/cloudflare --secret-string "
    """'{"CLOUDFLARE_API_TOKEN": "..."}' --description "what a person   wrote, 'in quotes' of its own, rather long" """
).strip()
LONG = "the role elephant-dev-desktop may not do dynamodb:UpdateItem on the table, so no desktop can report healthy"


@pytest.fixture(autouse=True)
def _eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "__stdout__", None)  # no terminal at all


def test_what_is_told_as_it_happens_goes_on_below_its_first_word() -> None:
    assert fitting(f"15:00:07     122 s  {LONG}").splitlines() == [
        "15:00:07     122 s  the role elephant-dev-desktop may not do dynamodb:UpdateItem",
        "                    on the table, so no desktop can report healthy",
    ]


def test_a_sentence_goes_on_below_its_first_word() -> None:
    assert fitting(f"warn  {LONG}").splitlines() == [
        "warn  the role elephant-dev-desktop may not do dynamodb:UpdateItem on the table,",
        "      so no desktop can report healthy",
    ]


@pytest.mark.parametrize("before", ["", "      → ", "      → ask for a new token, then: ", "→ wait a while, then "])
def test_a_command_in_several_lines_is_the_same_command(before: str) -> None:
    shown = fitting(before + COMMAND)
    assert max(map(len, shown.splitlines())) <= 80
    shell = shown[shown.index("aws ") :].replace("aws ", "printf '%s\\n' ", 1)
    arguments = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True).stdout.splitlines()
    whole = COMMAND.replace("aws ", "printf '%s\\n' ", 1)
    assert arguments == subprocess.check_output(["bash", "-c", whole], text=True).splitlines()


@pytest.mark.parametrize("text", ["", "short", f"arn:aws:lambda:{'x' * 90}", "ok    fine", "a\n  b\n\nc"])
def test_what_fits_or_cannot_be_broken_stays_as_it_is(text: str) -> None:
    assert fitting(text) == text


def test_the_width_is_the_terminal_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert fitting(LONG) == LONG
    monkeypatch.setenv("COLUMNS", "40")
    assert max(map(len, fitting(LONG).splitlines())) <= 40


def test_a_report_fits(capsys: pytest.CaptureFixture[str]) -> None:
    report([("a", ok(LONG)), ("b", warn(LONG, COMMAND)), ("c", fail(LONG, LONG))])
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert " ".join(shown.split()).count(LONG) == 4
    assert "\n      → aws secretsmanager put-secret-value --region us-west-2 --secret-id \\\n" in shown


def test_what_is_said_goes_where_it_is_sent() -> None:
    sink = io.StringIO()
    say(LONG, sink)
    assert sink.getvalue().count("\n") == 2
