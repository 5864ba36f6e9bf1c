"""The check of the alarms, and whom they reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
from tools.checks.alarms import alarms
from tools.findings import Level


def _ring(account: Account, name: str) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Elephant",
        MetricName="DesktopsOverdue",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


WRONG: dict[str, Wrong] = {
    "an alarm rings": (
        "alarms",
        {},
        lambda account: _ring(account, "elephant-dev-desktops-overdue"),
        Level.WARN,
        "docs/deploy.md#desktops-overdue",
    ),
    "nobody hears alarms": ("alarms", {}, nothing, Level.WARN, "alarm_email"),
    "alarms unconfirmed": ("alarms", {"alarm_email": "ops@example.com"}, nothing, Level.WARN, "confirm"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


@pytest.mark.parametrize(("minutes", "rings"), [(5, False), (15, True)])
def test_want_of_sweeps_is_no_news_in_a_stages_first_minutes(account: Account, minutes: int, rings: bool) -> None:
    _ring(account, "elephant-dev-sweep-stopped")
    [alarm] = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    later = alarm["AlarmConfigurationUpdatedTimestamp"] + timedelta(minutes=minutes)
    found = list(alarms(replace(account.site(), now=lambda: later)))
    assert any("sweep-stopped rings" in finding.what for finding in found) is rings
