"""Plays a scenario in virtual time, always in the same way, and has it judged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from chalice.app import Chalice

from localcloud import judge
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.people import schedule
from localcloud.scenarios import Run, Scenario, T, minutes
from localcloud.timeline import Entry

_SCHEDULED_AT = T - timedelta(minutes=12)
_WARM_UP = timedelta(minutes=75)
_GIVE_UP_AT = T + timedelta(hours=5)
_CALM = timedelta(minutes=3)


def play(scenario: Scenario, app: Chalice | None = None, listener: Callable[[Entry], object] | None = None) -> Run:
    """Play a scenario and judge it. `listener` hears every line of the timeline as it is written."""
    clock = VirtualClock(_SCHEDULED_AT - _WARM_UP)
    with Cloud(app or _the_app(), clock, scenario.conditions) as cloud:
        foreign = judge.ForeignThings(cloud)
        watch = judge.Watch(cloud)
        _warm_up(cloud, clock)
        cloud.timeline.listeners.extend([listener] if listener else [])
        length = {} if scenario.duration_min is None else {"duration_minutes": scenario.duration_min}
        invitation = schedule(cloud.url, cloud.timeline, T, **length)
        people = {role: cloud.person(link) for role, link in invitation.links.items()}
        for visit in scenario.visits:
            clock.at(minutes(visit.arrives), people[visit.role].arrive)
            clock.at(minutes(visit.leaves), people[visit.role].leave)
            if visit.reloads is not None:
                clock.at(minutes(visit.reloads), people[visit.role].reload)
        if scenario.script:
            scenario.script(cloud, people)
        _live_until_calm(cloud, clock)
        result = Run(
            scenario,
            invitation.meeting_id,
            row=cloud.row(invitation.meeting_id),
            desktops=[life for life in cloud.ec2.lives.values() if life.meeting_id == invitation.meeting_id],
            records=cloud.cloudflare.changes,
            people=people,
            timeline=cloud.timeline,
            ledger=cloud.ledger,
            leftovers=list(judge.leftovers(cloud)),
            disturbed=foreign.disturbed(),
            refused_zones=cloud.ec2.refused,
        )
    result.broken.extend([*watch.seen, *judge.broken(result)])
    return result


def _warm_up(cloud: Cloud, clock: VirtualClock) -> None:
    """Let two meetings come and go, so that every function's container is warm; then clear all records of them.

    One ends by its uploads and one by its safety timer: each is a function of its own.
    """
    meet_time = clock.now() + timedelta(minutes=12)
    for link in schedule(cloud.url, cloud.timeline, meet_time).links.values():
        person = cloud.person(link)
        clock.at(meet_time + timedelta(seconds=24), person.arrive)
        clock.at(meet_time + timedelta(minutes=16, seconds=24), person.leave)
    schedule(cloud.url, cloud.timeline, meet_time)
    clock.run(_SCHEDULED_AT)
    cloud.ledger.calls.clear()
    cloud.timeline.entries.clear()
    cloud.cloudflare.changes.clear()
    cloud.ec2.refused.clear()


def _the_app() -> Chalice:
    """Return the app, imported only now: tests play scenarios with other apps."""
    from app import app

    assert isinstance(app, Chalice)
    return app


def _live_until_calm(cloud: Cloud, clock: VirtualClock) -> None:
    """Let time pass until the meeting is over and nothing of it has been left for a while."""
    calm_since: datetime | None = None
    while clock.now() < _GIVE_UP_AT:
        clock.run(clock.now() + timedelta(minutes=1))
        if any(judge.leftovers(cloud)):
            calm_since = None
        elif calm_since is None:
            calm_since = clock.now()
        elif clock.now() - calm_since >= _CALM:
            return
