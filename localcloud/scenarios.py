"""Lives of a meeting, each with what it promises: who comes, what goes wrong, how it must end.

A scenario runs in virtual time, always in the same way. Around the meeting lie things that belong
to somebody else, an instance and a DNS record with a look-alike name, which must be left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import Chalice

from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.cloudflare import DOMAIN, Change
from localcloud.conditions import GOOD_DAY, Conditions
from localcloud.ec2 import Life
from localcloud.ledger import Ledger
from localcloud.people import Person, schedule
from localcloud.timeline import Entry, Timeline

T = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
"""When every scenario's meeting is to begin."""

_SCHEDULED_AT = T - timedelta(minutes=12)
_WARM_UP = timedelta(minutes=45)
_GIVE_UP_AT = T + timedelta(hours=5)
_CALM = timedelta(minutes=3)
_FOREIGN_COMMENT = "elephants of the city zoo"

Script = Callable[[Cloud, "Visits"], None]
Visits = dict[str, Person]


def minutes(count: float) -> datetime:
    """Return the moment so many minutes after T."""
    return T + timedelta(minutes=count)


@dataclass(frozen=True, slots=True)
class Visit:
    """When a person opens the link and when they leave, in minutes after T."""

    role: str
    arrives: float
    leaves: float


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must be so at the end."""

    text: str
    kept: Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One life, and how it must end. `ends` is the time between which it does, in minutes after T."""

    name: str
    story: str
    reason: str
    ends: tuple[float, float]
    visits: tuple[Visit, ...] = ()
    conditions: Conditions = GOOD_DAY
    script: Script | None = None
    replaced: int = 0
    promises: tuple[Promise, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What a scenario came to."""

    scenario: Scenario
    meeting_id: str
    row: dict[str, Any]
    desktops: list[Life]
    records: list[Change]
    people: Visits
    timeline: Timeline
    ledger: Ledger
    leftovers: list[str]
    disturbed: list[str]
    refused_zones: list[str]
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether it ended as promised and nothing is left alive."""
        return not self.broken


def run(scenario: Scenario, app: Chalice | None = None, listener: Callable[[Entry], object] | None = None) -> Run:
    """Live through a scenario and judge it. `listener` hears every line of the timeline as it is written."""
    clock = VirtualClock(_SCHEDULED_AT - _WARM_UP)
    with Cloud(app or _the_app(), clock, scenario.conditions) as cloud:
        strangers = _Strangers(cloud)
        watch = _Watch(cloud)
        _warm_up(cloud, clock)
        cloud.timeline.listeners.extend([listener] if listener else [])
        invitation = schedule(cloud.url, cloud.timeline, T)
        people = {role: cloud.person(link) for role, link in invitation.links.items()}
        for visit in scenario.visits:
            clock.at(minutes(visit.arrives), people[visit.role].arrive)
            clock.at(minutes(visit.leaves), people[visit.role].leave)
        if scenario.script:
            scenario.script(cloud, people)
        _live_until_calm(cloud, clock)
        result = Run(
            scenario,
            invitation.meeting_id,
            row=_row(cloud, invitation.meeting_id),
            desktops=[life for life in cloud.ec2.lives.values() if life.meeting_id == invitation.meeting_id],
            records=cloud.cloudflare.changes,
            people=people,
            timeline=cloud.timeline,
            ledger=cloud.ledger,
            leftovers=list(_leftovers(cloud)),
            disturbed=strangers.disturbed(),
            refused_zones=cloud.ec2.refused,
        )
    result.broken.extend([*watch.seen, *_broken(result)])
    return result


def _warm_up(cloud: Cloud, clock: VirtualClock) -> None:
    """Let a first, very short meeting come and go, so that the containers are warm; then forget all of it."""
    schedule(cloud.url, cloud.timeline, clock.now(), duration_minutes=1)
    clock.run(_SCHEDULED_AT)
    cloud.ledger.calls.clear()
    cloud.timeline.entries.clear()
    cloud.cloudflare.changes.clear()
    cloud.ec2.refused.clear()


def _the_app() -> Chalice:
    """Import the app only when a scenario runs it: the engine is of use without it."""
    from app import app

    assert isinstance(app, Chalice)
    return app


def _live_until_calm(cloud: Cloud, clock: VirtualClock) -> None:
    """Let time pass until the meeting is over, nothing of it is left, and it has stayed so for a while."""
    calm_since: datetime | None = None
    while clock.now() < _GIVE_UP_AT:
        clock.run(clock.now() + timedelta(minutes=1))
        if any(_leftovers(cloud)):
            calm_since = None
        elif calm_since is None:
            calm_since = clock.now()
        elif clock.now() - calm_since >= _CALM:
            return


def _row(cloud: Cloud, meeting_id: str) -> dict[str, Any]:
    return next((row for row in cloud.rows() if row["id"] == meeting_id), {})


def _leftovers(cloud: Cloud) -> Iterator[str]:
    """Yield everything that a meeting which is over must not leave behind."""
    for life in cloud.ec2.lives.values():
        if life.tags.get("Project") == "Elephant" and life.state != "terminated":
            yield f"instance {life.id} is {life.state}"
    for record in cloud.cloudflare.records.values():
        if record["comment"] != _FOREIGN_COMMENT:
            yield f"record {record['name']}"
    for schedule_ in cloud.timers.live():
        yield f"timer {schedule_.name}"
    for row in cloud.rows():
        if row.get("status") != "TERMINATED" or "open" in row:
            yield f"meeting {row['id']} is {row.get('status')} and {'open' if 'open' in row else 'not open'}"


class _Strangers:
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
        """Name whatever was touched."""
        touched = []
        if self._cloud.ec2.lives[self._instance_id].state != "running":
            touched.append(f"the foreign instance {self._instance_id}")
        if self._cloud.cloudflare.records.get(self._record["id"]) != self._record:
            touched.append(f"the foreign record {self._record['name']}")
        return touched


class _Watch:
    """Sees what may not be so even for a moment: two desktops of one role alive, a record made after the end."""

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
        row = _row(self._cloud, life.meeting_id) if life else {}
        if change.what == "created" and "termination_reason" in row:
            self.seen.append(f"the record {change.record['name']} was made after the meeting had ended")


def _seat(life: Life) -> tuple[str, str]:
    return life.meeting_id, life.tags.get("Role", "")


def _broken(result: Run) -> Iterator[str]:
    """Yield, as a sentence each, what is not as the scenario promises."""
    scenario, row = result.scenario, result.row
    if row.get("termination_reason") != scenario.reason:
        yield f"it ended with {row.get('termination_reason') or 'no reason'}, not {scenario.reason}"
    if ended_at := row.get("ended_at"):
        ended = (datetime.fromisoformat(ended_at) - T) / timedelta(minutes=1)
        if not scenario.ends[0] <= ended <= scenario.ends[1]:
            yield f"it ended at T{ended:+.1f} min, not between {scenario.ends[0]:+} and {scenario.ends[1]:+}"
    if len(result.desktops) != 2 + scenario.replaced:
        yield f"{len(result.desktops)} desktops were launched, not {2 + scenario.replaced}"
    for visit in scenario.visits:
        if not result.people[visit.role].visits:
            yield f"the {visit.role} never got in"
    for person in result.people.values():
        yield from (f"join let the {person.role} in, but {problem}" for problem in person.locked_out)
    yield from (f"left behind: {leftover}" for leftover in result.leftovers)
    yield from (f"touched: {thing}" for thing in result.disturbed)
    yield from (f"not so: {promise.text}" for promise in scenario.promises if not promise.kept(result))


# --- the scenarios


def _outages(*spans: tuple[float, float]) -> Script:
    def script(cloud: Cloud, _people: Visits) -> None:
        def turn(outage: str | None, what: str) -> None:
            cloud.cloudflare.outage = outage
            cloud.timeline.add("DNS", what, bad=outage is not None)

        for begin, end in spans:
            cloud.clock.at(minutes(begin), lambda: turn("5xx", "Cloudflare is down"))
            cloud.clock.at(minutes(end), lambda: turn(None, "Cloudflare is back"))

    return script


def _student_desktop_dies(cloud: Cloud, people: Visits) -> None:
    def die() -> None:
        if desktop := people["student"].at:
            cloud.timeline.add("student's desktop", "dies", "Windows shuts down under the student", bad=True)
            cloud.ec2.shut_down(desktop.id)

    cloud.clock.at(minutes(9.3), die)


def _student_comes_too_late(cloud: Cloud, people: Visits) -> None:
    cloud.clock.at(minutes(21.5), people["student"].arrive)


def _told_that_it_is_over(result: Run) -> bool:
    return result.people["student"].last_answer[0] == 410


def _only_sweep(result: Run) -> bool:
    return {call.trigger for call in result.ledger.calls if call.trigger} <= {"schedule", "join", "sweep"}


_LESSON = (Visit("teacher", -1.3, 42.2), Visit("student", 1.2, 42.8))
_SOON = 2.0  # minutes: what a sweep and an instance's end take

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "normal",
            "Both come, work for forty minutes and leave.",
            "SUCCESS",
            ends=(42.8, 42.8 + _SOON),
            visits=_LESSON,
        ),
        Scenario(
            "no-show",
            "Nobody comes in time.",
            "NO_SHOW_TIMEOUT",
            ends=(15, 15 + _SOON),
            script=_student_comes_too_late,
            promises=(Promise("who came too late was told that it is over", _told_that_it_is_over),),
        ),
        Scenario(
            "partial",
            "The teacher waits, uploads and leaves; the student never comes.",
            "PARTIAL_NO_SHOW_TIMEOUT",
            ends=(15, 15 + _SOON),
            visits=(Visit("teacher", -8.5, 12.2),),
        ),
        Scenario(
            "early",
            "Both are done before the quarter of an hour is over.",
            "15_MIN_SUCCESS",
            ends=(15, 15 + _SOON),
            visits=(Visit("teacher", -1.3, 9.1), Visit("student", 0.2, 9.6)),
        ),
        Scenario(
            "long",
            "They talk for hours; the checkpoint leaves them alone.",
            "SUCCESS",
            ends=(174.4, 174.4 + _SOON),
            visits=(Visit("teacher", -1.3, 170.2), Visit("student", 1.2, 174.4)),
        ),
        Scenario(
            "capacity",
            "The first two availability zones have no room.",
            "SUCCESS",
            ends=(42.8, 42.8 + _SOON),
            visits=_LESSON,
            conditions=Conditions(full_zones=frozenset({"us-west-2a", "us-west-2b"})),
            promises=(Promise("a full zone was tried first", lambda result: bool(result.refused_zones)),),
        ),
        Scenario(
            "lost-events",
            "No EC2 event, stream record or timer ever arrives; the sweep does it all.",
            "SUCCESS",
            ends=(42.8, 42.8 + _SOON),
            visits=_LESSON,
            # The row keeps only the last report, so without the stream each needs a sweep of its own.
            conditions=Conditions(lost=frozenset({"ec2 events", "stream", "timers"}), boot_s=(120, 300)),
            promises=(Promise("nothing but the sweep did the work", _only_sweep),),
        ),
        Scenario(
            "dns-down",
            "Cloudflare is down when the names are due, and again when they are to go.",
            "SUCCESS",
            ends=(42.8, 50),
            visits=_LESSON,
            script=_outages((-10.2, -4.4), (42.5, 48.1)),
            promises=(Promise("every record came and went", lambda result: len(result.records) == 4),),
        ),
        Scenario(
            "desktop-dies",
            "The student's desktop shuts down in the middle; another one takes its place.",
            "SUCCESS",
            ends=(42.8, 42.8 + _SOON),
            visits=_LESSON,
            script=_student_desktop_dies,
            replaced=1,
            promises=(Promise("the student got in again", lambda result: result.people["student"].visits == 2),),
        ),
    )
}
