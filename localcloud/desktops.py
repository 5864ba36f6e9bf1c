"""Desktops that behave like the real ones: they boot, report HEALTHY and upload, without looking at the row first.

They write to the table exactly what the images in people's accounts write. They check nothing, so they may
write after the meeting has ended or the desktop has been replaced.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from localcloud.aws import Aws
from localcloud.clock import Clock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2, Life
from localcloud.ledger import DESKTOP
from localcloud.timeline import Timeline

_LOOK_AGAIN_S = 15


class Desktop:
    """What runs inside one instance of the image."""

    def __init__(self, life: Life, table_name: str, table: Any, clock: Clock, timeline: Timeline) -> None:
        self.id = life.id
        self.life = life
        self.role = life.tags.get("Role", "")
        self.healthy_at: datetime | None = None
        self._meeting_id = ""
        self._table_name = table_name
        self._table = table
        self._clock = clock
        self._timeline = timeline

    @property
    def running(self) -> bool:
        """Whether the machine is up, whatever runs on it."""
        return self.life.state == "running"

    def report(self) -> None:
        """Find this desktop's meeting and report HEALTHY; while no row names this desktop, look again later."""
        if not self.running:
            return
        row = self._look_up()
        if row is None:
            self._clock.after(_LOOK_AGAIN_S, self.report)
            return
        self._meeting_id = row["id"]["S"]
        self.role = "teacher" if row.get("teacher_ec2_id", {}).get("S") == self.id else "student"
        self._update(
            UpdateExpression="SET #status = :healthy, instance_id = :own",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":healthy": {"S": "HEALTHY"}, ":own": {"S": self.id}},
        )
        self.healthy_at = self._clock.now()
        self._tell("reports HEALTHY")

    def upload(self) -> None:
        """Upload what the person did, and write where it is."""
        if not self.running or not self.healthy_at:
            return
        url = f"https://sessions.s3.amazonaws.com/{self._meeting_id}/{self.role}.zip"
        self._update(
            UpdateExpression=f"SET {self.role}_session_data = :url",
            ExpressionAttributeValues={":url": {"S": url}},
        )
        self._tell("uploads its session")

    def _tell(self, what: str) -> None:
        self._timeline.add(f"{self.role}'s desktop", what, self.id, meeting=self._meeting_id)

    def _look_up(self) -> dict[str, Any] | None:
        pages = self._table.get_paginator("scan").paginate(
            TableName=self._table_name,
            FilterExpression="teacher_ec2_id = :own OR student_ec2_id = :own",
            ExpressionAttributeValues={":own": {"S": self.id}},
        )
        return next((row for page in pages for row in page["Items"]), None)

    def _update(self, **change: Any) -> None:
        self._table.update_item(TableName=self._table_name, Key={"id": {"S": self._meeting_id}}, **change)


class Desktops:
    """Every desktop so far, by instance id. An instance of the image becomes one as soon as it runs."""

    def __init__(
        self, ami_id: str, table_name: str, aws: Aws, ec2: Ec2, clock: Clock, conditions: Conditions, timeline: Timeline
    ) -> None:
        self.all: dict[str, Desktop] = {}
        self._ami_id = ami_id
        self._table_name = table_name
        self._table = aws.client("dynamodb", DESKTOP)
        self._clock = clock
        self._boot_s = conditions.boot_s
        self._random = random.Random(conditions.seed)
        self._timeline = timeline
        if conditions.guests:
            ec2.listeners.append(self._state_changed)

    def _state_changed(self, life: Life) -> None:
        if life.state == "running" and life.instance.image_id == self._ami_id and life.id not in self.all:
            desktop = self.all[life.id] = Desktop(life, self._table_name, self._table, self._clock, self._timeline)
            self._clock.after(self._random.uniform(*self._boot_s), desktop.report)
