"""The figures the project claims, measured: `make bench`.

What a clean life costs in calls, what an idle sweep costs, how fast the rules are, what a new container
takes before it can answer, what each function is allowed, and how big the package is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from app import app
from chalicelib.domain import rows
from chalicelib.domain.model import Desktop, Meeting, Observation, State
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role, SeatAttribute, attribute
from chalicelib.rules.plan import plan
from chalicelib.settings import Client
from desktop.config import Config
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.ledger import APP, DESKTOP, Call
from localcloud.people import schedule
from tools.chalice import run_chalice
from tools.recorded import CHALICE
from tools.stage import FUNCTIONS, ROOT, load

DAWN = datetime(2026, 12, 7, 12, 0, tzinfo=UTC)
_POLICY = Policy(domain="example.com")
MINUTE = timedelta(minutes=1)

_ADAPTERS = {"dynamodb": "meetings", "ec2": "desktops", "scheduler": "timers", "secretsmanager": "dns"}
"""By the service a policy grants: what of the runtime calls it."""

_COLD = """
import sys, time
begin = time.perf_counter()
import app, boto3
from chalicelib import runtime
for adapter in sys.argv[1:]:
    getattr(runtime.current(), adapter)
if "dns" in sys.argv:
    boto3.client("secretsmanager")  # which the adapter builds when it first needs the token
print(time.perf_counter() - begin)
"""


def clean_life(client: Client = Client.SCRIPTS) -> list[Call]:
    """Return the calls of the app and of the desktops in one clean life on warm containers, sweeps not counted.

    A first meeting warms the containers; the second one, an hour and a half later, is counted, from
    its scheduling until everything of it is gone: two people come as it begins, one of them reloads the
    page (on the kit), and they are gone in time to be uploaded 35 minutes after the beginning.
    """
    clock = VirtualClock(DAWN)
    away = Config().away if client is Client.KIT else 0 * MINUTE
    with Cloud(app, clock, Conditions(client=client)) as cloud:
        for _ in range(2):
            cloud.ledger.calls.clear()
            meet_time = clock.now() + 12 * MINUTE
            invitation = schedule(cloud.url, cloud.timeline, meet_time)
            for minute, link in enumerate(invitation.links.values()):
                person = cloud.person(link)
                clock.at(meet_time + (minute + 0.4) * MINUTE, person.arrive)
                clock.at(meet_time + (minute + 33.4) * MINUTE - away, person.leave)
            if client is Client.KIT:  # one with scripts uploads when the connection ends, and then never again
                clock.at(meet_time + 20.4 * MINUTE, person.reload)
            clock.run(meet_time + 80 * MINUTE)
        [row] = [row for row in cloud.rows() if row["id"] == invitation.meeting_id]
        if row["termination_reason"] != "SUCCESS" or "open" in row:
            raise RuntimeError(f"The life was not clean: {row}")
        return [call for call in cloud.ledger.calls if call.caller in (APP, DESKTOP) and call.trigger != "sweep"]


def idle_sweeps(count: int = 60) -> list[Call]:
    """Return the app's calls in this many sweeps of a warm container, a minute apart, with nothing to do."""
    clock = VirtualClock(DAWN)
    with Cloud(app, clock) as cloud:
        clock.run(DAWN + 2.5 * MINUTE)
        cloud.ledger.calls.clear()
        clock.run(clock.now() + count * MINUTE)
        return cloud.ledger.of(APP)


def granted(function: str) -> list[tuple[str, bool]]:
    """Return the actions that a function's policy allows, each with whether it is on every resource."""
    statements = json.loads((CHALICE / f"policy-{function}.json").read_text(encoding="utf-8"))["Statement"]
    return sorted({(action, s["Resource"] == ["*"]) for s in statements for action in s["Action"]})


def cold_seconds(function: str, tries: int = 3) -> float:
    """Return the shortest time in which a new process imports the app and builds what the function's policy is for."""
    services = {action.split(":")[0] for action, _ in granted(function)}
    config = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))
    environ = os.environ | config["stages"]["dev"]["environment_variables"] | {"AWS_DEFAULT_REGION": "us-west-2"}
    command = [sys.executable, "-c", _COLD, *(adapter for service, adapter in _ADAPTERS.items() if service in services)]
    runs = [subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True) for _ in range(tries)]  # noqa: S603  our own interpreter
    return min(float(run.stdout) for run in runs)


def package_bytes() -> int:
    """Return the size of the zip that a deploy uploads."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("app.py", "requirements.txt"):
            shutil.copy(ROOT / name, root)
        for name in ("chalicelib", ".chalice", "tools"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("deploy*"))
        run_chalice(load("dev"), "package", "out", root=root)
        return (root / "out" / "deployment.zip").stat().st_size


def plan_seconds(count: int = 10_000) -> float:
    """Return how long the rules take over this many meetings that are in progress, with their desktops in sight."""
    cases = in_progress(count)
    begin = time.perf_counter()
    plan_all(cases)
    return time.perf_counter() - begin


def plan_all(cases: Iterable[tuple[Meeting, Observation]]) -> None:
    """Plan each of these meetings.

    Raises:
        RuntimeError: one of them asks for something, which is not the common case.
    """
    for meeting, seen in cases:
        if plan(meeting, seen, DAWN, policy=_POLICY):
            raise RuntimeError(f"{meeting.id} asks for something: this measures the common case.")


def in_progress(count: int) -> list[tuple[Meeting, Observation]]:
    """Return this many meetings that are in progress, each with what is seen of its desktops."""
    now, policy = DAWN, _POLICY
    cases = []
    for number in range(count):
        meeting_id = f"m-{number}"
        row: dict[str, Any] = {
            "id": meeting_id,
            "meet_time": rows.timestamp(now - 20 * MINUTE),
            "status": "IN_PROGRESS",
            "open": "1",
            "day": f"{now:%Y-%m-%d}",
            "opened_at": rows.timestamp(now - 15 * MINUTE),
        }
        desktops = []
        for role in Role:
            desktop_id = f"i-{number}-{role}"
            at = rows.timestamp(now - 15 * MINUTE)
            told: dict[SeatAttribute, Any] = {"ec2_id": desktop_id, "ec2_link": policy.link(desktop_id), "attempt": 1}
            told |= {"launched_at": at, "healthy_at": at, "joined_at": at}
            row |= {attribute(role, name): value for name, value in told.items()}
            deadline = now - 20 * MINUTE + policy.max_duration
            desktops.append(
                Desktop(
                    desktop_id,
                    State.RUNNING,
                    meeting_id=meeting_id,
                    role=role,
                    address="203.0.113.1",
                    deadline=deadline,
                )
            )
        row["checkpoint_at"] = rows.timestamp(now - 5 * MINUTE)
        cases.append((rows.meeting(row), Observation(tuple(desktops), complete=True)))
    return cases


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = ArgumentParser(prog="python -m tools.bench", description="Measure the figures the project claims.")
    parser.add_argument("--calls", action="store_true", help="list the calls of a clean life one by one, and no more")
    listed = parser.parse_args(arguments).calls
    console = Console()
    for client in Client:
        calls = clean_life(client)
        console.print(_calls_table(client, calls) if listed else _clean_life_table(client, calls))
    if listed:
        return 0
    idle = idle_sweeps(60)
    console.print(f"An hour of idle sweeps: {len(idle)} calls ({_which(idle)})")
    console.print(f"The rules, over 10,000 meetings in progress: {plan_seconds():.2f} s")
    table = Table(
        "function", "cold, s", "actions", "on *", title="Functions, cold on this machine", title_justify="left"
    )
    for function in FUNCTIONS:
        allowed = granted(function)
        starred = sum(everywhere for _, everywhere in allowed)
        table.add_row(function, f"{cold_seconds(function):.2f}", str(len(allowed)), str(starred))
    console.print(table)
    console.print(f"The package: {package_bytes() / 1e6:.1f} MB")
    return 0


def _calls_table(client: Client, calls: Iterable[Call]) -> Table:
    table = Table("", "UTC", "trigger", "call", title=f"One clean life, desktops with {client}", title_justify="left")
    for number, call in enumerate((call for call in calls if call.caller == APP), start=1):
        table.add_row(str(number), f"{call.at:%H:%M:%S}", call.trigger, f"{call.service} {call.operation}")
    return table


def _clean_life_table(client: Client, calls: Sequence[Call]) -> Table:
    own = [call for call in calls if call.caller == APP]
    title = f"One clean life, desktops with {client}: {len(own)} calls"
    table = Table("trigger", "calls", "which", title=title, title_justify="left", caption_justify="left")
    for trigger in dict.fromkeys(call.trigger for call in own):
        under = [call for call in own if call.trigger == trigger]
        table.add_row(trigger, str(len(under)), _which(under))
    table.caption = f"Beside these, the desktops themselves made {len(calls) - len(own)} calls."
    return table


def _which(calls: Iterable[Call]) -> str:
    counted = Counter(call.operation for call in calls)
    return ", ".join(f"{count} {operation}" for operation, count in counted.items())


if __name__ == "__main__":
    sys.exit(main())
