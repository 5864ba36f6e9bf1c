"""Says which of its promises a scenario has broken.

Around the meeting lie things that belong to somebody else, an instance and a DNS record with a name
like ours, which must be left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain.model import PROJECT
from localcloud.cloud import Cloud
from localcloud.cloudflare import DOMAIN, Change
from localcloud.ec2 import Life
from localcloud.scenario import Run

_FOREIGN_COMMENT = "elephants of the city zoo"


def leftovers(cloud: Cloud) -> Iterator[str]:
    """Yield everything that must not remain once a meeting is over."""
    for life in cloud.ec2.lives.values():
        if life.tags.get("Project") == PROJECT and life.state != "terminated":
            yield f"instance {life.id} is {life.state}"
    for record in cloud.cloudflare.records.values():
        if record["comment"] != _FOREIGN_COMMENT:
            yield f"record {record['name']}"
    for timer in cloud.timers.live():
        yield f"timer {timer.name}"
    for row in cloud.rows():
        if row.get("status") != "TERMINATED" or "open" in row:
            yield f"meeting {row['id']} is {row.get('status')} and {'open' if 'open' in row else 'not open'}"


class ForeignThings:
    """Things in the same account and zone that are not the app's."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        ec2 = cloud.operator("ec2")
        answer = ec2.run_instances(ImageId="ami-1a2b3c4d", InstanceType="t3.micro", MinCount=1, MaxCount=1)
        self._instance_id = answer["Instances"][0]["InstanceId"]
        self._record = cloud.cloudflare.add(
            name=f"i-0123456789abcdef0.{DOMAIN}", content="198.51.100.7", comment=_FOREIGN_COMMENT
        )

    def disturbed(self) -> list[str]:
        """Return what was touched, by name."""
        touched = []
        if self._cloud.ec2.lives[self._instance_id].state != "running":
            touched.append(f"the foreign instance {self._instance_id}")
        if self._cloud.cloudflare.records.get(self._record["id"]) != self._record:
            touched.append(f"the foreign record {self._record['name']}")
        return touched


class Watch:
    """Notices what must not happen even for a moment: a role with two living desktops, a record made after the end."""

    def __init__(self, cloud: Cloud) -> None:
        self.seen: list[str] = []
        self._cloud = cloud
        cloud.ec2.listeners.append(self._count)
        cloud.cloudflare.listeners.append(self._check)

    def _count(self, life: Life) -> None:
        seat = _seat(life)
        alive = [o.id for o in self._cloud.ec2.lives.values() if o.alive and _seat(o) == seat]
        if life.state == "pending" and seat[0] and len(alive) > 1:
            self.seen.append(f"the {seat[1]} had {len(alive)} desktops at once: {', '.join(alive)}")

    def _check(self, change: Change) -> None:
        life = self._cloud.ec2.lives.get(change.desktop_id)
        row = self._cloud.row(life.meeting_id) if life else {}
        if change.what == "created" and "termination_reason" in row:
            self.seen.append(f"the record {change.record['name']} was made after the meeting had ended")


def _seat(life: Life) -> tuple[str, str]:
    return life.meeting_id, life.tags.get("Role", "")


def broken(result: Run) -> Iterator[str]:
    """Yield each broken promise as a sentence."""
    scenario = result.scenario
    if result.reason != scenario.reason:
        yield f"it ended with {result.reason or 'no reason'}, not {scenario.reason}"
    if result.ended is not None and not scenario.ends[0] <= result.ended <= scenario.ends[1]:
        yield f"it ended at T{result.ended:+.1f} min, not between {scenario.ends[0]:+} and {scenario.ends[1]:+}"
    if len(result.desktops) != 2 + scenario.replaced:
        yield f"{len(result.desktops)} desktops were launched, not {2 + scenario.replaced}"
    for visit in scenario.visits:
        if visit.clicks and not result.people[visit.role].visits:
            yield f"the {visit.role} never got in"
    for person in result.people.values():
        yield from (f"join let the {person.role} in, but {problem}" for problem in person.locked_out)
    yield from (f"left behind: {leftover}" for leftover in result.leftovers)
    yield from (f"touched: {thing}" for thing in result.disturbed)
    yield from (f"not so: {promise.text}" for promise in scenario.promises if not promise.kept(result))
