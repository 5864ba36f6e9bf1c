"""What a person waits for in a new container: import of app.py plus the first GET /join, against the floor.

The floor is what no app of this kind can do without: `import chalice, boto3` and one DynamoDB client. Both are
started in turn, and the best of each counts: what else the machine does can make a start slower, never faster.
Processor time is counted, not the wait for the table: that is what the app can do something about.

`python -m tests.app.test_cold_start` prints the figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import app as elephant
from localcloud.cloud import Cloud
from tests.app.world import NOW, StillClock, World, project_folder, utc

AT_MOST = 1.25
AHEAD = datetime.now(UTC) + timedelta(days=1)
"""When the meeting is, by the machine's own clock, which is the new process's: later than any run of these tests."""
ROUNDS = range(4, 40)

_TIMED = """
import time
begin = time.process_time()
{work}
print(time.process_time() - begin)
"""

FLOOR = _TIMED.format(
    work="""
import chalice, boto3
boto3.client("dynamodb")
"""
)

FIRST_JOIN = _TIMED.format(
    work="""
import app
answer = app.app(
    {
        "requestContext": {
            "httpMethod": "GET",
            "resourcePath": "/join/{meetingId}/{role}",
            "path": "/join/m-1/teacher",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "headers": {},
        "pathParameters": {"meetingId": "m-1", "role": "teacher"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": None,
    },
    None,
)
assert answer["statusCode"] == 202, answer
"""
)


def seconds(script: str, environ: Mapping[str, str]) -> float:
    """Return how much processor time the script took by its own count, in a process of its own."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=project_folder(),
        env={**inherited, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def measure(environ: Mapping[str, str]) -> tuple[float, float]:
    """Return the best floor and the best first join, in seconds; a noisy machine is given more rounds."""
    floor = first_join = float("inf")
    for count in range(1, ROUNDS.stop):
        floor = min(floor, seconds(FLOOR, environ))
        first_join = min(first_join, seconds(FIRST_JOIN, environ))
        if count >= ROUNDS.start and first_join <= AT_MOST * floor:
            break
    return floor, first_join


def test_a_cold_start_costs_little_more_than_its_libraries(world: World) -> None:
    world.put(id="m-1", meet_time=utc(AHEAD), status="SCHEDULED")
    floor, first_join = measure(world.cloud.environ)
    assert first_join <= AT_MOST * floor, f"{first_join:.3f} s against {floor:.3f} s: {first_join / floor:.2f}"


def test_a_cold_start_imports_nothing_that_a_join_does_not_need(world: World) -> None:
    world.put(id="m-1", meet_time=utc(AHEAD), status="SCHEDULED")
    heavy = [
        "requests",
        "chalicelib.adapters.ec2",
        "chalicelib.adapters.dns",
        "chalicelib.adapters.scheduler",
        "chalicelib.control.look",
    ]
    script = FIRST_JOIN + f"import sys; print([name for name in {heavy} if name in sys.modules] or 0)"
    assert seconds(script, world.cloud.environ) == 0


def test_a_first_join_makes_one_client_and_one_read(world: World) -> None:
    """The row and the key for links are read at once, by a client which costs more to make than anything else."""
    world.put(id="m-1", meet_time=utc(AHEAD), status="SCHEDULED")
    counted = "import boto3\nmade, make = [], boto3.client\n"
    counted += "boto3.client = lambda service, **more: (made.append(service), make(service, **more))[1]\n"
    world.forget_calls()
    assert seconds(counted + FIRST_JOIN + "print(len(made))", world.cloud.environ) == 1
    assert [call.operation for call in world.calls()] == ["TransactGetItems"]


def _main() -> None:
    with Cloud(elephant.app, StillClock(NOW)) as cloud:
        item: dict[str, Any] = {"id": {"S": "m-1"}, "status": {"S": "SCHEDULED"}}
        cloud.operator("dynamodb").put_item(TableName=cloud.environ["TABLE_NAME"], Item=item)
        floor, first_join = measure(cloud.environ)
    print(json.dumps({"floor_s": floor, "first_join_s": first_join, "ratio": round(first_join / floor, 3)}, indent=2))


if __name__ == "__main__":
    _main()
