"""A cloud around an app that only takes notes: what the emulator itself promises, without Elephant's rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import Chalice, CloudWatchEvent, DynamoDBEvent, Rate

from localcloud.clock import VirtualClock
from localcloud.cloud import TABLE, Cloud

START = datetime(2026, 12, 7, 18, 0, 30, tzinfo=UTC)
STATES = {
    "source": ["aws.ec2"],
    "detail-type": ["EC2 Instance State-change Notification"],
    "detail": {"state": ["running", "shutting-down"]},
}


class Probe:
    """An app with Elephant's triggers. It notes when each function got which event, and fails when told to."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.notes: list[tuple[str, timedelta, dict[str, Any]]] = []
        self.contexts: list[Any] = []
        self.failures: dict[str, int] = {}
        self.app = app = Chalice("probe")

        def note(name: str, event: dict[str, Any], context: object = None) -> None:
            self.notes.append((name, now() - START, event))
            self.contexts.append(context)
            if self.failures.get(name, 0):
                self.failures[name] -= 1
                raise RuntimeError("told to fail")

        @app.lambda_function(name="launch_ec2")
        def launch_ec2(event: dict[str, Any], context: object) -> None:
            note("launch_ec2", event, context)
            event["spoilt"] = True

        @app.on_cw_event(STATES, name="dns_watchdog")
        def dns_watchdog(event: CloudWatchEvent) -> None:
            note("dns_watchdog", event.to_dict(), event.context)

        @app.on_cw_event({**STATES, "detail": {"tags": {"Project": ["Elephant"]}}}, name="by_tags")
        def by_tags(event: CloudWatchEvent) -> None:
            note("by_tags", event.to_dict())

        @app.on_dynamodb_record(stream_arn="arn:aws:dynamodb:us-west-2:1:table/x/stream/y", name="stream_terminator")
        def stream_terminator(event: DynamoDBEvent) -> None:
            note("stream_terminator", event.to_dict())

        @app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
        def sweep(event: CloudWatchEvent) -> None:
            note("sweep", event.to_dict())

    def of(self, name: str) -> list[tuple[timedelta, dict[str, Any]]]:
        """Return when this function got which event."""
        return [(at, event) for noted, at, event in self.notes if noted == name]


class World:
    """A cloud, its clock and the probe in it."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, probe: Probe) -> None:
        self.cloud = cloud
        self.clock = clock
        self.probe = probe
        self.ec2 = cloud.operator("ec2")
        self.table = cloud.operator("dynamodb")
        self.scheduler = cloud.operator("scheduler")
        self.subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]}

    def passes(self, **span: float) -> None:
        """Let this much time pass."""
        self.clock.run(self.clock.now() + timedelta(**span))

    def launch(self, token: str = "token", zone: str = "us-west-2a", **more: Any) -> dict[str, Any]:
        """Launch an instance, as the app would."""
        request = {
            "ImageId": self.cloud.environ["AMI_ID"],
            "InstanceType": "t3.large",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": self.subnets[zone],
            "ClientToken": token,
            "IamInstanceProfile": {"Name": "elephant-desktop"},
            "InstanceInitiatedShutdownBehavior": "terminate",
        }
        instance: dict[str, Any] = self.ec2.run_instances(**request | more)["Instances"][0]
        return instance

    def look(self, instance_id: str) -> dict[str, Any]:
        """Describe an instance."""
        answer = self.ec2.describe_instances(InstanceIds=[instance_id])
        instance: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        return instance

    def put(self, meeting_id: str, **attributes: str) -> None:
        """Write a row."""
        self.table.put_item(TableName=TABLE, Item={k: {"S": v} for k, v in {"id": meeting_id, **attributes}.items()})
