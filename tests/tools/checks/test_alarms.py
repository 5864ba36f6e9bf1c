"""The check of the alarms, and whom they reach."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.tools.checks.sound import Account, Wrong, assert_found, nothing
from tools.checks.alarms import alarms
from tools.findings import Level


def _ring(account: Account, name: str, state: str = "ALARM", **more: Any) -> None:
    cloudwatch = account.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=f"Something is wrong. docs/deploy.md#{name.removeprefix('elephant-dev-')}",
        Namespace="Elephant",
        MetricName="DesktopsOverdue",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Sum",
        **more,
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


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


@pytest.mark.parametrize(
    ("minutes", "state", "acts_on_silence", "rings"),
    [
        (5, "INSUFFICIENT_DATA", True, False),
        (15, "INSUFFICIENT_DATA", True, True),
        (15, "INSUFFICIENT_DATA", False, False),
        (15, "OK", True, False),
        (5, "ALARM", True, True),
    ],
)
def test_silence_rings_where_it_is_acted_on_and_not_in_a_stages_first_minutes(
    account: Account, minutes: int, state: str, acts_on_silence: bool, rings: bool
) -> None:
    topic = ["arn:aws:sns:us-west-2:123456789012:elephant-dev-alarms"] if acts_on_silence else []
    _ring(account, "elephant-dev-sweep-stopped", state, InsufficientDataActions=topic)
    [alarm] = account.client("cloudwatch").describe_alarms()["MetricAlarms"]
    later = alarm["AlarmConfigurationUpdatedTimestamp"] + timedelta(minutes=minutes)
    found = list(alarms(replace(account.site(), now=lambda: later)))
    assert any("sweep-stopped rings" in finding.what for finding in found) is rings
