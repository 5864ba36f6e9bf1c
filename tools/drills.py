"""Situations that make every function do all that it may have to.

Any trigger may be the first to find that something is due, so each function that looks at meetings
is set off in each of these, on the embedded cloud. What it calls then is what its policy grants.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer

from localcloud.clock import VirtualClock
from localcloud.cloud import STAGE, TABLE, Cloud
from localcloud.conditions import Conditions
from localcloud.scenarios import SCENARIOS, run

_NOW = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
_MEETING = "drill"
_BOOT = timedelta(seconds=50)  # long enough for an instance to run, too short for a sweep to see it
_SERIALIZER = TypeSerializer()

Situation = dict[str, str]
"""What a row holds beside its names and the teacher's running desktop; `{T±m}` stands for moments."""


def _moment(minutes: float) -> str:
    return (_NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


SITUATIONS: dict[str, Situation] = {
    "due: the teacher's desktop is unpublished, the student has none": {"meet_time": _moment(5), "status": "LAUNCHED"},
    "called off before it began": {
        "meet_time": _moment(5),
        "status": "LAUNCHED",
        "termination_reason": "CANCELLED",
    },
    "past its hard deadline": {"meet_time": _moment(-300), "status": "IN_PROGRESS"},
}

_EVENTS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "launch_ec2": lambda desktop, row: {"meeting_id": _MEETING},
    "safety_net": lambda desktop, row: {"meetingId": _MEETING},
    "dns_watchdog": lambda desktop, row: {"detail": {"instance-id": desktop, "state": "running"}},
    "stream_terminator": lambda desktop, row: {
        "Records": [{"eventID": "1", "eventName": "MODIFY", "dynamodb": {"NewImage": row}}]
    },
    "sweep": lambda desktop, row: {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}},
}


def drill() -> None:
    """Set every function off in every situation; the API's calls come from a meeting's ordinary life."""
    from app import app

    result = run(SCENARIOS["normal"], app)
    if not result.kept:
        raise RuntimeError(f"An ordinary meeting did not go as it should: {result.broken}")
    for function in _EVENTS:
        for situation in SITUATIONS.values():
            _set_off(app, function, situation)


def _set_off(app: Any, function: str, situation: Situation) -> None:
    clock = VirtualClock(_NOW - _BOOT)
    deaf = Conditions(lost=frozenset({"ec2 events", "stream", "timers"}))
    with Cloud(app, clock, deaf) as cloud:
        desktop = _teachers_desktop(cloud)
        clock.run(_NOW)
        row = {
            "id": _MEETING,
            "teacher_name": "Ann",
            "student_name": "Ben",
            "created_at": _moment(-600),
            "teacher_ec2_id": desktop,
            "teacher_ec2_link": "https://old.example.com:8443",
            "open": "1",
        } | situation
        item = {name: _SERIALIZER.serialize(value) for name, value in row.items()}
        cloud.operator("dynamodb").put_item(TableName=TABLE, Item=item)
        if not cloud.functions.invoke(function, _EVENTS[function](desktop, item)):
            raise RuntimeError(f"{function} failed: {cloud.timeline.entries[-1]}")


def _teachers_desktop(cloud: Cloud) -> str:
    tags = {
        "Name": f"{_MEETING}_teacher",
        "Project": "Elephant",
        "Stage": STAGE,
        "MeetingID": _MEETING,
        "Role": "teacher",
    }
    answer = cloud.operator("ec2").run_instances(
        ImageId=cloud.environ["AMI_ID"],
        InstanceType="t3.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )
    return str(answer["Instances"][0]["InstanceId"])
