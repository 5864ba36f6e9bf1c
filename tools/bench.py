"""The figures the project claims, measured: `make bench`.

What a clean life costs in calls, what an idle sweep costs, how fast the rules are, and what a person
waits for in a new container.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from app import app
from chalicelib import rows
from chalicelib.model import Desktop, Observation, Policy, Role, State, attribute
from chalicelib.plan import plan
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.ledger import APP, Call
from localcloud.people import schedule

DAWN = datetime(2026, 12, 7, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def clean_life() -> list[Call]:
    """Return the app's calls in one clean life on warm containers, sweeps not counted.

    A first meeting warms the containers; the second one, an hour and a half later, is counted, from
    its scheduling until everything of it is gone.
    """
    clock = VirtualClock(DAWN)
    with Cloud(app, clock) as cloud:
        for _ in range(2):
            cloud.ledger.calls.clear()
            meet_time = clock.now() + 12 * MINUTE
            invitation = schedule(cloud.url, cloud.timeline, meet_time)
            for minute, link in enumerate(invitation.links.values()):
                person = cloud.person(link)
                clock.at(meet_time + (minute + 0.4) * MINUTE, person.arrive)
                clock.at(meet_time + (40.4 + minute) * MINUTE, person.leave)
            clock.run(meet_time + 80 * MINUTE)
        [row] = [row for row in cloud.rows() if row["id"] == invitation.meeting_id]
        if row["termination_reason"] != "SUCCESS" or "open" in row:
            raise RuntimeError(f"The life was not clean: {row}")
        return [call for call in cloud.ledger.of(APP) if call.trigger != "sweep"]


def plan_seconds(count: int = 10_000) -> float:
    """Return how long the rules take over this many meetings that are in progress, with their desktops in sight."""
    now = DAWN
    policy = Policy(domain="example.com")
    cases = []
    for number in range(count):
        meeting_id = f"m-{number}"
        row: dict[str, Any] = {
            "id": meeting_id,
            "meet_time": rows.timestamp(now - 20 * MINUTE),
            "status": "IN_PROGRESS",
            "open": "1",
        }
        desktops = []
        for role in Role:
            desktop_id = f"i-{number}-{role}"
            told: dict[str, Any] = {"ec2_id": desktop_id, "ec2_link": policy.link(desktop_id), "attempt": 1}
            told |= {name: rows.timestamp(now - 15 * MINUTE) for name in ("launched_at", "healthy_at", "joined_at")}
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
    begin = time.perf_counter()
    for meeting, seen in cases:
        if plan(meeting, seen, now, policy=policy):
            raise RuntimeError(f"{meeting.id} asks for something: this measures the common case.")
    return time.perf_counter() - begin


def main() -> int:
    """Print the figures."""
    console = Console()
    calls = clean_life()
    table = Table("trigger", "calls", "which", title=f"One clean life: {len(calls)} calls", title_justify="left")
    for trigger in dict.fromkeys(call.trigger for call in calls):
        counted = Counter(call.operation for call in calls if call.trigger == trigger)
        which = ", ".join(f"{count} {operation}" for operation, count in counted.items())
        table.add_row(trigger, str(sum(counted.values())), which)
    console.print(table)
    console.print(f"The rules, over 10,000 meetings in progress: {plan_seconds():.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
