"""When each alarm rings: never where nothing is wrong, soon where something is, once for one thing that goes wrong."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable

import pytest

from chalicelib import log
from chalicelib.domain.model import Reason
from tests.tools.alarms.cloudwatch import STAGE, Alarm, Counted, alarms, template
from tools.stage import FUNCTIONS, ROOT

HOUR = 60
DAY = 24 * HOUR
API = ("elephant", STAGE)
GAUGES = ("DesktopsOverdue", "NotReady", "SweepFailures")


def name_of(function: str) -> str:
    return f"elephant-{STAGE}" if function == "api_handler" else f"elephant-{STAGE}-{function}"


def call(counted: Counted, minute: int, function: str, errors: int = 0, throttles: int = 0) -> None:
    """Count one call of a function as Lambda does: an error or a throttle is counted with zeros too."""
    counted.add(minute, "Invocations", name_of(function))
    counted.add(minute, "Errors", name_of(function), value=errors)
    counted.add(minute, "Throttles", name_of(function), value=throttles)


def swept(minutes: range) -> Counted:
    """Return what an idle stage counts: its sweeps."""
    counted = Counted()
    for minute in minutes:
        call(counted, minute, "sweep")
        for gauge in GAUGES:
            counted.add(minute, gauge, STAGE, value=0)
    return counted


def asked(counted: Counted, minute: int, good: int = 0, bad: int = 0) -> None:
    """Count requests as API Gateway does: every one is a sample of 5XXError."""
    counted.add(minute, "5XXError", *API, value=0, times=good)
    counted.add(minute, "5XXError", *API, value=1, times=bad)


def rung(counted: Counted, minutes: int = DAY) -> dict[str, list[int]]:
    found = {name: alarm.rings(counted, minutes) for name, alarm in alarms().items()}
    return {name: minutes for name, minutes in found.items() if minutes}


@pytest.mark.parametrize("silent", [0, 1, 4, 20, 300])
def test_none_rings_on_a_first_deploy_however_long_it_takes(silent: int) -> None:
    assert rung(swept(range(silent, DAY))) == {}


def test_none_rings_where_a_first_deploy_was_stopped_before_there_were_functions() -> None:
    assert rung(Counted()) == {}


def test_none_rings_on_an_idle_stage_or_on_a_good_day() -> None:
    counted = swept(range(DAY))
    assert rung(counted) == {}
    for minute in range(DAY):
        asked(counted, minute, good=200)
        for function in FUNCTIONS:
            call(counted, minute, function)
        counted.add(minute, "IteratorAge", name_of("stream_terminator"), value=900)
        if minute % HOUR == 0:
            counted.add(minute, "CertificateDays", STAGE, value=21)
            counted.add(minute, "CostShare", STAGE, value=79)
        for reason in ("SUCCESS", "15_MIN_SUCCESS", "NO_SHOW_TIMEOUT", "MAX_DURATION"):
            counted.add(minute, "Ended", STAGE, reason)
    assert rung(counted) == {}


def test_a_sweep_that_stops_is_told_within_ten_minutes_once_and_for_as_long_as_it_takes() -> None:
    counted = swept(range(HOUR))
    [(name, minutes)] = rung(counted).items()
    assert name == "sweep-stopped"
    assert minutes == [HOUR + 4]
    assert set(alarms()[name].states(counted, DAY)[minutes[0] + 1 :]) == {"INSUFFICIENT_DATA"}
    for minute in range(2 * HOUR, DAY):
        call(counted, minute, "sweep")
    assert rung(counted) == {name: minutes}


def test_one_sweep_that_is_missed_is_no_news() -> None:
    counted = swept(range(HOUR))
    for minute in range(HOUR + 1, DAY):
        call(counted, minute, "sweep")
    assert rung(counted) == {}


def _every(minutes: int, name: str, *dimensions: str, value: float = 1) -> Callable[[Counted, range], None]:
    def count(counted: Counted, when: range) -> None:
        for minute in when[::minutes]:
            counted.add(minute, name, *dimensions, value=value)

    return count


def _unanswered(counted: Counted, when: range) -> None:
    for minute in when[::10]:  # somebody asks every ten minutes
        asked(counted, minute, bad=1)


def _failing(function: str) -> Callable[[Counted, range], None]:
    def count(counted: Counted, when: range) -> None:
        for minute in when[::10]:  # a meeting every ten minutes, and Lambda's two retries of its event
            for retry in (0, 1, 3):
                call(counted, minute + retry, function, errors=1)

    return count


def _throttled(function: str) -> Callable[[Counted, range], None]:
    def count(counted: Counted, when: range) -> None:
        for minute in when[::5]:
            call(counted, minute, function, throttles=1)

    return count


def _backlog(counted: Counted, when: range) -> None:
    for minute in when:
        counted.add(minute, "IteratorAge", name_of("stream_terminator"), value=60_000 * (minute - when[0]))


STORMS: dict[str, Callable[[Counted, range], None]] = {
    "sweep-failures": _every(1, "Errors", name_of("sweep")),
    "desktops-overdue": _every(1, "DesktopsOverdue", STAGE),
    "dns-failures": _every(1, "DnsFailures", STAGE),
    "launch-failures": _every(4, "LaunchFailures", STAGE),
    "not-ready": _every(1, "NotReady", STAGE),
    "desktops-replaced": _every(10, "Replaced", STAGE),
    "ended-launch-failed": _every(4, "Ended", STAGE, Reason.LAUNCH_FAILED),
    "ended-desktops-gone": _every(4, "Ended", STAGE, Reason.DESKTOPS_GONE),
    "certificate-ends": _every(HOUR, "CertificateDays", STAGE, value=20),
    "cost-limit": _every(HOUR, "CostShare", STAGE, value=80),
    "dead-letters": _every(1, "ApproximateNumberOfMessagesVisible", f"elephant-{STAGE}-dead-letters"),
    "dead-records": _every(1, "ApproximateNumberOfMessagesVisible", f"elephant-{STAGE}-dead-records"),
    "stream-age": _backlog,
    "api-errors": _unanswered,
    **{f"function-errors-{name}": _failing(name) for name in FUNCTIONS if name != "sweep"},
    **{f"function-throttles-{name}": _throttled(name) for name in FUNCTIONS},
}
"""What goes wrong for two hours, at the low traffic of a small stage, and the one alarm that tells of it."""


@pytest.mark.parametrize("name", STORMS)
def test_what_goes_on_going_wrong_is_told_once_by_its_own_alarm_alone(name: str) -> None:
    counted = swept(range(DAY))
    STORMS[name](counted, range(HOUR, 3 * HOUR))
    [(told, minutes)] = rung(counted).items()
    assert (told, len(minutes)) == (name, 1)
    assert HOUR <= minutes[0] <= HOUR + 15, "told within a quarter of an hour"
    states = alarms()[name].states(counted, DAY)
    assert states[3 * HOUR + 30] == "OK", "and over by itself, half an hour after it has ended"


ALONE = {"launch-failures", "desktops-replaced", "ended-launch-failed", "ended-desktops-gone", "dead-letters"}
ALONE |= {"dead-records", "certificate-ends", "cost-limit"}
"""What somebody has felt, or has to look at, though it happened once only."""


@pytest.mark.parametrize("name", STORMS)
def test_what_happens_once_and_heals_is_told_only_where_somebody_has_felt_it(name: str) -> None:
    counted = swept(range(DAY))
    whole = Counted()
    STORMS[name](whole, range(HOUR, HOUR + 1))
    for (metric, dimensions), series in whole.samples.items():
        counted.add(HOUR, metric, *dimensions, value=max(map(max, series.values())))
    asked(counted, HOUR, good=30)
    assert set(rung(counted)) == ({name} if name in ALONE else set())


@pytest.mark.parametrize("days", [20, 0, -3])
def test_a_certificate_that_ends_is_told_once_until_another_is_kept(days: int) -> None:
    counted = swept(range(DAY))
    for hour in range(24):
        counted.add(hour * HOUR, "CertificateDays", STAGE, value=days if 3 <= hour < 20 else 300)
    assert rung(counted) == {"certificate-ends": [3 * HOUR]}
    assert alarms()["certificate-ends"].states(counted, DAY)[20 * HOUR + 1] == "OK"


def test_a_busy_api_may_fail_once() -> None:
    counted = swept(range(DAY))
    for minute in range(DAY):
        asked(counted, minute, good=400)
    asked(counted, HOUR, bad=60)
    assert rung(counted) == {}
    asked(counted, 2 * HOUR, bad=6000)
    assert set(rung(counted)) == {"api-errors"}


def test_every_alarm_but_that_of_silence_has_its_storm() -> None:
    assert set(STORMS) == set(alarms()) - {"sweep-stopped"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_errors_and_throttles_of_every_function_have_an_alarm(function: str) -> None:
    watched = {alarm.metric for alarm in alarms().values()}
    assert {(metric, frozenset([name_of(function)])) for metric in ("Errors", "Throttles")} <= watched


OWN = [alarm for alarm in alarms().values() if alarm.properties["Namespace"] == log.NAMESPACE]


@pytest.mark.parametrize("alarm", OWN, ids=lambda alarm: alarm.name)
def test_the_log_counts_what_an_alarm_watches_by_just_its_dimensions(
    alarm: Alarm, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("elephant"), "propagate", True)
    [metric] = [metric for metric in log.Metric if metric == alarm.properties["MetricName"]]
    with caplog.at_level(logging.INFO, "elephant"):
        log.count(metric, 1, stage=STAGE, reason=alarm.dimensions.get("Reason"))
    line = caplog.records[-1].__dict__["elephant"]
    [definition] = line["_aws"]["CloudWatchMetrics"]
    assert list(alarm.dimensions) in definition["Dimensions"]
    assert {name: line[name] for name in alarm.dimensions} == alarm.dimensions
    assert set(alarm.dimensions) <= {"Stage", "Reason"}


def test_the_dashboard_shows_every_alarm() -> None:
    body = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = json.loads(body)["widgets"][0]["properties"]["alarms"]
    assert shown == [f"${{{alarm.resource}.Arn}}" for alarm in alarms().values()]


def test_every_alarm_tells_somebody_and_takes_it_back_and_says_where_to_read_on() -> None:
    headings = re.findall(r"^### (\S+)$", (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"), re.MULTILINE)
    for alarm in alarms().values():
        assert alarm.properties["AlarmActions"] == alarm.properties["OKActions"] == [{"Ref": "Alarms"}]
        entry = alarm.properties["AlarmDescription"].rpartition("docs/deploy.md#")[2]
        assert entry in headings
        assert alarm.name.startswith(entry)


def test_cloudformation_takes_the_template_as_a_text() -> None:
    assert len((ROOT / "infra" / "template.yaml").read_bytes()) <= 51_200
