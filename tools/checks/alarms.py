"""The alarms, and whom they reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tools.findings import Finding, ok, warn
from tools.site import Site

_FIRST_SWEEPS = timedelta(minutes=10)


def alarms(site: Site) -> Iterator[Finding]:
    """No alarm rings, and somebody hears it when one does."""
    cloudwatch = site.client("cloudwatch")
    prefix = f"{site.stage.stack}-"
    made_by = site.now() - _FIRST_SWEEPS
    ringing = []
    for page in cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix):
        ringing += [alarm for alarm in page["MetricAlarms"] if _rings(alarm, made_by)]
    for alarm in ringing:
        *_, entry = alarm["AlarmDescription"].split()
        yield warn(f"the alarm {alarm['AlarmName']} rings", entry)
    if not ringing:
        yield ok("no alarm rings")
    if not site.stage.alarm_email:
        yield warn("nobody is told when an alarm rings", f"set operations.alarm_email in {site.file}")
        return
    topic = site.outputs["AlarmsTopicArn"]
    listed = site.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if any(s["Endpoint"] == site.stage.alarm_email and s["SubscriptionArn"].startswith("arn:") for s in listed):
        yield ok(f"alarms are mailed to {site.stage.alarm_email}")
        return
    yield warn(f"{site.stage.alarm_email} has not confirmed the alarms", "open AWS's mail and confirm")


def _rings(alarm: Mapping[str, Any], made_by: datetime) -> bool:
    """Return whether an alarm calls for somebody: one that acts on want of data does so once its data may be there."""
    if alarm["StateValue"] == "INSUFFICIENT_DATA":
        return bool(alarm["InsufficientDataActions"]) and alarm["AlarmConfigurationUpdatedTimestamp"] < made_by
    return bool(alarm["StateValue"] == "ALARM")
