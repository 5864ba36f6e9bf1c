"""Plays a scenario in virtual time, always in the same way, and has it judged."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from chalice.app import Chalice

from chalicelib.settings import Client
from localcloud import judge
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.people import Person, schedule
from localcloud.scenario import Run, Scenario, T, Visit, minutes
from localcloud.timeline import Entry

_SCHEDULED_AT = T - timedelta(minutes=12)
_WARM_UP = timedelta(minutes=75)
_START_UP = timedelta(minutes=1)
_GIVE_UP_AT = T + timedelta(hours=5)
_CALM = timedelta(minutes=3)


def play(
    scenario: Scenario,
    app: Chalice | None = None,
    listener: Callable[[Entry], object] | None = None,
    *,
    warm: bool = False,
) -> Run:
    """Play a scenario and judge it. `listener` hears every line of the timeline as it is written.

    Its calls are those of a stage in use where the app is `warm`; that takes as long again.
    """
    clock = VirtualClock(_SCHEDULED_AT - (_WARM_UP if warm else _START_UP))
    with Cloud(app or _the_app(), clock, scenario.conditions) as cloud:
        foreign = judge.ForeignThings(cloud)
        watch = judge.Watch(cloud)
        if warm:
            _warm_up(cloud, clock)
        clock.run(_SCHEDULED_AT)
        _forget(cloud)
        cloud.timeline.listeners.extend([listener] if listener else [])
        length = {} if scenario.duration_min is None else {"duration_minutes": scenario.duration_min}
        invitation = schedule(cloud.url, cloud.timeline, T, **length)
        peeks = scenario.conditions.client is Client.KIT
        people = {role: cloud.person(link, peeks=peeks) for role, link in invitation.links.items()}
        for visit in scenario.visits:
            person = people[visit.role] if visit.clicks else cloud.person(invitation.links[visit.role], peeks=True)
            _arrange(clock, visit, person)
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


def _arrange(clock: VirtualClock, visit: Visit, person: Person) -> None:
    """Have a person do what a visit says."""
    clock.at(minutes(visit.arrives), person.arrive if visit.clicks else person.watch)
    clock.at(minutes(visit.leaves), person.leave)
    if visit.loses_at is not None:
        clock.at(minutes(visit.loses_at), partial(person.lose_connection, visit.for_s))


def _warm_up(cloud: Cloud, clock: VirtualClock) -> None:
    """Let two meetings come and go, so that every function's container is warm.

    One ends by its uploads and one by its safety timer: each is a function of its own.
    """
    meet_time = clock.now() + timedelta(minutes=12)
    for link in schedule(cloud.url, cloud.timeline, meet_time).links.values():
        person = cloud.person(link)
        clock.at(meet_time + timedelta(seconds=24), person.arrive)
        clock.at(meet_time + timedelta(minutes=16, seconds=24), person.leave)
    schedule(cloud.url, cloud.timeline, meet_time)


def _forget(cloud: Cloud) -> None:
    """Clear all records of what was before the meeting."""
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
