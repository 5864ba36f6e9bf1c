"""Scheduler and Secrets Manager, as far as the app asks them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localcloud.cloudflare import TOKEN
from tests.burst.sdk import Answer, Request

if TYPE_CHECKING:
    from tests.simulation.world import World


class SchedulerService:
    """Keeps schedules as timers of the world, which fire."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, request: Request) -> Answer:
        """Create, change or delete a schedule."""
        name, timers = request.path.rpartition("/")[2], self._world.timers
        is_there = name in timers.armed
        if request.operation == "CreateSchedule" and is_there:
            return _refused(409, "ConflictException", f"Schedule {name} already exists.")
        if request.operation != "CreateSchedule" and not is_there:
            return _refused(404, "ResourceNotFoundException", f"Schedule {name} does not exist.")
        if request.operation == "DeleteSchedule":
            del timers.armed[name]
            return Answer(200, "{}")
        asked = json.loads(request.body)
        at = datetime.strptime(asked["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        before = timers.armed.get(name)
        timers.armed[name] = (at, asked["Target"]["Arn"], json.loads(asked["Target"]["Input"]))
        if before is None or before[0] != at:
            timers.on_arm(name)
        return Answer(200, json.dumps({"ScheduleArn": f"arn:aws:scheduler:us-west-2:123456789012:schedule/x/{name}"}))


def secrets(request: Request) -> Answer:
    """Tell the zone's token."""
    return Answer(200, json.dumps({"SecretString": json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})}))


def _refused(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"Message": message}), {"x-amzn-errortype": code})
