"""Lives of a meeting, each with what it promises: who comes, what goes wrong, how it must end.

`play` runs one, `judge` says whether it kept its promises.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.settings import Client
from desktop.config import Config
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.scenario import Promise, Run, Scenario, Script, Visit, Visits, is_told_that_it_is_over, minutes
from localcloud.stories import STORIES


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


def _only_sweep(result: Run) -> bool:
    asked = {"schedule", "join", "desktop"}
    return {call.trigger for call in result.ledger.calls if call.trigger} <= {*asked, "sweep"}


_LESSON = (Visit("teacher", -1.3, 42.2), Visit("student", 1.2, 42.8))
_SOON = 2.0  # minutes: what a sweep and an instance's end take
_AWAY = Config().away_minutes + 0.3  # minutes: a desktop of the kit waits whether its person comes back
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
            promises=(Promise("who came too late was told that it is over", is_told_that_it_is_over),),
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


SCENARIOS = {
    **{name: on_the_kit(scenario) for name, scenario in BY_SCRIPTS.items()},
    "scripts": replace(
        BY_SCRIPTS["normal"],
        name="scripts",
        story="Both come, work and leave, on desktops that use the table themselves, as the reference project's do.",
    ),
    **STORIES,
}
"""What `make demo` shows, by the names that SCENARIO may have."""
