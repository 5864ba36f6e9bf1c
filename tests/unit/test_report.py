"""What many meetings came to: each figure, each group, and a CSV in which nobody's name is a formula."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.actions import Cause
from chalicelib.people.report import COLUMNS, as_csv, report
from chalicelib.rules.cost import amount
from chalicelib.rules.figures import OTHER, PUT_OFF, figures
from chalicelib.rules.standby import WHY
from tests.builders import ENDED, HEALTHY, SCHEDULED, at, healthy, meeting
from tests.unit.rules.test_cost import LESSON, PRICES, TOLD, USED

HELD = LESSON | USED | ENDED | {"teacher_email": "Ann@Example.com", "scheduled_by": "school"}
NO_SHOW = HEALTHY | ENDED | {"termination_reason": "NO_SHOW_TIMEOUT", "meet_time": at(-1440), "teacher_name": "Ann"}
SLOW = SCHEDULED | healthy("teacher") | {"teacher_healthy_at": at(5), "scheduled_by": "school"}


def told(*parts: Any, prices: Any = PRICES) -> dict[str, Any]:
    return report([meeting(part) for part in parts], at(100), TOLD, prices)


def test_each_figure() -> None:
    total = told(HELD, NO_SHOW)["total"]
    assert total == {
        "meetings": 2,
        "no_shows": 1,
        "ready_p50_s": 360,
        "ready_p95_s": 360,
        "replaced": {},
        "paid_hours": 4.67,
        "used_hours": 1.42,
        "used_is_estimate": False,
        "cost": 0.7233,
        "currency": "USD",
    }


def test_nothing_is_nothing() -> None:
    total = told()["total"]
    assert (total["meetings"], total["cost"], total["ready_p50_s"], total["ready_p95_s"]) == (0, 0.0, None, None)
    assert told()["by_day"] == []


def test_where_there_are_no_prices_the_hours_stand_alone() -> None:
    assert not {"cost", "currency"} & told(HELD, prices=None)["total"].keys()


def test_a_percentile_is_that_of_a_desktop_that_there_was() -> None:
    boots = figures([meeting(HELD), meeting(SLOW), meeting(HELD)], at(100), TOLD)
    assert [span / timedelta(minutes=1) for span in boots.boots] == [6, 6, 6, 6, 15]
    assert boots.ready_in(50) == timedelta(minutes=6)
    assert boots.ready_in(80) == timedelta(minutes=6)
    assert boots.ready_in(81) == boots.ready_in(95) == timedelta(minutes=15)


def test_replaced_desktops_are_counted_by_cause() -> None:
    entries = [
        "2026-03-01T15:00:00Z i-1: its desktop is gone (Server.SpotInstanceTermination: x)",
        "2026-03-01T15:00:00Z i-2: its desktop was not ready within the boot limit",
        "2026-03-01T15:00:00Z i-3: its desktop is gone",
        f"2026-03-01T15:00:00Z i-4: {WHY}",
        "what somebody typed",
    ]
    replaced = told(HELD | {"teacher_replaced": entries})["total"]["replaced"]
    assert replaced == {Cause.GONE: 2, Cause.LATE_BOOT: 1, PUT_OFF: 1, OTHER: 1}


def test_sums_are_by_day_key_and_teacher_and_each_adds_up_to_all() -> None:
    whole = told(HELD, NO_SHOW, SLOW, {"meet_time": "soon"})
    names = {name: [(one["name"], one["meetings"]) for one in whole[name]] for name in whole if name != "total"}
    assert names == {
        "by_day": [("", 1), ("2026-02-28", 1), ("2026-03-01", 2)],
        "by_key": [("", 2), ("school", 2)],
        "by_teacher": [("", 2), ("Ann", 1), ("ann@example.com", 1)],
    }
    hours = whole["total"]["paid_hours"]
    for name in names:
        assert sum(one["paid_hours"] for one in whole[name]) == pytest.approx(hours, abs=0.02)
    assert json.loads(json.dumps(whole)) == whole


def test_a_cost_is_rounded_once_however_many_meetings_it_is_of() -> None:
    short = {**HELD, "ended_at": at(-9)}
    assert told(*[short] * 10)["total"]["cost"] == float(amount(timedelta(minutes=20), PRICES)) == 0.0517
    assert amount(timedelta(minutes=2), PRICES) * 10 == Decimal("0.0520")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ('=HYPERLINK("http://evil.example")', '\'=HYPERLINK("http://evil.example")'),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("a\r\n=1", "a  =1"),
        ("\u3000=1", "'=1"),
        ("＝1", "'＝1"),
        ("\u200b=1", "' =1"),
        ('Ann, "the" teacher', 'Ann, "the" teacher'),
        ("Ann-Marie", "Ann-Marie"),
    ],
)
def test_no_name_is_a_formula_and_a_line_is_a_line(name: str, cell: str) -> None:
    lines = list(csv.reader(io.StringIO(as_csv(told(HELD | {"scheduled_by": name})))))
    assert lines[0] == list(COLUMNS)
    assert [line[0] for line in lines[1:]] == ["total", "day", "key", "teacher"]
    assert lines[3][1] == cell
    assert all(len(line) == len(COLUMNS) for line in lines)


def test_what_is_not_known_is_an_empty_cell() -> None:
    [_, total] = csv.reader(io.StringIO(as_csv(told(prices=None))))
    assert dict(zip(COLUMNS, total, strict=True)) | {"of": ""} == dict.fromkeys(COLUMNS, "") | {
        "meetings": "0",
        "no_shows": "0",
        "replaced": "0",
        "paid_hours": "0.0",
        "used_hours": "0.0",
    }
