"""The alarms, and whom they reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tools.findings import Finding, ok, warn
from tools.site import Site

_FIRST_SWEEPS = timedelta(minutes=10)


def alarms(site: Site) -> Iterator[Finding]:
    """No alarm rings, and somebody hears it when one does."""
    cloudwatch = site.client("cloudwatch")
    prefix = f"{site.stage.stack}-"
    found = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, StateValue="ALARM")["MetricAlarms"]
    made_by = site.now() - _FIRST_SWEEPS
    # It rings from the moment it is made until the first sweeps are counted.
    ringing = [
        alarm
        for alarm in found
        if alarm["AlarmName"] != f"{prefix}sweep-stopped" or alarm["AlarmConfigurationUpdatedTimestamp"] < made_by
    ]
    for alarm in ringing:
        entry = alarm["AlarmName"].removeprefix(prefix)
        yield warn(f"the alarm {alarm['AlarmName']} rings", f"docs/deploy.md#{entry}")
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
