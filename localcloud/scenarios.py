"""Lives of a meeting, each with what it promises: who comes, what goes wrong, how it must end.

`play` runs one, `judge` says whether it kept its promises.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.settings import Client
from desktop.config import Config
from localcloud.cloud import Cloud
from localcloud.cloudflare import Change
from localcloud.conditions import GOOD_DAY, Conditions
from localcloud.desktops import SAVING
from localcloud.ec2 import Life
from localcloud.ledger import Ledger
from localcloud.people import Person
from localcloud.timeline import Timeline

T = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
"""When every scenario's meeting is to begin."""

Visits = dict[str, Person]
"""The people by their role."""

Script = Callable[[Cloud, Visits], None]
"""Arranges what goes wrong: it asks the cloud's clock to call back."""


def minutes(count: float) -> datetime:
    """Return the moment so many minutes after T."""
    return T + timedelta(minutes=count)


@dataclass(frozen=True, slots=True)
class Visit:
    """When a person opens the link, when they leave, and when they reload the page, in minutes after T."""

    role: str
    arrives: float
    leaves: float
    reloads: float | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that must be so at the end."""

    text: str
    kept: Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One life, and how it must end. `ends` is the span in which it must, in minutes after T.

    `duration_min` is the length that is asked for, in minutes; None for the longest there is.
    """

    name: str
    story: str
    reason: str
    ends: tuple[float, float]
    visits: tuple[Visit, ...] = ()
    conditions: Conditions = GOOD_DAY
    script: Script | None = None
    replaced: int = 0
    duration_min: int | None = None
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


def both_are_safe(result: Run) -> bool:
    """Return whether both desktops have said, after people's time, that all they have recorded is safe."""
    said = [result.row.get(f"{role}_saved_at", "") for role in ("teacher", "student")]
    return all(at and datetime.fromisoformat(at) >= minutes(result.scenario.duration_min or 0) for at in said)


def _told_that_it_is_over(result: Run) -> bool:
    return result.people["student"].last_answer[0] == 410


def _only_sweep(result: Run) -> bool:
    asked = {"schedule", "join", "desktop"}
    return {call.trigger for call in result.ledger.calls if call.trigger} <= {*asked, "sweep"}


_LESSON = (Visit("teacher", -1.3, 42.2), Visit("student", 1.2, 42.8, reloads=20))
_SOON = 2.0  # minutes: what a sweep and an instance's end take
_AWAY = Config().away_minutes + 0.3  # minutes: a desktop of the kit waits whether its person comes back
_SAVED = SAVING / timedelta(minutes=1)
_NEVER = 24 * 60.0
_CHECKPOINT = 15

BY_SCRIPTS: dict[str, Scenario] = {
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
            conditions=Conditions(seed=3, lost=frozenset({"ec2 events", "stream", "timers"}), boot_s=(120, 300)),
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
"""Lives on desktops with the reference project's scripts."""


def on_the_kit(scenario: Scenario) -> Scenario:
    """Return this life on desktops of the kit: what ends with an upload ends later by what they wait before."""
    begin, end = scenario.ends
    ends = (begin, end if begin == _CHECKPOINT else end + _AWAY)
    return replace(scenario, conditions=replace(scenario.conditions, client=Client.KIT), ends=ends)


SCENARIOS = {name: on_the_kit(scenario) for name, scenario in BY_SCRIPTS.items()} | {
    "scripts": replace(
        BY_SCRIPTS["normal"],
        name="scripts",
        story="Both come, work and leave, on desktops that use the table themselves, as the reference project's do.",
    ),
    "whole-time": Scenario(
        "whole-time",
        "They work until their hour is up; what was recorded is safe before the desktops go.",
        "MAX_DURATION",
        ends=(60, 60 + _SAVED + _SOON),
        visits=(Visit("teacher", -1.3, _NEVER), Visit("student", 1.2, _NEVER)),
        conditions=Conditions(client=Client.KIT),
        duration_min=60,
        promises=(
            Promise("both recordings are safe", both_are_safe),
            Promise("who wanted to come back was told that it is over", _told_that_it_is_over),
        ),
    ),
}
"""What `make demo` shows, by the names that SCENARIO may have."""
