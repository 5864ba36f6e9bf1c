"""What the terminal shows of a timeline."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from localcloud import display
from localcloud.timeline import Entry

T = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
ONE, OTHER = "0b9c62a1-1111-4111-8111-000000000001", "f00dfeed-2222-4222-8222-000000000002"


def shown(*entries: Entry, t: datetime | None = None, width: int = 120) -> list[str]:
    out = Console(file=io.StringIO(), width=width)
    show = display.line_printer(out, t)
    for entry in entries:
        show(entry)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


def test_each_of_many_meetings_is_told_in_full_and_by_its_id() -> None:
    lines = shown(
        *(Entry(T, "app", "update status LAUNCHED", "the launch is done", meeting) for meeting in (ONE, OTHER))
    )
    assert [line.split()[:2] for line in lines] == [["18:00:00", "0b9c62a1"], ["18:00:00", "f00dfeed"]]


def test_with_t_there_is_one_meeting_and_no_id() -> None:
    [line] = shown(Entry(T, "app", "update", meeting=ONE), t=T)
    assert line.startswith("T+0:00")
    assert "0b9c62a1" not in line


def test_what_succeeds_is_shown_as_often_as_it_happens() -> None:
    assert len(shown(*[Entry(T, "EC2", "student's desktop is pending", meeting=ONE)] * 3)) == 3


def test_what_fails_again_and_again_is_shown_every_five_minutes_for_each_meeting() -> None:
    entries = [
        Entry(T + timedelta(minutes=minute), "app", "launch refused", "no room", meeting, bad=True)
        for minute in range(7)
        for meeting in (ONE, OTHER)
    ]
    assert [line.split()[:2] for line in shown(*entries)] == [
        ["18:00:00", "0b9c62a1"],
        ["18:00:00", "f00dfeed"],
        ["18:05:00", "0b9c62a1"],
        ["18:05:00", "f00dfeed"],
    ]


@pytest.mark.parametrize("width", [20, 60, 80, 200])
@pytest.mark.parametrize("t", [T, None])
def test_a_long_line_goes_on_below_its_own_beginning(width: int, t: datetime | None) -> None:
    what, why = "record created", f"{'x' * 90} https://{'y' * 70}:8443"
    lines = shown(Entry(T, "Lambda", what, why, ONE, "safety timer", bad=True), t=t, width=width)
    begin = len("T+0:00  Lambda, safety timer ") if t else len("18:00:00 0b9c62a1 Lambda, safety timer ")
    assert max(map(len, lines)) <= max(width, begin + 20)
    assert {line[:begin].strip() for line in lines[1:]} <= {""}
    assert "".join(line[begin:] for line in lines).replace(" ", "") == f"{what}·{'x' * 90}[...]".replace(" ", "")


def test_where_no_width_is_known_it_is_eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert display.console(io.StringIO()).width == 80


def test_the_words_of_a_timeline_are_told_in_eighty_columns() -> None:
    assert max(map(len, display.LEGEND.splitlines())) <= 80


def test_an_output_that_lacks_a_character_gets_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding="ascii"))
    display.console().print("i-3fd7e → 54.214.107.151")
    sys.stdout.flush()
    assert screen.getvalue() == b"i-3fd7e ? 54.214.107.151\n"
